//! What a grant would reveal, in numbers, before an admin decides on it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use linli_audit::Access;
use linli_model::{Classification, Date, Text};
use linli_scope::difference::{Difference, differences};
use linli_scope::grant::GrantedAccess;
use linli_scope::survey::{Figure, Survey};
use linli_scope::{Actor, Authorized, Denial, Grant, GrantState, Mode, Narrowing, Operation};
use linli_store::survey::Alike;
use serde::Serialize;

use crate::decision::DecisionError;
use crate::example;
use crate::install::administration;
use crate::registry::Runtime;

/// Days of the log that say whether a field is in use.
pub const USED_DAYS: i64 = 90;

/// What a grant would reveal.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// Its number.
    pub grant: i64,
    /// The plugin.
    pub plugin: String,
    /// Access by access.
    pub accesses: Vec<Seen>,
    /// The grant before it that somebody approved.
    pub compared_with: Option<i64>,
    /// In what it differs from that one.
    pub differences: Vec<Difference>,
    /// Fields that the plugin has not used for [`USED_DAYS`], as `resident.phone`.
    pub unused: Vec<String>,
}

/// What one access would reveal.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PreviewAccess)]
pub struct Seen {
    /// From 1, as in the manifest.
    pub access: usize,
    /// The purpose.
    pub purpose: String,
    /// The entity type.
    pub entity: String,
    /// What people call it.
    pub title: Option<Text>,
    /// What may be done.
    pub operations: Vec<Operation>,
    /// Whether a schedule or an event is given it too, behind which there is no person.
    pub unattended: bool,
    /// Whether each record is a person.
    pub of_people: bool,
    /// How many records it reaches.
    pub records: Option<Figure>,
    /// How many in each community.
    pub communities: Vec<Place>,
    /// How many people would be told apart.
    pub alike: Option<Alike>,
    /// Why the numbers are not told.
    pub withheld: Option<String>,
    /// Where; none for everywhere.
    pub regions: Option<Vec<Place>>,
    /// The fields of the grant.
    pub fields: Vec<SeenField>,
    /// Made-up rows.
    pub examples: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// A region, and how many records lie there.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PreviewPlace)]
pub struct Place {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: Option<String>,
    /// How many records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<Figure>,
}

/// A field of a grant.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = PreviewField)]
pub struct SeenField {
    /// Its name.
    pub field: String,
    /// What people call it.
    pub title: Option<Text>,
    /// How far it may go.
    pub classification: Option<Classification>,
    /// How it is granted.
    pub mode: Mode,
    /// When the plugin last used it, if ever.
    pub last_used: Option<Timestamp>,
}

impl Runtime {
    /// What a grant would reveal. That it was asked is on the record, since numbers were read for it.
    pub async fn preview(&self, reviewer: &Actor, grant: &Grant, now: Timestamp) -> Result<Preview, DecisionError> {
        let scope = self.scope_of(grant)?.ok_or(DecisionError::Superseded(grant.id))?;
        let uses = self.last_uses(&grant.plugin).await?;
        let surveys: BTreeMap<_, _> = scope.surveys(reviewer, Date::of(now)).into_iter().collect();
        let mut accesses = Vec::new();
        let mut entry = administration(reviewer, &format!("preview grant {} of", grant.id), &grant.plugin, &grant.digest);
        for granted in &grant.accesses {
            let Some(survey) = surveys.get(&granted.request) else { continue };
            entry.accesses.extend(survey.as_ref().ok().map(|survey| surveyed(survey)));
            accesses.push(self.seen(grant, granted, survey, &uses).await?);
        }
        self.store().record(entry.encode()).await?;
        let before = self.before(grant).await?;
        Ok(Preview {
            grant: grant.id,
            plugin: grant.plugin.clone(),
            accesses,
            compared_with: before.as_ref().map(|before| before.id),
            differences: before.map(|before| differences(&before, grant)).unwrap_or_default(),
            unused: self.unused(grant, &uses, now),
        })
    }

    /// The narrowing to the fields that the plugin has used of late.
    pub async fn narrowing_to_used(&self, grant: &Grant, now: Timestamp) -> Result<Narrowing, ToUsedError> {
        let uses = self.last_uses(&grant.plugin).await?;
        let unused = self.unused(grant, &uses, now);
        let granted: usize = grant.accesses.iter().map(|granted| granted.access.fields.len()).sum();
        if unused.is_empty() {
            return Err(ToUsedError::AllUsed(grant.id));
        }
        let of = |granted: &GrantedAccess, field: &String| unused.contains(&format!("{}.{field}", granted.access.entity));
        let dropped: usize =
            grant.accesses.iter().map(|granted| granted.access.fields.keys().filter(|field| of(granted, field)).count()).sum();
        if dropped == granted {
            return Err(ToUsedError::NoneUsed(grant.id));
        }
        Ok(Narrowing { drop_fields: unused, ..Narrowing::default() })
    }

