//! Surveys: how many records a grant reaches, and how many of them nobody else is like.

use linli_model::{Date, Field, Mask, Origin, RegionTree, entity, mask};
use linli_scope::survey::{Figure, Survey};
use linli_scope::{Authorized, Mode};

use crate::Store;
use crate::database::Cells as _;
use crate::error::StoreError;
use crate::sql::{self, Sql};

/// Fields that are tried together, at most, and how many of them are combined.
const TRIED: usize = 8;
const COMBINED: usize = 3;
/// From this share on, a combination is said to identify.
const TELLING_PERCENT: i64 = 50;

/// What a survey found.
#[derive(Clone, Debug)]
pub struct Surveyed {
    /// How many records.
    pub records: Figure,
    /// How many in each community, by its code, where the entity type has a region.
    pub communities: Vec<(String, Figure)>,
    /// How alike people are, where the records are people and fields of them would be seen.
    pub alike: Option<Alike>,
}

/// How many people are told apart by what would be seen.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Alike {
    /// Fields that tell one person from all others by themselves: plain ones whose value no two have.
    pub identifiers: Vec<String>,
    /// People whom the other fields together tell from all others.
    pub unique: Figure,
    /// Their share, in steps of five percent.
    pub unique_percent: Option<i64>,
    /// The fewest of the other fields that together tell at least half of the people from all others, if up to three do.
    pub together: Vec<String>,
    /// The share of people whom these tell from all others.
    pub together_percent: Option<i64>,
}

impl Store {
    /// Counts the records within reach of a grant.
    pub async fn survey(&self, survey: &Authorized<Survey>) -> Result<Surveyed, StoreError> {
        let (total, communities) = self.counted(survey).await?;
        let alike = if survey.entity.is_people() && !survey.seen.is_empty() { Some(self.alike(survey, total).await?) } else { None };
        Ok(Surveyed { records: Figure::of(total), communities, alike })
    }

    async fn counted(&self, survey: &Survey) -> Result<(i64, Vec<(String, Figure)>), StoreError> {
        let community = survey.entity.region_column().map(|_| entity::COMMUNITY);
        let mut out = Sql::default();
        out.sql(community.unwrap_or("''"));
        let regions = self.regions();
        let statement =
            from(survey, &regions, &format!("SELECT {}, count(*)", out.text), community.map(|column| vec![column.to_owned()]), "");
        let counts = self.readers().all(&statement.text, &statement.binds, |row| Ok((row.text(0)?, row.integer(1)?))).await?;
        let total = counts.iter().map(|(_, count)| count).sum();
        let mut communities: Vec<_> = counts.into_iter().map(|(code, count)| (code, Figure::of(count))).collect();
        communities.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok((total, if community.is_some() { communities } else { Vec::new() }))
    }

    async fn alike(&self, survey: &Survey, total: i64) -> Result<Alike, StoreError> {
        let is_key = |field: &Field, mode: Mode| mode == Mode::Plain && survey.entity.keys.contains(&field.name);
        let identifiers = survey.fields().filter(|(field, mode)| is_key(field, *mode)).map(|(field, _)| field.name.clone()).collect();
        let others: Vec<_> = survey.fields().filter(|(field, mode)| !is_key(field, *mode)).collect();
        let unique = self.unique(survey, &others).await?;
        let (together, told) = self.telling(survey, &others, total).await?;
        Ok(Alike {
            identifiers,
            unique: Figure::of(unique),
            unique_percent: Figure::percent(unique, total),
            together_percent: if together.is_empty() { None } else { Figure::percent(told, total) },
            together,
        })
    }

    /// Adds, one after the other, the field that tells most people apart, until half of them are.
    async fn telling(&self, survey: &Survey, others: &[(&Field, Mode)], total: i64) -> Result<(Vec<String>, i64), StoreError> {
        let mut chosen: Vec<(&Field, Mode)> = Vec::new();
        while chosen.len() < COMBINED {
            let mut best = None;
            for candidate in others.iter().take(TRIED) {
                if chosen.iter().any(|(field, _)| field.name == candidate.0.name) {
                    continue;
                }
                let with: Vec<_> = chosen.iter().copied().chain([*candidate]).collect();
                let unique = self.unique(survey, &with).await?;
                if best.as_ref().is_none_or(|(most, _)| unique > *most) {
                    best = Some((unique, with));
                }
            }
            let Some((unique, with)) = best else { break };
            chosen = with;
            if Figure::percent(unique, total).is_some_and(|percent| percent >= TELLING_PERCENT) {
                return Ok((chosen.iter().map(|(field, _)| field.name.clone()).collect(), unique));
            }
        }
        Ok((Vec::new(), 0))
    }

    /// How many people differ from all others in these fields, as they would be seen.
    async fn unique(&self, survey: &Survey, fields: &[(&Field, Mode)]) -> Result<i64, StoreError> {
        if fields.is_empty() {
            return Ok(0);
        }
        let seen = fields.iter().map(|(field, mode)| shown(field, *mode, survey.today)).collect();
        let groups = from(survey, &self.regions(), "SELECT count(*) AS people", Some(seen), " HAVING count(*) = 1");
        self.readers().number(&format!("SELECT count(*) FROM ({}) AS alone", groups.text), &groups.binds).await
    }
}

/// `SELECT … FROM … WHERE … GROUP BY …` of what a survey reaches.
fn from(survey: &Survey, regions: &RegionTree, select: &str, groups: Option<Vec<String>>, having: &str) -> Sql {
    let mut out = Sql::default();
    for part in [select, " FROM ", &survey.entity.table, " WHERE 1 = 1"] {
        out.sql(part);
    }
    sql::bounds(&mut out, &survey.entity, &survey.bounds, survey.today, regions);
    if let Some(groups) = groups {
        out.sql(" GROUP BY ");
        out.sql(&groups.join(", "));
    }
    out.sql(having);
    out
}

/// A field as it would be seen, as an SQL expression: names of checked schemas and numbers only.
fn shown(field: &Field, mode: Mode, today: Date) -> String {
    let name = &field.name;
    if let Origin::AgeOf(born) = &field.origin {
        let (month, day) = today.month_day();
        let year = today.year();
        return format!(
            "{year} - CAST(substr({born}, 1, 4) AS BIGINT) - CASE WHEN substr({born}, 6, 5) > '{month:02}-{day:02}' THEN 1 ELSE 0 END"
        );
    }
    match field.mask.filter(|_| mode == Mode::Masked) {
        None => name.clone(),
        Some(Mask::Name) => {
            let compound = mask::COMPOUND.map(|surname| format!("'{surname}'")).join(", ");
            format!(
                "CASE WHEN substr({name}, 1, 2) IN ({compound}) THEN substr({name}, 1, 2) ELSE substr({name}, 1, 1) END, length({name})"
            )
        }
        Some(Mask::Phone) => format!("substr({name}, 1, 3), substr({name}, length({name}) - 3)"),
        Some(Mask::IdNumber) => format!("substr({name}, 1, 1), substr({name}, length({name}))"),
        // No more than this many characters are shown: those who look alike here look alike masked, too.
        Some(Mask::Address) => format!("substr({name}, 1, {})", mask::ADDRESS_SHOWN),
    }
}
