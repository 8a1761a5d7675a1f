//! `/entry/{entity}`: a community worker enters a resident, or a record of another entity type, once.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use linli_entry::{EntryError, FieldError};
use linli_model::EntityType;
use linli_store::Once;
use linli_view::html::pages::EntryPage;
use linli_view::route;

use super::entry_form::{self, Sources};
use super::flash;
use super::frame::Trouble;
use super::visit::{Posted, Reader, html};
use super::wording::text;
use crate::app::App;
use crate::desk;

/// What came of an entry that was not made.
#[derive(Default)]
struct Outcome {
    errors: Vec<FieldError>,
    known: Option<String>,
}

/// `GET /entry/{entity}`: the empty form.
pub(super) async fn show(State(app): State<App>, reader: Reader, Path(name): Path<String>) -> Result<Response, Trouble> {
    let desk = desk::entering(&app, &reader.signed_in).await?;
    let entity = desk::entity(&desk, &name)?;
    Ok(html(form(&app, &entity, &reader, &[], &Outcome::default())))
}

/// `POST /entry/{entity}`: enters, or shows the form again with what is wrong.
pub(super) async fn enter(State(app): State<App>, Path(name): Path<String>, posted: Posted) -> Result<Response, Trouble> {
    let (reader, typed) = (&posted.reader, &posted.fields.0);
    let desk = desk::entering(&app, &reader.signed_in).await?;
    let entity = desk::entity(&desk, &name)?;
    let record = entry_form::record(&entity, typed);
    let (status, outcome) = match desk.enter(&name, &record, None, Once::default()).await {
        Ok(made) => {
            let id = desk.scope.tokens().token(made.entity, made.record);
            return Ok(flash::go("已录入。", "Entered.", &reader.signed_in.session.csrf, &route::record_of(&name, &id))?);
        }
        Err(EntryError::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, Outcome { errors, known: None }),
        Err(EntryError::Duplicate { field, known, .. }) => (StatusCode::CONFLICT, duplicate(&name, field, known)),
        Err(EntryError::Denied(denial)) => match denial.field.clone() {
            Some(field) => (StatusCode::FORBIDDEN, Outcome { errors: vec![FieldError { field, reason: denial.message }], known: None }),
            None => return Err(Trouble::from(denial).back(route::entry(&name))),
        },
        Err(EntryError::Store(error)) => return Err(error.into()),
    };
    let mut response = html(form(&app, &entity, reader, typed, &outcome));
    *response.status_mut() = status;
    Ok(response)
}

/// Who or what is known here is pointed to. Of what is known elsewhere, nothing more is said.
fn duplicate(entity: &str, field: String, known: Option<String>) -> Outcome {
    match known {
        Some(id) => Outcome { errors: Vec::new(), known: Some(route::record_of(entity, &id)) },
        None => Outcome { errors: vec![FieldError { field, reason: "can't be entered here".into() }], known: None },
    }
}

fn form(app: &App, entity: &EntityType, reader: &Reader, typed: &[(String, String)], outcome: &Outcome) -> String {
    let catalogue = app.store().catalogue();
    let cells = entry_form::cells(&app.store().regions(), reader.actor());
    let granted = entry_form::granted(app.runtime().console().manifest(), entity, reader.actor());
    let sources = Sources { entity, catalogue: &catalogue, cells: &cells, typed, errors: &outcome.errors };
    let fields: Vec<_> = granted.iter().map(|field| sources.input(field)).collect();
    let page = EntryPage {
        viewer: &reader.viewer(),
        entity: &entity.name,
        title: text(&entity.title),
        fields: &fields,
        flash: reader.flash(),
        known: outcome.known.as_deref(),
    };
    page.render()
}
