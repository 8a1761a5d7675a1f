//! `/records/{entity}`: a worker's own access, under the console's manifest.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use linli_entry::desk::Record;
use linli_entry::{Desk, EntryError};
use linli_model::{EntityType, FieldKind, Value};
use linli_scope::Operator;
use linli_scope::decide::{Ask, Filter};
use linli_store::StoreError;
use linli_store::provenance::FieldSource;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Params, Segments};
use crate::desk;
use crate::problem::Problem;

/// Rows a page where the caller does not say.
const LIMIT: u32 = 50;

/// A page of records.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the store writes it as text; this says what it looks like")]
pub(super) struct Records {
    /// The fields that were asked for, and `id`, the record's token.
    records: Vec<HashMap<String, Json>>,
    /// Give it as `after` for the next page; absent on the last.
    next: Option<String>,
}

/// `field:op:value`; `in` takes values with `|` between, `has` none.
#[derive(ToSchema)]
#[schema(as = Filter, value_type = String, pattern = "^[a-z_]+:((eq|ne|lt|le|gt|ge|in|prefix):.+|has)$")]
#[expect(dead_code, reason = "[`filter`] reads it; this says what it looks like")]
struct FilterText(String);

/// One record with where its values come from.
#[derive(Serialize, ToSchema)]
pub(super) struct RecordWithSources<'a> {
    #[schema(value_type = HashMap<String, Json>)]
    pub record: &'a RawValue,
    pub sources: &'a [FieldSource],
}

/// A record as it was entered or changed.
#[derive(Serialize, ToSchema)]
pub(super) struct Entered {
    /// The record's token, of the reader's own.
    id: String,
    /// How often it was changed; what `If-Match` names.
    version: i64,
}

/// Records of one's jurisdiction, a page.
#[utoipa::path(get, path = "/records/{entity}",
    params(
        ("entity" = String, Path, example = "resident"),
        ("fields" = Option<String>, Query, description = "field names, `,` between; else all", example = "name,age"),
        ("filter" = Option<Vec<FilterText>>, Query, description = "all hold", example = json!(["age:ge:80"])),
        ("sort" = Option<String>, Query, description = "field names, `-` before one for descending", example = "-age"),
        ("limit" = Option<u32>, Query, description = "rows a page, 50 by default", minimum = 1, maximum = 1000),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = Records, headers(("Link" = String, description = "the next page, `rel=\"next\"`"))), (status = 429)))]
pub(super) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(entity): Segments<String>,
    Params(params): Params<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let desk = desk::reading(&app, &signed_in).await?;
    let ask = ask(&desk, &entity, &params)?;
    let rows = desk.read(&ask).await?;
    let next = rows.next.as_ref().map_or(String::new(), |next| format!(",\"next\":{}", json!(next)));
    let mut response = body::json_text(format!("{{\"records\":{}{next}}}", rows.json));
    if let Some(link) = rows.next.as_ref().and_then(|next| link(&entity, &params, next)) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// One record with where each value comes from.
#[utoipa::path(get, path = "/records/{entity}/{id}", params(("entity" = String, Path, example = "resident"), ("id" = String, Path)),
    responses((status = 200, body = RecordWithSources, headers(("ETag" = String, description = "`\"VERSION\"`")))))]
pub(super) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments((entity, id)): Segments<(String, String)>,
) -> Result<Response, Problem> {
    let desk = desk::reading(&app, &signed_in).await?;
    let mut fields = all_fields(&desk, &entity);
    fields.push("version".into());
    let record = desk.record(&Ask { entity, fields, limit: 1, id: Some(id), ..Ask::default() }).await?;
    let version = record.version.to_string();
    Ok(([(header::ETAG, format!("\"{version}\""))], with_sources(&record)?).into_response())
}

/// Enters one record.
#[utoipa::path(post, path = "/records/{entity}",
    params(("entity" = String, Path, example = "resident"), ("X-Evidence" = Option<String>, Header, description = "on what evidence, at most 200 characters")),
    request_body(content = HashMap<String, Json>, description = "field values by name", example = json!({"name": "王小明"})),
    responses((status = 201, body = Entered, headers(("Location" = String, description = "where the record is")))))]
pub(super) async fn create(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(entity): Segments<String>,
    headers: HeaderMap,
    JsonBody(values): JsonBody<Map<String, serde_json::Value>>,
) -> Result<Response, Problem> {
    let desk = desk::entering(&app, &signed_in).await?;
    let made = desk.enter(&entity, &values, evidence(&headers)?).await?;
    let id = desk.scope.tokens().token(made.entity, made.record);
    let location = format!("/api/v1/records/{entity}/{id}");
    let etag = format!("\"{}\"", made.version);
    let entered = body::json(&Entered { id, version: made.version })?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location), (header::ETAG, etag)], entered).into_response())
}

/// Changes some fields of one version of a record.
#[utoipa::path(patch, path = "/records/{entity}/{id}",
    params(
        ("entity" = String, Path, example = "resident"),
        ("id" = String, Path),
        ("If-Match" = String, Header, description = "`\"VERSION\"`, as the record's ETag says", pattern = "^\"[0-9]+\"$"),
        ("X-Evidence" = Option<String>, Header, description = "on what evidence, at most 200 characters"),
    ),
    request_body(content = HashMap<String, Json>, description = "field values by name", example = json!({"phone": "13800000000"})),
    responses((status = 200, body = Entered, headers(("ETag" = String, description = "`\"VERSION\"`, of the new one")))))]
