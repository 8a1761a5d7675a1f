//! One entry of the log, its stored form and its leaf hash.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use roaring::RoaringTreemap;
use serde::Deserialize;

use crate::hash::Hash;
use crate::leaf::{commitment, leaf};
use crate::subjects::{self, SubjectsError};

static RFC_3339: DateTimePrinter = DateTimePrinter::new();

/// One extraction, entry or denial: who, for whom, why, which fields, with what outcome.
///
/// It holds no personal value: fields are named, and residents are inner numbers, which mean something only
/// inside the host. Keep it that way in the free texts too (`entry_point`, a denial's `detail`).
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When the access was decided.
    pub at: Timestamp,
    /// On whose behalf: `user:3`, `public`, `system`.
    pub actor: String,
    /// The plugin or first-party application that acted, by id.
    pub application: String,
    /// Digest of the plugin's component; none for a first-party application.
    pub digest: Option<String>,
    /// The grant that allowed it, by number; none for a first-party application, or where no grant was found.
    pub grant: Option<u64>,
    /// The break-glass under which it ran, for an emergency purpose.
    pub break_glass: Option<u64>,
    /// The purpose, by code.
    pub purpose: String,
    /// What was called: `page /eligible`, `action enrol`, `schedule nightly`.
    pub entry_point: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was touched, in order.
    pub accesses: Vec<Access>,
    /// Inner numbers of the residents concerned.
    pub subjects: RoaringTreemap,
    /// What an erasure left of earlier entries; none where this entry records no erasure.
    pub erased: Option<Erased>,
}

/// What an entry that records an erasure says of the entries that it reached: [`Tally`](crate::Tally) makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Erased {
    /// How many.
    pub entries: u64,
    /// SHA-256 over the sequence of each, in 8 bytes big-endian, and the commitment to those who remain in it.
    pub digest: Hash,
}

/// How the invocation that an [`Entry`] records ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The answer was released.
    Allowed,
    /// The platform refused.
    Denied {
        /// Stable code of the denial.
        code: String,
        /// What was refused, for a person; without personal values.
        detail: String,
    },
    /// Allowed, but no answer came of it: a trap, a limit, a fault.
    Failed {
        /// Stable code of the failure.
        code: String,
    },
}

/// One access to one entity type within an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Access {
    /// The entity type.
    pub entity: String,
    /// The operation of the grant: `read`, `check`, `create`. Of a table that was counted its name and regions too, since it
    /// lists no subjects: `aggregate elders-by-grid in 440104022001`.
    pub operation: String,
    /// Each field with the mode in which it was given: `("birth_date", "value")`.
    pub fields: Vec<(String, String)>,
    /// How many records were given out.
    pub records: u64,
    /// Code of the denial, where this access was refused.
    #[serde(default)]
    pub denied: Option<String>,
}

/// An entry as it is stored and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Everything but the subjects, as JSON without white space and with its members in a fixed order. In
    /// place of the subjects stands their number; members that are absent or zero are left out.
    pub body: String,
    /// The subjects as a portable roaring bitmap; empty when there are none.
    pub subjects: Vec<u8>,
}

/// A stored entry that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The body is not JSON, or not an entry.
    #[error("the body is not an entry (at byte {column})")]
    Body {
        /// Where reading stopped, in bytes from 1.
        column: usize,
        /// Why. Not part of the message, since it may quote the body.
        #[source]
        source: serde_json::Error,
    },
    /// The subjects are not a bitmap.
    #[error(transparent)]
    Subjects(#[from] SubjectsError),
    /// The body and the subjects do not belong together.
    #[error("the body counts {counted} residents, the subjects hold {held} and {erased} were erased")]
    Count {
        /// How many the body says.
        counted: u64,
        /// How many the bitmap has.
        held: u64,
        /// How many were taken out.
        erased: u64,
    },
}

// === impl Entry ===

