//! `/break-glass`: break the glass in an emergency, end it, and the auditors' review.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use linli_runtime::Plugin;
use linli_scope::Role;
use linli_scope::break_glass::{Breaking, Cause, Finding, Reviewing, State as Stands};
use linli_store::Once;
use linli_view::html::pages::{BreakGlassPage, Glass, GlassOffer, GlassReview, GlassState};
use linli_view::route;
use serde::Deserialize;

use super::flash;
use super::frame::Trouble;
use super::visit::{Posted, Reader, html};
use super::wording::{self, moment, text};
use crate::administration;
use crate::app::App;
use crate::break_glass::{self, Shown};
use crate::names::Application;
use crate::problem::Problem;

/// Emergencies a page.
const LIMIT: i64 = 30;

#[derive(Deserialize)]
pub(super) struct Asked {
    before: Option<i64>,
    /// What to offer first.
    plugin: Option<String>,
    purpose: Option<String>,
}

/// `GET /break-glass?plugin=…&purpose=…&before=…`
pub(super) async fn show(State(app): State<App>, reader: Reader, Query(asked): Query<Asked>) -> Result<Response, Trouble> {
    let actor = reader.actor();
    let seen = break_glass::seen(&app, actor, asked.before, LIMIT).await?;
    let plugins = app.runtime().plugins();
    let now = Timestamp::now();
    let mine = plugins.iter().flat_map(|plugin| plugin.manifest.purposes.iter().map(move |purpose| (plugin, purpose)));
    let mine = mine.filter(|(plugin, purpose)| plugin.scope().may_break(actor, &purpose.id, now).is_ok());
    let chosen = |plugin: &Plugin, purpose: &str| asked.plugin.as_deref() == Some(plugin.id()) && asked.purpose.as_deref() == Some(purpose);
    let offers: Vec<_> = mine
        .map(|(plugin, purpose)| GlassOffer {
            value: format!("{} {}", plugin.id(), purpose.id),
            application: text(&plugin.manifest.plugin.name),
            purpose: text(&purpose.title),
            is_chosen: chosen(plugin, &purpose.id),
        })
        .collect();
    let applications: Vec<_> = seen.break_glass.iter().map(|shown| Application::find(&app, &shown.plugin)).collect();
    let names: Vec<_> = seen.break_glass.iter().zip(&applications).map(|(shown, of)| Names::of(shown, of)).collect();
    let glasses: Vec<_> = seen.break_glass.iter().zip(&names).map(|(shown, names)| glass(&reader, shown, names)).collect();
    let causes: Vec<_> = CAUSES.iter().map(|cause| (cause.as_str(), wording::cause(*cause))).collect();
    let page = BreakGlassPage {
        viewer: &reader.viewer(),
        offers: &offers,
        causes: &causes,
        glasses: &glasses,
        next: seen.next,
        flash: reader.flash(),
    };
    Ok(html(page.render()))
}

const CAUSES: [Cause; 5] = [Cause::LifeAndHealth, Cause::NaturalDisaster, Cause::Accident, Cause::PublicHealth, Cause::PublicSafety];

/// What one is called.
struct Names {
    application: linli_model::Text,
    purpose: linli_model::Text,
}

impl Names {
    fn of(shown: &Shown, application: &Application<'_>) -> Self {
        let purpose = application.purpose(&shown.purpose);
        let purpose = purpose.map_or_else(|| linli_model::Text::Plain(shown.purpose.clone()), |purpose| purpose.title.clone());
        Self { application: application.name(), purpose }
    }
}

