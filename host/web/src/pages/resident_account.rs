//! `/records/resident/{id}/account`: a worker opens a resident's account, or gives it another password, said once on the page that
//! comes back.

use axum::extract::{Path, State};
use axum::response::Response;
use linli_store::Once;
use linli_view::html::Flash;
use linli_view::{Text, Tone, route};

use super::frame::Trouble;
use super::record;
use super::visit::Posted;
use crate::accounts::Made;
use crate::app::App;
use crate::desk::RESIDENT;
use crate::problem::Problem;
use crate::resident_account::Counter;

/// `POST /records/resident/{id}/account`.
pub(super) async fn open(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let counter = Counter::serve(&app, &posted.reader.signed_in, &id).await?;
    let login = posted.fields.get("login").trim().to_owned();
    let made = counter.open(login, Once::default()).await.map_err(|error| back(&id, error.into()))?;
    said(&app, &posted, &id, made).await
}

/// `POST /records/resident/{id}/account/password`.
pub(super) async fn reset(State(app): State<App>, Path(id): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let counter = Counter::serve(&app, &posted.reader.signed_in, &id).await?;
    let before = counter.account().await?.ok_or_else(|| back(&id, Problem::not_found("this resident has no account yet")))?;
    let made = counter.reset(&before, Once::default()).await.map_err(|error| back(&id, error.into()))?;
    app.sessions().invalidate_all();
    said(&app, &posted, &id, made).await
}

async fn said(app: &App, posted: &Posted, id: &str, made: Made) -> Result<Response, Trouble> {
    let flash = Flash { message: Text::both("即时生效。", "In force at once."), tone: Tone::Success };
    record::of_resident(app, &posted.reader, id, made.password.as_deref(), Some(flash)).await
}

fn back(id: &str, problem: Problem) -> Trouble {
    Trouble::from(problem).back(route::record_of(RESIDENT, id))
}
