//! Forms and actions: the plugin's own records, created and updated.

use linli_sdk::prelude::*;
use linli_sdk::{NoInput, code};

fn page(_: NoInput) -> Result<View> {
    Ok(View::new(("走访", "Visits")).block(
        Form::new("visit", ("登记", "Record"))
            .field(Input::resident("resident", ("居民", "Resident")).required())
            .field(Input::textarea("note", ("情况", "Note")).help(("不写身份号码", "No ID numbers"))),
    ))
}

#[derive(Deserialize)]
struct Visit {
    resident: Id,
    note: String,
}

#[derive(Serialize)]
struct NewVisit {
    resident: Id,
    note: String,
    visited_on: Date,
}

fn visit(input: Visit) -> Result<ActionResult> {
    if input.note.trim().is_empty() {
        return Err(Error::invalid("请填写走访情况"));
    }
    records::create("visit", &NewVisit { resident: input.resident, note: input.note, visited_on: clock::today() })?;
    Ok(ActionResult::success(("已登记", "Recorded")).goto("/", &[]))
}

#[derive(Deserialize)]
struct Close {
    id: Id,
    version: Version,
}

#[derive(Serialize)]
struct Closed {
    closed: bool,
}

/// Updates one version: what somebody else changed in the meantime is not overwritten.
fn close(input: Close) -> Result<ActionResult> {
    match records::update("visit", &input.id, input.version, &Closed { closed: true }) {
        Ok(_) => Ok(ActionResult::success(("已办结", "Closed"))),
        Err(e) if e.is(code::CONFLICT) => Ok(ActionResult::warning(("他人已修改，请刷新", "Changed by somebody else"))),
        Err(e) => Err(e),
    }
}

linli_sdk::plugin! {
    pages: { "/" => page },
    actions: { "visit" => visit, "close" => close },
}
