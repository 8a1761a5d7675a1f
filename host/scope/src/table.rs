//! Declared tables: what may be counted of an entity type. The manifest fixes a table whole, the grant approves it, a
//! guest asks for it by its name.

use std::sync::Arc;

use indexmap::IndexMap;
use linli_model::{Catalogue, Decimal, EntityType, Field, FieldKind, Text, Value};
use serde::{Deserialize, Serialize};

use crate::condition::{self, ConditionError};
use crate::disclosure::Share;
use crate::predicate::{Comparison, Operand, Operator, Predicate};

/// The most fields that a table is grouped by.
pub const BY_MAX: usize = 3;
/// The most edges of one field's bands.
const EDGES_MAX: usize = 100;
/// The most units of its last digit that one record may add to a sum: a thousand million records still fit 64 bits.
const SHARE_MAX: i64 = 1_000_000_000;
/// Columns of a table's own.
pub const COUNT: &str = "count";
/// The column of a sum.
pub const SUM: &str = "sum";
/// The column of an average.
pub const AVERAGE: &str = "average";

/// A table as the manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schema(as = DeclaredTable)]
pub struct Table {
    /// By which a guest asks for it.
    pub name: String,
    /// What whoever approves it reads.
    pub title: Text,
    /// What is told of each group.
    #[serde(default)]
    pub measure: Measure,
    /// The fields that it is grouped by, at most three: codes, regions, booleans, dates (by year), numbers in bands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// Where the bands of a number begin: `age = [60, 80]` is below 60, 60 to 79, 80 and above.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub bands: IndexMap<String, Vec<Edge>>,
    /// Of a sum or average: between which a record's value counts. One beyond counts as the nearer of the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<[Edge; 2]>,
    /// Which of the records within reach, as a condition.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// What is told of each group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TableMeasure)]
pub enum Measure {
    /// How many people.
    #[default]
    Count,
    /// The sum of a number.
    Sum(String),
    /// The average of a number.
    Average(String),
    /// How many people in each band of a number.
    Distribution(String),
}

/// A number in a manifest; a decimal is written as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = TableEdge)]
pub enum Edge {
    /// `60`
    Whole(i64),
    /// `"12.50"`
    Text(String),
}

impl From<&Edge> for Value {
    fn from(edge: &Edge) -> Self {
        match edge {
            Edge::Whole(number) => Self::Integer(*number),
            Edge::Text(text) => Self::Text(text.clone()),
        }
    }
}

/// Why a table can't be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    /// Its fields or numbers.
    #[error("{0}")]
    Meaning(String),
    /// Its condition.
    #[error("where: {0}")]
    Condition(#[from] ConditionError),
}

/// A table, checked against its entity type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tabulation {
    /// What it is grouped by.
    pub groups: Vec<Grouping>,
    /// What is summed beside the count.
    pub quantity: Quantity,
    /// Which of the records within reach.
    pub condition: Arc<Predicate>,
}

/// One field that a table is grouped by: its index in the entity type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// By its value.
    Value(usize),
    /// A date by its year.
    Year(usize),
    /// A number by its band.
    Bands(usize, Vec<Band>),
}

/// One band of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// How it is shown.
    pub label: String,
    /// What holds of a number below its end; none for the last.
    pub below: Option<Comparison>,
}

/// What a table tells beside the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Nothing.
    None,
    /// The sum of a field, by its index, each record's share between two bounds.
    Sum(usize, Share),
    /// The average of the same.
    Average(usize, Share),
}

impl Grouping {
    /// The field, by its index in the entity type.
    pub fn field(&self) -> usize {
        match self {
            Self::Value(field) | Self::Year(field) | Self::Bands(field, _) => *field,
        }
    }
}

impl Quantity {
    /// The field and each record's share of it.
    pub fn share(&self) -> Option<(usize, Share)> {
        match self {
            Self::None => None,
            Self::Sum(field, share) | Self::Average(field, share) => Some((*field, *share)),
        }
    }
}

impl Tabulation {
    /// The fields that it shows or adds up, by index.
    pub fn fields(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().map(Grouping::field).chain(self.quantity.share().map(|(field, _)| field))
    }
}

// === impl Table ===

