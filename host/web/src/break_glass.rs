//! Emergencies as people see them: auditors and admins all of them, everybody else their own.

use jiff::Timestamp;
use linli_scope::break_glass::{BreakGlass, Cause, Ended, Finding, Review, State};
use linli_scope::{Actor, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::names::{People, Person};
use crate::problem::Problem;

/// Some of them, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BreakGlasses)]
pub(crate) struct Page {
    pub break_glass: Vec<Shown>,
    /// How many of all await an auditor's review or are in force still; none for who is no auditor.
    pub unreviewed: Option<u64>,
    /// The number before which the next page begins; none at the end.
    pub next: Option<i64>,
}

/// One of them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BreakGlass)]
pub(crate) struct Shown {
    pub id: i64,
    pub plugin: String,
    pub purpose: String,
    pub grant: i64,
    pub cause: Cause,
    pub reason: String,
    /// Who broke it, and for whom alone it holds.
    pub by: Person,
    pub state: State,
    pub opened: Timestamp,
    pub expires: Timestamp,
    /// An end before the time.
    pub ended: Option<ShownEnd>,
    pub review: Option<ShownReview>,
}

/// An end before the time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BreakGlassEnd)]
pub(crate) struct ShownEnd {
    pub by: Person,
    pub at: Timestamp,
}

/// What an auditor found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BreakGlassReview)]
pub(crate) struct ShownReview {
    pub by: Person,
    pub at: Timestamp,
    pub outcome: Finding,
    pub note: String,
}

/// Those that a person may see, before a number.
pub(crate) async fn seen(app: &App, actor: &Actor, before: Option<i64>, limit: i64) -> Result<Page, Problem> {
    let by = (!sees_all(actor)).then_some(actor.id);
    let found = app.store().break_glasses(by, before, limit).await?;
    let next = found.last().filter(|_| i64::try_from(found.len()) == Ok(limit)).map(|glass| glass.id);
    let people = People::of(app, found.iter().flat_map(named).collect()).await?;
    let break_glass = found.iter().map(|glass| show(glass, &people)).collect();
    Ok(Page { break_glass, unreviewed: unreviewed(app, actor).await?, next })
}

/// How many an auditor has to look at.
pub(crate) async fn unreviewed(app: &App, actor: &Actor) -> Result<Option<u64>, Problem> {
    if actor.has(Role::Auditor) { Ok(Some(app.store().unreviewed().await?)) } else { Ok(None) }
}

/// One that a person may see. Whoever may see it may end it: it takes from nobody but whose it is.
pub(crate) async fn find(app: &App, actor: &Actor, id: i64) -> Result<BreakGlass, Problem> {
    let found = app.store().break_glass(id).await?.filter(|glass| sees_all(actor) || glass.by == actor.id);
    found.ok_or_else(|| Problem::not_found(format!("there is no break-glass {id} for this caller")))
}

/// Who is named in one.
pub(crate) fn named(glass: &BreakGlass) -> Vec<i64> {
    let (ended, review) = (glass.ended.as_ref(), glass.review.as_ref());
    [glass.by].into_iter().chain(ended.map(|ended| ended.by)).chain(review.map(|review| review.by)).collect()
}

/// As people see it, with the names of who is named in it.
pub(crate) fn show(glass: &BreakGlass, people: &People) -> Shown {
    let end = |ended: &Ended| ShownEnd { by: people.person(ended.by), at: ended.at };
    let finding =
        |review: &Review| ShownReview { by: people.person(review.by), at: review.at, outcome: review.outcome, note: review.note.clone() };
    Shown {
        id: glass.id,
        plugin: glass.plugin.clone(),
        purpose: glass.purpose.clone(),
        grant: glass.grant,
        cause: glass.cause,
        reason: glass.reason.clone(),
        by: people.person(glass.by),
        state: glass.state(Timestamp::now()),
        opened: glass.opened,
        expires: glass.expires,
        ended: glass.ended.as_ref().map(end),
        review: glass.review.as_ref().map(finding),
    }
}

fn sees_all(actor: &Actor) -> bool {
    actor.has(Role::Auditor) || actor.has(Role::Admin)
}
