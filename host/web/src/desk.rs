//! Desks of console and portal. Their manifests admit, their scopes decide, and the log has it all.

use std::sync::Arc;

use jiff::Timestamp;
use linli_entry::Desk;
use linli_model::EntityType;
use linli_scope::EntryKind;
use linli_scope::decide::Ask;

use crate::app::App;
use crate::auth::SignedIn;
use crate::problem::Problem;

/// The entity type of people.
pub(crate) const RESIDENT: &str = "resident";

/// Where a community worker reads records.
pub(crate) async fn reading<'a>(app: &'a App, signed_in: &'a SignedIn) -> Result<Desk<'a>, Problem> {
    let desk = app.runtime().console().desk(app.store(), Some(signed_in.actor()), "page /records", Timestamp::now());
    admitted(desk, EntryKind::Page, "/records").await
}

/// Where a community worker enters records.
pub(crate) async fn entering<'a>(app: &'a App, signed_in: &'a SignedIn) -> Result<Desk<'a>, Problem> {
    let desk = app.runtime().console().desk(app.store(), Some(signed_in.actor()), "action enter", Timestamp::now());
    admitted(desk, EntryKind::Action, "enter").await
}

/// Where a community worker opens residents' accounts.
pub(crate) async fn opening_accounts<'a>(app: &'a App, signed_in: &'a SignedIn) -> Result<Desk<'a>, Problem> {
    let desk = app.runtime().console().desk(app.store(), Some(signed_in.actor()), "action open-account", Timestamp::now());
    admitted(desk, EntryKind::Action, "open-account").await
}

/// Where a resident reads the own record, and the request for all of it that the portal's manifest names.
pub(crate) async fn own<'a>(app: &'a App, signed_in: &'a SignedIn) -> Result<(Desk<'a>, Ask), Problem> {
    let portal = app.runtime().portal();
    let desk = portal.desk(app.store(), Some(signed_in.actor()), "page /me", Timestamp::now());
    let desk = admitted(desk, EntryKind::Page, "/me").await?;
    let own = signed_in.own_record()?;
    let entity = resident(&desk)?;
    let id = desk.scope.tokens().token(entity.number, own);
    let is_granted =
        |field: &str| portal.manifest().accesses.iter().any(|access| access.entity == entity.name && access.fields.contains_key(field));
    let fields = entity.fields.keys().filter(|field| is_granted(field)).cloned().collect();
    Ok((desk, Ask { entity: RESIDENT.into(), fields, limit: 1, id: Some(id), ..Ask::default() }))
}

/// The entity type of people, as a desk knows it.
pub(crate) fn resident(desk: &Desk<'_>) -> Result<Arc<EntityType>, Problem> {
    entity(desk, RESIDENT)
}

/// An entity type, as a desk knows it.
pub(crate) fn entity(desk: &Desk<'_>, name: &str) -> Result<Arc<EntityType>, Problem> {
    desk.scope.entity(name).cloned().ok_or_else(|| Problem::not_found("there are no such records here"))
}

async fn admitted<'a>(desk: Desk<'a>, kind: EntryKind, name: &str) -> Result<Desk<'a>, Problem> {
    match desk.scope.admit(kind, name, desk.caller.actor) {
        Ok(_) => Ok(desk),
        Err(denial) => Err(desk.turn_away(denial).await?.into()),
    }
}