impl Table {
    /// Checks the table by itself.
    pub(crate) fn check(&self) -> Result<(), TableError> {
        if self.by.len() > BY_MAX {
            return fail(format!("by names {} fields; at most {BY_MAX} are possible", self.by.len()));
        }
        let grouped = || self.grouped().collect::<Vec<_>>();
        if let Some(name) = self.grouped().find(|name| grouped().iter().filter(|other| *other == name).count() > 1) {
            return fail(format!("is grouped by `{name}` twice"));
        }
        if let Some(name) = self.grouped().find(|name| [COUNT, SUM, AVERAGE].contains(name)) {
            return fail(format!("can't be grouped by `{name}`: a table has a column of that name itself"));
        }
        if let Some(name) = self.bands.keys().find(|name| !grouped().contains(&name.as_str())) {
            return fail(format!("has bands of `{name}`, which it is not grouped by"));
        }
        if self.between.is_some() && !matches!(self.measure, Measure::Sum(_) | Measure::Average(_)) {
            return fail("has `between`, which only a sum or an average has".into());
        }
        Ok(())
    }

    /// What it is grouped by, of a distribution its field too.
    fn grouped(&self) -> impl Iterator<Item = &str> {
        let distributed = match &self.measure {
            Measure::Distribution(field) => Some(field),
            _ => None,
        };
        self.by.iter().chain(distributed).map(String::as_str)
    }

    /// Checks it against its entity type.
    pub(crate) fn compile(&self, entity: &EntityType, catalogue: &Catalogue) -> Result<Tabulation, TableError> {
        let condition = match &self.condition {
            Some(source) => condition::parse(source, entity, catalogue)?,
            None => Predicate::everything(),
        };
        Ok(Tabulation {
            groups: self.grouped().map(|name| self.grouping(entity, name)).collect::<Result<_, _>>()?,
            quantity: match &self.measure {
                Measure::Count | Measure::Distribution(_) => Quantity::None,
                Measure::Sum(name) => self.share(entity, name).map(|(field, share)| Quantity::Sum(field, share))?,
                Measure::Average(name) => self.share(entity, name).map(|(field, share)| Quantity::Average(field, share))?,
            },
            condition: Arc::new(condition),
        })
    }

    fn grouping(&self, entity: &EntityType, name: &str) -> Result<Grouping, TableError> {
        let (index, field) = known(entity, name)?;
        let edges = self.bands.get(name);
        match (&field.kind, edges) {
            (FieldKind::Code { .. } | FieldKind::Region { .. } | FieldKind::Boolean, None) => Ok(Grouping::Value(index)),
            (FieldKind::Date, None) => Ok(Grouping::Year(index)),
            (FieldKind::Integer { .. } | FieldKind::Decimal { .. }, Some(edges)) => {
                bands(entity, field, edges).map(|bands| Grouping::Bands(index, bands))
            }
            (FieldKind::Integer { .. } | FieldKind::Decimal { .. }, None) => {
                fail(format!("can be grouped by `{name}` in bands only: add `bands = {{ {name} = [60, 80] }}`"))
            }
            (_, Some(_)) => fail(format!("has bands of `{name}`, which holds {}", field.kind.word())),
            (kind, None) => fail(format!(
                "can't be grouped by `{name}`, which holds {}: only codes, regions, booleans, dates (by year) and numbers in bands can",
                kind.word()
            )),
        }
    }

    /// A field that can be added up, and what one record adds.
    fn share(&self, entity: &EntityType, name: &str) -> Result<(usize, Share), TableError> {
        let (index, field) = known(entity, name)?;
        if entity.subjects.iter().any(|subject| *subject != linli_model::SubjectPath::Own) {
            return fail(format!(
                "adds up `{name}` of `{}`, of which one person may have many: only what has one record a person can be added up",
                entity.name
            ));
        }
        let [least, most] = match (&self.between, &field.kind) {
            (Some([least, most]), FieldKind::Integer { .. } | FieldKind::Decimal { .. }) => [least, most]
                .map(|edge| Comparison::new(entity, name, Operator::Less, vec![edge.into()]).ok().and_then(|edge| units(&edge))),
            (None, FieldKind::Integer { min, max }) => [Some(*min), Some(*max)],
            (None, FieldKind::Decimal { .. }) => [None, None],
            (_, kind) => return fail(format!("can't add up `{name}`, which holds {}", kind.word())),
        };
        match (least, most) {
            (Some(least), Some(most)) if least < most && least >= -SHARE_MAX && most <= SHARE_MAX => Ok((index, Share { least, most })),
            _ => fail(format!(
                "adds up `{name}`, so `between = [least, most]` must say how much of one record counts: two numbers of `{name}`, the lesser \
                 first, neither beyond {SHARE_MAX} units of its last digit"
            )),
        }
    }
}

fn fail<T>(reason: String) -> Result<T, TableError> {
    Err(TableError::Meaning(reason))
}

fn known<'e>(entity: &'e EntityType, name: &str) -> Result<(usize, &'e Field), TableError> {
    match entity.fields.get_full(name) {
        Some((index, _, field)) => Ok((index, field)),
        None => fail(format!("`{}` has no field `{name}`", entity.name)),
    }
}