pub(super) async fn update(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments((entity, id)): Segments<(String, String)>,
    headers: HeaderMap,
    JsonBody(values): JsonBody<Map<String, serde_json::Value>>,
) -> Result<Response, Problem> {
    let version = if_match(&headers)?;
    let desk = desk::entering(&app, &signed_in).await?;
    let made = desk.change(&entity, &id, version, &values, evidence(&headers)?).await.map_err(outdated)?;
    let etag = format!("\"{}\"", made.version);
    Ok(([(header::ETAG, etag)], body::json(&Entered { id, version: made.version })?).into_response())
}

/// A record as the desk gave it.
pub(super) fn with_sources(record: &Record) -> Result<Response, Problem> {
    let text: &RawValue = serde_json::from_str(&record.json).map_err(|error| Problem::internal(&error))?;
    body::json(&RecordWithSources { record: text, sources: &record.sources })
}

/// The version that `If-Match` names is not the newest any more.
fn outdated(error: EntryError) -> Problem {
    match error {
        EntryError::Store(error @ StoreError::Stale { .. }) => Problem::new(StatusCode::PRECONDITION_FAILED, "stale", error.to_string()),
        other => other.into(),
    }
}

pub(super) fn if_match(headers: &HeaderMap) -> Result<i64, Problem> {
    let given = headers.get(header::IF_MATCH).ok_or_else(|| {
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "if-match", "say which version you change: If-Match: \"VERSION\"")
    })?;
    let version = given.to_str().ok().and_then(|text| text.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    version.ok_or_else(|| Problem::bad_request("if-match", "If-Match must hold one version in quotation marks"))
}

/// `X-Evidence`: on what evidence the values are entered, percent-free text of at most 200 characters.
fn evidence(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get("x-evidence") else { return Ok(None) };
    let text = std::str::from_utf8(given.as_bytes()).ok().filter(|text| text.chars().count() <= 200);
    text.map(|text| Some(text.to_owned()))
        .ok_or_else(|| Problem::bad_request("evidence", "X-Evidence must be UTF-8 text of at most 200 characters"))
}

fn all_fields(desk: &Desk<'_>, entity: &str) -> Vec<String> {
    desk.scope.entity(entity).map(|entity| entity.fields.keys().cloned().collect()).unwrap_or_default()
}

fn ask(desk: &Desk<'_>, entity: &str, params: &[(String, String)]) -> Result<Ask, Problem> {
    let mut ask = Ask { entity: entity.to_owned(), limit: LIMIT, ..Ask::default() };
    for (key, value) in params {
        match key.as_str() {
            "fields" => ask.fields = value.split(',').map(ToOwned::to_owned).collect(),
            "filter" => ask.filter.push(filter(desk.scope.entity(entity), value)?),
            "sort" => {
                ask.sort = value
                    .split(',')
                    .map(|field| field.strip_prefix('-').map_or((field.to_owned(), false), |field| (field.to_owned(), true)))
                    .collect()
            }
            "after" => ask.after = Some(value.clone()),
            "limit" => {
                ask.limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=1_000).contains(limit))
                    .ok_or_else(|| Problem::bad_request("limit", "limit must lie in 1 to 1000"))?
            }
            other => {
                return Err(Problem::bad_request(
                    "parameter",
                    format!("unknown parameter `{}`; known are fields, filter, sort, after, limit", other.escape_debug()),
                ));
            }
        }
    }
    if ask.fields.is_empty() {
        ask.fields = all_fields(desk, entity);
    }
    Ok(ask)
}

/// `field:op:value`, with `in` taking values separated by `|`.
fn filter(entity: Option<&std::sync::Arc<EntityType>>, text: &str) -> Result<Filter, Problem> {
    let bad = || Problem::bad_request("filter", "filter must be field:op:value with op eq, ne, lt, le, gt, ge, in, prefix or has");
    let mut parts = text.splitn(3, ':');
    let (field, word, value) = (parts.next().ok_or_else(bad)?, parts.next().ok_or_else(bad)?, parts.next().unwrap_or_default());
    let operator = Operator::from_word(word).ok_or_else(bad)?;
    let kind = entity.and_then(|entity| entity.field(field)).map(|field| &field.kind);
    let typed = |text: &str| match kind {
        Some(FieldKind::Integer { .. }) => {
            text.parse().map(Value::Integer).map_err(|_| Problem::bad_request("filter", format!("`{field}` takes a whole number")))
        }
        Some(FieldKind::Boolean) => {
            text.parse().map(Value::Boolean).map_err(|_| Problem::bad_request("filter", format!("`{field}` takes true or false")))
        }
        _ => Ok(Value::Text(text.to_owned())),
    };
    let values = match operator {
        Operator::Has => Vec::new(),
        Operator::In => value.split('|').map(typed).collect::<Result<_, _>>()?,
        _ => vec![typed(value)?],
    };
    Ok((field.to_owned(), operator, values))
}

fn link(entity: &str, params: &[(String, String)], next: &str) -> Option<HeaderValue> {
    let kept = params.iter().filter(|(key, _)| key != "after").map(|(key, value)| (key.as_str(), value.as_str()));
    let query = linli_view::route::query(kept.chain([("after", next)]));
    HeaderValue::from_str(&format!("</api/v1/records/{entity}{query}>; rel=\"next\"")).ok()
}
