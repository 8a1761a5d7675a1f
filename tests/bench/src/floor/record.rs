//! One resident of the holder's community by its number.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Floor, failed, json, json_answer};

const ONE: &str = "SELECT id, version, name, sex, birth_date, grid, status FROM e_resident WHERE id = $1 AND community = $2";

/// `GET /record?id=123`
pub async fn record(State(floor): State<Arc<Floor>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let holder = match floor.gate.holder(&headers) {
        Ok(holder) => holder,
        Err(status) => return status.into_response(),
    };
    let id = query.as_deref().and_then(|query| query.strip_prefix("id=")).and_then(|id| id.parse::<i64>().ok());
    let Some(id) = id else { return StatusCode::BAD_REQUEST.into_response() };
    let found = sqlx::query(ONE).bind(id).bind(holder.community.as_str()).fetch_optional(&floor.reads).await;
    match found {
        Ok(Some(row)) => answer(&row).map_or_else(failed, json_answer),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(error),
    }
}

fn answer(row: &SqliteRow) -> Result<String, sqlx::Error> {
    let mut out = String::with_capacity(256);
    out.push_str("{\"id\":");
    json::number(row.try_get(0)?, &mut out);
    out.push_str(",\"version\":");
    json::number(row.try_get(1)?, &mut out);
    for (column, name) in [(2, ",\"name\":"), (3, ",\"sex\":"), (4, ",\"birth_date\":"), (5, ",\"grid\":"), (6, ",\"status\":")] {
        out.push_str(name);
        json::text(row.try_get(column)?, &mut out);
    }
    out.push('}');
    Ok(out)
}
