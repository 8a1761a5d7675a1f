use linli_sdk::code;
use linli_sdk::prelude::*;

use crate::kind::{self, Kind, NOTICE};
use crate::{certificate, number};

#[derive(Deserialize)]
pub struct Issue {
    resident: Id,
    kind: String,
}

#[derive(Serialize)]
struct Certificate<'a> {
    number: &'a str,
    resident: &'a Id,
    kind: &'static str,
    issued_on: Date,
    status: &'static str,
}

/// Decides by predicates alone: the host says yes or no, the plugin sees no field of the resident.
pub fn issue(input: Issue) -> Result<ActionResult> {
    if let Some((item, title)) = kind::refused(&input.kind) {
        return Ok(ActionResult::warning((
            format!("社区不得出具{}。依据：{NOTICE}附件《不应由基层群众性自治组织出具证明事项清单（第一批）》第{item}项。", title.0),
            format!("A community must not certify this ({}): item {item} of the list annexed to 民发〔2020〕20号.", title.1),
        )));
    }
    let kind = kind::issued(&input.kind).ok_or_else(|| Error::invalid("没有这种证明，请从列表中选择"))?;
    if let Some(reason) = obstacle(&input.resident, kind)? {
        return Ok(ActionResult::warning(reason));
    }
    let number = number::draw()?;
    let issued = records::create(
        "certificate",
        &Certificate { number: &number, resident: &input.resident, kind: kind.code, issued_on: clock::today(), status: certificate::VALID },
    )?;
    Ok(ActionResult::success((format!("已开具，编号 {number}"), format!("Issued, number {number}")))
        .goto("/certificate", &[("id", issued.id.as_str())]))
}

/// Why a certificate of this kind cannot be issued to this person.
fn obstacle(resident: &Id, kind: &Kind) -> Result<Option<(&'static str, &'static str)>> {
    for (predicate, reason) in kind.checks {
        match records::check("resident", resident, predicate, &[]) {
            Ok(true) => {}
            Ok(false) => return Ok(Some(*reason)),
            Err(e) if e.is(code::NOT_FOUND) => {
                return Ok(Some(("辖区内没有这位居民", "There is no such resident in your communities")));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(None)
}
