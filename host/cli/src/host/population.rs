//! The demonstration's population, entered like any other records: checked, journaled, logged.

use anyhow::{Result, anyhow, bail};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use indicatif::ProgressBar;
use jiff::Timestamp;
use linli_entry::{Desk, EntryError};
use linli_model::Value::Text;
use linli_model::{Classification, Date, RecordNo, RegionCode, RegionTree};
use linli_population::{Community, Dwelling, Household, Neighbourhood, Plan, Values};
use linli_runtime::Runtime;
use linli_scope::decide::Ask;
use linli_scope::{Actor, Operator, Role};
use linli_store::{Made, Once, Store};
use serde_json::Value;

use crate::output;

/// The seed of the demonstration's population.
const SEED: u64 = 440_104_022;
/// On what evidence the records stand.
const EVIDENCE: &str = "合成数据 synthetic";
/// Dwellings that are entered at once; their records share the group commits.
const AT_ONCE: usize = 128;

const REGIONS: &str = include_str!("../../../../schemas/regions/guangdong-2023.csv");

/// Who does what nobody does as a person, within these regions: it has its own name in the log.
pub fn importer(regions: Vec<RegionCode>) -> Actor {
    Actor { id: 0, roles: vec![Role::Worker], regions, clearance: Classification::Sensitive, resident: None, publisher: None }
}

/// Puts Guangdong's divisions into the store.
pub async fn enter_regions(store: &Store) -> Result<()> {
    let tree = RegionTree::read(REGIONS)?;
    let all = tree.within(None).map(|(code, name)| (code.clone(), name.to_owned())).collect();
    Ok(store.add_regions(all).await?)
}

/// The street's communities, by code.
pub fn communities(store: &Store, street: &RegionCode) -> Vec<(RegionCode, String)> {
    let regions = store.regions();
    regions.children(Some(street)).map(|(code, name)| (code.clone(), name.to_owned())).collect()
}

/// Enters a population of so many residents. Returns the record of the oldest of the first community.
pub async fn enter(runtime: &Runtime, street: &RegionCode, residents: usize) -> Result<i64> {
    let store = runtime.store();
    let known = communities(store, street);
    let named: Vec<_> = known.iter().map(|(code, name)| Community { code: code.as_str(), name }).collect();
    let Some((first, _)) = known.first() else { bail!("{street} has no communities") };
    let elsewhere = elsewhere(store, street);
    let elsewhere: Vec<&str> = elsewhere.iter().map(RegionCode::as_str).collect();
    let today = Date::of(Timestamp::now());
    let (month, day) = today.month_day();
    let plan = Plan {
        communities: &named,
        hukou_elsewhere: &elsewhere,
        residents,
        seed: SEED,
        today: (today.year(), month.unsigned_abs(), day.unsigned_abs()),
    };
    let cells =
        plan.grid_cells().into_iter().map(|cell| Ok((cell.code.parse()?, cell.name))).collect::<Result<Vec<(RegionCode, String)>>>()?;
    store.add_regions(cells).await?;
    let actor = importer(vec![street.clone()]);
    let desk = runtime.console().desk(store, Some(&actor), "bulk entry", Timestamp::now());
    let bar = output::bar(residents as u64, "  录入居民 residents {bar:30} {pos}/{len}  {per_sec}  {eta}");
    let mut oldest: Option<(String, i64)> = None;
    let mut entered = stream::iter(plan.dwellings()).map(|dwelling| enter_dwelling(&desk, dwelling, first, &bar)).buffer_unordered(AT_ONCE);
    while let Some(found) = entered.next().await {
        oldest = oldest.into_iter().chain(found?).min();
    }
    drop(entered);
    bar.finish_and_clear();
    stream::iter(plan.neighbourhoods()).map(Ok::<_, anyhow::Error>).try_for_each(|one| enter_neighbourhood(&desk, one)).await?;
    store.analyze().await?;
    oldest.map(|(_, record)| record).ok_or_else(|| anyhow!("nobody lives in the first community"))
}

