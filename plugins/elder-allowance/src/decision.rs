//! The officer's decisions, records of this plugin (`schemas/decision.json`).

use linli_sdk::code;
use linli_sdk::prelude::*;
use linli_sdk::records::Rows;

use crate::{PAGE, Paging};

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Approved,
    Refused,
}

#[derive(Deserialize)]
pub struct Decide {
    resident: Id,
    outcome: Outcome,
    reason: String,
}

#[derive(Serialize)]
struct Decision<'a> {
    resident: &'a Id,
    outcome: Outcome,
    reason: &'a str,
    decided_on: Date,
}

#[derive(Deserialize)]
struct Resident {
    name: String,
}

pub fn decide(input: Decide) -> Result<ActionResult> {
    let reason = input.reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("请填写核定理由"));
    }
    // In scope means entitled: the grant reaches nobody younger. Anybody else is not found.
    let resident: Resident = records::get("resident", &input.resident, &["name"])?;
    records::create("decision", &Decision { resident: &input.resident, outcome: input.outcome, reason, decided_on: clock::today() })?;
    let name = resident.name;
    let message = match input.outcome {
        Outcome::Approved => (format!("已批准：{name}"), format!("Approved: {name}")),
        Outcome::Refused => (format!("不予发放：{name}"), format!("Refused: {name}")),
    };
    Ok(ActionResult::success(message).goto("/decisions", &[]))
}

#[derive(Deserialize)]
struct Stored {
    resident: Id,
    outcome: Outcome,
    reason: String,
    decided_on: Date,
}

#[derive(Serialize)]
struct Shown {
    name: String,
    outcome: &'static str,
    reason: String,
    decided_on: Date,
}

/// Latest first. A decision keeps a reference to the resident, not the name, so that nothing goes stale.
pub fn list(paging: Paging) -> Result<View> {
    let mut cursor = records::query("decision")
        .fields(["resident", "outcome", "reason", "decided_on"])
        .sort_desc("decided_on")
        .after(paging.after.as_deref())
        .open()?;
    let page = cursor.next::<Stored>(PAGE)?;
    let zh = context::locale() != "en";
    let rows = page.rows.into_iter().map(|stored| show(stored, zh)).collect::<Result<Vec<_>>>()?;
    let table = Table::rows(Rows::of(&rows)?)
        .column("name", ("姓名", "Name"))
        .column("outcome", ("结果", "Outcome"))
        .column("reason", ("理由", "Reason"))
        .column_as(Format::Date, "decided_on", ("核定日期", "Decided on"))
        .next_page("/decisions", &cursor);
    Ok(View::new(("核定记录", "Decisions")).block(table))
}

fn show(stored: Stored, zh: bool) -> Result<Shown> {
    let name = match records::get::<Resident>("resident", &stored.resident, &["name"]) {
        Ok(resident) => resident.name,
        // Moved away or deceased since.
        Err(e) if e.is(code::NOT_FOUND) => "—".to_owned(),
        Err(e) => return Err(e),
    };
    let outcome = match (stored.outcome, zh) {
        (Outcome::Approved, true) => "批准",
        (Outcome::Approved, false) => "Approved",
        (Outcome::Refused, true) => "不予",
        (Outcome::Refused, false) => "Refused",
    };
    Ok(Shown { name, outcome, reason: stored.reason, decided_on: stored.decided_on })
}
