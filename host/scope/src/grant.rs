//! What an admin allowed: never more than was asked, bound to one component's digest.

use jiff::Timestamp;
use linli_model::{RegionCode, region};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Access, Mode};
use crate::approval::{Approval, Assessment};
use crate::manifest::Manifest;

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GrantState {
    /// Asked for, not yet decided.
    Requested,
    /// Approved by one admin; it touches sensitive fields, so that it gives nothing until a second one approves it.
    AwaitingSecond,
    /// In force until it expires.
    Active,
    /// Ended by an admin.
    Revoked,
}

impl GrantState {
    /// The word in the database and over the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::AwaitingSecond => "awaiting-second",
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }
}

/// A grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Its number.
    pub id: i64,
    /// The plugin's id.
    pub plugin: String,
    /// The component that it is for, `sha256:…`.
    pub digest: String,
    /// Where it stands.
    pub state: GrantState,
    /// What is allowed; each names the access of the manifest that it answers.
    pub accesses: Vec<GrantedAccess>,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// How often it was changed.
    pub version: i64,
    /// Why it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who asked for it by uploading the component: an account's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<i64>,
    /// Who approved it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
    /// What it means for the people concerned, where it touches sensitive fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment: Option<Assessment>,
}

/// One line of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedAccess {
    /// The index of the manifest's access that it answers, from 0.
    pub request: usize,
    /// What is allowed of it.
    #[serde(flatten)]
    pub access: Access,
}

/// How an admin narrows a grant. What is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Narrowing {
    /// `resident.phone`: no longer granted. Predicates over it stay: see `drop_checks`.
    #[serde(default)]
    pub drop_fields: Vec<String>,
    /// `resident.name`: from plain to masked.
    #[serde(default)]
    pub mask_fields: Vec<String>,
    /// `resident.lives_here`: predicates no longer granted.
    #[serde(default)]
    pub drop_checks: Vec<String>,
    /// `resident.elders-by-grid`: tables no longer granted.
    #[serde(default)]
    pub drop_tables: Vec<String>,
    /// `resident`: no longer given to a schedule or an event, behind which there is no person.
    #[serde(default)]
    pub drop_unattended: Vec<String>,
    /// The regions that remain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<RegionCode>>,
    /// A further condition on an entity type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub and_where: Option<AndWhere>,
    /// An earlier end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// Fewer rows a call.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "linli_model::whole::optional")]
    #[schema(minimum = 1)]
    pub rows_per_call: Option<u32>,
    /// Fewer rows a day.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "linli_model::whole::optional")]
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub rows_per_day: Option<u64>,
}

/// A further condition on one entity type's records.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AndWhere {
    /// The entity type.
    pub entity: String,
    /// The condition.
    pub condition: String,
}

/// Why a grant can't be changed so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GrantError {
    /// It is not in a state for that.
    #[error("grant {id} is {state}: {reason}")]
    State {
        /// The grant.
        id: i64,
        /// Its state.
        state: &'static str,
        /// What would be possible.
        reason: &'static str,
    },
    /// Whoever asked for it, or has approved it already, can't be the other pair of eyes.
    #[error("grant {id} needs another admin's eyes: {reason}")]
    SamePerson {
        /// The grant.
        id: i64,
        /// What this one did before.
        reason: &'static str,
    },
    /// It touches sensitive fields and nobody has said what that means for the people concerned.
    #[error(
        "grant {id} touches sensitive fields ({fields}): its approval needs an impact assessment (PIPL Art. 55), a text and a reference; \
         or narrow the grant first"
    )]
    NoAssessment {
        /// The grant.
        id: i64,
        /// Which, as `resident.low_income`.
        fields: String,
    },
    /// An assessment that says nothing, or too much.
    #[error("assessment: {0}")]
    Assessment(&'static str),
    /// A narrowing that names what is not granted, or widens.
    #[error("{at}: {reason}")]
    Narrowing {
        /// Which part.
        at: String,
        /// What is wrong.
        reason: String,
    },
}

impl Grant {
    /// The request as a plugin's manifest makes it: everything that it asks, nothing allowed yet.
    pub fn requested(id: i64, manifest: &Manifest, digest: String, expires: Timestamp) -> Self {
        let accesses = manifest.accesses.iter().cloned().enumerate().map(|(request, access)| GrantedAccess { request, access });
        Self {
            id,
            plugin: manifest.plugin.id.clone(),
            digest,
            state: GrantState::Requested,
            accesses: accesses.collect(),
            expires,
            version: 1,
            reason: None,
            requested_by: None,
            approvals: Vec::new(),
            assessment: None,
        }
    }

    /// Ends it.
    pub fn revoke(&mut self, reason: &str) -> Result<(), GrantError> {
        if self.state == GrantState::Revoked {
            return Err(self.wrong_state("it is revoked already"));
        }
        self.state = GrantState::Revoked;
        self.reason = Some(reason.to_owned());
        Ok(())
    }