fn elsewhere(store: &Store, street: &RegionCode) -> Vec<RegionCode> {
    let own = street.parent();
    let regions = store.regions();
    regions.within(None).map(|(code, _)| code).filter(|code| code.as_str().len() == 6 && Some(*code) != own.as_ref()).cloned().collect()
}

/// Enters a dwelling and who lives in it. Returns birth date and record of its oldest, where it lies in `community`.
async fn enter_dwelling(desk: &Desk<'_>, dwelling: Dwelling, community: &RegionCode, bar: &ProgressBar) -> Result<Option<(String, i64)>> {
    let made = one(desk, "dwelling", &dwelling.values).await?;
    let dwelling_id = desk.scope.tokens().token(made.entity, made.record);
    let mut oldest = None;
    for household in dwelling.households {
        let found = enter_household(desk, household, &dwelling_id, community, bar).await?;
        oldest = oldest.into_iter().chain(found).min();
    }
    Ok(oldest)
}

async fn enter_household(
    desk: &Desk<'_>,
    household: Household,
    dwelling: &str,
    community: &RegionCode,
    bar: &ProgressBar,
) -> Result<Option<(String, i64)>> {
    let mut values = household.values;
    values.insert("dwelling".into(), dwelling.into());
    let made = one(desk, "household", &values).await?;
    let household_id = desk.scope.tokens().token(made.entity, made.record);
    let residents = household.residents.into_iter().map(|mut values| {
        values.insert("household".into(), household_id.clone().into());
        async move {
            let made = one(desk, "resident", &values).await?;
            bar.inc(1);
            let near = values.get("grid").and_then(Value::as_str).is_some_and(|grid| community.contains(grid));
            let born = values.get("birth_date").and_then(Value::as_str).map(ToOwned::to_owned);
            let RecordNo(record) = made.record;
            Ok::<_, anyhow::Error>(born.filter(|_| near).map(|born| (born, record)))
        }
    });
    let mut oldest = None;
    for found in futures::future::join_all(residents).await {
        oldest = oldest.into_iter().chain(found?).min();
    }
    Ok(oldest)
}

/// Enters what a community has beside its residents. Matters that concern one go to the oldest in turn.
async fn enter_neighbourhood(desk: &Desk<'_>, neighbourhood: Neighbourhood) -> Result<()> {
    let ask = Ask {
        entity: "resident".into(),
        filter: vec![("community".into(), Operator::Equal, vec![Text(neighbourhood.community)])],
        sort: vec![("birth_date".into(), false)],
        limit: 40,
        ..Ask::default()
    };
    let oldest: Vec<Values> = serde_json::from_str(&desk.read(&ask).await?.json)?;
    let mut oldest = oldest.iter().filter_map(|resident| resident.get("id")).cycle();
    let mut organisations = Vec::with_capacity(neighbourhood.organisations.len());
    for values in &neighbourhood.organisations {
        let made = one(desk, "organisation", values).await?;
        organisations.push(desk.scope.tokens().token(made.entity, made.record));
    }
    for mut facility in neighbourhood.facilities {
        if let Some(operator) = facility.operator.and_then(|operator| organisations.get(operator)) {
            facility.values.insert("organisation".into(), operator.clone().into());
        }
        one(desk, "facility", &facility.values).await?;
    }
    for mut matter in neighbourhood.matters {
        if let Some(resident) = oldest.by_ref().next().filter(|_| matter.concerns_resident) {
            matter.values.insert("resident".into(), resident.clone());
        }
        one(desk, "matter", &matter.values).await?;
    }
    Ok(())
}

async fn one(desk: &Desk<'_>, entity: &str, values: &Values) -> Result<Made> {
    desk.enter(entity, values, Some(EVIDENCE.into()), Once::default()).await.map_err(|error| match error {
        EntryError::Invalid(errors) => anyhow!("a synthetic {entity} can't be entered: {errors:?}"),
        error => error.into(),
    })
}
