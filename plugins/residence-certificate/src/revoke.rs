use linli_sdk::code;
use linli_sdk::prelude::*;

use crate::certificate::REVOKED;

#[derive(Deserialize)]
pub struct Revoke {
    id: Id,
    version: Version,
    reason: String,
}

#[derive(Serialize)]
struct Revoked<'a> {
    status: &'static str,
    revoked_reason: &'a str,
}

/// Revokes the version that the worker saw.
pub fn revoke(input: Revoke) -> Result<ActionResult> {
    let reason = input.reason.trim();
    if reason.is_empty() {
        return Err(Error::invalid("请填写撤销原因"));
    }
    let revoked = Revoked { status: REVOKED, revoked_reason: reason };
    match records::update("certificate", &input.id, input.version, &revoked) {
        Ok(_) => Ok(ActionResult::success(("已撤销", "Revoked")).goto("/certificates", &[])),
        Err(e) if e.is(code::CONFLICT) => Ok(ActionResult::warning((
            "该证明刚被他人修改，请刷新后再试",
            "Somebody else has just changed this certificate; reload and try again",
        ))),
        Err(e) => Err(e),
    }
}
