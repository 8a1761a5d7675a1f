//! Passes one request on to the host and answers with what the host said, to the letter. Tests put manifests and
//! schemas of their own into this component, so each page here may stand for a purpose of theirs.

use linli_sdk::prelude::*;
use linli_sdk::records::{self, Change, Condition, Cursor};
use linli_sdk::{Date, Decimal, Value, Version};
use serde_json::{Map, json};

/// The most characters of an answer in one block; a longer one has more than one.
const PART: usize = 15_000;

#[derive(Deserialize)]
struct Input {
    /// A [`Request`] as JSON.
    q: String,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Request {
    Read(Read),
    Get { entity: String, id: Id, fields: Vec<String> },
    Check { entity: String, id: Id, check: String },
    Aggregate { entity: String, table: String },
    Lookup { entity: String, key: String, value: String, fields: Vec<String> },
    Create { entity: String, values: Vec<Map<String, serde_json::Value>> },
    Update { entity: String, id: Id, version: Version, values: Map<String, serde_json::Value> },
}

#[derive(Deserialize)]
struct Read {
    entity: String,
    fields: Vec<String>,
    filter: Vec<Filter>,
    /// Field, descending.
    sort: Vec<(String, bool)>,
    /// Rows a page; empty for one page of as many as there may be.
    pages: Vec<u32>,
}

#[derive(Deserialize)]
struct Filter {
    field: String,
    op: String,
    values: Vec<Typed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Typed {
    Null,
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(String),
    Date(Date),
}

fn pass_on(input: Input) -> Result<View> {
    let request = serde_json::from_str(&input.q)?;
    let said = match answer(&request) {
        Ok(said) => said,
        Err(error) => json!({"error": error.code(), "detail": error.detail()}),
    };
    let said: Vec<char> = said.to_string().chars().collect();
    let view = View::new("answer");
    Ok(said.chunks(PART).fold(view, |view, part| view.block(Message::info(part.iter().collect::<String>()))))
}

fn answer(request: &Request) -> Result<serde_json::Value> {
    Ok(match request {
        Request::Read(read) => pages(read)?,
        Request::Get { entity, id, fields } => {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            json!({"row": records::get_raw(entity, id, &fields)?})
        }
        Request::Check { entity, id, check } => json!({"holds": records::check(entity, id, check, &[])?}),
        Request::Aggregate { entity, table } => json!({"table": records::aggregate_raw(entity, table)?}),
        Request::Lookup { entity, key, value, fields } => {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            json!({"row": records::lookup_raw(entity, key, value, &fields)?})
        }
        Request::Create { entity, values } => {
            let changes = values.iter().map(|values| Change::create(entity, values)).collect::<Result<Vec<_>>>()?;
            let made = records::apply(&changes)?;
            json!({"ids": made.iter().map(|made| made.id.as_str()).collect::<Vec<_>>()})
        }
        Request::Update { entity, id, version, values } => {
            let made = records::apply(&[Change::update(entity, id, *version, values)?])?;
            json!({"version": made[0].version})
        }
    })
}

fn pages(read: &Read) -> Result<serde_json::Value> {
    let mut cursor = open(read, None)?;
    let mut pages = Vec::new();
    let mut position: Option<String> = None;
    for (at, rows) in read.pages.iter().enumerate() {
        // Every other page is read behind a position, as another call would.
        if at % 2 == 1 {
            let Some(sealed) = position.as_deref() else { break };
            cursor = open(read, Some(sealed))?;
        }
        let page = cursor.next_raw(*rows)?;
        pages.push(json!({"rows": page.as_str(), "more": page.more}));
        position = cursor.position();
        if !page.more {
            break;
        }
    }
    Ok(json!({"pages": pages}))
}

fn open(read: &Read, after: Option<&str>) -> Result<Cursor> {
    let mut query = records::query(&read.entity).fields(read.fields.iter().map(String::as_str)).after(after);
    for filter in &read.filter {
        query = query.filter(condition(filter)?);
    }
    for (field, descending) in &read.sort {
        query = if *descending { query.sort_desc(field) } else { query.sort(field) };
    }
    query.open()
}

fn condition(filter: &Filter) -> Result<Condition<'_>> {
    let field = records::field(&filter.field);
    let values: Vec<Value<'_>> = filter.values.iter().map(value).collect();
    Ok(match (filter.op.as_str(), values.as_slice()) {
        ("in", _) => field.is_in(values),
        ("has", []) => field.has(),
        ("eq", [value]) => field.eq(value.clone()),
        ("ne", [value]) => field.ne(value.clone()),
        ("lt", [value]) => field.lt(value.clone()),
        ("le", [value]) => field.le(value.clone()),
        ("gt", [value]) => field.gt(value.clone()),
        ("ge", [value]) => field.ge(value.clone()),
        ("prefix", [value]) => field.prefix(value.clone()),
        (op, _) => return Err(Error::invalid(format!("{op} is no comparison of so many values"))),
    })
}

fn value(typed: &Typed) -> Value<'_> {
    match typed {
        Typed::Null => Value::Null,
        Typed::Boolean(value) => Value::Boolean(*value),
        Typed::Integer(value) => Value::Integer(*value),
        Typed::Decimal(value) => value.into(),
        Typed::Text(value) => value.as_str().into(),
        Typed::Date(value) => value.into(),
    }
}

linli_sdk::plugin! {
    pages: {
        "/p" => pass_on,
        "/q" => pass_on,
        "/open-p" => pass_on,
        "/open-q" => pass_on,
    },
}
