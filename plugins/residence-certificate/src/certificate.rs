//! The list of certificates, and one of them on a page to print.

use linli_sdk::prelude::*;
use linli_sdk::records::Rows;

use crate::{kind, number};

pub const VALID: &str = "valid";
pub const REVOKED: &str = "revoked";

/// Rows a page.
const PAGE: u32 = 20;

#[derive(Deserialize)]
pub struct Listing {
    after: Option<String>,
    number: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Listed {
    id: Id,
    version: Version,
    resident: Id,
    number: String,
    kind: String,
    issued_on: Date,
}

pub fn list(listing: Listing) -> Result<View> {
    let mut query = records::query("certificate")
        .fields(["id", "version", "resident", "number", "kind", "issued_on"])
        .filter(field("status").eq(VALID))
        .sort_desc("issued_on")
        .after(listing.after.as_deref());
    if let Some(typed) = &listing.number {
        // What cannot be a number finds none.
        query = query.filter(field("number").eq(number::read(typed).unwrap_or_default()));
    }
    let mut cursor = query.open()?;
    let mut page = cursor.next::<Listed>(PAGE)?;
    let zh = context::locale() != "en";
    for row in &mut page.rows {
        row.kind = kind::title(&row.kind, zh).into_owned();
    }
    let table = Table::rows(Rows::of(&page.rows)?)
        .title(("有效证明", "Valid certificates"))
        .column("number", ("编号", "Number"))
        .column("kind", ("种类", "Kind"))
        .column_as(Format::Date, "issued_on", ("开具日期", "Issued on"))
        .action(RowAction::new("show", ("查看", "Show")).input("id", "id"))
        .action(
            RowAction::new("revoke", ("撤销", "Revoke")).input("id", "id").input("version", "version").with("reason", "居住情况发生变化"),
        )
        .next_page("/certificates", &cursor);
    let search = Form::page("/certificates", ("查找", "Search"))
        .field(Input::text("number", ("按编号查找", "Find by number")).value(listing.number.unwrap_or_default()));
    Ok(View::new(("证明", "Certificates")).block(form()).block(search).block(table))
}

/// Kinds that a community must not issue are offered too: the answer says why, and by what rule.
fn form() -> Form {
    let issued = kind::ISSUED.iter().map(|k| (k.code, k.title));
    let kinds = Input::select("kind", ("种类", "Kind")).options(issued).options(kind::REFUSED).required();
    Form::new("issue", ("开具", "Issue")).field(Input::resident("resident", ("居民", "Resident")).required()).field(kinds)
}

#[derive(Deserialize)]
pub struct One {
    id: Id,
}

#[derive(Deserialize)]
struct Stored {
    number: String,
    resident: Id,
    kind: String,
    community: String,
    issued_on: Date,
    status: String,
    revoked_reason: Option<String>,
}

#[derive(Serialize)]
struct Printed<'a> {
    number: &'a str,
    kind: &'a str,
    community: &'a str,
    issued_on: &'a Date,
}

/// The holder's name and masked ID number are printed by the host, in a bound block.
pub fn one(input: One) -> Result<View> {
    let fields = ["number", "resident", "kind", "community", "issued_on", "status", "revoked_reason"];
    let stored: Stored = records::get("certificate", &input.id, &fields)?;
    let kind = kind::title(&stored.kind, context::locale() != "en");
    let printed = Printed { number: &stored.number, kind: &kind, community: &stored.community, issued_on: &stored.issued_on };
    let view = View::new(("居住证明", "Residence certificate"));
    if stored.status == REVOKED {
        let reason = stored.revoked_reason.unwrap_or_default();
        return Ok(view
            .block(Message::new(Tone::Error, (format!("已撤销：{reason}"), format!("Revoked: {reason}"))))
            .block(columns(Record::row(&printed)?)));
    }
    let holder = Record::bound("resident", &stored.resident, &["name", "id_number"])
        .title(("持有人", "Holder"))
        .column("name", ("姓名", "Name"))
        .column("id_number", ("公民身份号码", "ID number"));
    let verify = Qr::new("/verify", &[("number", &stored.number)]).caption(("扫码验真", "Scan to verify"));
    Ok(view.block(holder).block(columns(Record::row(&printed)?)).block(verify))
}

/// Number, kind, community and date, on the certificate and on the page that verifies it.
pub fn columns(record: Record) -> Record {
    record
        .column("number", ("编号", "Number"))
        .column("kind", ("种类", "Kind"))
        .column_as(Format::Region, "community", ("开具社区", "Community"))
        .column_as(Format::Date, "issued_on", ("开具日期", "Issued on"))
}

/// A row's button that opens the certificate.
pub fn show(input: One) -> Result<ActionResult> {
    Ok(ActionResult::success(("证明详情", "Certificate")).goto("/certificate", &[("id", input.id.as_str())]))
}