impl Entry {
    /// The stored form. The same entry always gives the same body.
    ///
    /// Every extraction waits for this, so the text is written straight, without a tree of JSON values.
    pub fn encode(&self) -> Encoded {
        let mut body = Body(String::with_capacity(512));
        body.raw("{\"at\":").text(&RFC_3339.timestamp_to_string(&self.at));
        body.raw(",\"actor\":").text(&self.actor);
        body.raw(",\"application\":").text(&self.application);
        if let Some(digest) = &self.digest {
            body.raw(",\"digest\":").text(digest);
        }
        if let Some(grant) = self.grant {
            body.raw(",\"grant\":").number(grant);
        }
        if let Some(glass) = self.break_glass {
            body.raw(",\"break_glass\":").number(glass);
        }
        body.raw(",\"purpose\":").text(&self.purpose);
        body.raw(",\"entry_point\":").text(&self.entry_point);
        body.raw(",\"outcome\":").outcome(&self.outcome);
        body.raw(",\"accesses\":").list(&self.accesses, Body::access);
        if !self.subjects.is_empty() {
            body.raw(",\"subjects\":").number(self.subjects.len());
        }
        if let Some(Erased { entries, digest }) = &self.erased {
            body.raw(",\"erased\":{\"entries\":").number(*entries);
            body.raw(",\"digest\":").text(&digest.to_string());
            body.raw("}");
        }
        body.raw("}");
        Encoded { body: body.0, subjects: subjects::encode(&self.subjects) }
    }

    /// Reads an entry back, out of which `erased` residents were taken. Members that a later version may add are
    /// passed over.
    ///
    /// # Errors
    ///
    /// When the body is not an entry, the subjects are not a bitmap, or their number is not the one in the body.
    pub fn decode(body: &str, subjects: &[u8], erased: u64) -> Result<Self, DecodeError> {
        let (mut entry, counted) = Self::decode_body(body)?;
        entry.subjects = subjects::decode(subjects)?;
        let held = entry.subjects.len();
        if held.checked_add(erased) == Some(counted) { Ok(entry) } else { Err(DecodeError::Count { counted, held, erased }) }
    }

    /// The entry without its subjects, and how many of them the body counts.
    pub(crate) fn decode_body(body: &str) -> Result<(Self, u64), DecodeError> {
        let stored: StoredBody = serde_json::from_str(body).map_err(|source| DecodeError::Body { column: source.column(), source })?;
        let entry = Self {
            at: stored.at,
            actor: stored.actor,
            application: stored.application,
            digest: stored.digest,
            grant: stored.grant,
            break_glass: stored.break_glass,
            purpose: stored.purpose,
            entry_point: stored.entry_point,
            outcome: stored.outcome,
            accesses: stored.accesses,
            subjects: RoaringTreemap::new(),
            erased: stored.erased,
        };
        Ok((entry, stored.subjects))
    }
}

impl Encoded {
    /// The salt that this entry is kept with: none where it concerns nobody.
    pub fn salt<'s>(&self, salt: &'s [u8]) -> &'s [u8] {
        if self.subjects.is_empty() { &[] } else { salt }
    }

    /// The [`leaf`] of this entry under the sequence the log gave it.
    pub fn leaf(&self, sequence: u64, salt: &[u8]) -> Hash {
        if self.subjects.is_empty() {
            return leaf(sequence, &self.body, &[]);
        }
        leaf(sequence, &self.body, commitment(salt, &self.subjects).as_bytes())
    }
}

/// The body as it is read; [`Entry::encode`] writes it.
#[derive(Deserialize)]
struct StoredBody {
    at: Timestamp,
    actor: String,
    application: String,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    grant: Option<u64>,
    #[serde(default)]
    break_glass: Option<u64>,
    purpose: String,
    entry_point: String,
    outcome: Outcome,
    accesses: Vec<Access>,
    #[serde(default)]
    subjects: u64,
    #[serde(default)]
    erased: Option<Erased>,
}

/// JSON (RFC 8259) being written. Unlike a serde serialiser it cannot fail, so neither can [`Entry::encode`].
struct Body(String);

