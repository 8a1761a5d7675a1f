//! The decision: what this caller may do now under a compiled scope.

use std::sync::Arc;

use linli_model::{Classification, EntityType, FieldKind, RegionCode, SubjectPath, Value, entity, region};

use crate::Actor;
use crate::access::{Mode, Operation};
use crate::actor::{Caller, Channel};
use crate::denial::{Denial, DenialKind};
use crate::grant::GrantState;
use crate::manifest::{EntryKind, EntryPoint};
use crate::plan::{Authorized, Bounds, Change, Check, Label, LabelRule, Output, Reach, Read, Single, SortKey, Source};
use crate::predicate::{Comparison, Operator};
use crate::scope::{Compiled, GrantInForce, Scope};

/// A filter as a guest gives it.
pub type Filter = (String, Operator, Vec<Value>);

/// What a caller wants to read.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The entity type, as the application names it.
    pub entity: String,
    /// Fields by name.
    pub fields: Vec<String>,
    /// All of these must hold.
    pub filter: Vec<Filter>,
    /// Field and whether descending.
    pub sort: Vec<(String, bool)>,
    /// A sealed position.
    pub after: Option<String>,
    /// At most so many rows.
    pub limit: u32,
    /// Only the record of this token.
    pub id: Option<String>,
}

/// A record to make or change, its values checked against the schema.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The entity type, as the application names it.
    pub entity: String,
    /// Token and version of the record to change; none to make one.
    pub target: Option<(String, i64)>,
    /// The fields that are set.
    pub values: Vec<(String, Value)>,
    /// On what evidence.
    pub evidence: Option<String>,
    /// What the invocation had read, where a plugin keeps it.
    pub label: Option<Label>,
}

impl Scope {
    /// Whether the actor may come in by this entry point.
    pub fn admit(&self, kind: EntryKind, name: &str, actor: Option<&Actor>) -> Result<&EntryPoint, Denial> {
        let log_name = match kind {
            EntryKind::Page => format!("page {name}"),
            EntryKind::Action => format!("action {name}"),
        };
        let entry = self
            .entry_points
            .get(&log_name)
            .ok_or_else(|| Denial::new(DenialKind::NotFound, format!("{} has no {log_name}", self.application)))?;
        match actor {
            _ if entry.public => Ok(entry),
            None => Err(Denial::new(DenialKind::SignIn, format!("{log_name} asks for a log-in"))),
            Some(actor) if actor.roles.iter().any(|role| entry.roles.contains(role)) => Ok(entry),
            Some(_) => {
                let roles: Vec<_> = entry.roles.iter().map(|role| role.as_str()).collect();
                Err(Denial::new(
                    DenialKind::Role,
                    format!("{log_name} is for the roles {}; see its `roles` in plugin.toml", roles.join(", ")),
                ))
            }
        }
    }

    /// Whether the grant stands now.
    pub fn in_force(&self, now: jiff::Timestamp) -> Result<(), Denial> {
        let plugin = &self.application;
        match &self.grant {
            GrantInForce::BuiltIn => Ok(()),
            GrantInForce::Missing => Err(Denial::new(
                DenialKind::NoGrant,
                format!("{plugin} has no grant for this component; an admin must approve its request"),
            )),
            GrantInForce::Given { id, state: GrantState::Requested, .. } => Err(Denial::new(
                DenialKind::NoGrant,
                format!("grant {id} of {plugin} is requested, not approved: linli grant approve {id}"),
            )),
            GrantInForce::Given { id, state: GrantState::Revoked, .. } => {
                Err(Denial::new(DenialKind::GrantRevoked, format!("grant {id} of {plugin} was revoked")))
            }
            GrantInForce::Given { id, expires, .. } if *expires <= now => {
                Err(Denial::new(DenialKind::GrantExpired, format!("grant {id} of {plugin} expired on {expires}")))
            }
            GrantInForce::Given { .. } => Ok(()),
        }
    }

    /// A read of records.
    pub fn read(&self, caller: &Caller<'_>, ask: &Ask) -> Result<Authorized<Read>, Denial> {
        let mut denial = None;
        for access in self.candidates(caller, Operation::Read, &ask.entity)? {
            match self.read_under(access, caller, ask) {
                Ok(read) => return Ok(read),
                Err(reason) => denial = denial.or(Some(reason)),
            }
        }
        Err(denial.unwrap_or_else(|| self.nothing(caller, Operation::Read, &ask.entity)))
    }

