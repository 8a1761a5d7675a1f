//! Declared tables: made at random, written as a manifest does, and counted the slow way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::json;

use crate::condition::{Condition, Facts};
use crate::domain::{Domain, Values};
use crate::random::Random;
use crate::schema::{Field, Kind, Schema};
use crate::value::Value;

/// No group of fewer people is shown.
pub const SMALLEST: i64 = 8;
/// Counts are shown in multiples of this.
pub const STEP: i64 = 5;

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub name: &'static str,
    pub measure: Measure,
    pub by: Vec<String>,
    /// Of a number that it is grouped by: where its bands begin, in units of the last digit.
    bands: BTreeMap<String, Vec<i64>>,
    pub condition: Option<Condition>,
}

/// What is told of each group. What a record adds to a sum lies between two numbers, in units of the last digit.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    Count,
    Distribution(String),
    Sum(String, [i64; 2]),
    Average(String, [i64; 2]),
}

/// What a group is sorted by: unknown values last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
    Unknown,
}

/// Those of a group.
#[derive(Default)]
struct Group {
    shown: Vec<String>,
    records: i64,
    /// By each reference, whom they concern.
    people: BTreeMap<String, BTreeSet<i64>>,
    sum: i64,
}

impl Table {
    /// A table over these fields; none where they can't be counted.
    pub fn random(random: &mut Random, domain: &Domain<'_>, schema: &Schema, granted: &[String], name: &'static str) -> Option<Self> {
        let fields: Vec<&Field> = granted.iter().filter_map(|name| schema.field(name)).collect();
        let is_number = |field: &&&Field| matches!(field.kind, Kind::Integer | Kind::Decimal | Kind::AgeOf(_));
        let numbers: Vec<&Field> = fields.iter().filter(is_number).copied().collect();
        let mut groups: Vec<&Field> =
            fields.iter().filter(|field| !matches!(field.kind, Kind::Text | Kind::Reference(_))).copied().collect();
        random.shuffle(&mut groups);
        groups.truncate(*random.pick(&[0, 1, 1, 1, 2, 3]));
        let one = (!numbers.is_empty()).then(|| *random.pick(&numbers));
        let measure = match (random.below(10), one) {
            (0..=2, Some(field)) if !groups.iter().any(|group| group.name == field.name) => Measure::Distribution(field.name.clone()),
            (3..=5, Some(field)) if !schema.has_many_a_person() => Measure::Sum(field.name.clone(), between(random, field)),
            (6 | 7, Some(field)) if !schema.has_many_a_person() => Measure::Average(field.name.clone(), between(random, field)),
            _ => Measure::Count,
        };
        let by: Vec<String> = groups.iter().map(|field| field.name.clone()).collect();
        let mut table = Self { name, measure, by, bands: BTreeMap::new(), condition: None };
        if table.by.is_empty() && granted.is_empty() {
            return None;
        }
        let banded: Vec<String> = table.grouped().filter(|name| numbers.iter().any(|field| field.name == **name)).cloned().collect();
        table.bands = banded.into_iter().map(|name| (name.clone(), edges(random, schema.field(&name).unwrap()))).collect();
        table.condition = random.percent(40).then(|| Condition::random(random, domain, schema, 1));
        Some(table)
    }

    fn grouped(&self) -> impl Iterator<Item = &String> {
        let distributed = match &self.measure {
            Measure::Distribution(field) => Some(field),
            _ => None,
        };
        self.by.iter().chain(distributed)
    }

    fn summed(&self) -> Option<(&String, [i64; 2])> {
        match &self.measure {
            Measure::Sum(field, between) | Measure::Average(field, between) => Some((field, *between)),
            _ => None,
        }
    }

    /// The fields that it shows or adds up.
    pub fn fields(&self) -> impl Iterator<Item = &String> {
        self.grouped().chain(self.summed().map(|(field, _)| field))
    }

    pub fn has_bands(&self) -> bool {
        !self.bands.is_empty()
    }

