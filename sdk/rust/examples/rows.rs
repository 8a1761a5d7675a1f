//! Reading rows: as text that is only shown, and as a struct to compute on.

use linli_sdk::prelude::*;
use linli_sdk::records::{Cursor, Rows};

#[derive(Deserialize)]
struct Paging {
    after: Option<String>,
}

fn eldest(after: Option<&str>) -> Result<Cursor> {
    records::query("resident").fields(["id", "name", "age"]).filter(field("age").ge(80)).sort_desc("age").after(after).open()
}

/// The rows go through as they are: nothing is parsed.
fn list(paging: Paging) -> Result<View> {
    let mut cursor = eldest(paging.after.as_deref())?;
    let rows = cursor.next_raw(20)?;
    Ok(View::new(("名单", "List")).block(table(rows).next_page("/list", &cursor)))
}

#[derive(Deserialize)]
struct Resident {
    id: Id,
    name: String,
    age: Integer,
}

#[derive(Serialize)]
struct Birthday {
    id: Id,
    name: String,
    age: i64,
}

/// The rows are read, changed and written anew.
fn next_year(paging: Paging) -> Result<View> {
    let mut cursor = eldest(paging.after.as_deref())?;
    let page = cursor.next::<Resident>(20)?;
    let rows: Vec<_> = page.rows.into_iter().map(|r| Birthday { id: r.id, name: r.name, age: r.age.0 + 1 }).collect();
    Ok(View::new(("明年", "Next year")).block(table(Rows::of(&rows)?).next_page("/next-year", &cursor)))
}

fn table(rows: Rows) -> Table {
    Table::rows(rows).column("name", ("姓名", "Name")).column("age", ("年龄", "Age"))
}

linli_sdk::plugin! {
    pages: { "/list" => list, "/next-year" => next_year },
}
