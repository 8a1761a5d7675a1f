//! Request ∩ grant, compiled once per grant version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use linli_model::{Catalogue, EntityType, FieldKind, RegionCode, RegionTree, region};

use crate::access::{Access, Mode, Operation};
use crate::break_glass::BreakGlass;
use crate::condition::{self, ConditionError};
use crate::grant::{Grant, GrantState};
use crate::manifest::{EntryKind, EntryPoint, Manifest};
use crate::plan::{Bounds, Reach};
use crate::position::PositionKey;
use crate::predicate::Predicate;
use crate::table::Tabulation;
use crate::token::{Keyring, TokenKey};

/// Everything that decides for one application. The only maker of [`Authorized`](crate::Authorized) work.
#[derive(Debug)]
pub struct Scope {
    pub(crate) application: String,
    pub(crate) grant: GrantInForce,
    pub(crate) accesses: Vec<Compiled>,
    /// The accesses as asked, to say in a denial which of the two lacks something.
    pub(crate) requested: Vec<Access>,
    pub(crate) entities: BTreeMap<String, Arc<EntityType>>,
    pub(crate) entry_points: BTreeMap<String, Arc<EntryPoint>>,
    /// The purposes that give nothing until somebody breaks the glass, …
    pub(crate) emergencies: BTreeSet<String>,
    /// … and the glasses that were broken.
    pub(crate) broken: Vec<BreakGlass>,
    pub(crate) tokens: Arc<TokenKey>,
    pub(crate) positions: PositionKey,
    pub(crate) regions: Arc<RegionTree>,
}

/// What stands behind a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantInForce {
    /// A first-party application: its manifest is its grant.
    BuiltIn,
    /// Nothing was granted yet.
    Missing,
    /// An admin's grant.
    Given {
        /// Its number.
        id: i64,
        /// Where it stands.
        state: GrantState,
        /// When it ends.
        expires: Timestamp,
    },
}

#[derive(Debug)]
pub(crate) struct Compiled {
    /// Index in the manifest, from 0.
    pub request: usize,
    pub purpose: String,
    pub entity: Arc<EntityType>,
    pub operations: Vec<Operation>,
    pub fields: IndexMap<String, Mode>,
    pub condition: Arc<Predicate>,
    pub checks: BTreeMap<String, Arc<Predicate>>,
    pub tables: BTreeMap<String, Arc<Tabulation>>,
    pub regions: Option<Vec<RegionCode>>,
    pub rows_per_call: u32,
    pub rows_per_day: Option<u64>,
    pub bound: bool,
    pub own: bool,
    pub unattended: bool,
    pub public: Vec<String>,
}

impl Compiled {
    /// Which records the grant itself opens, whoever asks.
    pub fn granted_bounds(&self) -> Bounds {
        let regions = match &self.regions {
            Some(regions) if self.entity.region_column().is_some() => Reach::Within(regions.clone()),
            _ => Reach::Everywhere,
        };
        Bounds { condition: self.condition.clone(), regions, own: None, label: None }
    }
}

/// Why request and grant can't be compiled.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// The request names what there is not.
    #[error("[[access]] {number}: {reason}")]
    Access {
        /// From 1, as in the manifest.
        number: usize,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A condition can't be used.
    #[error("[[access]] {number}, {part}: {reason}")]
    Condition {
        /// From 1, as in the manifest.
        number: usize,
        /// `where`, or which check.
        part: String,
        /// Why.
        reason: ConditionError,
    },
}

/// What a scope is compiled from.
pub struct Sources<'a> {
    /// The request.
    pub manifest: &'a Manifest,
    /// The grant; for a first-party application, none with `built_in`.
    pub grant: Option<&'a Grant>,
    /// Whether the manifest is its own grant.
    pub built_in: bool,
    /// Entity types and codes.
    pub catalogue: &'a Catalogue,
    /// The divisions, as they are while this process runs.
    pub regions: Arc<RegionTree>,
    /// For tokens and positions.
    pub keyring: &'a Keyring,
    /// The publisher that the admin assigned.
    pub publisher: &'a str,
    /// The sector that the admin assigned.
    pub sector: &'a str,
}

