//! `/`: what this person can do.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::Plugin;
use linli_scope::{Actor, EntryKind};
use linli_view::html::pages::{HomePage, MenuEntry, PluginMenu};

use super::visit::{Reader, html};
use super::wording::text;
use crate::app::App;

/// `GET /`: built-in tasks, and the plugins' pages that the person may open now.
pub(super) async fn show(State(app): State<App>, reader: Reader) -> Response {
    let plugins = app.runtime().plugins();
    let now = Timestamp::now();
    let menus: Vec<_> =
        plugins.iter().filter(|plugin| plugin.scope().in_force(now).is_ok()).filter_map(|plugin| menu(plugin, reader.actor())).collect();
    html(HomePage { viewer: &reader.viewer(), plugins: &menus, flash: reader.flash() }.render())
}

fn menu<'p>(plugin: &'p Plugin, actor: &Actor) -> Option<PluginMenu<'p>> {
    let (manifest, scope) = (&plugin.manifest, plugin.scope());
    let open = manifest.pages.iter().filter(|page| page.menu && scope.admit(EntryKind::Page, &page.path, Some(actor)).is_ok());
    let pages: Vec<_> = open
        .map(|page| MenuEntry { path: &page.path, title: text(&page.title), is_emergency: scope.is_emergency(&page.purpose) })
        .collect();
    let menu = PluginMenu {
        id: &manifest.plugin.id,
        name: text(&manifest.plugin.name),
        description: manifest.plugin.description.as_ref().map(text),
        pages,
    };
    (!menu.pages.is_empty()).then_some(menu)
}
