//! Residence certificate: a community certifies that somebody lives there without looking at a single
//! field, and anybody can verify the certificate.

mod certificate;
mod issue;
mod kind;
mod number;
mod revoke;
mod verify;

linli_sdk::plugin! {
    pages: {
        "/certificates" => certificate::list,
        "/certificate" => certificate::one,
        "/verify" => verify::page,
    },
    actions: {
        "issue" => issue::issue,
        "show" => certificate::show,
        "revoke" => revoke::revoke,
    },
}
