//! Residents aged 80 and over in the caller's communities, oldest first.
//!
//! The same list twice: once the rows pass through the plugin as text, once the host fills a bound block
//! and they never enter it. That they are at least 80 is the grant's condition, so no query repeats it.

use linli_sdk::prelude::*;
use linli_sdk::records::Query;

use crate::{PAGE, Paging};

pub fn list(paging: Paging) -> Result<View> {
    let mut cursor = oldest_first(&paging).open()?;
    let rows = cursor.next_raw(PAGE)?;
    let table = with_columns(Table::rows(rows)).next_page("/eligible", &cursor);
    Ok(View::new(("应享名单", "Entitled residents")).block(table))
}

pub fn bound_list(paging: Paging) -> Result<View> {
    let table = with_columns(Table::bound(&oldest_first(&paging), PAGE));
    Ok(View::new(("应享名单（绑定）", "Entitled residents (bound)")).block(table))
}

fn oldest_first(paging: &Paging) -> Query<'_> {
    records::query("resident").fields(["id", "name", "age", "grid", "id_number"]).sort_desc("age").after(paging.after.as_deref())
}

fn with_columns(table: Table) -> Table {
    let table = table
        .column("name", ("姓名", "Name"))
        .column("age", ("年龄", "Age"))
        .column_as(Format::Region, "grid", ("网格", "Grid"))
        .column("id_number", ("公民身份号码", "ID number"));
    // What the buttons do is checked again when they are pressed; a worker just need not see them.
    if !context::has_role("officer") {
        return table;
    }
    table.action(decide(("批准", "Approve"), "approved", "年满八十周岁")).action(decide(
        ("不予", "Refuse"),
        "refused",
        "经核不符合发放条件",
    ))
}

fn decide(title: (&'static str, &'static str), outcome: &'static str, reason: &'static str) -> RowAction {
    RowAction::new("decide", title).input("resident", "id").with("outcome", outcome).with("reason", reason)
}
