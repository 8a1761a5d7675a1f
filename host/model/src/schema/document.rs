//! A schema's text, as JSON has it.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::{Classification, Mask, Text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "$schema")]
    pub schema: String,
    #[serde(rename = "$id")]
    _id: Option<String>,
    pub title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "x-linli")]
    pub linli: EntityExtension,
    pub properties: IndexMap<String, Property>,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(rename = "additionalProperties")]
    pub additional: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct EntityExtension {
    pub name: String,
    pub title: Option<Text>,
    pub region: Option<String>,
    /// Said by every schema, if only that there are none: whom a record concerns must not be forgotten.
    pub subjects: Vec<String>,
    #[serde(default)]
    pub keys: Vec<String>,
    #[serde(default)]
    pub indexes: Vec<Vec<String>>,
    pub steward: String,
    pub legal_basis: String,
    #[serde(default)]
    pub agree: IndexMap<String, AgreeWith>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgreeWith {
    pub birth_date: Option<String>,
    pub sex: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Property {
    #[serde(rename = "type")]
    pub kind: String,
    pub format: Option<String>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    pub pattern: Option<String>,
    pub title: Option<String>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(default)]
    pub read_only: bool,
    #[serde(rename = "x-linli")]
    pub linli: FieldExtension,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FieldExtension {
    pub en: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub codes: Option<String>,
    pub level: Option<String>,
    pub entity: Option<String>,
    pub scale: Option<u8>,
    pub classification: Classification,
    pub mask: Option<Mask>,
    pub derived: Option<Derived>,
    #[serde(default)]
    pub public_key: bool,
    pub steward: Option<String>,
    pub legal_basis: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Derived {
    pub age_of: String,
}