fn glass<'a>(reader: &Reader, shown: &'a Shown, names: &'a Names) -> Glass<'a> {
    let (actor, is_mine) = (reader.actor(), shown.by.account == reader.actor().id);
    Glass {
        id: shown.id,
        application: text(&names.application),
        purpose: text(&names.purpose),
        who: named(shown.by.name.as_deref()),
        cause: wording::cause(shown.cause),
        reason: &shown.reason,
        opened: moment(shown.opened),
        ends: moment(shown.ended.as_ref().map_or(shown.expires, |ended| ended.at)),
        ended_by: shown.ended.as_ref().map(|ended| named(ended.by.name.as_deref())),
        state: match shown.state {
            Stands::InForce => GlassState::InForce,
            Stands::AwaitingReview => GlassState::AwaitingReview { can_review: actor.has(Role::Auditor) && !is_mine },
            Stands::Reviewed => GlassState::Reviewed,
        },
        review: shown.review.as_ref().map(|review| GlassReview {
            is_justified: review.outcome == Finding::Justified,
            by: named(review.by.name.as_deref()),
            at: moment(review.at),
            note: &review.note,
        }),
    }
}

fn named(name: Option<&str>) -> &str {
    name.unwrap_or("已注销 no longer here")
}

/// `POST /break-glass` with `over` (plugin and purpose), `cause`, `reason` and `minutes`.
pub(super) async fn open(State(app): State<App>, posted: Posted) -> Result<Response, Trouble> {
    let breaking = read(&posted)?;
    let glass = app.runtime().break_glass(posted.reader.actor(), &breaking, Once::default()).await.map_err(|error| back(error.into()))?;
    let until = moment(glass.expires);
    let (zh, en) = (format!("应急访问已启动，有效至 {until}；已通知审计员。"), format!("In force until {until}; the auditors are told."));
    Ok(flash::go(&zh, &en, &posted.reader.signed_in.session.csrf, route::BREAK_GLASS)?)
}

fn read(posted: &Posted) -> Result<Breaking, Trouble> {
    let field = |name: &str| posted.fields.get(name).trim().to_owned();
    let wrong = |code: &str, detail: &str| back(Problem::bad_request(code, detail));
    let over = field("over");
    let (plugin, purpose) = over.split_once(' ').ok_or_else(|| wrong("form", "say for which application and purpose"))?;
    let cause = CAUSES.into_iter().find(|cause| cause.as_str() == field("cause")).ok_or_else(|| wrong("form", "say what it is"))?;
    let minutes = match field("minutes").as_str() {
        "" => None,
        said => Some(said.parse().map_err(|_| wrong("minutes", "minutes must be a whole number"))?),
    };
    Ok(Breaking { plugin: plugin.to_owned(), purpose: purpose.to_owned(), cause, reason: field("reason"), minutes })
}

/// `POST /break-glass/{id}/end`.
pub(super) async fn end(State(app): State<App>, Path(id): Path<i64>, posted: Posted) -> Result<Response, Trouble> {
    let actor = posted.reader.actor();
    let glass = break_glass::find(&app, actor, id).await.map_err(back)?;
    app.runtime().end_break_glass(actor, glass, Once::default()).await.map_err(|error| back(error.into()))?;
    Ok(flash::go("已结束，即时生效。", "Ended, at once.", &posted.reader.signed_in.session.csrf, route::BREAK_GLASS)?)
}

/// `POST /break-glass/{id}/review` with `outcome` and `note`.
pub(super) async fn review(State(app): State<App>, Path(id): Path<i64>, posted: Posted) -> Result<Response, Trouble> {
    administration::act(&app, &posted.reader.signed_in, "review-break-glass").await?;
    let actor = posted.reader.actor();
    let outcome = match posted.fields.get("outcome") {
        "justified" => Finding::Justified,
        "unjustified" => Finding::Unjustified,
        _ => return Err(back(Problem::bad_request("form", "say whether it was justified"))),
    };
    let glass = break_glass::find(&app, actor, id).await.map_err(back)?;
    let reviewing = Reviewing { outcome, note: posted.fields.get("note").to_owned() };
    app.runtime().review_break_glass(actor, glass, &reviewing, Once::default()).await.map_err(|error| back(error.into()))?;
    Ok(flash::go("已复核。", "Reviewed.", &posted.reader.signed_in.session.csrf, route::BREAK_GLASS)?)
}

fn back(problem: Problem) -> Trouble {
    Trouble::from(problem).back(route::BREAK_GLASS.to_owned())
}
