//! `/pages/{plugin}/…` and `/actions/{plugin}/{name}`: what plugins show and do.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::{Call, CallError, Plugin};
use linli_scope::manifest::InputKind;
use linli_scope::{DenialKind, EntryKind, Manifest};
use linli_store::claim::Mark;
use linli_view::html::BlockContext;
use linli_view::html::pages::{ActionPage, Basis, PluginPage};
use linli_view::{ActionResult, Text, View, route};

use super::flash::{self, Kept};
use super::form::{self, Place};
use super::frame::Trouble;
use super::visit::{Guest, Posted, html};
use super::wording::text;
use crate::app::App;
use crate::body::Locale;
use crate::names::Directory;
use crate::problem::Problem;

type Params = Vec<(String, String)>;

/// `GET /pages/{plugin}/`: the page `/`.
pub(super) async fn root(
    State(app): State<App>,
    guest: Guest,
    Path(plugin): Path<String>,
    Query(params): Query<Params>,
    Locale(locale): Locale,
) -> Result<Response, Trouble> {
    show(&app, &guest, plugin, Place { page: "/".into(), params }, locale).await
}

/// `GET /pages/{plugin}/{path}?param=…`. Public pages need no log-in.
pub(super) async fn page(
    State(app): State<App>,
    guest: Guest,
    Path((plugin, path)): Path<(String, String)>,
    Query(params): Query<Params>,
    Locale(locale): Locale,
) -> Result<Response, Trouble> {
    show(&app, &guest, plugin, Place { page: format!("/{path}"), params }, locale).await
}

async fn show(app: &App, guest: &Guest, plugin: String, place: Place, locale: String) -> Result<Response, Trouble> {
    let actor = guest.0.as_ref().map(|reader| reader.signed_in.actor().clone());
    let call = Call {
        plugin: plugin.clone(),
        kind: EntryKind::Page,
        name: place.page.clone(),
        input: form::params(&place.params),
        actor,
        locale,
        now: Timestamp::now(),
        mark: Mark::default(),
    };
    let answer = app.runtime().call(call).await.map_err(|error| emergency(app, &plugin, EntryKind::Page, &place.page, error))?;
    let view = View::parse(&answer.text).map_err(|error| Problem::internal(&error))?;
    let plugin = app.plugin(&plugin)?;
    let purpose = plugin.manifest.pages.iter().find(|page| page.path == place.page).map_or("", |page| &page.purpose);
    let (viewer, names) = (guest.0.as_ref().map(|reader| reader.viewer()), Directory(app));
    let page = PluginPage {
        viewer: viewer.as_ref(),
        basis: basis(&plugin.manifest, purpose),
        context: BlockContext { csrf: viewer.as_ref().map(|viewer| viewer.csrf), ..context(app, &plugin, &place, &names) },
        view: &view,
        fill: &|block| answer.filled(block),
        flash: guest.0.as_ref().and_then(|reader| reader.flash()),
    };
    Ok(html(page.render()))
}

/// `POST /actions/{plugin}/{name}`: leads to the page that the plugin names, else shows what it answered.
pub(super) async fn action(
    State(app): State<App>,
    Path((id, name)): Path<(String, String)>,
    Locale(locale): Locale,
    posted: Posted,
) -> Result<Response, Trouble> {
    let from = Place::read(posted.fields.get(route::FROM_FIELD));
    let reader = &posted.reader;
    let call = Call {
        plugin: id.clone(),
        kind: EntryKind::Action,
        name: name.clone(),
        input: form::input(&posted.fields.0),
        actor: Some(reader.signed_in.actor().clone()),
        locale,
        now: Timestamp::now(),
        mark: Mark::default(),
    };
    let answer = match app.runtime().call(call).await {
        Ok(answer) => answer,
        Err(error) => {
            let is_shut = is_shut(&error);
            let trouble = emergency(&app, &id, EntryKind::Action, &name, error).residents(residents(&app, &id, &name));
            return Err(from.filter(|_| !is_shut).map_or(trouble.clone(), |from| trouble.back(from.address(&id))));
        }
    };
    let result = ActionResult::parse(&answer.text).map_err(|error| Problem::internal(&error))?;
    let csrf = &reader.signed_in.session.csrf;
    let led = result.goto.as_ref().and_then(|target| {
        flash::carry(&Kept::new(&result.message, result.tone), csrf, &route::page(&id, &target.page, target.params.iter()))
    });
    if let Some(response) = led {
        return Ok(response);
    }
    let plugin = app.plugin(&id)?;
    let declared = plugin.manifest.actions.iter().find(|action| action.name == name);
    let place = from.unwrap_or_else(|| first_page(&plugin.manifest));
    let (viewer, names) = (reader.viewer(), Directory(&app));
    let page = ActionPage {
        viewer: Some(&viewer),
        basis: basis(&plugin.manifest, declared.map_or("", |action| &action.purpose)),
        title: declared.map_or(Text::plain(&name), |action| text(&action.title)),
        context: BlockContext { csrf: Some(csrf), ..context(&app, &plugin, &place, &names) },
        result: &result,
        fill: &|block| answer.filled(block),
    };
    Ok(html(page.render()))
}

/// What is said where a call has no answer. An emergency that nobody has opened leads to where it is opened.
fn emergency(app: &App, plugin: &str, kind: EntryKind, name: &str, error: CallError) -> Trouble {
    let entry = app.runtime().plugin(plugin).filter(|_| is_shut(&error)).and_then(|plugin| plugin.scope().entry_point(kind, name));
    let trouble = Trouble::from(error);
    entry.map_or(trouble.clone(), |entry| {
        trouble.back(format!("{}{}", route::BREAK_GLASS, route::query([("plugin", plugin), ("purpose", entry.purpose.as_str())])))
    })
}

fn is_shut(error: &CallError) -> bool {
    matches!(error, CallError::Denied(denial) if denial.kind == DenialKind::BreakGlass)
}

fn context<'a>(app: &'a App, plugin: &'a Plugin, place: &'a Place, names: &'a Directory<'a>) -> BlockContext<'a> {
    let origin = app.settings().public_url.trim_end_matches('/');
    BlockContext { plugin: plugin.id(), page: &place.page, params: &place.params, origin, csrf: None, names }
}

fn basis<'m>(manifest: &'m Manifest, purpose: &str) -> Basis<'m> {
    let purpose = manifest.purpose(purpose);
    Basis {
        plugin: text(&manifest.plugin.name),
        purpose: purpose.map(|purpose| text(&purpose.title)).unwrap_or_default(),
        legal_basis: purpose.map_or("", |purpose| &purpose.legal_basis),
    }
}

fn first_page(manifest: &Manifest) -> Place {
    Place { page: manifest.pages.first().map_or_else(|| "/".to_owned(), |page| page.path.clone()), params: Vec::new() }
}

/// The inputs of an action in which a resident is named.
fn residents(app: &App, plugin: &str, action: &str) -> Vec<String> {
    let plugin = app.runtime().plugin(plugin);
    let declared = plugin.as_ref().and_then(|plugin| plugin.manifest.actions.iter().find(|declared| declared.name == action));
    let inputs =
        declared.map(|declared| declared.input.iter().filter(|(_, kind)| **kind == InputKind::Resident).map(|(name, _)| name.clone()));
    inputs.map(Iterator::collect).unwrap_or_default()
}
