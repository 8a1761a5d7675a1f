//! What a reviewer learns of the people within a grant's reach before deciding: numbers, never who.
//!
//! A number is said as a counted table says it: nothing of fewer than eight, the rest rounded to five. With the
//! fields that a condition tests lies the rest of the danger, since whoever may narrow a grant may choose the condition:
//! a survey is for reviewers who are cleared for those fields.

use std::sync::Arc;

use linli_model::{Date, EntityType, Field};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::access::{Mode, Operation};
use crate::actor::Actor;
use crate::denial::{Denial, DenialKind};
use crate::disclosure::{self, SmallestGroup};
use crate::plan::{Authorized, Bounds};
use crate::scope::{Compiled, Scope};

/// Shares are told in steps of so many percent.
const PERCENT_STEP: i64 = 5;

/// How many records a grant reaches, and how alike they are in what would be seen.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Of this entity type.
    pub entity: Arc<EntityType>,
    /// Within reach of the grant, for whatever actor.
    pub bounds: Bounds,
    /// The fields that would be seen, by index, and how.
    pub seen: Vec<(usize, Mode)>,
    /// For derived fields.
    pub today: Date,
}

/// A number of people or records as a reviewer may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Fewer than eight, or none.
    Few,
    /// So many, to the nearest five.
    About(i64),
}

impl Figure {
    /// An exact number, made inexact.
    pub fn of(exact: i64) -> Self {
        if SmallestGroup::default().shows(exact) { Self::About(disclosure::count(exact)) } else { Self::Few }
    }

    /// `part` of `whole` in steps of five percent; none where the whole is few.
    pub fn percent(part: i64, whole: i64) -> Option<i64> {
        let steps = 100 / PERCENT_STEP;
        SmallestGroup::default()
            .shows(whole)
            .then(|| part.saturating_mul(2 * steps).saturating_add(whole).div_euclid(2 * whole).saturating_mul(PERCENT_STEP))
    }
}

/// `{"fewer_than": 8}` or `{"about": 40}`.
impl PartialSchema for Figure {
    fn schema() -> RefOr<Schema> {
        let whole = || ObjectBuilder::new().schema_type(Type::Integer);
        ObjectBuilder::new().schema_type(Type::Object).property("fewer_than", whole()).property("about", whole()).into()
    }
}

impl ToSchema for Figure {}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Few => map.serialize_entry("fewer_than", &SmallestGroup::default().people())?,
            Self::About(number) => map.serialize_entry("about", number)?,
        }
        map.end()
    }
}

impl Survey {
    /// The fields that would be seen.
    pub fn fields(&self) -> impl Iterator<Item = (&Field, Mode)> {
        self.seen.iter().filter_map(|(index, mode)| self.entity.fields.get_index(*index).map(|(_, field)| (field, *mode)))
    }
}

impl Scope {
    /// A survey of each access, by its index in the manifest.
    pub fn surveys(&self, reviewer: &Actor, today: Date) -> Vec<(usize, Result<Authorized<Survey>, Denial>)> {
        self.accesses.iter().map(|access| (access.request, survey(access, reviewer, today))).collect()
    }
}

fn survey(access: &Compiled, reviewer: &Actor, today: Date) -> Result<Authorized<Survey>, Denial> {
    let entity = &access.entity;
    let tested = access.condition.looks_at(entity);
    if let Some((_, above)) = tested.into_iter().find(|(_, field)| field.classification > reviewer.clearance) {
        let message = format!("the condition tests `{}`, which is {}, above your clearance", above.name, above.classification.as_str());
        return Err(Denial::new(DenialKind::Clearance, message).entity(&entity.name).field(&above.name));
    }
    Ok(Authorized::new(Survey { entity: entity.clone(), bounds: access.granted_bounds(), seen: seen(access), today }))
}

/// What leaves the store under an access: what it reads, or what it shows to the public.
fn seen(access: &Compiled) -> Vec<(usize, Mode)> {
    let reads = access.operations.contains(&Operation::Read);
    let shows = |name: &String| reads || (access.operations.contains(&Operation::PublicLookup) && access.public.contains(name));
    let fields = access.fields.iter().filter(|(name, mode)| **mode >= Mode::Masked && shows(name));
    fields.filter_map(|(name, mode)| access.entity.fields.get_index_of(name).map(|index| (index, *mode))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Narrowing, Role, test_model};
    use linli_model::Classification;

    #[test]
    fn few_are_not_told_and_more_only_in_fives() {
        assert_eq!([0, 1, 7].map(Figure::of), [Figure::Few; 3]);
        assert_eq!([8, 12, 13, 60_001].map(Figure::of), [10, 10, 15, 60_000].map(Figure::About));
        assert_eq!((Figure::percent(3, 7), Figure::percent(0, 8), Figure::percent(8, 8)), (None, Some(0), Some(100)));
        assert_eq!((Figure::percent(2, 100), Figure::percent(3, 100), Figure::percent(52, 100)), (Some(0), Some(5), Some(50)));
        assert_eq!(serde_json::to_string(&[Figure::Few, Figure::About(10)]).unwrap(), r#"[{"fewer_than":8},{"about":10}]"#);
    }

    #[test]
    fn a_survey_sees_what_would_leave_and_is_for_those_cleared_for_what_the_condition_tests() {
        let accesses = r#"
            [[access]]
            purpose = "p"
            entity = "resident"
            operations = ["read"]
            fields = { name = "masked", disability_level = "check", age = "plain" }
            where = "birth_date < \"1946-01-01\""
            [[access]]
            purpose = "p"
            entity = "resident"
            operations = ["create"]
            fields = { phone = "plain" }
            [[access]]
            purpose = "p"
            entity = "resident"
            operations = ["public-lookup"]
            fields = { status = "plain", phone = "plain" }
            public = ["status"]
        "#;
        let scope = test_model::granted(accesses, &Narrowing::default()).unwrap();
        let seen = |clearance| {
            let reviewer = Actor { id: 1, roles: vec![Role::Admin], regions: Vec::new(), clearance, resident: None, publisher: None };
            let surveys = scope.surveys(&reviewer, "2026-02-28".parse().unwrap());
            surveys
                .into_iter()
                .map(|(_, survey)| survey.map(|survey| survey.fields().map(|(field, _)| field.name.clone()).collect::<Vec<_>>()))
                .collect::<Vec<_>>()
        };
        let names = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(seen(Classification::Personal), [names(&["age", "name"]), names(&[]), names(&["status"])]);
        let [denied, none, status] = &seen(Classification::Internal)[..] else { panic!() };
        assert_eq!(denied.as_ref().map_err(|denial| denial.kind), Err(DenialKind::Clearance));
        assert_eq!((none, status), (&names(&[]), &names(&["status"])));
    }
}
