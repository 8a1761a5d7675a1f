//! One entry under one scope.

use jiff::Timestamp;
use linli_audit::{Access, Entry, Outcome};
use linli_model::{EntityType, Origin, RecordNo};
use linli_scope::decide::{Ask, Draft, not_found};
use linli_scope::{Authorized, Caller, Denial, DenialKind, Operation, Read, Scope};
use linli_store::provenance::FieldSource;
use linli_store::{Made, Once, Rows, Store, StoreError};
use roaring::RoaringTreemap;
use serde_json::Map;

use crate::check::{Checker, FieldError};

/// Where a first-party application enters records.
pub struct Desk<'a> {
    /// The store.
    pub store: &'a Store,
    /// The application's scope.
    pub scope: &'a Scope,
    /// Who enters, and why.
    pub caller: Caller<'a>,
    /// As the log names it: `action enter`.
    pub entry_point: &'a str,
}

/// Why an entry was not made.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Fields are wrong.
    #[error("{} of the fields can't be entered", .0.len())]
    Invalid(Vec<FieldError>),
    /// Not allowed.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The person, or whatever it is, is known already.
    #[error("there is a {entity} with the same {field} already")]
    Duplicate {
        /// The entity type.
        entity: String,
        /// The key that both have.
        field: String,
        /// The record's token, where it lies within the actor's jurisdiction.
        known: Option<String>,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Desk<'_> {
    /// Makes a record.
    pub async fn enter(
        &self,
        entity: &str,
        given: &Map<String, serde_json::Value>,
        evidence: Option<String>,
        once: Once<Made>,
    ) -> Result<Made, EntryError> {
        self.put(entity, None, given, evidence, once).await
    }

    /// Changes a version of a record.
    pub async fn change(
        &self,
        entity: &str,
        id: &str,
        version: i64,
        given: &Map<String, serde_json::Value>,
        evidence: Option<String>,
        once: Once<Made>,
    ) -> Result<Made, EntryError> {
        self.put(entity, Some((id, version)), given, evidence, once).await
    }

    async fn put(
        &self,
        name: &str,
        target: Option<(&str, i64)>,
        given: &Map<String, serde_json::Value>,
        evidence: Option<String>,
        once: Once<Made>,
    ) -> Result<Made, EntryError> {
        let operation = if target.is_some() { "update" } else { "create" };
        let entity = match self.scope.entity(name) {
            Some(entity) => entity.clone(),
            None => return Err(self.denied(name, operation, self.unknown(name)).await?),
        };
        // Fields that there are not are the check's to name.
        let stored = |name: &&str| entity.field(name).is_some_and(|field| field.origin == Origin::Stored);
        let fields: Vec<&str> = given.keys().map(String::as_str).filter(stored).collect();
        let permission = match self.scope.may_change(&self.caller, name, target, &fields) {
            Ok(permission) => permission,
            Err(denial) => return Err(self.denied(name, operation, denial).await?),
        };
        let values = check(self.store, self.scope, &entity, given, target.is_none()).map_err(EntryError::Invalid)?;
        let draft = Draft { values, evidence, label: None };
        let change = match permission.change(draft.clone()) {
            Ok(change) => change,
            Err(denial) => return Err(self.denied(name, operation, denial).await?),
        };
        if let Some(holder) = self.store.holder(&change).await? {
            return Err(self.duplicate(&entity, holder).await?);
        }
        let once = once.of(|made: &[Made]| made.first().cloned().ok_or_else(|| "nothing was made".to_owned()));
        match self.store.apply_once(vec![change], self.entry(Outcome::Allowed), once).await {
            Ok(made) => made.into_iter().next().ok_or(EntryError::Store(StoreError::Closed)),
            // Somebody was entered between the look and the entry.
            Err(error @ StoreError::Duplicate { .. }) => match self.store.holder(&permission.change(draft)?).await? {
                Some(holder) => Err(self.duplicate(&entity, holder).await?),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn unknown(&self, name: &str) -> Denial {
        Denial::new(DenialKind::Entity, format!("{} has no access to an entity type `{name}`", self.scope.application()))
    }

    /// An entry of the log for this call, without accesses.
    pub fn entry(&self, outcome: Outcome) -> Entry {
        Entry {
            at: Timestamp::now(),
            actor: self.caller.actor.map_or_else(|| "public".to_owned(), linli_scope::Actor::log_name),
            application: self.scope.application().to_owned(),
            digest: None,
            grant: None,
            break_glass: None,
            purpose: self.caller.purpose.to_owned(),
            entry_point: self.entry_point.to_owned(),
            outcome,
            accesses: Vec::new(),
            subjects: RoaringTreemap::new(),
            erased: None,
        }
    }

    async fn denied(&self, name: &str, operation: &str, denial: Denial) -> Result<EntryError, EntryError> {
        metrics::counter!("linli_denials_total", "code" => denial.kind.as_str()).increment(1);
        let mut entry = self.entry(Outcome::Denied { code: denial.kind.as_str().to_owned(), detail: denial.message.clone() });
        let access = Access {
            entity: name.to_owned(),
            operation: operation.to_owned(),
            fields: Vec::new(),
            records: 0,
            denied: Some(denial.kind.as_str().to_owned()),
        };
        entry.accesses.push(access);
        self.store.record(entry.encode()).await?;
        Ok(EntryError::Denied(denial))
    }

    /// A duplicate within the jurisdiction is pointed to, which is an extraction; one outside is not.
    async fn duplicate(&self, entity: &EntityType, holder: linli_store::provenance::Holder) -> Result<EntryError, EntryError> {
        let regions = self.caller.actor.map(|actor| actor.regions.as_slice()).unwrap_or_default();
        let tree = self.store.regions();
        let near = holder.region.as_deref().is_some_and(|region| regions.iter().any(|within| tree.governs(within, region)));
        let mut entry = self.entry(Outcome::Failed { code: "duplicate".to_owned() });
        let known = near.then(|| self.scope.tokens().token(holder.entity, holder.record));
        if near {
            entry.subjects.insert(holder.record.0.unsigned_abs());
        }
        entry.accesses.push(Access {
            entity: entity.name.clone(),
            operation: "identify".to_owned(),
            fields: vec![(holder.field.clone(), "check".to_owned())],
            records: 1,
            denied: None,
        });
        self.store.record(entry.encode()).await?;
        Ok(EntryError::Duplicate { entity: entity.name.clone(), field: holder.field, known })
    }
}

/// Checks a record's JSON under a scope, whose tokens its references are.
pub fn check(
    store: &Store,
    scope: &Scope,
    entity: &EntityType,
    given: &Map<String, serde_json::Value>,
    whole: bool,
) -> Result<Vec<(String, linli_model::Value)>, Vec<FieldError>> {
    let catalogue = store.catalogue();
    let resolve = |name: &str, token: &str| -> Option<RecordNo> {
        catalogue.entity(name).and_then(|target| scope.tokens().open(target.number, token))
    };
    Checker { catalogue: &catalogue, regions: &store.regions(), resolve: &resolve }.values(entity, given, whole)
}

/// A page of records.
#[derive(Clone, Debug)]
pub struct Page {
    /// One JSON array.
    pub json: String,
    /// How many.
    pub count: u64,
    /// The position behind it, sealed; none at the end.
    pub next: Option<String>,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Record {
    /// One JSON object.
    pub json: String,
    /// Its version, where it was asked for; else 0.
    pub version: i64,
    /// Where its values come from.
    pub sources: Vec<FieldSource>,
}

impl Desk<'_> {
    /// Reads a page. It is on the record when this returns.
    pub async fn read(&self, ask: &Ask) -> Result<Page, EntryError> {
        let (read, rows) = self.rows(ask).await?;
        let next = match rows.last.as_ref().filter(|_| rows.more) {
            Some(position) => {
                let mut nonce = [0; 12];
                getrandom::fill(&mut nonce).map_err(|reason| StoreError::Log(reason.to_string()))?;
                self.scope.positions().seal(position, &read.shape, nonce)
            }
            None => None,
        };
        Ok(Page { json: rows.json, count: rows.count, next })
    }

    /// Reads one record with the sources of its values. It is on the record when this returns.
    pub async fn record(&self, ask: &Ask) -> Result<Record, EntryError> {
        let (read, rows) = self.rows(ask).await?;
        let json = rows.json.strip_prefix('[').and_then(|json| json.strip_suffix(']')).filter(|_| rows.count == 1);
        let json = json.ok_or_else(|| not_found(&read.entity))?.to_owned();
        let version = serde_json::from_str::<serde_json::Value>(&json).ok().and_then(|record| record.get("version")?.as_i64()).unwrap_or(0);
        Ok(Record { sources: self.store.sources(&read).await?, json, version })
    }

    async fn rows(&self, ask: &Ask) -> Result<(Authorized<Read>, Rows), EntryError> {
        let read = match self.scope.read(&self.caller, ask) {
            Ok(read) => read,
            Err(denial) => return Err(self.denied(&ask.entity, "read", denial).await?),
        };
        let mut rows = self.store.read(&read).await?;
        let mut entry = self.entry(Outcome::Allowed);
        entry.accesses.push(Access {
            entity: read.entity.name.clone(),
            operation: "read".to_owned(),
            fields: read.fields.clone(),
            records: rows.count,
            denied: None,
        });
        entry.accesses.extend(read.links.iter().zip(&rows.linked).map(|(link, found)| Access {
            entity: link.entity.name.clone(),
            operation: Operation::Link.as_str().to_owned(),
            fields: link.fields.clone(),
            records: found.len(),
            denied: None,
        }));
        entry.subjects = std::mem::take(&mut rows.subjects);
        self.store.record(entry.encode()).await?;
        Ok((read, rows))
    }

    /// Puts on the record that somebody was turned away, and gives the denial back.
    pub async fn turn_away(&self, denial: Denial) -> Result<Denial, EntryError> {
        metrics::counter!("linli_denials_total", "code" => denial.kind.as_str()).increment(1);
        let entry = self.entry(Outcome::Denied { code: denial.kind.as_str().to_owned(), detail: denial.message.clone() });
        self.store.record(entry.encode()).await?;
        Ok(denial)
    }
}
