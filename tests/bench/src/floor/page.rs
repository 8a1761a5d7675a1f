//! Twenty residents aged 80 and over of the holder's community, oldest first.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::Date;

use super::reads::{Bind, Cells, Rows, Statement};
use super::{Floor, failed, json, json_answer};

const ROWS: usize = 20;

macro_rules! first {
    ($mark:literal) => {
        concat!(
            "SELECT id, name, birth_date, grid, id_number FROM e_resident WHERE community = ",
            $mark,
            "$1 AND birth_date <= ",
            $mark,
            "$2 ORDER BY birth_date, id LIMIT 21"
        )
    };
}

macro_rules! next {
    ($mark:literal) => {
        concat!(
            "SELECT id, name, birth_date, grid, id_number FROM e_resident WHERE community = ",
            $mark,
            "$1 AND birth_date <= ",
            $mark,
            "$2 AND (birth_date, id) > (",
            $mark,
            "$3, ",
            $mark,
            "$4) ORDER BY birth_date, id LIMIT 21"
        )
    };
}

// `+$1` is the same value, but no bare parameter: where ANALYZE has gathered samples (sqlite_stat4), SQLite compiles a
// statement anew whenever a parameter that its plan depends on is bound, which costs as much as running it.
const FIRST: Statement = Statement { sqlite: first!("+"), postgres: first!("") };
const NEXT: Statement = Statement { sqlite: next!("+"), postgres: next!("") };

/// `GET /page?after=1938-02-01,123`
pub async fn page(State(floor): State<Arc<Floor>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let holder = match floor.gate.holder(&headers) {
        Ok(holder) => holder,
        Err(status) => return status.into_response(),
    };
    let today = today();
    let latest = born_by(today);
    let after = query.as_deref().and_then(|query| query.strip_prefix("after="));
    let (community, latest) = (Bind::Text(&holder.community), Bind::Text(&latest));
    let found = match after.map(position) {
        None => floor.reads.rows(&FIRST, &[community, latest]).await,
        Some(Some((birth_date, id))) => floor.reads.rows(&NEXT, &[community, latest, Bind::Text(birth_date), Bind::Number(id)]).await,
        Some(None) => return StatusCode::BAD_REQUEST.into_response(),
    };
    let body = found.and_then(|rows| match rows {
        Rows::Sqlite(rows) => answer(&rows, today),
        Rows::Postgres(rows) => answer(&rows, today),
    });
    body.map_or_else(failed, json_answer)
}

/// China has had one time zone without summer time since 1992.
fn today() -> Date {
    jiff::tz::Offset::constant(8).to_datetime(jiff::Timestamp::now()).date()
}

/// The latest birth date of those aged 80.
fn born_by(today: Date) -> String {
    format!("{:04}-{:02}-{:02}", today.year() - 80, today.month(), today.day())
}

fn position(after: &str) -> Option<(&str, i64)> {
    let (birth_date, id) = after.split_once(',')?;
    Some((birth_date, id.parse().ok()?))
}

fn answer(rows: &[impl Cells], today: Date) -> Result<String, sqlx::Error> {
    let mut out = String::with_capacity(ROWS * 140 + 64);
    out.push_str("{\"rows\":[");
    for (at, row) in rows.iter().take(ROWS).enumerate() {
        out.push_str(if at == 0 { "{\"id\":" } else { ",{\"id\":" });
        json::number(row.number(0)?, &mut out);
        out.push_str(",\"name\":");
        json::text(row.text(1)?, &mut out);
        out.push_str(",\"age\":");
        json::number(age(row.text(2)?, today), &mut out);
        out.push_str(",\"grid\":");
        json::text(row.text(3)?, &mut out);
        out.push_str(",\"id_number\":\"");
        masked(row.text(4)?, &mut out);
        out.push_str("\"}");
    }
    out.push_str("],\"next\":");
    match rows.get(ROWS - 1) {
        Some(last) if rows.len() > ROWS => {
            out.push('"');
            out.push_str(last.text(2)?);
            out.push(',');
            json::number(last.number(0)?, &mut out);
            out.push_str("\"}");
        }
        _ => out.push_str("null}"),
    }
    Ok(out)
}

/// Completed years; birth dates are `YYYY-MM-DD`.
fn age(birth_date: &str, today: Date) -> i64 {
    let part = |from: usize, to: usize| birth_date.get(from..to).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0);
    let had_birthday = (i64::from(today.month()), i64::from(today.day())) >= (part(5, 7), part(8, 10));
    i64::from(today.year()) - part(0, 4) - i64::from(!had_birthday)
}

/// First and last character of an ID number.
fn masked(id_number: &str, out: &mut String) {
    let (Some(head), Some(tail)) = (id_number.get(..1), id_number.get(17..)) else { return };
    out.push_str(head);
    out.push_str("****************");
    out.push_str(tail);
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn an_age_is_in_completed_years() {
        assert_eq!(age("1946-03-01", date(2026, 2, 28)), 79);
        assert_eq!(age("1946-03-01", date(2026, 3, 1)), 80);
        assert_eq!(born_by(date(2026, 3, 1)), "1946-03-01");
    }

    #[test]
    fn an_id_number_is_masked() {
        let mut out = String::new();
        masked("11010519491231002X", &mut out);
        assert_eq!(out, "1****************X");
    }
}
