//! Example rows for a reviewer: made up from the schema and a seed, never read from the store.

use linli_model::{Catalogue, Date, EntityType, Field, FieldKind, Origin, RecordNo, RegionCode, RegionTree, Value, entity, region, value};
use linli_population::{Community, Plan, Values};
use linli_scope::plan::Reach;
use linli_scope::predicate::{Facts, value_of};
use linli_scope::survey::Survey;
use linli_scope::{Authorized, Mode};
use serde_json::{Map, Value as Json};

/// Rows that are shown.
const ROWS: usize = 10;
/// People who are made up to find some whom the condition fits.
const MADE_UP: usize = 6_000;
/// The same request always shows the same rows.
const SEED: u64 = 2_026;

/// Up to ten made-up rows as the plugin would see them, of people whom the grant's condition fits. Fewer where the condition is
/// so narrow that hardly any of those made up fit.
pub(crate) fn rows(survey: &Authorized<Survey>, catalogue: &Catalogue, regions: &RegionTree) -> Vec<Map<String, Json>> {
    let entity = &survey.entity;
    let Some((code, name)) = place(survey, regions) else { return Vec::new() };
    let county = code.as_str().get(..6).unwrap_or_default();
    let (month, day) = survey.today.month_day();
    let plan = Plan {
        communities: &[Community { code: code.as_str(), name: &name }],
        hukou_elsewhere: &[county],
        residents: MADE_UP,
        seed: SEED,
        today: (survey.today.year(), month.unsigned_abs(), day.unsigned_abs()),
    };
    let made_up: Box<dyn Iterator<Item = Values> + '_> = match entity.name.as_str() {
        "resident" => Box::new(plan.dwellings().flat_map(|dwelling| dwelling.households).flat_map(|household| household.residents)),
        "household" => Box::new(plan.dwellings().flat_map(|dwelling| dwelling.households).map(|household| household.values)),
        "dwelling" => Box::new(plan.dwellings().map(|dwelling| dwelling.values)),
        _ => Box::new((0..ROWS).map(|number| invented(entity, catalogue, number, &code, survey.today))),
    };
    made_up.filter_map(|values| row(survey, catalogue, &values)).take(ROWS).collect()
}

/// A community within reach, for the rows to lie in; none where the tree has none.
fn place(survey: &Survey, regions: &RegionTree) -> Option<(RegionCode, String)> {
    let root = match &survey.bounds.regions {
        Reach::Within(within) => within.first(),
        Reach::Everywhere => None,
    };
    let community = root.and_then(RegionCode::community);
    let below = || regions.within(root).find(|(code, _)| code.as_str().len() == region::COMMUNITY_DIGITS).map(|(code, _)| code.clone());
    let code = community.or_else(below)?;
    let name = regions.name(code.as_str()).unwrap_or("示例社区").to_owned();
    Some((code, name))
}

/// A made-up record as it would be seen; none where the condition does not fit it.
fn row(survey: &Survey, catalogue: &Catalogue, made_up: &Values) -> Option<Map<String, Json>> {
    let entity = &survey.entity;
    let record = |name: &str| -> Value {
        let known = match (name, entity.field(name).map(|field| &field.origin)) {
            // What the host fills follows from the grid cell.
            (entity::COMMUNITY, Some(Origin::Implicit)) => community(entity, made_up),
            _ => made_up.get(name).cloned(),
        };
        let field = entity.field(name);
        let read = |(json, field): (Json, &Field)| Value::from_json(&json, field, catalogue, &|_, _| Some(RecordNo(0))).ok();
        known.zip(field).and_then(read).unwrap_or(Value::Null)
    };
    // Of what a reference leads to nothing is made up: where the condition asks for it, no row fits.
    let facts = Facts { record: &record, other: &|_, _, _| Value::Null, today: survey.today };
    if survey.bounds.condition.holds(entity, &facts) != Some(true) {
        return None;
    }
    let seen =
        survey.fields().map(|(field, mode)| (field.name.clone(), shown(field, mode, value_of(entity, &field.name, &record, survey.today))));
    Some(seen.collect())
}

fn community(entity: &EntityType, made_up: &Values) -> Option<Json> {
    let grid = made_up.get(entity.region_column()?)?.as_str()?;
    grid.get(..region::COMMUNITY_DIGITS).map(Json::from)
}

fn shown(field: &Field, mode: Mode, value: Value) -> Json {
    match (&value, field.mask) {
        (Value::Text(text), Some(mask)) if mode == Mode::Masked => {
            let mut masked = String::new();
            mask.apply(text, &mut masked);
            masked.into()
        }
        // Another record's token means nothing to the reviewer.
        (Value::Reference(_), _) => "…".into(),
        _ => {
            let mut text = String::new();
            value.write_json(&mut text);
            serde_json::from_str(&text).unwrap_or(Json::Null)
        }
    }
}

/// A record of an entity type of which nobody made up a population: each field by its kind.
fn invented(entity: &EntityType, catalogue: &Catalogue, number: usize, community: &RegionCode, today: Date) -> Values {
    let fields = entity.fields.values().filter(|field| field.origin == Origin::Stored || field.origin == Origin::Implicit);
    fields.map(|field| (field.name.clone(), by_kind(field, catalogue, number, community, today))).collect()
}

fn by_kind(field: &Field, catalogue: &Catalogue, number: usize, community: &RegionCode, today: Date) -> Json {
    let nth = i64::try_from(number).unwrap_or_default();
    match &field.kind {
        FieldKind::Text { max, pattern: None, .. } => format!("示例{}", number + 1).chars().take(*max).collect::<String>().into(),
        FieldKind::Integer { min, max } => min.saturating_add(nth).min(*max).into(),
        FieldKind::Decimal { .. } => {
            let mut text = String::new();
            value::write_integer(nth + 1, &mut text);
            text.into()
        }
        FieldKind::Boolean => number.is_multiple_of(2).into(),
        FieldKind::Date => today.to_string().into(),
        FieldKind::Code { list } => {
            let codes = catalogue.codes(list).map(|list| &list.codes);
            codes.and_then(|codes| codes.get_index(number % codes.len().max(1))).map_or(Json::Null, |(code, _)| code.as_str().into())
        }
        FieldKind::Region { grid } => format!("{}{}", community.as_str(), if *grid { "001" } else { "" }).into(),
        FieldKind::Reference { .. } => "…".into(),
        // What a pattern or a check character asks for can't be made up from here.
        FieldKind::Text { .. } | FieldKind::IdNumber | FieldKind::CreditCode => Json::Null,
    }
}