    fn read_under(&self, access: &Compiled, caller: &Caller<'_>, ask: &Ask) -> Result<Authorized<Read>, Denial> {
        if access.bound && caller.channel == Channel::Guest {
            return Err(Denial::new(
                DenialKind::BoundOnly,
                format!(
                    "[[access]] {} has bound = true: `{}` may be read in bound blocks only, not by the plugin",
                    access.request + 1,
                    ask.entity
                ),
            )
            .entity(&access.entity.name));
        }
        let mut outputs = Vec::with_capacity(ask.fields.len() + 1);
        let mut fields = Vec::with_capacity(ask.fields.len());
        let mut classification = Classification::Public;
        outputs.push(Output::Id);
        for name in &ask.fields {
            match name.as_str() {
                entity::ID => {}
                entity::VERSION => outputs.push(Output::Version),
                name => {
                    let (index, mode) = self.readable(access, caller, name)?;
                    if let Some((_, field)) = access.entity.fields.get_index(index) {
                        classification = classification.max(field.classification);
                    }
                    outputs.push(Output::Field(index, mode));
                    fields.push((name.to_owned(), mode.as_str().to_owned()));
                }
            }
        }
        let filter = ask.filter.iter().map(|filter| self.filter(access, filter)).collect::<Result<Vec<_>, _>>()?;
        let sort = ask.sort.iter().map(|(name, descending)| self.sort_key(access, name, *descending)).collect::<Result<Vec<_>, _>>()?;
        let single = ask.id.as_deref().map(|id| self.open_id(&access.entity, id)).transpose()?.map(Single::Record);
        let shape = shape(&self.application, &access.entity, &sort);
        let after = match &ask.after {
            Some(sealed) => Some(
                self.positions
                    .open(sealed, &shape)
                    .ok_or_else(|| Denial::new(DenialKind::Invalid, "`after` is no position of this query"))?,
            ),
            None => None,
        };
        Ok(Authorized::new(Read {
            bounds: self.bounds(access, caller)?,
            entity: access.entity.clone(),
            outputs,
            filter,
            sort,
            after,
            limit: ask.limit.clamp(1, access.rows_per_call),
            single,
            tokens: self.tokens.clone(),
            today: caller.today,
            fields,
            classification,
            shape,
        }))
    }

    /// One named predicate of one record.
    pub fn check(&self, caller: &Caller<'_>, entity: &str, id: &str, name: &str) -> Result<Authorized<Check>, Denial> {
        let mut found = None;
        for access in self.candidates(caller, Operation::Check, entity)? {
            found = found.or_else(|| access.checks.get(name).map(|predicate| (access, predicate)));
        }
        let (access, predicate) = found.ok_or_else(|| {
            let asked = self.requested.iter().any(|asked| asked.entity == entity && asked.purpose == caller.purpose && asked.checks.contains_key(name));
            let message = match asked {
                true => format!("the check `{name}` of `{entity}` is asked for in plugin.toml but not granted{}", self.grant_hint()),
                false => format!("the check `{name}` of `{entity}` is not asked for: add it to `checks` of an [[access]] for the purpose {} in plugin.toml", caller.purpose),
            };
            Denial::new(DenialKind::Predicate, message).entity(entity)
        })?;
        let mut classification = Classification::Public;
        for field in predicate.fields().into_iter().filter_map(|name| access.entity.field(name)) {
            self.cleared(&access.entity, caller, &field.name, field.classification)?;
            classification = classification.max(field.classification);
        }
        Ok(Authorized::new(Check {
            bounds: self.bounds(access, caller)?,
            record: self.open_id(&access.entity, id)?,
            entity: access.entity.clone(),
            name: name.to_owned(),
            predicate: predicate.clone(),
            today: caller.today,
            classification,
        }))
    }

