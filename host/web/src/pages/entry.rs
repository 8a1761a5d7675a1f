//! `/entry/resident`: a community worker enters a resident, once.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use linli_entry::{Desk, EntryError, FieldError};
use linli_view::html::pages::EntryPage;
use linli_view::route;

use super::entry_form::{self, Sources};
use super::flash;
use super::frame::Trouble;
use super::visit::{Posted, Reader, html};
use crate::app::App;
use crate::desk::{self, RESIDENT, resident};
use crate::problem::Problem;

/// What came of an entry that was not made.
#[derive(Default)]
struct Outcome {
    errors: Vec<FieldError>,
    known: Option<String>,
}

/// `GET /entry/resident`: the empty form.
pub(super) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Trouble> {
    let desk = desk::entering(&app, &reader.signed_in).await?;
    Ok(html(form(&app, &desk, &reader, &[], &Outcome::default())?))
}

/// `POST /entry/resident`: enters, or shows the form again with what is wrong.
pub(super) async fn enter(State(app): State<App>, posted: Posted) -> Result<Response, Trouble> {
    let (reader, typed) = (&posted.reader, &posted.fields.0);
    let desk = desk::entering(&app, &reader.signed_in).await?;
    let entity = resident(&desk)?;
    let record = entry_form::record(&entity, typed);
    let (status, outcome) = match desk.enter(RESIDENT, &record, None).await {
        Ok(made) => {
            let id = desk.scope.tokens().token(made.entity, made.record);
            return Ok(flash::go("已录入。", "Entered.", &reader.signed_in.session.csrf, &route::record(&id))?);
        }
        Err(EntryError::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, Outcome { errors, known: None }),
        Err(EntryError::Duplicate { field, known, .. }) => (StatusCode::CONFLICT, duplicate(field, known)),
        Err(EntryError::Denied(denial)) => match denial.field.clone() {
            Some(field) => (StatusCode::FORBIDDEN, Outcome { errors: vec![FieldError { field, reason: denial.message }], known: None }),
            None => return Err(Trouble::from(denial).back(route::ENTRY.to_owned())),
        },
        Err(EntryError::Store(error)) => return Err(error.into()),
    };
    let mut response = html(form(&app, &desk, reader, typed, &outcome)?);
    *response.status_mut() = status;
    Ok(response)
}

/// Somebody who is known here is pointed to. Of somebody who is known elsewhere, nothing more is said.
fn duplicate(field: String, known: Option<String>) -> Outcome {
    match known {
        Some(id) => Outcome { errors: Vec::new(), known: Some(route::record(&id)) },
        None => Outcome { errors: vec![FieldError { field, reason: "can't be entered here".into() }], known: None },
    }
}

fn form(app: &App, desk: &Desk<'_>, reader: &Reader, typed: &[(String, String)], outcome: &Outcome) -> Result<String, Problem> {
    let entity = resident(desk)?;
    let catalogue = app.store().catalogue();
    let cells = entry_form::cells(&app.store().regions(), reader.actor());
    let granted = entry_form::granted(app.runtime().console().manifest(), &entity, reader.actor());
    let sources = Sources { entity: &entity, catalogue: &catalogue, cells: &cells, typed, errors: &outcome.errors };
    let fields: Vec<_> = granted.iter().map(|field| sources.input(field)).collect();
    let page = EntryPage { viewer: &reader.viewer(), fields: &fields, flash: reader.flash(), known: outcome.known.as_deref() };
    Ok(page.render())
}