    /// As a manifest writes it.
    pub fn text(&self, schema: &Schema) -> String {
        let edge = |name: &String, units: &i64| match schema.field(name).unwrap().kind {
            Kind::Decimal => Value::Decimal(*units).literal(),
            _ => units.to_string(),
        };
        let mut out = format!("[[access.table]]\nname = \"{}\"\ntitle = \"表\"\nby = {}\n", self.name, json!(self.by));
        let _ = match &self.measure {
            Measure::Count => Ok(()),
            Measure::Distribution(field) => writeln!(out, "measure = {{ distribution = \"{field}\" }}"),
            Measure::Sum(field, _) => writeln!(out, "measure = {{ sum = \"{field}\" }}"),
            Measure::Average(field, _) => writeln!(out, "measure = {{ average = \"{field}\" }}"),
        };
        if let Some((field, [least, most])) = self.summed() {
            let _ = writeln!(out, "between = [{}, {}]", edge(field, &least), edge(field, &most));
        }
        let bands = self.bands.iter().map(|(name, edges)| {
            let edges: Vec<_> = edges.iter().map(|units| edge(name, units)).collect();
            format!("{name} = [{}]", edges.join(", "))
        });
        let _ = writeln!(out, "bands = {{ {} }}", bands.collect::<Vec<_>>().join(", "));
        if let Some(condition) = &self.condition {
            let _ = writeln!(out, "where = {}", json!(condition.text()));
        }
        out
    }

    /// Its rows, of the records within reach.
    pub fn rows<'r>(&self, domain: &Domain<'_>, schema: &Schema, reached: impl Iterator<Item = &'r Values>, today: &str) -> String {
        let mut groups: BTreeMap<Vec<Key>, Group> = BTreeMap::new();
        for values in reached {
            let value = |path: &str| domain.value(schema, values, path, today);
            let admits = |condition: &Condition| condition.holds(&Facts { value: &value, today }) == Some(true);
            let added = self.summed().map(|(name, between)| (units(&value(name)), between));
            if !self.condition.as_ref().is_none_or(admits) || matches!(added, Some((None, _))) {
                continue;
            }
            let cells: Vec<(Key, String)> = self.grouped().map(|name| self.cell(schema.field(name).unwrap(), &value(name))).collect();
            let group = groups.entry(cells.iter().map(|(key, _)| key.clone()).collect()).or_default();
            group.shown = cells.into_iter().map(|(_, shown)| shown).collect();
            group.records += 1;
            if let Some((Some(units), [least, most])) = added {
                group.sum += units.clamp(least, most);
            }
            for subject in schema.referred() {
                let people = group.people.entry(subject.clone()).or_default();
                if let Value::Reference { number, .. } = value(subject) {
                    people.insert(number);
                }
            }
        }
        let rows: Vec<String> = groups.values().filter_map(|group| self.row(schema, group)).collect();
        format!("[{}]", rows.join(","))
    }

    /// Of one field that it is grouped by: what it is sorted by, and how it is shown.
    fn cell(&self, field: &Field, value: &Value) -> (Key, String) {
        let edges = self.bands.get(&field.name);
        match (value, edges) {
            (Value::Date(date), _) => (Key::Number(date[..4].parse().unwrap()), date[..4].trim_start_matches('0').to_owned()),
            (Value::Boolean(flag), _) => (Key::Number((*flag).into()), flag.to_string()),
            (Value::Text(text), _) => (Key::Text(text.clone()), value.shown()),
            (Value::Integer(_) | Value::Decimal(_), Some(edges)) => {
                let units = units(value).unwrap();
                let at = edges.iter().filter(|edge| **edge <= units).count();
                (Key::Number(at as i64), format!("\"{}\"", label(field, edges, at)))
            }
            _ => (Key::Unknown, "null".to_owned()),
        }
    }

    /// A group that is shown.
    fn row(&self, schema: &Schema, group: &Group) -> Option<String> {
        let each = schema.referred().map(|subject| group.people[subject].len() as i64);
        let own = (!schema.has_many_a_person()).then_some(group.records);
        let people = own.into_iter().chain(each).min().unwrap();
        if people < SMALLEST {
            return None;
        }
        let count = nearest(people.into(), STEP.into());
        let mut out = String::from("{");
        for (name, shown) in self.grouped().zip(&group.shown) {
            let _ = write!(out, "\"{name}\":{shown},");
        }
        let _ = write!(out, "\"count\":{count}");
        if let Some((name, [least, most])) = self.summed() {
            let is_decimal = schema.field(name).unwrap().kind == Kind::Decimal;
            let (least, most) = (i128::from(least), i128::from(most));
            let _ = if matches!(self.measure, Measure::Sum(..)) {
                let shown = nearest(group.sum.into(), step(5 * least.abs().max(most.abs())));
                write!(out, ",\"sum\":{}", if is_decimal { format!("\"{}\"", decimal(shown, 2)) } else { whole(shown) })
            } else {
                // In thousandths of a unit. One of so many, as they are shown, moves it by the span over their number.
                let moved = 5 * (most - least) * 1_000;
                let exact = (i128::from(group.sum) * 1_000).div_euclid(people.into());
                let shown = nearest(exact, step((moved + count - 1) / count)).clamp(least * 1_000, most * 1_000);
                write!(out, ",\"average\":\"{}\"", decimal(shown, if is_decimal { 5 } else { 3 }))
            };
        }
        out.push('}');
        Some(out)
    }
}

