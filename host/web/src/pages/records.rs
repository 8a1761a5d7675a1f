//! `/records` and `/records/{entity}`: lists of what is no person: dwellings, organisations, facilities, matters.

use axum::extract::{Path, State};
use axum::response::Response;
use linli_model::{EntityType, Field, FieldKind, Origin};
use linli_scope::decide::Ask;
use linli_view::html::pages::{Found, ListsPage, RecordsPage};
use serde::Deserialize;
use serde_json::Value as Json;

use super::frame::Trouble;
use super::record::shown;
use super::visit::{Reader, html};
use super::wording::text;
use crate::app::App;
use crate::body::Params;
use crate::desk::{self, RESIDENT};
use crate::problem::Problem;

/// Records a page.
const LIMIT: u32 = 50;
/// Columns of a list.
const COLUMNS: usize = 5;

#[derive(Deserialize)]
pub(super) struct From {
    after: Option<String>,
}

/// `GET /records`: which lists there are. People are found, not listed.
pub(super) async fn lists(State(app): State<App>, reader: Reader) -> Result<Response, Trouble> {
    let desk = desk::reading(&app, &reader.signed_in).await?;
    let catalogue = app.store().catalogue();
    let kept = catalogue.entities().filter(|entity| entity.name != RESIDENT && desk.scope.entity(&entity.name).is_some());
    let entities: Vec<_> = kept.map(|entity| (entity.name.as_str(), text(&entity.title))).collect();
    Ok(html(ListsPage { viewer: &reader.viewer(), entities: &entities }.render()))
}

/// `GET /records/{entity}?after=…`: a page of a list.
pub(super) async fn list(
    State(app): State<App>,
    reader: Reader,
    Path(name): Path<String>,
    Params(from): Params<From>,
) -> Result<Response, Trouble> {
    let desk = desk::reading(&app, &reader.signed_in).await?;
    let entity = desk::entity(&desk, &name)?;
    let fields = columns(&entity, &reader);
    let ask = Ask {
        entity: name.clone(),
        fields: fields.iter().map(|field| field.name.clone()).collect(),
        limit: LIMIT,
        after: from.after,
        ..Ask::default()
    };
    let page = desk.read(&ask).await?;
    let rows: Vec<Json> = serde_json::from_str(&page.json).map_err(|error| Problem::internal(&error))?;
    let cells: Vec<Vec<Option<String>>> =
        rows.iter().map(|row| fields.iter().map(|field| shown(&app, field, row.get(&field.name)?)).collect()).collect();
    let found = rows.iter().zip(&cells).map(|(row, cells)| Found {
        id: row.get("id").and_then(Json::as_str).unwrap_or_default(),
        cells: cells.iter().map(Option::as_deref).collect(),
    });
    let page = RecordsPage {
        viewer: &reader.viewer(),
        entity: &name,
        title: text(&entity.title),
        columns: &fields.iter().map(|field| text(&field.title)).collect::<Vec<_>>(),
        found: &found.collect::<Vec<_>>(),
        next: page.next.as_deref(),
    };
    Ok(html(page.render()))
}

/// The first fields that tell records apart, within the reader's clearance. A dwelling is told by its address, not its cell.
fn columns<'e>(entity: &'e EntityType, reader: &Reader) -> Vec<&'e Field> {
    let is_told = |field: &&Field| {
        field.origin == Origin::Stored
            && field.classification <= reader.actor().clearance
            && !matches!(field.kind, FieldKind::Reference { .. })
    };
    let (told, places): (Vec<_>, Vec<_>) =
        entity.fields.values().filter(is_told).partition(|field| !matches!(field.kind, FieldKind::Region { .. }));
    told.into_iter().take(COLUMNS - 1).chain(places).take(COLUMNS).collect()
}
