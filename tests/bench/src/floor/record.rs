//! One resident of the holder's community by its number.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::reads::{Bind, Cells, Rows, Statement};
use super::{Floor, failed, json, json_answer};

const TEXT: &str = "SELECT id, version, name, sex, birth_date, grid, status FROM e_resident WHERE id = $1 AND community = $2";
const ONE: Statement = Statement { sqlite: TEXT, postgres: TEXT };

/// `GET /record?id=123`
pub async fn record(State(floor): State<Arc<Floor>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let holder = match floor.gate.holder(&headers) {
        Ok(holder) => holder,
        Err(status) => return status.into_response(),
    };
    let id = query.as_deref().and_then(|query| query.strip_prefix("id=")).and_then(|id| id.parse::<i64>().ok());
    let Some(id) = id else { return StatusCode::BAD_REQUEST.into_response() };
    let found = floor.reads.rows(&ONE, &[Bind::Number(id), Bind::Text(&holder.community)]).await;
    let body = found.and_then(|rows| match rows {
        Rows::Sqlite(rows) => rows.first().map(answer).transpose(),
        Rows::Postgres(rows) => rows.first().map(answer).transpose(),
    });
    match body {
        Ok(Some(body)) => json_answer(body),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(error),
    }
}

fn answer(row: &impl Cells) -> Result<String, sqlx::Error> {
    let mut out = String::with_capacity(256);
    out.push_str("{\"id\":");
    json::number(row.number(0)?, &mut out);
    out.push_str(",\"version\":");
    json::number(row.number(1)?, &mut out);
    for (column, name) in [(2, ",\"name\":"), (3, ",\"sex\":"), (4, ",\"birth_date\":"), (5, ",\"grid\":"), (6, ",\"status\":")] {
        out.push_str(name);
        json::text(row.text(column)?, &mut out);
    }
    out.push('}');
    Ok(out)
}