/// A number in units of its last digit.
fn units(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(units) | Value::Decimal(units) => Some(*units),
        _ => None,
    }
}

/// Edges around what there is.
fn edges(random: &mut Random, field: &Field) -> Vec<i64> {
    let known: Vec<i64> = field.samples.iter().filter_map(units).collect();
    let edges: BTreeSet<i64> = (0..=random.below(3)).map(|_| *random.pick(&known)).collect();
    edges.into_iter().collect()
}

fn between(random: &mut Random, field: &Field) -> [i64; 2] {
    let known = field.samples.iter().filter_map(units).filter(|units| units.abs() < 1_000_000);
    let known: Vec<i64> = known.collect();
    let (one, other) = (*random.pick(&known), *random.pick(&known));
    if one == other { [one, one + 3] } else { [one.min(other), one.max(other)] }
}

/// `<60`, `60-79`, `80+`; of one number only, that; of decimals `12.50-<20.00`.
fn label(field: &Field, edges: &[i64], at: usize) -> String {
    let is_decimal = field.kind == Kind::Decimal;
    let shown = |units: i64| if is_decimal { decimal(units.into(), 2) } else { units.to_string() };
    match (at.checked_sub(1).map(|before| edges[before]), edges.get(at)) {
        (None, Some(end)) => format!("<{}", shown(*end)),
        (Some(start), None) => format!("{}+", shown(start)),
        (Some(start), Some(end)) if is_decimal => format!("{}-<{}", shown(start), shown(*end)),
        (Some(start), Some(end)) if i128::from(*end) - i128::from(start) == 1 => shown(start),
        (Some(start), Some(end)) => format!("{}-{}", shown(start), shown(end - 1)),
        (None, None) => String::new(),
    }
}

/// To the nearest multiple; half of a step up.
fn nearest(value: i128, step: i128) -> i128 {
    (value + step / 2).div_euclid(step) * step
}

/// The first of 1, 2, 5, 10, 20, … that is not below.
fn step(least: i128) -> i128 {
    let mut power = 1;
    loop {
        if let Some(step) = [1, 2, 5].map(|leading| leading * power).into_iter().find(|step| *step >= least) {
            return step;
        }
        power *= 10;
    }
}

fn whole(number: i128) -> String {
    Value::Integer(i64::try_from(number).unwrap()).shown()
}

fn decimal(units: i128, scale: usize) -> String {
    let digits = format!("{:0width$}", units.abs(), width = scale + 1);
    let (whole, rest) = digits.split_at(digits.len() - scale);
    format!("{}{whole}.{rest}", if units < 0 { "-" } else { "" })
}
