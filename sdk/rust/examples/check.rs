//! Deciding without seeing: named predicates, and a public look-up.

use linli_sdk::prelude::*;

#[derive(Deserialize)]
struct Ask {
    resident: Id,
}

/// `is_adult` is the manifest's: `checks = { is_adult = "age >= 18" }`. The age never enters the plugin.
fn ask(input: Ask) -> Result<ActionResult> {
    Ok(if records::check("resident", &input.resident, "is_adult", &[])? {
        ActionResult::success(("已成年", "An adult"))
    } else {
        ActionResult::warning(("未成年", "A minor"))
    })
}

#[derive(Deserialize)]
struct Lookup {
    number: String,
}

#[derive(Serialize, Deserialize)]
struct Certificate {
    status: String,
}

/// A page without log-in reads one record by its public key, and of it only the `public` fields.
fn verify(input: Lookup) -> Result<View> {
    let found: Certificate = records::lookup("certificate", "number", &input.number, &["status"])?;
    Ok(View::new(("验证", "Verify")).block(Record::row(&found)?.column("status", ("状态", "Status"))))
}

linli_sdk::plugin! {
    pages: { "/verify" => verify },
    actions: { "ask" => ask },
}
