//! Which fields applications have really read, and when last: folded from the access log, from which it can be made anew.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Store;
use crate::database::{Cells as _, Session, binds};
use crate::error::StoreError;

/// Entries that are folded at once.
const FOLDED: i64 = 4_096;

/// When an application last used a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldUse {
    /// The entity type's full name.
    pub entity: String,
    /// The field.
    pub field: String,
    /// When.
    pub last: Timestamp,
}

/// What of an entry is folded. Most entries touch what others did, so that the accesses are read once for all of them.
#[derive(Deserialize)]
struct Line<'a> {
    at: Timestamp,
    #[serde(borrow)]
    application: Cow<'a, str>,
    #[serde(borrow)]
    accesses: &'a RawValue,
}

#[derive(Deserialize)]
struct Touched {
    entity: String,
    fields: Vec<(String, String)>,
    #[serde(default)]
    denied: Option<String>,
}

/// Application, entity type and field, with the milliseconds of the last use.
type Uses = BTreeMap<(String, String, String), i64>;

impl Store {
    /// The fields that an application used, to this moment.
    pub async fn field_uses(&self, application: &str) -> Result<Vec<FieldUse>, StoreError> {
        while self.fold_page().await? > 0 {}
        let text = "SELECT entity, field, last FROM log_use WHERE application = $1 ORDER BY entity, field";
        let uses = self.log_readers().all(text, binds![application], |row| Ok((row.text(0)?, row.text(1)?, row.integer(2)?))).await?;
        uses.into_iter()
            .map(|(entity, field, last)| {
                let last = Timestamp::from_millisecond(last).map_err(|reason| StoreError::damaged("a field's use", reason))?;
                Ok(FieldUse { entity, field, last })
            })
            .collect()
    }

    /// Folds what is behind by a whole page, so that whoever asks need not.
    pub async fn fold_uses(&self) -> Result<(), StoreError> {
        while self.log_size().await?.saturating_sub(self.folded().await?.unsigned_abs()) >= FOLDED.unsigned_abs() {
            if self.fold_page().await? == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn folded(&self) -> Result<i64, StoreError> {
        self.log_readers().number("SELECT upto FROM log_use_upto", &[]).await
    }

    /// Folds the next entries. Returns how many. Folding an entry twice changes nothing.
    async fn fold_page(&self) -> Result<usize, StoreError> {
        let text = "SELECT seq, body FROM access_log WHERE seq > $1 ORDER BY seq LIMIT $2";
        let rows = self.log_readers().all(text, binds![self.folded().await?, FOLDED], |row| Ok((row.integer(0)?, row.text(1)?))).await?;
        let Some(upto) = rows.last().map(|(sequence, _)| *sequence) else { return Ok(0) };
        let uses = fold(rows.iter().map(|(_, body)| body.as_str()));
        self.on_log(move |log| {
            log.begin()?;
            let kept = keep(log, &uses, upto).and_then(|()| log.batch("COMMIT"));
            if kept.is_err() {
                let _ = log.batch("ROLLBACK");
            }
            kept
        })
        .await?;
        Ok(rows.len())
    }
}

fn keep(log: &Session, uses: &Uses, upto: i64) -> Result<(), StoreError> {
    let text = "INSERT INTO log_use (application, entity, field, last) VALUES ($1, $2, $3, $4) ON CONFLICT (application, entity, field) \
                DO UPDATE SET last = CASE WHEN excluded.last > log_use.last THEN excluded.last ELSE log_use.last END";
    for ((application, entity, field), last) in uses {
        log.execute(text, binds![application, entity, field, *last])?;
    }
    log.execute("UPDATE log_use_upto SET upto = $1 WHERE upto < $1", binds![upto]).map(drop)
}

/// What was denied was not used. An entry that can't be read is the verifier's to report.
fn fold<'a>(bodies: impl Iterator<Item = &'a str>) -> Uses {
    let mut lines: HashMap<(Cow<'a, str>, &'a str), i64> = HashMap::new();
    for line in bodies.filter_map(|body| serde_json::from_str::<Line<'a>>(body).ok()) {
        let at = line.at.as_millisecond();
        let last = lines.entry((line.application, line.accesses.get())).or_insert(at);
        *last = at.max(*last);
    }
    let mut uses = Uses::new();
    for ((application, accesses), at) in lines {
        let touched = serde_json::from_str::<Vec<Touched>>(accesses).unwrap_or_default();
        for touched in touched.into_iter().filter(|touched| touched.denied.is_none()) {
            for (field, _) in touched.fields {
                let last = uses.entry((application.to_string(), touched.entity.clone(), field)).or_insert(at);
                *last = at.max(*last);
            }
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_use_counts_and_a_denied_one_does_not() {
        let mut bodies = vec!["no entry".to_owned()];
        for (second, field, denied) in [(5, "name", ""), (9, "name", ""), (7, "name", ""), (8, "phone", r#","denied":"clearance""#)] {
            bodies.push(format!(
                r#"{{"at":"1970-01-01T00:00:0{second}Z","application":"a.b","accesses":[{{"entity":"resident","fields":[["{field}","plain"]]{denied}}}]}}"#
            ));
        }
        let uses = fold(bodies.iter().map(String::as_str));
        assert_eq!(uses.into_iter().collect::<Vec<_>>(), [(("a.b".into(), "resident".into(), "name".into()), 9_000)]);
    }
}
