//! `/records/resident`: a community worker finds a resident.

use axum::extract::State;
use axum::response::Response;
use linli_entry::Desk;
use linli_model::id_number::IdNumber;
use linli_model::{EntityType, Value};
use linli_scope::Operator;
use linli_scope::decide::{Ask, Filter};
use linli_view::Text;
use linli_view::html::pages::{Found, SearchPage};
use serde_json::Value as Json;

use super::form;
use super::frame::Trouble;
use super::record::shown;
use super::visit::{Posted, Reader, html};
use super::wording::text;
use crate::app::App;
use crate::desk::{self, RESIDENT, resident};
use crate::problem::Problem;

/// Residents that one search shows.
const LIMIT: u32 = 50;
/// What is shown of each: enough to tell people of one name apart, and no more.
const SHOWN: [&str; 4] = ["name", "birth_date", "grid", "status"];

/// `GET /records/resident`: the form.
pub(super) async fn show(State(app): State<App>, reader: Reader) -> Result<Response, Trouble> {
    desk::reading(&app, &reader.signed_in).await?;
    Ok(html(SearchPage { viewer: &reader.viewer(), typed: "", columns: &[], found: None, error: None }.render()))
}

/// `POST /records/resident`: residents of the worker's communities by name or ID number.
pub(super) async fn search(State(app): State<App>, posted: Posted) -> Result<Response, Trouble> {
    let desk = desk::reading(&app, &posted.reader.signed_in).await?;
    let viewer = posted.reader.viewer();
    let typed = posted.fields.get("q").trim();
    let Some(filter) = filter(typed) else {
        let error = Text::both(
            "请输入至少两个字的姓名，或者 18 位公民身份号码。",
            "Type a name of two characters at least, or an ID number of 18 digits.",
        );
        return Ok(html(SearchPage { viewer: &viewer, typed, columns: &[], found: None, error: Some(error) }.render()));
    };
    let entity = resident(&desk)?;
    let lines = find(&app, &desk, &entity, filter).await?;
    let found: Vec<_> = lines.iter().map(|(id, cells)| Found { id, cells: cells.iter().map(Option::as_deref).collect() }).collect();
    let columns: Vec<_> = SHOWN.iter().filter_map(|name| entity.field(name)).map(|field| text(&field.title)).collect();
    Ok(html(SearchPage { viewer: &viewer, typed, columns: &columns, found: Some(&found), error: None }.render()))
}

type Line = (String, Vec<Option<String>>);

async fn find(app: &App, desk: &Desk<'_>, entity: &EntityType, filter: Filter) -> Result<Vec<Line>, Problem> {
    let fields = SHOWN.iter().map(|name| (*name).to_owned()).collect();
    let ask =
        Ask { entity: RESIDENT.into(), fields, filter: vec![filter], sort: vec![("name".into(), false)], limit: LIMIT, ..Ask::default() };
    let page = desk.read(&ask).await?;
    let rows: Vec<Json> = serde_json::from_str(&page.json).map_err(|error| Problem::internal(&error))?;
    let cells =
        |row: &Json| SHOWN.iter().filter_map(|name| entity.field(name)).map(|field| shown(app, field, row.get(&field.name)?)).collect();
    Ok(rows.iter().map(|row| (row.get("id").and_then(Json::as_str).unwrap_or_default().to_owned(), cells(row))).collect())
}

/// What was typed as a filter; none where it is neither a name nor an ID number.
fn filter(typed: &str) -> Option<Filter> {
    let number = form::id_number(typed);
    if IdNumber::parse(&number).is_ok() {
        return Some(("id_number".into(), Operator::Equal, vec![Value::Text(number)]));
    }
    let is_name = (2..=50).contains(&typed.chars().count()) && !typed.chars().any(|sign| sign.is_ascii_digit() || sign.is_control());
    is_name.then(|| ("name".into(), Operator::Prefix, vec![Value::Text(typed.to_owned())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_an_id_number_or_a_name() {
        let by = |typed: &str| filter(typed).map(|(field, _, values)| (field, values));
        assert_eq!(by("11010519491231002x"), Some(("id_number".into(), vec![Value::Text("11010519491231002X".into())])));
        assert_eq!(by("陈桂"), Some(("name".into(), vec![Value::Text("陈桂".into())])));
        for bad in ["", "陈", "110105194912310021", "4401", "a\nb"] {
            assert_eq!(by(bad), None, "{bad}");
        }
    }
}
