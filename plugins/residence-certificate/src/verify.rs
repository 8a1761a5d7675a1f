//! The public page: is this certificate genuine?

use linli_sdk::code;
use linli_sdk::prelude::*;

use crate::certificate::{VALID, columns};
use crate::{kind, number};

#[derive(Deserialize)]
pub struct Verify {
    number: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Public {
    number: String,
    kind: String,
    community: String,
    issued_on: Date,
    #[serde(skip_serializing)]
    status: String,
}

/// Says nothing about the holder: whoever verifies compares with the paper. A number has 128 random bits,
/// so trying numbers finds nothing.
pub fn page(input: Verify) -> Result<View> {
    let view = View::new(("验证证明", "Verify a certificate"));
    let Some(text) = input.number.filter(|n| !n.trim().is_empty()) else {
        let hint = Message::info(("扫描证明上的二维码，或者输入编号。", "Scan the certificate's QR code, or type its number."));
        return Ok(view.block(hint).block(form("")));
    };
    let Some(mut public) = lookup(&text)? else {
        let unknown = Message::new(
            Tone::Error,
            (
                "查无此编号，请核对；若编号无误，该证明不是本平台开具的。",
                "No certificate has this number. Check it; if it is right, the certificate is not genuine.",
            ),
        );
        return Ok(view.block(unknown).block(form(&text)));
    };
    public.kind = kind::title(&public.kind, context::locale() != "en").into_owned();
    let verdict = if public.status == VALID {
        Message::new(Tone::Success, ("证明有效", "Valid"))
    } else {
        Message::new(Tone::Error, ("证明已撤销", "Revoked"))
    };
    Ok(view.block(verdict).block(columns(Record::row(&public)?)).block(form("")))
}

fn form(typed: &str) -> Form {
    let number = Input::text("number", ("证明编号", "Certificate number")).required().value(typed);
    Form::page("/verify", ("查验", "Verify")).field(number.help(("大小写、空格和连字符不限。", "Case, spaces and hyphens do not matter.")))
}

fn lookup(text: &str) -> Result<Option<Public>> {
    let Some(number) = number::read(text) else { return Ok(None) };
    let fields = ["number", "kind", "community", "issued_on", "status"];
    match records::lookup("certificate", "number", &number, &fields) {
        Ok(public) => Ok(Some(public)),
        Err(e) if e.is(code::NOT_FOUND) => Ok(None),
        Err(e) => Err(e),
    }
}