impl Scope {
    /// Compiles request ∩ grant. Every condition is type-checked against the schema.
    pub fn compile(sources: &Sources<'_>) -> Result<Self, ScopeError> {
        let manifest = sources.manifest;
        let mut accesses = Vec::new();
        let mut entities = BTreeMap::new();
        for (request, asked) in manifest.accesses.iter().enumerate() {
            let entity = sources
                .catalogue
                .entity_of(&sources.manifest.plugin.id, &asked.entity)
                .cloned()
                .ok_or_else(|| ScopeError::Access { number: request + 1, reason: format!("there is no entity type `{}`", asked.entity) })?;
            check_names(request + 1, asked, &entity)?;
            entities.insert(asked.entity.clone(), entity.clone());
            let granted = sources.grant.and_then(|grant| grant.accesses.iter().find(|granted| granted.request == request));
            let allowed = if sources.built_in { Some(asked) } else { granted.map(|granted| &granted.access) };
            // Compiled even where nothing is granted, so that a bad request is found when it is uploaded.
            let compiled = compile_access(sources, request, entity, asked, allowed.unwrap_or(asked))?;
            if allowed.is_some() {
                accesses.push(compiled);
            }
        }
        let grant = match sources.grant {
            _ if sources.built_in => GrantInForce::BuiltIn,
            None => GrantInForce::Missing,
            Some(grant) => GrantInForce::Given { id: grant.id, state: grant.state, expires: grant.expires },
        };
        Ok(Self {
            application: manifest.plugin.id.clone(),
            grant,
            accesses,
            requested: manifest.accesses.clone(),
            entities,
            entry_points: manifest.entry_points(),
            emergencies: manifest.purposes.iter().filter(|purpose| purpose.emergency).map(|purpose| purpose.id.clone()).collect(),
            broken: Vec::new(),
            tokens: Arc::new(sources.keyring.tokens(sources.publisher, sources.sector)),
            positions: PositionKey::new(sources.keyring),
            regions: sources.regions.clone(),
        })
    }

    /// The plugin's or first-party application's id.
    pub fn application(&self) -> &str {
        &self.application
    }

    /// The grant's number, where an admin's grant stands behind it.
    pub fn grant_id(&self) -> Option<i64> {
        match self.grant {
            GrantInForce::Given { id, .. } => Some(id),
            GrantInForce::BuiltIn | GrantInForce::Missing => None,
        }
    }

    /// An entry point by kind and name.
    pub fn entry_point(&self, kind: EntryKind, name: &str) -> Option<Arc<EntryPoint>> {
        self.entry_points.values().find(|entry| entry.kind == kind && entry.name == name).cloned()
    }

    /// The purpose of an entry point by its name in the log.
    pub fn purpose_of(&self, log_name: &str) -> Option<&str> {
        self.entry_points.get(log_name).map(|entry| entry.purpose.as_str())
    }

    /// The tokens of this application's publisher and sector.
    pub fn tokens(&self) -> &Arc<TokenKey> {
        &self.tokens
    }

    /// Seals where a page ended.
    pub fn positions(&self) -> &PositionKey {
        &self.positions
    }

    /// An entity type as this application names it: its own before the core's.
    pub fn entity(&self, name: &str) -> Option<&Arc<EntityType>> {
        self.entities.get(name)
    }
}

fn check_names(number: usize, access: &Access, entity: &EntityType) -> Result<(), ScopeError> {
    let fail = |reason: String| Err(ScopeError::Access { number, reason });
    for (name, mode) in &access.fields {
        match entity.field(name) {
            None => return fail(format!("`{}` has no field `{name}`", access.entity)),
            Some(field) if *mode == Mode::Masked && field.mask.is_none() => {
                return fail(format!("`{name}` has no mask in its schema, so it can't be granted masked"));
            }
            Some(_) => {}
        }
    }
    let refers = |name: &String| entity.field(name).is_some_and(|field| matches!(field.kind, FieldKind::Reference { .. }));
    if access.operations.contains(&Operation::Link) && !access.fields.keys().any(refers) {
        return fail("has the operation link and no reference of the schema in fields".into());
    }
    if let Some(name) = access.public.iter().find(|name| !access.fields.contains_key(*name)) {
        return fail(format!("`{name}` stands in public but not in fields"));
    }
    Ok(())
}