    async fn seen(
        &self,
        grant: &Grant,
        granted: &GrantedAccess,
        survey: &Result<Authorized<Survey>, Denial>,
        uses: &LastUses,
    ) -> Result<Seen, DecisionError> {
        let access = &granted.access;
        let catalogue = self.store().catalogue();
        let entity = catalogue.entity_of(&grant.plugin, &access.entity);
        let field = |(name, mode): (&String, &Mode)| {
            let known = entity.and_then(|entity| entity.field(name));
            SeenField {
                field: name.clone(),
                title: known.map(|field| field.title.clone()),
                classification: known.map(|field| field.classification),
                mode: *mode,
                last_used: entity.and_then(|entity| uses.get(&(entity.name.clone(), name.clone()))).copied(),
            }
        };
        let mut seen = Seen {
            access: granted.request + 1,
            purpose: access.purpose.clone(),
            entity: access.entity.clone(),
            title: entity.map(|entity| entity.title.clone()),
            operations: access.operations.iter().copied().collect(),
            unattended: access.unattended,
            of_people: survey.as_ref().is_ok_and(|survey| survey.entity.is_people()),
            records: None,
            communities: Vec::new(),
            alike: None,
            withheld: survey.as_ref().err().map(|denial| denial.message.clone()),
            regions: access.regions.as_ref().map(|regions| regions.iter().map(|region| self.place(region.as_str(), None)).collect()),
            fields: access.fields.iter().map(field).collect(),
            examples: Vec::new(),
        };
        if let Ok(survey) = survey {
            let found = self.store().survey(survey).await?;
            seen.records = Some(found.records);
            seen.communities = found.communities.into_iter().map(|(code, records)| self.place(&code, Some(records))).collect();
            seen.alike = found.alike;
            seen.examples = example::rows(survey, &catalogue, &self.store().regions());
        }
        Ok(seen)
    }

    fn place(&self, code: &str, records: Option<Figure>) -> Place {
        Place { code: code.to_owned(), name: self.store().regions().name(code).map(ToOwned::to_owned), records }
    }

    /// The newest grant before this one that somebody approved.
    async fn before(&self, grant: &Grant) -> Result<Option<Grant>, DecisionError> {
        let grants = self.store().grants().await?;
        let approved = |other: &Grant| !other.approvals.is_empty() || other.state == GrantState::Active;
        Ok(grants.into_iter().find(|other| other.plugin == grant.plugin && other.id < grant.id && approved(other)))
    }

    async fn last_uses(&self, plugin: &str) -> Result<LastUses, DecisionError> {
        let uses = self.store().field_uses(plugin).await?;
        Ok(uses.into_iter().map(|used| ((used.entity, used.field), used.last)).collect())
    }

    fn unused(&self, grant: &Grant, uses: &LastUses, now: Timestamp) -> Vec<String> {
        let since = now.checked_sub(SignedDuration::from_hours(24 * USED_DAYS)).unwrap_or(Timestamp::MIN);
        let catalogue = self.store().catalogue();
        let mut unused = Vec::new();
        for granted in &grant.accesses {
            let entity = &granted.access.entity;
            let full = catalogue.entity_of(&grant.plugin, entity).map_or(entity.as_str(), |entity| entity.name.as_str());
            let is_used = |field: &str| uses.get(&(full.to_owned(), field.to_owned())).is_some_and(|last| *last >= since);
            unused.extend(granted.access.fields.keys().filter(|field| !is_used(field)).map(|field| format!("{entity}.{field}")));
        }
        unused.sort();
        unused.dedup();
        unused
    }
}

/// Entity type and field with the last use.
type LastUses = BTreeMap<(String, String), Timestamp>;

/// Why a grant can't be narrowed to what is used.
#[derive(Debug, thiserror::Error)]
pub enum ToUsedError {
    /// There is nothing to take away.
    #[error("the plugin has used every field of grant {0} within the last {USED_DAYS} days")]
    AllUsed(i64),
    /// Nothing would be left.
    #[error("the plugin has used no field of grant {0} within the last {USED_DAYS} days: revoke it instead")]
    NoneUsed(i64),
    /// The log.
    #[error(transparent)]
    Decision(#[from] DecisionError),
}

/// A survey as the log has it: of which fields numbers were made; no record was given out.
fn surveyed(survey: &Survey) -> Access {
    Access {
        entity: survey.entity.name.clone(),
        operation: "survey".to_owned(),
        fields: survey.fields().map(|(field, _)| (field.name.clone(), "counted".to_owned())).collect(),
        records: 0,
        denied: None,
    }
}
