//! Break-glass (应急访问): a purpose that a manifest declares an emergency is granted beforehand like any other, and gives
//! nothing until a person breaks the glass over it: for a cause, with a reason, until a time. It then gives to that person
//! alone, whose own rights bound it as ever, and an auditor who is somebody else must say afterwards whether it was right.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actor::{Actor, Role};
use crate::denial::{Denial, DenialKind};
use crate::scope::{Compiled, Scope};

/// Characters of a reason or of a reviewer's note, at most.
pub const WORDS: usize = 1_000;
/// Minutes for which it holds, at most.
pub const MINUTES_MAX: i64 = 240;
/// Minutes for which it holds where nobody says.
const MINUTES: i64 = 60;
/// How many of one person's may wait for their review. Whoever has so many explains them first.
pub const UNREVIEWED_MAX: usize = 3;

/// What kind of emergency it is: the kinds of 《中华人民共和国突发事件应对法》第二条, and life and health beside them
/// (《个人信息保护法》第十三条第一款第四项). The person concerned is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Somebody's life or health is at stake (抢救生命健康).
    LifeAndHealth,
    /// Flood, storm, earthquake (自然灾害).
    NaturalDisaster,
    /// Fire, explosion, leak, collapse (事故灾难).
    Accident,
    /// An epidemic, food poisoning (公共卫生事件).
    PublicHealth,
    /// Danger to the safety of many (社会安全事件).
    PublicSafety,
}

impl Cause {
    /// The word over the API and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LifeAndHealth => "life-and-health",
            Self::NaturalDisaster => "natural-disaster",
            Self::Accident => "accident",
            Self::PublicHealth => "public-health",
            Self::PublicSafety => "public-safety",
        }
    }
}

/// What somebody says who breaks the glass.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaking {
    /// The plugin.
    pub plugin: String,
    /// One of its emergency purposes.
    pub purpose: String,
    /// What kind of emergency it is. The people concerned are told.
    pub cause: Cause,
    /// Why, for the auditor. Of the event; it names nobody.
    #[schema(min_length = 1, max_length = 1000, pattern = "\\S")]
    pub reason: String,
    /// For so many minutes; else 60.
    #[serde(default, deserialize_with = "linli_model::whole::optional")]
    #[schema(minimum = 1, maximum = 240)]
    pub minutes: Option<i64>,
}

/// A glass that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    /// Its number, given when it is kept.
    pub id: i64,
    /// The grant over whose purpose it is.
    pub grant: i64,
    /// The grant's plugin.
    pub plugin: String,
    /// The purpose.
    pub purpose: String,
    /// Who broke it, and for whom alone it holds: an account's number.
    pub by: i64,
    /// What kind of emergency it was.
    pub cause: Cause,
    /// Why.
    pub reason: String,
    /// From when on it holds.
    pub opened: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// Who ended it before, and when.
    #[serde(default)]
    pub ended: Option<Ended>,
    /// What an auditor found.
    #[serde(default)]
    pub review: Option<Review>,
}

/// An end before the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// An account's number.
    pub by: i64,
    /// When.
    pub at: Timestamp,
}

/// What an auditor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The auditor's account number.
    pub by: i64,
    /// When.
    pub at: Timestamp,
    /// Whether it was right.
    pub outcome: Finding,
    /// On what the finding rests.
    pub note: String,
}

/// Whether it was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// There was an emergency, and this was needed.
    Justified,
    /// There was none, or less would have done.
    Unjustified,
}

impl Finding {
    /// The word over the API and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::Unjustified => "unjustified",
        }
    }
}

/// What an auditor says of it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reviewing {
    /// Whether it was right.
    pub outcome: Finding,
    /// On what the finding rests. It names nobody.
    #[schema(min_length = 1, max_length = 1000, pattern = "\\S")]
    pub note: String,
}

/// Where it stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = BreakGlassState)]
pub enum State {
    /// It gives.
    InForce,
    /// It gives no more, and no auditor has said whether it was right.
    AwaitingReview,
    /// It is closed.
    Reviewed,
}

/// Why it can't be broken, ended or reviewed so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BreakGlassError {
    /// Nothing is said, or too much.
    #[error("`{0}` must be 1 to {WORDS} characters")]
    Words(&'static str),
    /// Not for so long.
    #[error("`minutes` must lie in 1 to {MINUTES_MAX}; what takes longer is broken anew, for a reason of its own")]
    Minutes,
    /// It is broken already.
    #[error("break-glass {0} is in force for this purpose; end it before you break anew")]
    InForce(i64),
    /// Too many wait for their review.
    #[error("{UNREVIEWED_MAX} of yours wait for an auditor's review; no more until one is reviewed")]
    Unreviewed,
    /// It gives no more.
    #[error("break-glass {0} has ended already")]
    Ended(i64),
    /// It still gives.
    #[error("break-glass {0} is in force; it is reviewed when it has ended: end it first")]
    NotEnded(i64),
    /// An auditor has said so already.
    #[error("break-glass {0} was reviewed already")]
    Reviewed(i64),
    /// Whoever broke it can't be who says that it was right.
    #[error("break-glass {0} is your own: another auditor reviews it")]
    Own(i64),
}