impl Body {
    fn raw(&mut self, json: &str) -> &mut Self {
        self.0.push_str(json);
        self
    }

    fn number(&mut self, number: u64) {
        self.raw(&number.to_string());
    }

    /// A string. Only what RFC 8259 §7 demands is escaped; runs without an escape are copied whole.
    fn text(&mut self, text: &str) {
        self.raw("\"");
        for run in text.split_inclusive(must_escape) {
            let mut chars = run.chars();
            match chars.next_back() {
                Some(last) if must_escape(last) => self.raw(chars.as_str()).escape(last),
                _ => self.raw(run),
            };
        }
        self.raw("\"");
    }

    fn escape(&mut self, c: char) -> &mut Self {
        match c {
            '"' => self.raw("\\\""),
            '\\' => self.raw("\\\\"),
            '\n' => self.raw("\\n"),
            '\r' => self.raw("\\r"),
            '\t' => self.raw("\\t"),
            '\u{8}' => self.raw("\\b"),
            '\u{c}' => self.raw("\\f"),
            control => self.raw(&format!("\\u{:04x}", u32::from(control))),
        }
    }

    fn list<T>(&mut self, items: &[T], item: impl Fn(&mut Self, &T)) {
        self.raw("[");
        for (position, value) in items.iter().enumerate() {
            if position > 0 {
                self.raw(",");
            }
            item(self, value);
        }
        self.raw("]");
    }

    fn outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Allowed => {
                self.raw("\"allowed\"");
            }
            Outcome::Denied { code, detail } => {
                self.raw("{\"denied\":{\"code\":").text(code);
                self.raw(",\"detail\":").text(detail);
                self.raw("}}");
            }
            Outcome::Failed { code } => {
                self.raw("{\"failed\":{\"code\":").text(code);
                self.raw("}}");
            }
        }
    }

    fn access(&mut self, access: &Access) {
        self.raw("{\"entity\":").text(&access.entity);
        self.raw(",\"operation\":").text(&access.operation);
        self.raw(",\"fields\":").list(&access.fields, |body, (field, mode)| {
            body.raw("[").text(field);
            body.raw(",").text(mode);
            body.raw("]");
        });
        self.raw(",\"records\":").number(access.records);
        if let Some(code) = &access.denied {
            self.raw(",\"denied\":").text(code);
        }
        self.raw("}");
    }
}