fn units(compared: &Comparison) -> Option<i64> {
    match compared.operands.first()? {
        Operand::Value(Value::Integer(number)) => Some(*number),
        Operand::Value(Value::Decimal(decimal)) => Some(decimal.units),
        _ => None,
    }
}

fn bands(entity: &EntityType, field: &Field, edges: &[Edge]) -> Result<Vec<Band>, TableError> {
    let name = &field.name;
    let below = |edge: &Edge| {
        Comparison::new(entity, name, Operator::Less, vec![edge.into()]).map_err(|misfit| TableError::Meaning(format!("bands: {misfit}")))
    };
    let below = edges.iter().map(below).collect::<Result<Vec<_>, _>>()?;
    // None where one is no number.
    let starts: Vec<i64> = below.iter().map(units).collect::<Option<_>>().unwrap_or_default();
    let ascending = starts.is_sorted_by(|a, b| a < b);
    if starts.is_empty() || starts.len() > EDGES_MAX || !ascending {
        return fail(format!("bands of `{name}` must be 1 to {EDGES_MAX} numbers, each above the one before"));
    }
    let labels = labels(&field.kind, &starts);
    Ok(labels.into_iter().zip(below.into_iter().map(Some).chain([None])).map(|(label, below)| Band { label, below }).collect())
}

