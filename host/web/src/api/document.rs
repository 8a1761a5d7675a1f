//! The API's OpenAPI 3.1 document. It is made of the handlers' own annotations, and what they share is added here.
//!
//! How to add a route: annotate the handler with `#[utoipa::path]` (method, path below /api/v1, parameters, body, and
//! the answer when all goes well), and name it in [`super::routes`], which makes the route and its place in the document
//! in one. The first line of the handler's documentation is the operation's summary. What a route may refuse follows from
//! what it takes, see [`refusals`]; a handler names by its status what it refuses besides: `(status = 429)`.

use axum::extract::State;
use axum::response::Response;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, Content, HeaderBuilder, PathItem, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{OpenApi, PartialSchema as _, ToSchema as _};

use crate::app::App;
use crate::auth::{COOKIE, CSRF_HEADER};
use crate::body;
use crate::idempotency;
use crate::problem;

/// What is said of the API as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "邻里 Linli",
        description = "Residents are entered once and extracted on demand, within what was granted. Answers are never cached; \
            errors are problem details (RFC 9457); what names a record is a token of the reader's own. A request that changes \
            something and comes with the cookie carries the session's CSRF token too."
    ),
    servers((url = "/api/v1")),
    security(("bearer" = []), ("cookie" = [], "csrf" = [])),
)]
pub(super) struct Document;

/// The statuses of problems, with the name of the answer that they share.
const PROBLEMS: &[(u16, &str, &str)] = &[
    (400, "BadRequest", "The request can't be understood."),
    (401, "SignIn", "Nobody is signed in, or the token has ended."),
    (403, "Forbidden", "Not allowed for this person, by this grant, or without the CSRF token."),
    (404, "NotFound", "There is no such thing for this caller."),
    (409, "Conflict", "The thing is not in a state for this."),
    (412, "PreconditionFailed", "Somebody else changed it; the version in If-Match is not the newest."),
    (413, "TooLarge", "The body is larger than this takes."),
    (415, "ContentType", "The body is of a type that this does not take."),
    (422, "Unprocessable", "Understood, but wrong."),
    (428, "PreconditionRequired", "Say which version you change: If-Match."),
    (429, "TooMany", "Too many requests or rows; Retry-After says when to come again."),
    (500, "Internal", "The host's fault; its log has the reason under the trace."),
    (502, "Plugin", "The plugin was ended by the host."),
    (503, "Unavailable", "The store, the log or the plugin can't answer now; Retry-After says when to try again."),
];

/// `GET /openapi.json`: this document.
#[utoipa::path(get, path = "/openapi.json", security(()), responses((status = 200, body = Object)))]
pub(super) async fn show(State(app): State<App>) -> Response {
    body::json_text(app.document().to_owned())
}

/// The document as it is served and printed.
pub fn text() -> Result<String, serde_json::Error> {
    finish(super::router().into_openapi()).to_pretty_json()
}

/// Adds what the annotations leave out.
fn finish(mut document: openapi::OpenApi) -> openapi::OpenApi {
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for (path, item) in &mut document.paths.paths {
        let tag = path.split('/').nth(1).unwrap_or_default().trim_end_matches(".json").to_owned();
        operations(item).for_each(|operation| complete(operation, &tag));
    }
    let mut components = ComponentsBuilder::from(document.components.take().unwrap_or_default())
        .schema("Problem", problem::Detail::schema())
        .security_scheme("bearer", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()))
        .security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))))
        .security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(CSRF_HEADER))));
    let mut schemas = Vec::new();
    problem::Detail::schemas(&mut schemas);
    components = components.schemas_from_iter(schemas);
    for (status, name, description) in PROBLEMS {
        components = components.response(*name, answer(*status, description));
    }
    document.components = Some(components.build());
    document
}

fn answer(status: u16, description: &str) -> openapi::Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut response = ResponseBuilder::new().description(description).content("application/problem+json", content);
    if matches!(status, 429 | 503) {
        let seconds = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::Integer))).description(Some("seconds"));
        response = response.header("Retry-After", seconds.build());
    }
    response.build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().filter_map(Option::as_mut)
}

fn complete(operation: &mut Operation, tag: &str) {
    operation.tags = Some(vec![tag.to_owned()]);
    operation.operation_id = operation.operation_id.take().map(|name| format!("{tag}.{name}"));
    operation.parameters.iter_mut().flatten().for_each(never_null);
    if operation.request_body.is_some() && !is_open(operation) {
        operation.parameters.get_or_insert_default().push(key().into());
    }
    for answer in operation.responses.responses.values_mut() {
        if let RefOr::T(answer) = answer
            && answer.description.is_empty()
        {
            answer.description = operation.summary.clone().unwrap_or_default();
        }
    }
    let refused = refusals(operation);
    let answers = &mut operation.responses.responses;
    for (status, name, _) in PROBLEMS {
        let status = status.to_string();
        let is_named = match answers.get(&status) {
            Some(RefOr::T(answer)) => answer.content.is_empty(),
            Some(RefOr::Ref(_)) => false,
            None => refused.contains(&status),
        };
        if is_named {
            answers.insert(status, RefOr::Ref(Ref::from_response_name(*name)));
        }
    }
}

/// Whether nobody need be signed in.
fn is_open(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|asked| asked.contains(&openapi::SecurityRequirement::default()))
}

/// What every change may carry.
fn key() -> Parameter {
    ParameterBuilder::new()
        .name(idempotency::KEY)
        .parameter_in(ParameterIn::Header)
        .description(Some("a key of your own: a change that is asked again under it is not made again"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128))))
        .build()
}

/// A parameter that is left out is not null.
fn never_null(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
        && let SchemaType::Array(types) = &mut object.schema_type
    {
        types.retain(|kind| *kind != Type::Null);
        if let [only] = types.as_slice() {
            object.schema_type = SchemaType::Type(only.clone());
        }
    }
}

/// What any route refuses by what it takes: a log-in, parameters, a body, a version.
fn refusals(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten();
    let parameters: Vec<_> =
        parameters.filter_map(|parameter| if let RefOr::T(parameter) = parameter { Some(parameter) } else { None }).collect();
    let mut statuses = vec![500, 503];
    if !is_open(operation) {
        statuses.extend([401, 403, 429]);
    }
    if !parameters.is_empty() {
        statuses.push(400);
    }
    if parameters.iter().any(|parameter| parameter.parameter_in == ParameterIn::Path) {
        statuses.push(404);
    }
    if operation.request_body.is_some() {
        statuses.extend([400, 409, 413, 415, 422]);
    }
    if let Some(version) = parameters.iter().find(|parameter| parameter.name == "If-Match") {
        statuses.extend([409, 412]);
        statuses.extend((version.required == Required::True).then_some(428));
    }
    statuses.iter().map(ToString::to_string).collect()
}
