//! Measures: what the law lets two people decide about a resident against the rule. A deferral keeps entries out of
//! the resident's view of the log for a time (《个人信息保护法》第十八条); an erasure ends all that is kept of them.
//!
//! One person asks for it, another decides. What becomes of it is on the record.

use jiff::Timestamp;
use linli_audit::{Encoded, Entry};
use serde::{Deserialize, Serialize};

use crate::Store;
use crate::claim::Once;
use crate::database::{Cells as _, Row, binds};
use crate::error::StoreError;

/// A measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Its number, given when it is asked for.
    #[serde(default)]
    pub id: i64,
    /// The resident's record.
    pub resident: i64,
    /// What is done.
    pub kind: Kind,
    /// Why.
    pub reason: String,
    /// Under which law.
    pub legal_basis: String,
    /// Who asked for it: an account's number.
    pub asked_by: i64,
    /// When.
    pub asked_at: Timestamp,
    /// What became of it.
    pub state: State,
    /// Who decided last.
    #[serde(default)]
    pub decided_by: Option<i64>,
}

/// What a measure does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The resident does not see, until a date, what an application did since another.
    Deferral {
        /// The application, by id.
        application: String,
        /// One of its purposes; all of them, where none is said.
        purpose: Option<String>,
        /// The first moment that is deferred.
        since: Timestamp,
        /// When it ends, by itself.
        until: Timestamp,
    },
    /// The person is erased.
    Erasure,
}

/// What became of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MeasureState)]
pub enum State {
    /// Asked for.
    Asked,
    /// In force.
    Approved,
    /// Not to be.
    Refused,
    /// Ended before its time.
    Lifted,
}

impl State {
    /// As JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Lifted => "lifted",
        }
    }
}

impl Measure {
    /// How entries about it name it.
    pub fn entry_point(&self) -> String {
        let kind = match self.kind {
            Kind::Deferral { .. } => "deferral",
            Kind::Erasure => "erasure",
        };
        format!("{kind} {}", self.id)
    }

    /// Whether the resident is not to see an entry at this moment. The entries about a deferral itself would give it
    /// away, so they wait as long as it might last.
    pub fn hides(&self, entry: &Entry, now: Timestamp) -> bool {
        let Kind::Deferral { application, purpose, since, until } = &self.kind else { return false };
        if now >= *until || self.state == State::Lifted {
            return false;
        }
        let is_own = entry.application == APPLICATION && entry.entry_point.ends_with(&self.entry_point());
        let is_deferred = entry.application == *application
            && purpose.as_ref().is_none_or(|purpose| entry.purpose == *purpose)
            && (*since..*until).contains(&entry.at);
        is_own || (self.state == State::Approved && is_deferred)
    }
}

/// The application under which measures are on the record.
pub const APPLICATION: &str = "linli.admin";

impl Store {
    /// Keeps a measure that is asked for, and gives it its number. `entry` is its entry in the log.
    pub async fn add_measure(
        &self,
        mut measure: Measure,
        entry: impl FnOnce(&Measure) -> Encoded,
        once: Once<Measure>,
    ) -> Result<Measure, StoreError> {
        let next = "SELECT coalesce(max(id), 0) + 1 FROM measure";
        measure.id = self.readers().number(next, &[]).await?;
        let entry = entry(&measure);
        self.administer_once(Some(entry), once, move |session| {
            let text = "INSERT INTO measure (id, resident, body) VALUES ($1, $2, $3)";
            session.execute(text, binds![measure.id, measure.resident, body(&measure)?])?;
            Ok(measure)
        })
        .await
    }

    /// Puts a measure in place of the one that was read as `before`, if nobody else decided in between.
    pub async fn put_measure(&self, before: Measure, measure: Measure, entry: Encoded, once: Once<Measure>) -> Result<Measure, StoreError> {
        self.administer_once(Some(entry), once, move |session| {
            let text = "UPDATE measure SET body = $1 WHERE id = $2 AND body = $3";
            match session.execute(text, binds![body(&measure)?, measure.id, body(&before)?])? {
                1 => Ok(measure),
                _ => Err(StoreError::Changed("measure")),
            }
        })
        .await
    }

    /// All measures, newest first.
    pub async fn measures(&self) -> Result<Vec<Measure>, StoreError> {
        self.readers().all("SELECT body FROM measure ORDER BY id DESC", &[], read).await
    }

    /// The measures that concern a resident.
    pub async fn measures_about(&self, resident: i64) -> Result<Vec<Measure>, StoreError> {
        self.readers().all("SELECT body FROM measure WHERE resident = $1 ORDER BY id", binds![resident], read).await
    }
}

fn read(row: &Row<'_>) -> Result<Measure, StoreError> {
    serde_json::from_str(&row.text(0)?).map_err(|reason| StoreError::damaged("a measure", reason))
}

fn body(measure: &Measure) -> Result<String, StoreError> {
    serde_json::to_string(measure).map_err(|reason| StoreError::damaged("a measure", reason))
}

#[cfg(test)]
mod tests {
    use linli_audit::Outcome;

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3_600).unwrap()
    }

    fn deferral(state: State, purpose: Option<&str>) -> Measure {
        let kind = Kind::Deferral { application: "a.police".into(), purpose: purpose.map(ToOwned::to_owned), since: at(10), until: at(20) };
        let (reason, legal_basis) = ("r".into(), "l".into());
        Measure { id: 3, resident: 7, kind, reason, legal_basis, asked_by: 1, asked_at: at(9), state, decided_by: None }
    }

    fn entry(application: &str, entry_point: &str, hour: i64) -> Entry {
        Entry {
            at: at(hour),
            actor: "user:1".into(),
            application: application.into(),
            digest: None,
            grant: None,
            break_glass: None,
            purpose: "search".into(),
            entry_point: entry_point.into(),
            outcome: Outcome::Allowed,
            accesses: Vec::new(),
            subjects: Default::default(),
            erased: None,
        }
    }

    #[test]
    fn a_deferral_hides_what_it_names_from_its_beginning_to_its_end() {
        let hides = |measure: &Measure, entry: &Entry, hour| measure.hides(entry, at(hour));
        let approved = deferral(State::Approved, None);
        let read = entry("a.police", "page /", 12);
        assert!(hides(&approved, &read, 12) && hides(&approved, &read, 19) && !hides(&approved, &read, 20));
        assert!(!hides(&approved, &entry("a.police", "page /", 9), 12));
        assert!(!hides(&approved, &entry("a.other", "page /", 12), 12));
        assert!(hides(&deferral(State::Approved, Some("search")), &read, 12));
        assert!(!hides(&deferral(State::Approved, Some("census")), &read, 12));
        for state in [State::Asked, State::Refused, State::Lifted] {
            assert!(!hides(&deferral(state, None), &read, 12), "{state:?}");
        }
    }

    #[test]
    fn entries_about_a_deferral_wait_until_its_end_whatever_was_decided() {
        for state in [State::Asked, State::Approved, State::Refused] {
            let about = entry(APPLICATION, "ask deferral 3", 9);
            assert!(deferral(state, None).hides(&about, at(12)) && !deferral(state, None).hides(&about, at(20)), "{state:?}");
        }
        assert!(!deferral(State::Lifted, None).hides(&entry(APPLICATION, "lift deferral 3", 9), at(12)));
        assert!(!deferral(State::Approved, None).hides(&entry(APPLICATION, "ask deferral 4", 9), at(12)));
    }
}
