//! `records`: the shared store, as far as the grant reaches.
//!
//! Every function authorises before it does anything else, takes from the quota before it reads, and puts what was read
//! into the ledger before the guest sees it. A refusal is an answer, never a trap.

use std::sync::Arc;

use linli_entry::desk;
use linli_model::{EntityType, RecordNo, SubjectPath, Value};
use linli_scope::decide::{Ask, Draft, not_found};
use linli_scope::plan::Read;
use linli_scope::position::Position;
use linli_scope::{Authorized, Channel, Denial, DenialKind, Operator, Scope};
use linli_store::StoreError;
use wasmtime::component::Resource;

use crate::contract::linli::platform::records::{Change, Host, HostCursor, Outcome, Page, Query};
use crate::contract::linli::platform::types::{Comparison, Error, Value as WitValue};
use crate::invocation::{Refused, State};
use crate::limits::Exhausted;

/// A cursor holds what was asked, what was authorised under which scope, and where it stands: no connection, no transaction.
pub struct Cursor {
    ask: Ask,
    scope: Arc<Scope>,
    read: Authorized<Read>,
    position: Option<Position>,
    finished: bool,
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

pub(super) fn answer(code: &str, detail: impl ToString) -> Error {
    Error { code: code.to_owned(), detail: detail.to_string() }
}

impl State {
    /// Takes one call from the quota, and goes on under the grant as it stands now.
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.quota.take_call(&self.limits).map_err(|exhausted| answer("limit", exhausted))?;
        self.circumstances.renew().map_err(|denial| self.refuse("read", denial))
    }

    /// A denial goes on the record and to the guest.
    pub(super) fn refuse(&mut self, operation: &str, denial: Denial) -> Error {
        self.ledger.denied(operation, &denial);
        answer(denial.kind.guest_code(), &denial.message)
    }

    pub(super) fn refused(&mut self, operation: &str, refused: Refused) -> Error {
        match refused {
            Refused::Denied(denial) => self.refuse(operation, denial),
            Refused::Store(error) => self.failed(&error),
        }
    }

    /// What is denied of a resident is on that resident's record too.
    fn concerns(&mut self, entity: &str, id: &str) {
        let scope = &self.circumstances.scope;
        let known = scope.entity(entity).filter(|entity| entity.subjects.contains(&SubjectPath::Own));
        if let Some(record) = known.and_then(|entity| scope.tokens().open(entity.number, id)) {
            self.ledger.concerns(record);
        }
    }

    pub(super) fn failed(&self, error: &StoreError) -> Error {
        match error {
            StoreError::NotFound { .. } => answer("not-found", error),
            StoreError::Stale { .. } | StoreError::Duplicate { .. } => answer("conflict", error),
            StoreError::Reference { .. } => answer("not-found", error),
            StoreError::OutOfScope { .. } => answer("denied", error),
            StoreError::TooManyGroups { .. } | StoreError::TooLarge { .. } => answer("limit", error),
            _ => {
                tracing::error!(%error, plugin = self.circumstances.plugin.id(), "the store failed under a plugin");
                answer("unavailable", "the store can't answer now")
            }
        }
    }

    /// A cursor's next page is a new decision where the scope has changed since the last one.
    fn decide_anew(&mut self, cursor: &Resource<Cursor>) -> wasmtime::Result<Result<(), Denial>> {
        let state = self.table.get_mut(cursor)?;
        if Arc::ptr_eq(&state.scope, &self.circumstances.scope) {
            return Ok(Ok(()));
        }
        let read = match self.circumstances.scope.read(&self.circumstances.caller(Channel::Guest), &state.ask) {
            Ok(read) => read,
            Err(denial) => return Ok(Err(denial)),
        };
        state.read = read;
        state.scope = self.circumstances.scope.clone();
        Ok(Ok(()))
    }

    async fn page(&mut self, read: &Authorized<Read>, operation: &str) -> Result<linli_store::Rows, Error> {
        let rows = self.store.read_within(read, self.quota.row_bytes()).await.map_err(|error| match error {
            StoreError::TooLarge { .. } => answer("limit", Exhausted::row_bytes(&self.limits)),
            error => self.failed(&error),
        })?;
        let taken = self.take_rows_a_day(read, rows.count).await;
        taken.map_err(|refused| self.refused(operation, refused))?;
        self.ledger.read(operation, read, &rows);
        self.quota.take_rows(rows.count, rows.json.len(), &self.limits).map_err(|exhausted| answer("limit", exhausted))?;
        Ok(rows)
    }

    async fn single(&mut self, read: &Authorized<Read>, operation: &str) -> Result<String, Error> {
        self.quota.rows(1, &self.limits).map_err(|exhausted| answer("limit", exhausted))?;
        let rows = self.page(read, operation).await?;
        match rows.json.strip_prefix('[').and_then(|json| json.strip_suffix(']')) {
            Some(row) if rows.count == 1 => Ok(row.to_owned()),
            _ => Err(answer("not-found", not_found(&read.entity))),
        }
    }