    /// One record by a public key, without a log-in.
    pub fn lookup(&self, caller: &Caller<'_>, entity: &str, key: &str, value: &str, fields: &[String]) -> Result<Authorized<Read>, Denial> {
        let access = self
            .candidates(caller, Operation::PublicLookup, entity)?
            .next()
            .ok_or_else(|| self.nothing(caller, Operation::PublicLookup, entity))?;
        let kind = &access.entity;
        let known = kind.field(key).filter(|field| field.public_key && access.public.iter().any(|public| public == key));
        if known.is_none() {
            return Err(Denial::new(
                DenialKind::Field,
                format!(
                    "`{key}` is no public key of `{entity}` that the grant shows: it needs public-key in the schema and a place in `public`"
                ),
            )
            .entity(entity)
            .field(key));
        }
        let mut outputs = vec![Output::Id];
        let mut logged = Vec::new();
        let mut classification = Classification::Public;
        for name in fields {
            let shown = access.public.contains(name).then(|| kind.fields.get_full(name.as_str())).flatten();
            let (index, _, field) = shown.ok_or_else(|| {
                Denial::new(
                    DenialKind::Field,
                    format!("`{name}` of `{entity}` is not public: add it to `public` of [[access]] {} in plugin.toml", access.request + 1),
                )
                .entity(entity)
                .field(name)
            })?;
            classification = classification.max(field.classification);
            outputs.push(Output::Field(index, Mode::Plain));
            logged.push((name.clone(), "plain".to_owned()));
        }
        let regions = match &access.regions {
            Some(regions) if kind.region_column().is_some() => Reach::Within(regions.clone()),
            _ => Reach::Everywhere,
        };
        Ok(Authorized::new(Read {
            // The grant itself opens these fields to everybody, so no actor's rights and no label bound it.
            bounds: Bounds { origin: (self.id, access.request), condition: access.condition.clone(), regions, own: None, label: None },
            outputs,
            filter: Vec::new(),
            sort: Vec::new(),
            after: None,
            limit: 1,
            single: Some(Single::Key(key.to_owned(), Value::Text(value.to_owned()))),
            tokens: self.tokens.clone(),
            today: caller.today,
            fields: logged,
            classification,
            shape: shape(&self.application, kind, &[]),
            entity: kind.clone(),
        }))
    }

    /// Whether these fields may be set at all, before anything is said of their values.
    pub fn may_change<'n>(
        &self,
        caller: &Caller<'_>,
        entity: &str,
        creating: bool,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<(), Denial> {
        self.change_access(caller, entity, creating, names).map(|_| ())
    }

    fn change_access<'n>(
        &self,
        caller: &Caller<'_>,
        entity: &str,
        creating: bool,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<&Compiled, Denial> {
        let operation = if creating { Operation::Create } else { Operation::Update };
        let found = self.candidates(caller, operation, entity)?.map(|access| access.request).next();
        let access = found.and_then(|request| self.accesses.iter().find(|access| access.request == request));
        let access = access.ok_or_else(|| self.nothing(caller, operation, entity))?;
        for name in names {
            let (index, mode) = self.readable(access, caller, name)?;
            if mode != Mode::Plain {
                return Err(self.wrong_mode(access, name, mode, "set"));
            }
            if access.entity.fields.get_index(index).is_some_and(|(_, field)| field.origin != linli_model::Origin::Stored) {
                return Err(Denial::new(DenialKind::Invalid, format!("`{name}` of `{entity}` is filled by the host"))
                    .entity(&access.entity.name)
                    .field(name));
            }
        }
        Ok(access)
    }

    /// A record to make or change.
    pub fn change(&self, caller: &Caller<'_>, draft: Draft) -> Result<Authorized<Change>, Denial> {
        let names = draft.values.iter().map(|(name, _)| name.as_str());
        let access = self.change_access(caller, &draft.entity, draft.target.is_none(), names)?;
        let entity = &access.entity;
        let mut bounds = self.bounds(access, caller)?;
        if let Some((_, Value::Text(grid))) = draft.values.iter().find(|(name, _)| Some(name.as_str()) == entity.region_column())
            && !bounds.regions.holds(grid)
        {
            return Err(Denial::new(
                DenialKind::Region,
                format!("the region of this {} lies outside your jurisdiction or the grant's regions", entity.title.zh()),
            )
            .entity(&entity.name));
        }
        // A record that is made carries its label; only what was there before must satisfy the rule.
        if draft.target.is_none() {
            bounds.label = None;
        }
        let target = match &draft.target {
            Some((id, version)) => Some((self.open_id(entity, id)?, *version)),
            None => None,
        };
        Ok(Authorized::new(Change {
            entity: entity.clone(),
            target,
            values: draft.values,
            bounds,
            label: draft.label.filter(|_| entity.is_labelled()),
            today: caller.today,
            source: Source {
                actor: caller.actor.map_or_else(|| "public".to_owned(), Actor::log_name),
                application: self.application.clone(),
                purpose: caller.purpose.to_owned(),
                evidence: draft.evidence,
            },
        }))
    }