fn must_escape(c: char) -> bool {
    c < ' ' || c == '"' || c == '\\'
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn example() -> Entry {
        Entry {
            at: "2025-03-04T05:06:07.000008Z".parse().unwrap(),
            actor: "user:3".into(),
            application: "civil-affairs.hardship".into(),
            digest: Some("sha256:5f".into()),
            grant: Some(12),
            break_glass: None,
            purpose: "hardship-check".into(),
            entry_point: "page /eligible".into(),
            outcome: Outcome::Allowed,
            accesses: vec![Access {
                entity: "resident".into(),
                operation: "read".into(),
                fields: vec![("name".into(), "masked".into()), ("birth_date".into(), "value".into())],
                records: 2,
                denied: None,
            }],
            subjects: [7, 4_000_000_000_000].into_iter().collect(),
            erased: None,
        }
    }

    pub(crate) fn entries() -> impl Strategy<Value = Entry> {
        let outcome = prop_oneof![
            Just(Outcome::Allowed),
            (any::<String>(), any::<String>()).prop_map(|(code, detail)| Outcome::Denied { code, detail }),
            any::<String>().prop_map(|code| Outcome::Failed { code }),
        ];
        let access =
            (any::<String>(), any::<String>(), vec((any::<String>(), any::<String>()), 0..4), any::<u64>(), option::of(any::<String>()))
                .prop_map(|(entity, operation, fields, records, denied)| Access { entity, operation, fields, records, denied });
        let at = (-377_705_116_800_i64..253_402_200_000, 0..1_000_000_000_i32);
        (
            (at, any::<String>(), any::<String>(), option::of(any::<String>()), option::of(any::<u64>()), option::of(any::<u64>())),
            (any::<String>(), any::<String>(), outcome, vec(access, 0..3), btree_set(any::<u64>(), 0..20)),
            option::of((any::<u64>(), any::<[u8; 32]>())),
        )
            .prop_map(
                |(
                    ((second, nanosecond), actor, application, digest, grant, break_glass),
                    (purpose, entry_point, outcome, accesses, subjects),
                    erased,
                )| Entry {
                    at: Timestamp::new(second, nanosecond).unwrap(),
                    actor,
                    application,
                    digest,
                    grant,
                    break_glass,
                    purpose,
                    entry_point,
                    outcome,
                    accesses,
                    subjects: subjects.into_iter().collect(),
                    erased: erased.map(|(entries, digest)| Erased { entries, digest: digest.into() }),
                },
            )
    }

    #[test]
    fn the_stored_form_is_fixed() {
        // A log is kept for years: a change here is a change of format.
        let encoded = example().encode();
        assert_eq!(
            encoded.body,
            concat!(
                r#"{"at":"2025-03-04T05:06:07.000008Z","actor":"user:3","application":"civil-affairs.hardship","#,
                r#""digest":"sha256:5f","grant":12,"purpose":"hardship-check","entry_point":"page /eligible","#,
                r#""outcome":"allowed","accesses":[{"entity":"resident","operation":"read","#,
                r#""fields":[["name","masked"],["birth_date","value"]],"records":2}],"subjects":2}"#,
            )
        );
        assert_eq!(encoded.subjects.len(), 8 + 2 * (4 + 18), "two buckets of one number each");
    }

    #[test]
    fn denials_and_failures_are_written_with_their_codes() {
        let mut entry = example();
        entry.subjects.clear();
        entry.outcome = Outcome::Denied { code: "no-grant".into(), detail: "a \"quoted\" part".into() };
        let encoded = entry.encode();
        assert!(encoded.body.contains(r#""outcome":{"denied":{"code":"no-grant","detail":"a \"quoted\" part"}}"#));
        assert!(!encoded.body.contains("subjects"));
        assert!(encoded.subjects.is_empty());
        entry.outcome = Outcome::Failed { code: "plugin-timeout".into() };
        assert!(entry.encode().body.contains(r#""outcome":{"failed":{"code":"plugin-timeout"}}"#));
    }

    #[test]
    fn what_ran_under_a_break_glass_says_so() {
        let entry = Entry { break_glass: Some(7), ..example() };
        assert!(entry.encode().body.contains(r#""grant":12,"break_glass":7,"purpose""#));
    }

    #[test]
    fn a_later_versions_members_are_passed_over() {
        let encoded = example().encode();
        let later = encoded.body.replacen('{', r#"{"room":{"n":[1]},"#, 1);
        assert_eq!(Entry::decode(&later, &encoded.subjects, 0).unwrap(), example());
    }

    #[test]
    fn what_cannot_be_read_is_told_apart() {
        let Encoded { body, subjects } = example().encode();
        assert!(matches!(Entry::decode("", &subjects, 0), Err(DecodeError::Body { .. })));
        assert!(matches!(Entry::decode("{}", &subjects, 0), Err(DecodeError::Body { .. })));
        assert!(matches!(Entry::decode(&body, b"x", 0), Err(DecodeError::Subjects(_))));
        assert!(matches!(Entry::decode(&body, &[], 0), Err(DecodeError::Count { counted: 2, held: 0, erased: 0 })));
    }

    proptest! {
        #[test]
        fn round_trips(entry in entries()) {
            let Encoded { body, subjects } = entry.encode();
            prop_assert_eq!(Entry::decode(&body, &subjects, 0).unwrap(), entry);
        }

        #[test]
        fn the_body_is_compact_json_as_serde_json_writes_it(entry in entries()) {
            let body = entry.encode().body;
            let value: serde_json::Value = serde_json::from_str(&body).unwrap();
            prop_assert_eq!(serde_json::to_string(&value).unwrap(), body);
        }
    }
}
