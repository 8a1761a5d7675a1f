//! `/records/{entity}/{id}` for workers and `/me` for the residents themselves.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use linli_entry::Desk;
use linli_entry::desk::Record;
use linli_model::{EntityType, Field, FieldKind, Origin};
use linli_scope::decide::Ask;
use linli_store::provenance::FieldSource;
use linli_view::html::pages::{RecordField, RecordPage, Whose};
use linli_view::html::{Flash, Names as _};
use serde_json::Value;

use super::frame::Trouble;
use super::visit::{Reader, html};
use super::wording::{moment, text};
use crate::app::App;
use crate::desk::{self, RESIDENT};
use crate::names::{self, Application, Directory};
use crate::problem::Problem;

/// A field as it is shown.
struct Line<'a> {
    field: &'a Field,
    value: Option<String>,
    source: String,
    when: String,
}

/// `GET /records/{entity}/{id}`.
pub(super) async fn kept(State(app): State<App>, reader: Reader, Path((name, id)): Path<(String, String)>) -> Result<Response, Trouble> {
    let desk = desk::reading(&app, &reader.signed_in).await?;
    let entity = desk::entity(&desk, &name)?;
    if name == RESIDENT {
        return of_resident(&app, &reader, &id, None, reader.flash()).await;
    }
    let whose = Whose::Other { entity: &entity.name, title: text(&entity.title) };
    let ask = Ask { entity: name, fields: readable(&entity, &reader), limit: 1, id: Some(id), ..Ask::default() };
    show(&app, &reader, &desk, &ask, whose, reader.flash()).await
}

/// A resident's record for a worker, with the account that they have or may be given.
pub(super) async fn of_resident(
    app: &App,
    reader: &Reader,
    id: &str,
    said_once: Option<&str>,
    flash: Option<Flash<'_>>,
) -> Result<Response, Trouble> {
    let desk = desk::reading(app, &reader.signed_in).await?;
    let entity = desk::resident(&desk)?;
    let ask = Ask { entity: RESIDENT.into(), fields: readable(&entity, reader), limit: 1, id: Some(id.to_owned()), ..Ask::default() };
    let account = match desk.scope.tokens().open(entity.number, id) {
        Some(record) => app.store().account_of(record).await?,
        None => None,
    };
    let account = account.as_ref().map(|kept| (kept.account.login.as_str(), kept.disabled));
    show(app, reader, &desk, &ask, Whose::Resident { id, account, said_once }, flash).await
}

/// The fields that this reader may see.
fn readable(entity: &EntityType, reader: &Reader) -> Vec<String> {
    let clearance = reader.actor().clearance;
    entity.fields.values().filter(|field| field.classification <= clearance).map(|field| field.name.clone()).collect()
}

/// `GET /me`: the own record, under the portal's manifest.
pub(super) async fn own(State(app): State<App>, reader: Reader) -> Result<Response, Trouble> {
    let (desk, ask) = desk::own(&app, &reader.signed_in).await?;
    show(&app, &reader, &desk, &ask, Whose::Own, reader.flash()).await
}

async fn show(
    app: &App,
    reader: &Reader,
    desk: &Desk<'_>,
    ask: &Ask,
    whose: Whose<'_>,
    flash: Option<Flash<'_>>,
) -> Result<Response, Trouble> {
    let entity = desk::entity(desk, &ask.entity)?;
    let lines = lines(app, &entity, &ask.fields, &desk.record(ask).await?).await?;
    let fields: Vec<_> = lines
        .iter()
        .map(|line| RecordField { title: text(&line.field.title), value: line.value.as_deref(), source: &line.source, when: &line.when })
        .collect();
    Ok(html(RecordPage { viewer: &reader.viewer(), whose, fields: &fields, flash }.render()))
}

async fn lines<'e>(app: &App, entity: &'e EntityType, asked: &[String], record: &Record) -> Result<Vec<Line<'e>>, Problem> {
    let values: Value = serde_json::from_str(&record.json).map_err(|error| Problem::internal(&error))?;
    let mut lines = Vec::new();
    for field in asked.iter().filter_map(|name| entity.field(name)) {
        let value = values.get(&field.name).and_then(|value| shown(app, field, value));
        let source = record.sources.iter().find(|source| source.field == field.name);
        let (source, when) = match source {
            Some(source) if value.is_some() && field.origin == Origin::Stored => (supplier(app, source).await?, at(source.at)),
            _ if value.is_some() && field.origin != Origin::Stored => ("平台推算 derived".to_owned(), String::new()),
            _ => (String::new(), String::new()),
        };
        lines.push(Line { field, value, source, when });
    }
    Ok(lines)
}

/// A value in words; none where nothing is on record.
pub(super) fn shown(app: &App, field: &Field, value: &Value) -> Option<String> {
    let plain = match value {
        Value::Null => return None,
        Value::Bool(true) => return Some("是 Yes".to_owned()),
        Value::Bool(false) => return Some("否 No".to_owned()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = Directory(app);
    let named = match &field.kind {
        FieldKind::Region { .. } => names.region(&plain),
        FieldKind::Code { list } => names.code(list, &plain),
        _ => None,
    };
    Some(named.unwrap_or(plain))
}

/// Who supplied a value, by which application, on what evidence.
async fn supplier(app: &App, source: &FieldSource) -> Result<String, Problem> {
    let application = Application::find(app, &source.application).name();
    let who = names::official(app, &source.actor).await?;
    let evidence = source.evidence.as_deref().map(|evidence| format!("（{evidence}）")).unwrap_or_default();
    Ok(format!("{} · {who}{evidence}", application.zh()))
}

fn at(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(moment).unwrap_or_default()
}