    /// A change, decided in full before anything is done. Its fields are decided before its values are looked at.
    fn authorize(&mut self, change: &Change) -> Result<Authorized<linli_scope::Change>, Error> {
        let invalid = |detail: &str| answer("invalid", detail);
        let values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&change.values)
            .map_err(|reason| answer("invalid", format!("`values` must be a JSON object: {reason}")))?;
        let target = match (change.id.as_deref(), change.version) {
            (None, None) => None,
            (Some(id), Some(version)) => Some((id, i64::try_from(version).map_err(|_| invalid("`version` is too large"))?)),
            (None, Some(_)) => return Err(invalid("`version` without `id`")),
            (Some(_), None) => return Err(invalid("`id` without `version`: say which version you change")),
        };
        let operation = if target.is_some() { "update" } else { "create" };
        let scope = self.circumstances.scope.clone();
        let fields: Vec<&str> = values.keys().map(String::as_str).collect();
        let permission = match scope.may_change(&self.circumstances.caller(Channel::Guest), &change.entity, target, &fields) {
            Ok(permission) => permission,
            Err(denial) => {
                self.concerns(&change.entity, change.id.as_deref().unwrap_or_default());
                return Err(self.refuse(operation, denial));
            }
        };
        let values = desk::check(&self.store, &scope, permission.entity(), &values, target.is_none()).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.reason)).collect();
            answer("invalid", errors.join("; "))
        })?;
        let label = self.ledger.label(&self.circumstances.entry.purpose);
        let concerned = referred_to(permission.entity(), &values);
        permission.change(Draft { values, evidence: None, label: Some(label) }).map_err(|denial| {
            self.concerns(&change.entity, change.id.as_deref().unwrap_or_default());
            concerned.into_iter().for_each(|record| self.ledger.concerns(record));
            self.refuse(operation, denial)
        })
    }
}

impl Host for State {
    fn open(&mut self, query: Query) -> Answer<Resource<Cursor>> {
        if let Err(error) = self.enter() {
            return Ok(Err(error));
        }
        let mut ask = match ask(query) {
            Ok(ask) => ask,
            Err(denial) => return Ok(Err(self.refuse("read", denial))),
        };
        let read = match self.circumstances.scope.read(&self.circumstances.caller(Channel::Guest), &ask) {
            Ok(read) => read,
            Err(denial) => return Ok(Err(self.refuse("read", denial))),
        };
        if self.table.iter_mut().count() >= self.limits.cursors {
            return Ok(Err(answer("limit", format!("one call may hold at most {} cursors", self.limits.cursors))));
        }
        let position = read.after.clone();
        // From here on the position says where it stands.
        ask.after = None;
        let scope = self.circumstances.scope.clone();
        Ok(Ok(self.table.push(Cursor { ask, scope, read, position, finished: false })?))
    }

    async fn get(&mut self, entity: String, id: String, fields: Vec<String>) -> Answer<String> {
        if let Err(error) = self.enter() {
            return Ok(Err(error));
        }
        let ask = Ask { entity, fields, limit: 1, id: Some(id), ..Ask::default() };
        let read = self.circumstances.scope.read(&self.circumstances.caller(Channel::Guest), &ask);
        match read {
            Ok(read) => Ok(self.single(&read, "read").await),
            Err(denial) => {
                self.concerns(&ask.entity, ask.id.as_deref().unwrap_or_default());
                Ok(Err(self.refuse("read", denial)))
            }
        }
    }

    async fn check(&mut self, entity: String, id: String, predicate: String, args: Vec<WitValue>) -> Answer<bool> {
        if let Err(error) = self.enter() {
            return Ok(Err(error));
        }
        if !args.is_empty() {
            return Ok(Err(answer("invalid", format!("the check `{predicate}` declares no arguments"))));
        }
        let check = match self.circumstances.scope.check(&self.circumstances.caller(Channel::Guest), &entity, &id, &predicate) {
            Ok(check) => check,
            Err(denial) => {
                self.concerns(&entity, &id);
                return Ok(Err(self.refuse("check", denial)));
            }
        };
        if let Err(refused) = self.take_answer_a_day(&check).await {
            self.concerns(&entity, &id);
            return Ok(Err(self.refused("check", refused)));
        }
        let found = match self.store.check(&check).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(self.failed(&error))),
        };
        self.ledger.checked(&check, found.as_ref());
        Ok(found.map(|found| found.holds).ok_or_else(|| answer("not-found", not_found(&check.entity))))
    }

    async fn aggregate(&mut self, entity: String, table: String) -> Answer<String> {
        Ok(self.table(&entity, &table).await)
    }

    async fn lookup(&mut self, entity: String, key: String, value: String, fields: Vec<String>) -> Answer<String> {
        if let Err(error) = self.enter() {
            return Ok(Err(error));
        }
        let read = self.circumstances.scope.lookup(&self.circumstances.caller(Channel::Guest), &entity, &key, &value, &fields);
        match read {
            Ok(read) => Ok(self.single(&read, "public-lookup").await),
            Err(denial) => Ok(Err(self.refuse("public-lookup", denial))),
        }
    }

    async fn apply(&mut self, changes: Vec<Change>) -> Answer<Vec<Outcome>> {
        if let Err(error) =
            self.enter().and_then(|()| self.quota.take_changes(changes.len(), &self.limits).map_err(|exhausted| answer("limit", exhausted)))
        {
            return Ok(Err(error));
        }
        let authorized = match changes.iter().map(|change| self.authorize(change)).collect::<Result<Vec<_>, _>>() {
            Ok(authorized) => authorized,
            Err(error) => return Ok(Err(error)),
        };
        // What was read so far commits together with what it led to.
        let mut entry = self.circumstances.entry(linli_audit::Outcome::Allowed);
        (entry.accesses, entry.subjects) = self.ledger.pending();
        let made = match self.store.apply_once(authorized, entry, self.circumstances.mark.once()).await {
            Ok(made) => made,
            Err(error) => return Ok(Err(self.failed(&error))),
        };
        drop(self.ledger.settle());
        let tokens = self.circumstances.scope.tokens();
        Ok(Ok(made
            .iter()
            .map(|made| Outcome { id: tokens.token(made.entity, made.record), version: made.version.unsigned_abs() })
            .collect()))
    }
}

