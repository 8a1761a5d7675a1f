//! Whole pages, one file each, from plain structs.

mod access_log;
mod accounts;
mod action;
mod admin;
mod audit;
mod break_glass;
mod entry;
mod home;
mod login;
mod password;
mod plugin;
mod preview;
mod problem;
mod record;
mod records;
mod search;

pub use access_log::{AccessEntry, AccessLogPage, AccessOutcome, AccessedField};
pub use accounts::{AccountForm, AccountPage, AccountRow, AccountsPage};
pub use action::ActionPage;
pub use admin::{AdminPage, GrantState, PluginRow};
pub use audit::{AuditEntry, AuditPage};
pub use break_glass::{BreakGlassPage, Glass, GlassOffer, GlassReview, GlassState};
pub use entry::{EntryPage, FieldInput, FieldKind, FieldOption};
pub use home::{HomePage, MenuEntry, PluginMenu};
pub use login::LoginPage;
pub use password::PasswordPage;
pub use plugin::{Basis, PluginPage};
pub use preview::{Bar, PreviewAccess, PreviewField, PreviewPage};
pub use problem::ProblemPage;
pub use record::{RecordField, RecordPage, Whose};
pub use records::{ListsPage, RecordsPage};
pub use search::{Found, SearchPage};
