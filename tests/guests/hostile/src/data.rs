//! Too many rows, calls and cursors; fields, ids and values that are not its own to use.

use linli_sdk::NoInput;
use linli_sdk::prelude::*;
use linli_sdk::records::{Query, Rows};

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

#[derive(Serialize, Deserialize)]
struct Group {
    grid: Option<String>,
    sex: Option<String>,
    count: u64,
}

/// A declared table. All of it is allowed: the page must answer, with groups that are large enough.
pub fn table(_: NoInput) -> Result<View> {
    counted("by-grid")
}

/// A declared table of one group of few people, or of nobody. Also allowed, and must answer with no group at all.
pub fn small_table(_: NoInput) -> Result<View> {
    counted("centenarians")
}

/// A comparison of its own in the place of a table's name.
pub fn denied_table(_: NoInput) -> Result<View> {
    counted("age == 93")
}

fn counted(table: &str) -> Result<View> {
    let table = records::aggregate::<Group>("resident", table)?;
    let least = (table.smallest_group.to_string(), table.rounded_to.to_string());
    let figures = Stat::new().item("smallest group", least.0, None).item("rounded to", least.1, None);
    Ok(View::new("counted").block(Table::rows(Rows::of(&table.rows)?).column("count", "count")).block(figures))
}

/// A field that may be counted only, read.
pub fn counted_select(_: NoInput) -> Result<View> {
    first(&records::query("resident").fields(["name", "sex"]))
}

/// The same in a filter.
pub fn counted_filter(_: NoInput) -> Result<View> {
    first(&names().filter(field("sex").eq("1")))
}

/// The same in the order.
pub fn counted_sort(_: NoInput) -> Result<View> {
    first(&names().sort("grid"))
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

/// Ids by the hundred, as nobody who was given one would ask for them. One that is found gets through.
pub fn guessed_ids(_: NoInput) -> Result<View> {
    for round in 0..50_u8 {
        let random: [u8; 260] = random::bytes()?;
        for guess in random.chunks(26) {
            let token: String = guess.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
            match records::get_raw("resident", &Id::new(&token), &["name"]) {
                Err(error) if error.code() == "not-found" => {}
                Err(error) => return Err(error),
                Ok(row) => return got_through(format!("{round}: {row}")),
            }
        }
    }
    Ok(View::new("none found"))
}

/// The signs of a token (RFC 4648, base 32, lower case).
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A value that is larger than a crossing may be.
pub fn huge_value(_: NoInput) -> Result<View> {
    let name = "x".repeat(8 << 20);
    first(&names().filter(field("name").eq(name.as_str())))
}

/// More conditions than any query has use for.
pub fn many_conditions(_: NoInput) -> Result<View> {
    let query = (0..20_000).fold(names(), |query, _| query.filter(field("age").ge(80_i64)));
    first(&query)
}

/// More columns than any table has.
pub fn many_fields(_: NoInput) -> Result<View> {
    first(&records::query("resident").fields(std::iter::repeat_n("name", 20_000)))
}

/// More sort keys than any order needs.
pub fn many_sorts(_: NoInput) -> Result<View> {
    first(&(0..20_000).fold(names(), |query, _| query.sort("age")))
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
