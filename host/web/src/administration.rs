//! Admins, stewards and auditors come in under the manifest of the platform's administration, as workers do under the
//! console's: it says for whom a way in is and for what purpose, and who is turned away is on the record.

use jiff::Timestamp;
use linli_scope::EntryKind;

use crate::app::App;
use crate::auth::SignedIn;
use crate::problem::Problem;

/// Whether the person may look at a page of the administration.
pub(crate) async fn look(app: &App, signed_in: &SignedIn, page: &str) -> Result<(), Problem> {
    admit(app, signed_in, EntryKind::Page, page).await
}

/// Whether the person may do an action of the administration.
pub(crate) async fn act(app: &App, signed_in: &SignedIn, action: &str) -> Result<(), Problem> {
    admit(app, signed_in, EntryKind::Action, action).await
}

async fn admit(app: &App, signed_in: &SignedIn, kind: EntryKind, name: &str) -> Result<(), Problem> {
    let administration = app.runtime().administration();
    let Err(denial) = administration.scope().admit(kind, name, Some(signed_in.actor())) else { return Ok(()) };
    let entry = administration.scope().entry_point(kind, name);
    let entry_point = entry.as_ref().map_or(name, |entry| &entry.log_name);
    let desk = administration.desk(app.store(), Some(signed_in.actor()), entry_point, Timestamp::now());
    Err(desk.turn_away(denial).await?.into())
}