/// `<60`, `60-79`, `80+`; of decimals `12.50-<20.00`.
fn labels(kind: &FieldKind, starts: &[i64]) -> Vec<String> {
    let shown = |units: i64| match kind {
        FieldKind::Decimal { scale } => Decimal { units, scale: *scale }.to_string(),
        _ => units.to_string(),
    };
    let between = |start: i64, end: i64| match kind {
        FieldKind::Decimal { .. } => format!("{}-<{}", shown(start), shown(end)),
        // The lowest and the highest number may be edges too.
        _ if end.checked_sub(start) == Some(1) => shown(start),
        _ => format!("{}-{}", shown(start), shown(end - 1)),
    };
    let first = starts.first().map(|start| format!("<{}", shown(*start)));
    let last = starts.last().map(|start| format!("{}+", shown(*start)));
    let middle = starts.iter().zip(starts.iter().skip(1)).map(|(start, end)| between(*start, *end));
    first.into_iter().chain(middle).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_model;

    fn read(text: &str) -> Table {
        toml::from_str(&format!("name = \"t\"\ntitle = \"t\"\n{text}")).unwrap()
    }

    fn compile(text: &str) -> Result<Tabulation, String> {
        compile_of("resident", text)
    }

    fn compile_of(entity: &str, text: &str) -> Result<Tabulation, String> {
        let (table, catalogue) = (read(text), test_model::catalogue());
        table.check().and_then(|()| table.compile(catalogue.entity(entity).unwrap(), &catalogue)).map_err(|reason| reason.to_string())
    }

    #[test]
    fn a_distribution_is_a_count_by_one_more_field() {
        let table =
            compile("measure = { distribution = \"age\" }\nby = [\"grid\", \"sex\", \"birth_date\"]\nbands = { age = [60, 80, 81] }")
                .unwrap();
        let [Grouping::Value(_), Grouping::Value(_), Grouping::Year(_), Grouping::Bands(_, bands)] = &table.groups[..] else { panic!() };
        let labels: Vec<_> = bands.iter().map(|band| (band.label.as_str(), band.below.is_some())).collect();
        assert_eq!(labels, [("<60", true), ("60-79", true), ("80", true), ("81+", false)]);
        assert_eq!(table.quantity, Quantity::None);
    }

    #[test]
    fn bands_may_begin_at_the_lowest_number_and_at_the_highest() {
        let table = compile(&format!("by = [\"age\"]\nbands = {{ age = [{}, {}] }}", i64::MIN, i64::MAX)).unwrap();
        let [Grouping::Bands(_, bands)] = &table.groups[..] else { panic!() };
        let labels: Vec<_> = bands.iter().map(|band| band.label.clone()).collect();
        assert_eq!(labels, [format!("<{}", i64::MIN), format!("{}-{}", i64::MIN, i64::MAX - 1), format!("{}+", i64::MAX)]);
    }

    #[test]
    fn a_share_lies_between_what_the_table_says_or_else_the_schema() {
        let share = |text: &str| compile(text).unwrap().quantity.share().map(|(_, share)| share);
        assert_eq!(share("measure = { average = \"age\" }"), Some(Share { least: 0, most: 150 }));
        assert_eq!(share("measure = { sum = \"age\" }\nbetween = [60, 100]"), Some(Share { least: 60, most: 100 }));
        assert_eq!(share("measure = { sum = \"age\" }\nbetween = [-1000000000, 1000000000]").unwrap().most, SHARE_MAX);
        for beyond in ["[-1000000001, 0]", "[0, 1000000001]"] {
            assert!(compile(&format!("measure = {{ sum = \"age\" }}\nbetween = {beyond}")).is_err(), "{beyond}");
        }
        assert_eq!(labels(&FieldKind::Decimal { scale: 2 }, &[1_250, 2_000]), ["<12.50", "12.50-<20.00", "20.00+"]);
    }

    #[test]
    fn a_decimal_is_counted_in_units_of_its_last_digit() {
        let area = "measure = { average = \"area\" }\nby = [\"area\"]\nbands = { area = [\"12.50\", 20] }\nbetween = [0, \"99.99\"]";
        let table = compile_of("dwelling", area).unwrap();
        assert!(matches!(table.quantity, Quantity::Average(_, Share { least: 0, most: 9_999 })));
        let [Grouping::Bands(_, bands)] = &table.groups[..] else { panic!() };
        assert!(bands.iter().map(|band| &*band.label).eq(["<12.50", "12.50-<20.00", "20.00+"]));
        let unbounded = compile_of("dwelling", "measure = { sum = \"area\" }").unwrap_err();
        assert!(unbounded.contains("so `between = [least, most]` must say"), "{unbounded}");
    }

    #[test]
    fn what_one_person_may_have_many_of_is_not_added_up() {
        let employees = compile_of("organisation", "measure = { sum = \"employees\" }").unwrap_err();
        assert!(employees.contains("of which one person may have many"), "{employees}");
        assert!(matches!(compile_of("facility", "measure = { sum = \"capacity\" }").unwrap().quantity, Quantity::Sum(..)));
    }

    #[test]
    fn bands_are_a_hundred_at_most() {
        let bands = |count: usize| compile(&format!("by = [\"age\"]\nbands = {{ age = {:?} }}", (0..count).collect::<Vec<_>>()));
        assert!(bands(100).is_ok());
        assert!(bands(101).unwrap_err().contains("1 to 100 numbers"));
    }

    #[test]
    fn a_table_knows_the_fields_that_it_shows_or_adds_up() {
        let table = compile("measure = { sum = \"age\" }\nby = [\"grid\", \"sex\"]").unwrap();
        let catalogue = test_model::catalogue();
        let resident = catalogue.entity("resident").unwrap();
        let names: Vec<_> = table.fields().filter_map(|index| resident.fields.get_index(index)).map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["grid", "sex", "age"]);
    }

    #[test]
    fn what_makes_no_table_is_refused_with_a_reason() {
        for (text, expected) in [
            ("by = [\"grid\", \"sex\", \"status\", \"community\"]", "at most 3"),
            ("by = [\"sex\", \"sex\"]", "`sex` twice"),
            ("by = [\"age\"]\nmeasure = { distribution = \"age\" }", "`age` twice"),
            ("by = [\"count\"]", "a column of that name itself"),
            ("by = [\"age\"]\nbands = { age = [60, 60] }", "each above the one before"),
            ("measure = { sum = \"nobody\" }", "no field `nobody`"),
            ("by = [\"nobody\"]", "no field `nobody`"),
            ("by = [\"name\"]", "can't be grouped by `name`, which holds text"),
            ("by = [\"id_number\"]", "can't be grouped by `id_number`"),
            ("by = [\"household\"]", "can't be grouped by `household`"),
            ("by = [\"age\"]", "in bands only"),
            ("by = [\"sex\"]\nbands = { sex = [1] }", "has bands of `sex`, which holds"),
            ("by = [\"sex\"]\nbands = { age = [1] }", "not grouped by"),
            ("by = [\"age\"]\nbands = { age = [] }", "1 to 100 numbers"),
            ("by = [\"age\"]\nbands = { age = [80, 60] }", "each above the one before"),
            ("by = [\"age\"]\nbands = { age = [\"x\"] }", "bands: `age` holds integer"),
            ("measure = { sum = \"name\" }", "can't add up `name`"),
            ("measure = { sum = \"age\" }\nbetween = [5, 5]", "the lesser first"),
            ("measure = { sum = \"age\" }\nbetween = [0, 5000000000]", "beyond 1000000000"),
            ("between = [0, 5]", "only a sum or an average"),
            ("where = \"age >= nobody\"", "where: "),
        ] {
            let message = compile(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn a_table_reads_back_as_it_was_written_in_a_grant() {
        let table = read("measure = { average = \"age\" }\nby = [\"grid\"]\nbetween = [\"1.5\", 100]\nwhere = \"age >= 60\"");
        let json = serde_json::to_string(&table).unwrap();
        assert_eq!(serde_json::from_str::<Table>(&json).unwrap(), table);
    }
}