impl BreakGlass {
    /// Broken by `by` over a grant's purpose; `before` are this person's that no auditor has reviewed. Whether the person may
    /// break it at all says [`Scope::may_break`].
    pub fn open(breaking: &Breaking, grant: i64, by: i64, now: Timestamp, before: &[Self]) -> Result<Self, BreakGlassError> {
        let reason = words("reason", &breaking.reason)?;
        let minutes = breaking.minutes.unwrap_or(MINUTES);
        if !(1..=MINUTES_MAX).contains(&minutes) {
            return Err(BreakGlassError::Minutes);
        }
        let same = |other: &&Self| other.grant == grant && other.purpose == breaking.purpose && other.holds(now);
        if let Some(other) = before.iter().find(same) {
            return Err(BreakGlassError::InForce(other.id));
        }
        if before.len() >= UNREVIEWED_MAX {
            return Err(BreakGlassError::Unreviewed);
        }
        Ok(Self {
            id: 0,
            grant,
            plugin: breaking.plugin.clone(),
            purpose: breaking.purpose.clone(),
            by,
            cause: breaking.cause,
            reason,
            opened: now,
            expires: now.checked_add(SignedDuration::from_mins(minutes)).map_err(|_| BreakGlassError::Minutes)?,
            ended: None,
            review: None,
        })
    }

    /// Whether it gives at a moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ended.is_none() && self.opened <= now && now < self.expires
    }

    /// Where it stands at a moment.
    pub fn state(&self, now: Timestamp) -> State {
        match &self.review {
            Some(_) => State::Reviewed,
            None if self.holds(now) => State::InForce,
            None => State::AwaitingReview,
        }
    }

    /// Ends it before its time.
    pub fn end(&mut self, by: i64, now: Timestamp) -> Result<(), BreakGlassError> {
        if !self.holds(now) {
            return Err(BreakGlassError::Ended(self.id));
        }
        self.ended = Some(Ended { by, at: now });
        Ok(())
    }

    /// Closes it: an auditor says whether it was right, once, and not of their own.
    pub fn review(&mut self, by: i64, now: Timestamp, reviewing: &Reviewing) -> Result<(), BreakGlassError> {
        let note = words("note", &reviewing.note)?;
        if self.by == by {
            return Err(BreakGlassError::Own(self.id));
        }
        match self.state(now) {
            State::InForce => Err(BreakGlassError::NotEnded(self.id)),
            State::Reviewed => Err(BreakGlassError::Reviewed(self.id)),
            State::AwaitingReview => {
                self.review = Some(Review { by, at: now, outcome: reviewing.outcome, note });
                Ok(())
            }
        }
    }
}

/// Words that say something, and not too much.
fn words(name: &'static str, said: &str) -> Result<String, BreakGlassError> {
    let said = said.trim();
    let fits = !said.is_empty() && said.chars().count() <= WORDS;
    fits.then(|| said.to_owned()).ok_or(BreakGlassError::Words(name))
}

impl Scope {
    /// The scope with the glasses that were broken over its grant. Those over others give nothing here.
    pub fn with_broken(mut self, broken: Vec<BreakGlass>) -> Self {
        let grant = self.grant_id();
        self.broken = broken.into_iter().filter(|glass| Some(glass.grant) == grant).collect();
        self
    }

    /// Whether a purpose gives nothing until somebody breaks the glass.
    pub fn is_emergency(&self, purpose: &str) -> bool {
        self.emergencies.contains(purpose)
    }

    /// The grant over whose purpose this person may break the glass: it stands, the purpose is an emergency, one of its pages or
    /// actions is for a role of theirs, and something of it lies where they may act.
    pub fn may_break(&self, actor: &Actor, purpose: &str, now: Timestamp) -> Result<i64, Denial> {
        if !self.is_emergency(purpose) {
            let message = format!("{} declares no emergency purpose of this name: see emergency in plugin.toml", self.application);
            return Err(Denial::new(DenialKind::NotFound, message));
        }
        self.in_force(now)?;
        let mut roles = self.entry_points.values().filter(|entry| entry.purpose == purpose).flat_map(|entry| &entry.roles);
        if !roles.any(|role| actor.has(*role)) {
            let message = format!("no page or action of {} with the purpose {purpose} is for your role", self.application);
            return Err(Denial::new(DenialKind::Role, message));
        }
        let reaches = |access: &Compiled| access.purpose == purpose && !self.within(actor, access).is_empty();
        if !self.accesses.iter().any(reaches) {
            let message = format!("nothing that {} is granted for {purpose} lies within your jurisdiction", self.application);
            return Err(Denial::new(DenialKind::Region, message));
        }
        self.grant_id().ok_or_else(|| Denial::new(DenialKind::NoGrant, format!("{} has no grant", self.application)))
    }

    /// The break-glass under which a call for an emergency purpose runs; none for any other purpose. Without one that this very
    /// person broke and that holds now, there is nothing to be had.
    pub(crate) fn broken(&self, actor: Option<&Actor>, purpose: &str, now: Timestamp) -> Result<Option<i64>, Denial> {
        if !self.is_emergency(purpose) {
            return Ok(None);
        }
        let person = actor.filter(|actor| !actor.has(Role::Unattended));
        let mine = self.broken.iter().filter(|glass| glass.purpose == purpose && person.is_some_and(|actor| actor.id == glass.by));
        let held = mine.clone().find(|glass| glass.holds(now)).map(|glass| glass.id);
        held.map(Some).ok_or_else(|| {
            let application = &self.application;
            let before = match mine.map(|glass| glass.id).max() {
                Some(id) => format!("; break-glass {id} has ended"),
                None => String::new(),
            };
            let message = format!(
                "{purpose} of {application} is for emergencies: break the glass first, for a reason and a time{before}: \
                 linli break-glass open --plugin {application} --purpose {purpose}"
            );
            Denial::new(DenialKind::BreakGlass, message)
        })
    }
}

#[cfg(test)]
mod tests;