    /// The accesses that give this operation for this purpose; a denial where the grant or the actor's standing rules all out.
    fn candidates<'a>(
        &'a self,
        caller: &'a Caller<'_>,
        operation: Operation,
        entity: &'a str,
    ) -> Result<impl Iterator<Item = &'a Compiled> + use<'a>, Denial> {
        self.in_force(caller.now)?;
        if caller.actor.is_none() && operation != Operation::PublicLookup {
            return Err(Denial::new(
                DenialKind::SignIn,
                format!("without a log-in only public-lookup is possible, not {} of `{entity}`", operation.as_str()),
            )
            .entity(entity));
        }
        let named = self.entities.get(entity).map(|entity| entity.name.as_str());
        let purpose = caller.purpose;
        Ok(self.accesses.iter().filter(move |access| {
            Some(access.entity.name.as_str()) == named && access.purpose == purpose && access.operations.contains(&operation)
        }))
    }

    /// What to say where no access gives the operation.
    fn nothing(&self, caller: &Caller<'_>, operation: Operation, entity: &str) -> Denial {
        let word = operation.as_str();
        let asked: Vec<_> = self.requested.iter().filter(|access| access.entity == entity && access.purpose == caller.purpose).collect();
        let (kind, message) = if asked.is_empty() {
            (DenialKind::Entity, format!("plugin.toml asks nothing of `{entity}` for the purpose {}: add an [[access]]", caller.purpose))
        } else if asked.iter().all(|access| !access.operations.contains(&operation)) {
            (
                DenialKind::Operation,
                format!("plugin.toml does not ask to {word} `{entity}` for the purpose {}: add it to `operations`", caller.purpose),
            )
        } else {
            (DenialKind::Operation, format!("to {word} `{entity}` is asked for but not granted{}", self.grant_hint()))
        };
        Denial::new(kind, message).entity(entity)
    }

    fn grant_hint(&self) -> String {
        match self.grant {
            GrantInForce::Given { id, .. } => format!("; see grant {id}: linli grant review {id}"),
            GrantInForce::BuiltIn | GrantInForce::Missing => String::new(),
        }
    }

    /// Whether a field may be seen, and how.
    fn readable(&self, access: &Compiled, caller: &Caller<'_>, name: &str) -> Result<(usize, Mode), Denial> {
        let entity = &access.entity;
        let Some((index, _, field)) = entity.fields.get_full(name) else {
            return Err(Denial::new(DenialKind::Field, format!("`{}` has no field `{name}`", entity.name))
                .entity(&entity.name)
                .field(name));
        };
        let Some(mode) = access.fields.get(name).copied() else {
            return Err(self.missing_field(access, name));
        };
        if mode == Mode::Check {
            return Err(self.wrong_mode(access, name, mode, "read"));
        }
        self.cleared(entity, caller, name, field.classification)?;
        Ok((index, mode))
    }

    fn missing_field(&self, access: &Compiled, name: &str) -> Denial {
        let number = access.request + 1;
        let asked = self.requested.get(access.request).is_some_and(|asked| asked.fields.contains_key(name));
        let message = match asked {
            true => {
                format!("`{name}` of `{}` is asked for in [[access]] {number} but not granted{}", access.entity.name, self.grant_hint())
            }
            false => format!(
                "`{name}` of `{}` is not asked for: add `{name} = \"plain\"` to fields of [[access]] {number} in plugin.toml and have it granted",
                access.entity.name
            ),
        };
        Denial::new(DenialKind::Field, message).entity(&access.entity.name).field(name)
    }

    fn wrong_mode(&self, access: &Compiled, name: &str, mode: Mode, verb: &str) -> Denial {
        let message = format!(
            "`{name}` of `{}` is granted {} and can't be {verb}; [[access]] {} and its grant say how",
            access.entity.name,
            mode.as_str(),
            access.request + 1
        );
        Denial::new(DenialKind::FieldMode, message).entity(&access.entity.name).field(name)
    }

    fn cleared(&self, entity: &EntityType, caller: &Caller<'_>, name: &str, classification: Classification) -> Result<(), Denial> {
        match caller.actor {
            Some(actor) if actor.clearance >= classification => Ok(()),
            _ => Err(Denial::new(
                DenialKind::Clearance,
                format!("`{name}` of `{}` is {}, above the actor's clearance", entity.name, classification.as_str()),
            )
            .entity(&entity.name)
            .field(name)),
        }
    }

    /// Filters, sorts and groups use only fields granted plain: a masked or checked one would be an oracle.
    fn comparable(&self, access: &Compiled, name: &str, verb: &str) -> Result<usize, Denial> {
        match access.fields.get(name) {
            Some(Mode::Plain) => {}
            Some(mode) => return Err(self.wrong_mode(access, name, *mode, verb)),
            None => return Err(self.missing_field(access, name)),
        }
        access.entity.fields.get_index_of(name).ok_or_else(|| self.missing_field(access, name))
    }

    fn filter(&self, access: &Compiled, (name, operator, values): &Filter) -> Result<Comparison, Denial> {
        self.comparable(access, name, "filtered by")?;
        let invalid = |reason: String| {
            Denial::new(DenialKind::Invalid, format!("filter on `{name}`: {reason}")).entity(&access.entity.name).field(name)
        };
        let mut values = values.clone();
        if let Some(FieldKind::Reference { entity }) = access.entity.field(name).map(|field| &field.kind) {
            let target = self.entities.values().find(|known| known.name == *entity);
            for value in &mut values {
                let record = match (&value, target) {
                    (Value::Text(token), Some(target)) => self.tokens.open(target.number, token),
                    _ => None,
                };
                *value = Value::Reference(record.ok_or_else(|| invalid(format!("is no id of a {entity}")))?);
            }
        }
        Comparison::new(&access.entity, name, *operator, values).map_err(|misfit| invalid(misfit.0))
    }

    fn sort_key(&self, access: &Compiled, name: &str, descending: bool) -> Result<SortKey, Denial> {
        self.comparable(access, name, "sorted by").map(|field| SortKey { field, descending })
    }

    /// A token's record; what does not open is not found, as if it lay out of scope.
    fn open_id(&self, entity: &EntityType, id: &str) -> Result<linli_model::RecordNo, Denial> {
        self.tokens.open(entity.number, id).ok_or_else(|| not_found(entity))
    }

    /// The actor's and the grant's regions, own record, label.
    fn bounds(&self, access: &Compiled, caller: &Caller<'_>) -> Result<Bounds, Denial> {
        let actor = caller.actor.ok_or_else(|| Denial::new(DenialKind::SignIn, "asks for a log-in"))?;
        let mut bounds = Bounds {
            origin: (self.id, access.request),
            condition: access.condition.clone(),
            regions: Reach::Everywhere,
            own: None,
            label: None,
        };
        if access.own {
            let own = actor.own_record().ok_or_else(|| Denial::new(DenialKind::Region, "this account has no record of its own"))?;
            if access.entity.subjects != [SubjectPath::Own] {
                return Err(Denial::new(DenialKind::Invalid, format!("`{}` has no own record", access.entity.name)));
            }
            bounds.own = Some(own);
            return Ok(bounds);
        }
        if access.entity.region_column().is_some() {
            bounds.regions = Reach::Within(reach(&actor.regions, access.regions.as_deref()));
        }
        if access.entity.is_labelled() {
            bounds.label = Some(LabelRule { purpose: caller.purpose.to_owned(), clearance: actor.clearance });
        }
        Ok(bounds)
    }
}

/// The answer to a record that is not there, or not for this caller: the same for both.
pub fn not_found(entity: &EntityType) -> Denial {
    Denial::new(DenialKind::NotFound, format!("there is no such {} for this caller", entity.name)).entity(&entity.name)
}

fn reach(actor: &[RegionCode], grant: Option<&[RegionCode]>) -> Vec<RegionCode> {
    match grant {
        Some(grant) => region::intersect(actor, grant),
        None => region::minimal(actor.to_vec()),
    }
}

fn shape(application: &str, entity: &Arc<EntityType>, sort: &[SortKey]) -> String {
    let mut shape = format!("{application}|{}", entity.name);
    for key in sort {
        shape.push(if key.descending { '-' } else { '+' });
        shape.push_str(entity.fields.get_index(key.field).map_or("", |(name, _)| name));
    }
    shape
}
