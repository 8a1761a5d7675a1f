//! Too many rows, calls and cursors; fields, ids and values that are not its own to use.

use linli_sdk::NoInput;
use linli_sdk::prelude::*;
use linli_sdk::records::Query;

use crate::got_through;

/// Reads on for as long as there are rows.
pub fn rows(_: NoInput) -> Result<View> {
    let mut total = 0;
    for _ in 0..10_000 {
        let mut cursor = names().open()?;
        loop {
            let rows = cursor.next_raw(u32::MAX)?;
            total += rows.as_str().len();
            if !rows.more {
                break;
            }
        }
    }
    got_through(total.to_string())
}

/// Opens and drops cursors, each a call.
pub fn calls(_: NoInput) -> Result<View> {
    for _ in 0..100_000 {
        names().open()?;
    }
    got_through("100,000 calls")
}

/// Keeps all cursors open.
pub fn cursors(_: NoInput) -> Result<View> {
    let open = (0..10_000).map(|_| names().open()).collect::<Result<Vec<_>>>()?;
    got_through(open.len().to_string())
}

/// A field that the grant does not have.
pub fn denied_select(_: NoInput) -> Result<View> {
    first(&records::query("resident").fields(["name", "phone"]))
}

/// The same in a filter: the answer would tell it bit by bit.
pub fn denied_filter(_: NoInput) -> Result<View> {
    first(&names().filter(field("phone").prefix("138")))
}

/// The same in the order.
pub fn denied_sort(_: NoInput) -> Result<View> {
    first(&names().sort("phone"))
}

/// An entity that the grant does not have.
pub fn denied_entity(_: NoInput) -> Result<View> {
    first(&records::query("household").fields(["id"]))
}

/// A masked field in a filter would be an oracle for what the mask hides.
pub fn masked_filter(_: NoInput) -> Result<View> {
    first(&names().filter(field("id_number").prefix("4401041946")))
}

/// The same in the order.
pub fn masked_sort(_: NoInput) -> Result<View> {
    first(&names().sort("id_number"))
}

/// A predicate that the manifest does not name.
pub fn denied_check(_: NoInput) -> Result<View> {
    let found = records::check("resident", &Id::new("x"), "age >= 80", &[])?;
    got_through(found.to_string())
}

/// A write under a grant that only reads.
pub fn denied_write(_: NoInput) -> Result<View> {
    #[derive(Serialize)]
    struct Name {
        name: &'static str,
    }
    let created = records::create("resident", &Name { name: "forged" })?;
    got_through(created.id.as_str())
}

#[derive(Deserialize)]
pub struct Forged {
    id: Option<Id>,
}

/// An id that the host never gave: the one in the input, else one made up.
pub fn forged_id(input: Forged) -> Result<View> {
    let id = input.id.unwrap_or_else(|| Id::new("AAAAAAAAAAAAAAAAAAAAAAAAAA"));
    got_through(records::get_raw("resident", &id, &["name"])?)
}

/// SQL in a value is a name that nobody has. The one page that must answer: with an empty table.
pub fn sql_value(_: NoInput) -> Result<View> {
    let query = names().filter(field("name").eq("' OR '1'='1' --"));
    let rows = query.open()?.next_raw(20)?;
    Ok(View::new("sql").block(Table::rows(rows).column("name", "name")))
}

/// SQL in the place of a field.
pub fn sql_field(_: NoInput) -> Result<View> {
    first(&records::query("resident").fields(["name", "id FROM resident --"]))
}

fn names() -> Query<'static> {
    records::query("resident").fields(["name", "age", "id_number"])
}

fn first(query: &Query<'_>) -> Result<View> {
    let rows = query.open()?.next_raw(1)?;
    got_through(rows.as_str())
}
