//! `/break-glass`: emergencies, opened, ended and reviewed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use linli_scope::break_glass::{Breaking, Reviewing};
use linli_scope::{Actor, BreakGlass};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::administration;
use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, JsonBody, Params, Segments, limit};
use crate::break_glass::{self, Page, Shown};
use crate::idempotency::{Answer, Key};
use crate::names::People;
use crate::problem::Problem;

/// Emergencies a page where the caller does not say.
const LIMIT: i64 = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Before {
    /// `next` of the page before; else the newest are listed.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    before: Option<u64>,
    /// How many a page, 100 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

/// Emergencies, newest first: all of them for auditors and admins, else one's own.
#[utoipa::path(get, path = "/break-glass", params(Before), responses((status = 200, body = Page)))]
pub(super) async fn list(State(app): State<App>, signed_in: SignedIn, Params(page): Params<Before>) -> Result<Response, Problem> {
    let before = body::place(page.before)?.and_then(|before| i64::try_from(before).ok());
    body::json(&break_glass::seen(&app, signed_in.actor(), before, limit(page.limit, LIMIT)?).await?)
}

/// Breaks the glass over an emergency purpose: for the one who asks, within their own rights, until a time.
#[utoipa::path(post, path = "/break-glass", request_body = Breaking, responses((status = 201, body = Shown), (status = 404)))]
pub(super) async fn open(
    State(app): State<App>,
    signed_in: SignedIn,
    key: Key,
    JsonBody(breaking): JsonBody<Breaking>,
) -> Result<Answer, Problem> {
    let actor = signed_in.actor();
    let opened = answer(StatusCode::CREATED, People::of(&app, vec![actor.id]).await?);
    opened(&app.runtime().break_glass(actor, &breaking, key.answering(opened.clone())).await?)
}

/// One of them.
#[utoipa::path(get, path = "/break-glass/{id}", params(("id" = i64, Path)), responses((status = 200, body = Shown)))]
pub(super) async fn show(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>) -> Result<Response, Problem> {
    let glass = break_glass::find(&app, signed_in.actor(), id).await?;
    body::json(&break_glass::show(&glass, &People::of(&app, break_glass::named(&glass)).await?))
}

/// Ends one before its time: whose it is, an auditor, or an admin.
#[utoipa::path(post, path = "/break-glass/{id}/end", params(("id" = i64, Path)), responses((status = 200, body = Shown), (status = 409)))]
pub(super) async fn end(State(app): State<App>, signed_in: SignedIn, Segments(id): Segments<i64>, key: Key) -> Result<Answer, Problem> {
    let actor = signed_in.actor();
    let glass = break_glass::find(&app, actor, id).await?;
    let ended = answer(StatusCode::OK, known(&app, &glass, actor).await?);
    ended(&app.runtime().end_break_glass(actor, glass, key.answering(ended.clone())).await?)
}

/// Closes one that has ended with what an auditor found, who is not the one who broke it.
#[utoipa::path(post, path = "/break-glass/{id}/review", params(("id" = i64, Path)), request_body = Reviewing, responses((status = 200, body = Shown)))]
pub(super) async fn review(
    State(app): State<App>,
    signed_in: SignedIn,
    Segments(id): Segments<i64>,
    key: Key,
    JsonBody(reviewing): JsonBody<Reviewing>,
) -> Result<Answer, Problem> {
    administration::act(&app, &signed_in, "review-break-glass").await?;
    let actor = signed_in.actor();
    let glass = break_glass::find(&app, actor, id).await?;
    let reviewed = answer(StatusCode::OK, known(&app, &glass, actor).await?);
    reviewed(&app.runtime().review_break_glass(actor, glass, &reviewing, key.answering(reviewed.clone())).await?)
}

/// Who is named in one once this person has changed it.
async fn known(app: &App, glass: &BreakGlass, actor: &Actor) -> Result<People, Problem> {
    People::of(app, [break_glass::named(glass), vec![actor.id]].concat()).await
}

fn answer(status: StatusCode, people: People) -> impl Fn(&BreakGlass) -> Result<Answer, Problem> + Clone + Send + 'static {
    move |glass| Answer::new(status, &break_glass::show(glass, &people))
}