fn compile_access(
    sources: &Sources<'_>,
    request: usize,
    entity: Arc<EntityType>,
    asked: &Access,
    allowed: &Access,
) -> Result<Compiled, ScopeError> {
    let number = request + 1;
    let parse = |part: &str, source: &str| {
        condition::parse(source, &entity, sources.catalogue).map_err(|reason| ScopeError::Condition {
            number,
            part: part.to_owned(),
            reason,
        })
    };
    let mut predicate = Predicate::everything();
    for (part, source) in [("where", &asked.condition), ("and-where", &allowed.and_where)] {
        if let Some(source) = source {
            predicate = predicate.and(parse(part, source)?);
        }
    }
    let mut checks = BTreeMap::new();
    for (name, source) in &asked.checks {
        let check = parse(&format!("check {name}"), source)?;
        if allowed.checks.contains_key(name) {
            checks.insert(name.clone(), Arc::new(check));
        }
    }
    let fields: IndexMap<_, _> = asked
        .fields
        .iter()
        .filter_map(|(name, asked)| allowed.fields.get(name).map(|allowed| (name.clone(), *asked.min(allowed))))
        .collect();
    refuse_counted(number, &checks, &fields)?;
    Ok(Compiled {
        request,
        purpose: asked.purpose.clone(),
        operations: asked.operations.intersection(&allowed.operations).copied().collect(),
        tables: compile_tables(sources, number, &entity, asked, allowed)?,
        fields,
        condition: Arc::new(predicate),
        checks,
        regions: allowed.regions.clone().map(region::minimal),
        rows_per_call: asked.rows_per_call.min(allowed.rows_per_call),
        rows_per_day: [asked.rows_per_day, allowed.rows_per_day].into_iter().flatten().min(),
        bound: asked.bound || allowed.bound,
        own: asked.own || allowed.own,
        unattended: asked.unattended && allowed.unattended,
        public: asked.public.iter().filter(|name| allowed.public.contains(name) && allowed.fields.contains_key(*name)).cloned().collect(),
        entity,
    })
}

/// A check would tell of one person what is granted to be counted only.
fn refuse_counted(number: usize, checks: &BTreeMap<String, Arc<Predicate>>, fields: &IndexMap<String, Mode>) -> Result<(), ScopeError> {
    for (check, predicate) in checks {
        if let Some(field) = predicate.fields().into_iter().find(|field| fields.get(field) == Some(&Mode::Aggregate)) {
            let reason = format!("the check `{check}` tests `{field}`, which is to be counted only: ask for `{field} = \"check\"`");
            return Err(ScopeError::Access { number, reason });
        }
    }
    Ok(())
}

/// The tables that are asked for and allowed. Those that are not allowed are checked too: a bad request is found early.
fn compile_tables(
    sources: &Sources<'_>,
    number: usize,
    entity: &EntityType,
    asked: &Access,
    allowed: &Access,
) -> Result<BTreeMap<String, Arc<Tabulation>>, ScopeError> {
    let fail = |table: &str, reason: String| ScopeError::Access { number, reason: format!("table {table}: {reason}") };
    let mut tables = BTreeMap::new();
    for table in &asked.tables {
        let compiled = table.compile(entity, sources.catalogue).map_err(|reason| fail(&table.name, reason.to_string()))?;
        let fields = compiled.fields().filter_map(|index| entity.fields.get_index(index));
        if let Some((field, _)) = fields.into_iter().find(|(field, _)| !asked.fields.contains_key(*field)) {
            return Err(fail(&table.name, format!("counts by `{field}`: add `{field} = \"aggregate\"` to fields")));
        }
        if allowed.tables.iter().any(|allowed| allowed == table) {
            tables.insert(table.name.clone(), Arc::new(compiled));
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests;