    /// Takes something away. All of the narrowing applies or none.
    pub fn narrow(&mut self, narrowing: &Narrowing) -> Result<(), GrantError> {
        if self.state == GrantState::Revoked {
            return Err(self.wrong_state("a revoked grant can't be narrowed"));
        }
        let mut narrowed = self.clone();
        narrowed.drop_fields(&narrowing.drop_fields)?;
        narrowed.mask_fields(&narrowing.mask_fields)?;
        narrowed.drop_checks(&narrowing.drop_checks)?;
        narrowed.drop_tables(&narrowing.drop_tables)?;
        narrowed.drop_unattended(&narrowing.drop_unattended)?;
        if let Some(regions) = &narrowing.regions {
            narrowed.keep_regions(regions)?;
        }
        if let Some(and_where) = &narrowing.and_where {
            narrowed.add_condition(and_where)?;
        }
        if let Some(expires) = narrowing.expires {
            if expires > self.expires {
                return Err(fail("expires", format!("is later than the grant's {}", self.expires)));
            }
            narrowed.expires = expires;
        }
        if let Some(rows) = narrowing.rows_per_call {
            if rows == 0 {
                return Err(fail("rows-per-call", "must be at least 1".into()));
            }
            narrowed.accesses.iter_mut().for_each(|granted| granted.access.rows_per_call = granted.access.rows_per_call.min(rows));
        }
        if let Some(rows) = narrowing.rows_per_day {
            if rows == 0 {
                return Err(fail("rows-per-day", "must be at least 1; to end a grant, revoke it".into()));
            }
            for granted in &mut narrowed.accesses {
                let before = granted.access.rows_per_day.unwrap_or(rows);
                granted.access.rows_per_day = Some(before.min(rows));
            }
        }
        *self = narrowed;
        Ok(())
    }

    pub(crate) fn wrong_state(&self, reason: &'static str) -> GrantError {
        GrantError::State { id: self.id, state: self.state.as_str(), reason }
    }

    /// Applies `change` to every access of the named entity type; it says whether it found its name there.
    fn each(&mut self, at: &str, name: &str, change: impl Fn(&mut Access, &str) -> bool) -> Result<(), GrantError> {
        let Some((entity, part)) = name.rsplit_once('.') else {
            return Err(fail(at, format!("`{name}` must be written entity.name")));
        };
        let mut found = false;
        for granted in self.accesses.iter_mut().filter(|granted| granted.access.entity == entity) {
            found |= change(&mut granted.access, part);
        }
        found.then_some(()).ok_or_else(|| fail(at, format!("`{name}` is not granted")))
    }

    fn drop_fields(&mut self, names: &[String]) -> Result<(), GrantError> {
        names.iter().try_for_each(|name| {
            self.each("drop-fields", name, |access, field| {
                access.public.retain(|public| public != field);
                access.fields.shift_remove(field).is_some()
            })
        })
    }

    fn mask_fields(&mut self, names: &[String]) -> Result<(), GrantError> {
        names.iter().try_for_each(|name| {
            self.each("mask-fields", name, |access, field| match access.fields.get_mut(field) {
                Some(mode @ Mode::Plain) => {
                    *mode = Mode::Masked;
                    true
                }
                _ => false,
            })
        })
    }

    fn drop_checks(&mut self, names: &[String]) -> Result<(), GrantError> {
        names.iter().try_for_each(|name| self.each("drop-checks", name, |access, check| access.checks.shift_remove(check).is_some()))
    }

    fn drop_tables(&mut self, names: &[String]) -> Result<(), GrantError> {
        names.iter().try_for_each(|name| {
            self.each("drop-tables", name, |access, dropped| {
                let before = access.tables.len();
                access.tables.retain(|table| table.name != dropped);
                access.tables.len() < before
            })
        })
    }

    fn drop_unattended(&mut self, entities: &[String]) -> Result<(), GrantError> {
        for entity in entities {
            let mut found = false;
            for granted in self.accesses.iter_mut().filter(|granted| granted.access.entity == *entity) {
                found |= std::mem::take(&mut granted.access.unattended);
            }
            if !found {
                return Err(fail("drop-unattended", format!("`{entity}` is not granted unattended")));
            }
        }
        Ok(())
    }

    fn keep_regions(&mut self, regions: &[RegionCode]) -> Result<(), GrantError> {
        if regions.is_empty() {
            return Err(fail("regions", "must name at least one region; to end a grant, revoke it".into()));
        }
        for granted in &mut self.accesses {
            let kept = match &granted.access.regions {
                Some(before) => region::intersect(before, regions),
                None => region::minimal(regions.to_vec()),
            };
            if kept.is_empty() {
                return Err(fail("regions", "lie wholly outside the grant's regions".into()));
            }
            granted.access.regions = Some(kept);
        }
        Ok(())
    }

    fn add_condition(&mut self, and_where: &AndWhere) -> Result<(), GrantError> {
        let mut found = false;
        for granted in self.accesses.iter_mut().filter(|granted| granted.access.entity == and_where.entity) {
            found = true;
            granted.access.and_where = Some(match granted.access.and_where.take() {
                Some(before) => format!("({before}) && ({})", and_where.condition),
                None => and_where.condition.clone(),
            });
        }
        found.then_some(()).ok_or_else(|| fail("and-where", format!("`{}` is not granted", and_where.entity)))
    }
}

fn fail(at: &str, reason: String) -> GrantError {
    GrantError::Narrowing { at: at.to_owned(), reason }
}

#[cfg(test)]
mod tests;