impl HostCursor for State {
    async fn next(&mut self, cursor: Resource<Cursor>, max: u32) -> Answer<Page> {
        if let Err(error) = self.enter() {
            return Ok(Err(error));
        }
        if let Err(denial) = self.decide_anew(&cursor)? {
            return Ok(Err(self.refuse("read", denial)));
        }
        let state = self.table.get(&cursor)?;
        if state.finished {
            return Ok(Ok(Page { rows: "[]".to_owned(), more: false }));
        }
        let limit = match self.quota.rows(max.max(1), &self.limits) {
            Ok(limit) => limit,
            Err(exhausted) => return Ok(Err(answer("limit", exhausted))),
        };
        let read = state.read.next(state.position.clone(), limit);
        let rows = match self.page(&read, "read").await {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(error)),
        };
        let state = self.table.get_mut(&cursor)?;
        state.finished = !rows.more;
        state.position = rows.last;
        Ok(Ok(Page { rows: rows.json, more: rows.more }))
    }

    fn position(&mut self, cursor: Resource<Cursor>) -> wasmtime::Result<Option<String>> {
        let state = self.table.get(&cursor)?;
        let Some(position) = state.position.as_ref().filter(|_| !state.finished) else { return Ok(None) };
        Ok(seal(&self.circumstances.scope, position, &state.read.shape))
    }

    fn drop(&mut self, cursor: Resource<Cursor>) -> wasmtime::Result<()> {
        self.table.delete(cursor)?;
        Ok(())
    }
}

/// The people to whom a record with these values would lead.
fn referred_to(entity: &EntityType, values: &[(String, Value)]) -> Vec<RecordNo> {
    let is_path = |name: &String| entity.subjects.contains(&SubjectPath::Reference(name.clone()));
    let people = values.iter().filter(|(name, _)| is_path(name)).filter_map(|(_, value)| match value {
        Value::Reference(record) => Some(*record),
        _ => None,
    });
    people.collect()
}

/// Seals a position under fresh randomness; none where there is none to be had.
pub(crate) fn seal(scope: &linli_scope::Scope, position: &Position, shape: &str) -> Option<String> {
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).ok()?;
    scope.positions().seal(position, shape, nonce)
}

fn ask(query: Query) -> Result<Ask, Denial> {
    let filter = query.filter.into_iter().map(|condition| {
        let values = condition.values.into_iter().map(|value| typed(value, &condition.field)).collect::<Result<_, _>>()?;
        Ok((condition.field, operator(condition.op), values))
    });
    Ok(Ask {
        filter: filter.collect::<Result<_, Denial>>()?,
        entity: query.entity,
        fields: query.fields,
        sort: query.sort.into_iter().map(|key| (key.field, key.descending)).collect(),
        after: query.after,
        // How many rows is said page by page; here stands the most that the grant gives.
        limit: u32::MAX,
        id: None,
    })
}

fn operator(comparison: Comparison) -> Operator {
    match comparison {
        Comparison::Eq => Operator::Equal,
        Comparison::Ne => Operator::NotEqual,
        Comparison::Lt => Operator::Less,
        Comparison::Le => Operator::LessOrEqual,
        Comparison::Gt => Operator::Greater,
        Comparison::Ge => Operator::GreaterOrEqual,
        Comparison::In => Operator::In,
        Comparison::Prefix => Operator::Prefix,
        Comparison::Has => Operator::Has,
    }
}

fn typed(value: WitValue, field: &str) -> Result<Value, Denial> {
    Ok(match value {
        WitValue::Null => Value::Null,
        WitValue::Boolean(value) => Value::Boolean(value),
        WitValue::Integer(number) => Value::Integer(number),
        // A decimal takes its field's scale where the field is known.
        WitValue::Decimal(text) | WitValue::Text(text) => Value::Text(text),
        WitValue::Date(text) => Value::Date(
            text.parse().map_err(|reason| Denial::new(DenialKind::Invalid, format!("filter on `{field}`: the value {reason}")))?,
        ),
    })
}
