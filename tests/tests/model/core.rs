//! The core's entity types, as their schemas say, and their records, which are made before the first world and which no
//! world changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::domain::{Record, Records, Values};
use crate::schema::Schema;
use crate::value::Value;

/// Of how many different values of a field conditions are made.
const SAMPLES: usize = 24;

/// The core.
#[derive(Default)]
pub struct Core {
    types: BTreeMap<String, Schema>,
    records: BTreeMap<String, Records>,
}

impl Core {
    /// One more entity type, which refers only to those that are known.
    pub fn add(&mut self, schema: &str) -> Schema {
        let schema = Schema::read(&serde_json::from_str(schema).unwrap(), self);
        self.types.insert(schema.name.clone(), schema.clone());
        schema
    }

    /// The records of an entity type, in the order of their making. Conditions will be about values that there are.
    pub fn fill(&mut self, name: &str, records: Vec<(String, Values)>) {
        let records = records.into_iter().map(|(id, values)| Record { id, version: 1, purpose: None, values });
        let records: Records = (1..).zip(records).collect();
        for field in &mut self.types.get_mut(name).unwrap().fields {
            let known: BTreeSet<_> = records.values().filter_map(|record| record.values.get(&field.name)).collect();
            if !known.is_empty() {
                let step = known.len().div_ceil(SAMPLES);
                field.samples = known.into_iter().step_by(step).cloned().collect();
            }
        }
        self.records.insert(name.to_owned(), records);
    }

    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.types.get(name)
    }

    pub fn records(&self, name: &str) -> Option<&Records> {
        self.records.get(name)
    }

    /// References to some records of an entity type.
    pub fn references(&self, target: &str) -> Vec<Value> {
        let records = &self.records[target];
        let step = records.len().div_ceil(SAMPLES);
        records.iter().step_by(step).map(|(number, record)| Value::Reference { number: *number, id: record.id.clone() }).collect()
    }

    /// The codes of a list.
    pub fn codes(&self, list: &str) -> Vec<String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schemas/codes/{list}.csv"));
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1);
        lines.map(|line| line.split(',').next().unwrap().to_owned()).collect()
    }
}
