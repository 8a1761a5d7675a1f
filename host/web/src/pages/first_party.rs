//! Desks of console and portal. Their manifests admit, their scopes decide, and the log has it all.

use jiff::Timestamp;
use linli_entry::Desk;
use linli_scope::EntryKind;

use super::visit::Reader;
use crate::app::App;
use crate::problem::Problem;

/// Where a community worker reads records.
pub(super) async fn reading<'a>(app: &'a App, reader: &'a Reader) -> Result<Desk<'a>, Problem> {
    let desk = app.runtime().console().desk(app.store(), Some(reader.actor()), "page /records", Timestamp::now());
    admitted(desk, EntryKind::Page, "/records").await
}

/// Where a community worker enters records.
pub(super) async fn entering<'a>(app: &'a App, reader: &'a Reader) -> Result<Desk<'a>, Problem> {
    let desk = app.runtime().console().desk(app.store(), Some(reader.actor()), "action enter", Timestamp::now());
    admitted(desk, EntryKind::Action, "enter").await
}

/// Where a resident reads the own record.
pub(super) async fn own<'a>(app: &'a App, reader: &'a Reader) -> Result<Desk<'a>, Problem> {
    let desk = app.runtime().portal().desk(app.store(), Some(reader.actor()), "page /me", Timestamp::now());
    admitted(desk, EntryKind::Page, "/me").await
}

async fn admitted<'a>(desk: Desk<'a>, kind: EntryKind, name: &str) -> Result<Desk<'a>, Problem> {
    match desk.scope.admit(kind, name, desk.caller.actor) {
        Ok(_) => Ok(desk),
        Err(denial) => Err(desk.turn_away(denial).await?.into()),
    }
}
