//! The entry form, made from an entity type.

use linli_entry::FieldError;
use linli_model::id_number::IdNumber;
use linli_model::{Catalogue, EntityType, Field, FieldKind as Kind, RegionTree};
use linli_scope::access::{Mode, Operation};
use linli_scope::{Actor, Manifest};
use linli_view::Text;
use linli_view::html::pages::{FieldInput, FieldKind, FieldOption};
use serde_json::{Map, Value};

use super::form::id_number;
use super::wording::{self, text};
use crate::names;

/// More grid cells than this are typed, not chosen.
const CELLS: usize = 1_000;

/// What the inputs are made of.
pub(super) struct Sources<'a> {
    pub entity: &'a EntityType,
    pub catalogue: &'a Catalogue,
    /// Grid cells to choose from, by code and name; none where there are too many.
    pub cells: &'a [(String, String)],
    pub typed: &'a [(String, String)],
    pub errors: &'a [FieldError],
}

/// The fields that the console offers this person. Whether they may enter them is decided when they do.
pub(super) fn granted<'e>(console: &Manifest, entity: &'e EntityType, actor: &Actor) -> Vec<&'e Field> {
    let accesses =
        || console.accesses.iter().filter(|access| access.entity == entity.name && access.operations.contains(&Operation::Create));
    let is_granted = |field: &Field| accesses().any(|access| access.fields.get(&field.name) == Some(&Mode::Plain));
    entity.enterable().filter(|field| is_granted(field) && field.classification <= actor.clearance).collect()
}

/// The grid cells of a person's regions that are in force.
pub(super) fn cells(regions: &RegionTree, actor: &Actor) -> Vec<(String, String)> {
    let named = regions
        .cells(&actor.regions)
        .map(|(code, name)| (code.to_string(), names::place(regions, code.as_str()).unwrap_or_else(|| name.to_owned())));
    let cells: Vec<_> = named.take(CELLS + 1).collect();
    if cells.len() > CELLS { Vec::new() } else { cells }
}

/// What was typed, as a record. What was left empty is not known; birth date and sex that were left empty are what the
/// ID number says (GB 11643): nobody types them twice.
pub(super) fn record(entity: &EntityType, typed: &[(String, String)]) -> Map<String, Value> {
    let filled = typed.iter().filter(|(key, value)| !key.starts_with('_') && !value.trim().is_empty());
    let mut record: Map<String, Value> = filled.map(|(key, value)| (key.clone(), value_of(entity.field(key), value.trim()))).collect();
    for agreement in &entity.agreements {
        let said = record.get(&agreement.id_number).and_then(Value::as_str).map(ToOwned::to_owned);
        let Some(said) = said.as_deref().and_then(|text| IdNumber::parse(text).ok()) else { continue };
        let parts = [(&agreement.birth_date, said.birth_date.to_string()), (&agreement.sex, said.sex.to_owned())];
        for (field, value) in parts {
            if let Some(field) = field {
                record.entry(field.clone()).or_insert_with(|| Value::String(value));
            }
        }
    }
    record
}

fn value_of(field: Option<&Field>, typed: &str) -> Value {
    match (field.map(|field| &field.kind), typed) {
        (Some(Kind::Boolean), "true") => Value::Bool(true),
        (Some(Kind::Boolean), "false") => Value::Bool(false),
        (Some(Kind::IdNumber | Kind::CreditCode), typed) => Value::String(id_number(typed)),
        (_, typed) => Value::String(typed.replace("\r\n", "\n")),
    }
}

impl<'a> Sources<'a> {
    /// The input of a field, with what was typed and what is wrong with it.
    pub fn input(&self, field: &'a Field) -> FieldInput<'a> {
        let typed = self.typed.iter().find(|(key, _)| *key == field.name).map(|(_, value)| value.as_str());
        let only = match self.cells {
            [(code, _)] if is_cell(field) => code.as_str(),
            _ => "",
        };
        // What a faulty ID number would have said is not missing.
        let is_left_to_it = self.is_said_by_id_number(field) && typed.is_none_or(|typed| typed.trim().is_empty());
        let error = self.errors.iter().find(|error| error.field == field.name && !(is_left_to_it && self.is_id_number_faulty()));
        FieldInput {
            key: &field.name,
            title: text(&field.title),
            help: self.help(field),
            kind: self.kind(field),
            required: field.required && !self.is_said_by_id_number(field),
            value: typed.unwrap_or(only),
            error: error.map(|error| wording::reason(&error.reason)),
        }
    }

    fn kind(&self, field: &'a Field) -> FieldKind<'a> {
        let names = |codes: &'a linli_model::CodeList| {
            codes.codes.iter().map(|(code, name)| FieldOption { value: code, title: text(name) }).collect()
        };
        match &field.kind {
            Kind::Date => FieldKind::Date,
            Kind::Integer { .. } => FieldKind::Integer,
            Kind::Decimal { .. } => FieldKind::Decimal,
            Kind::IdNumber => FieldKind::IdNumber,
            // A box can't say that something is not known.
            Kind::Boolean if !field.required => FieldKind::Select { options: yes_or_no() },
            Kind::Boolean => FieldKind::Checkbox,
            Kind::Code { list } => self.catalogue.codes(list).map_or(FieldKind::Text, |codes| FieldKind::Select { options: names(codes) }),
            Kind::Region { .. } if is_cell(field) && !self.cells.is_empty() => FieldKind::Select {
                options: self.cells.iter().map(|(code, name)| FieldOption { value: code, title: Text::plain(name) }).collect(),
            },
            Kind::Text { .. } | Kind::Region { .. } | Kind::Reference { .. } | Kind::CreditCode => FieldKind::Text,
        }
    }

    fn help(&self, field: &Field) -> Option<Text<'a>> {
        match &field.kind {
            _ if self.is_said_by_id_number(field) => {
                Some(Text::both("可不填，按公民身份号码填写。", "May be left empty: the ID number says it."))
            }
            Kind::Region { grid: false } => Some(Text::both(
                "区划代码，一般到县级，如 440104（越秀区）。",
                "A region's code, to the county as a rule: 440104 is Yuexiu.",
            )),
            Kind::Region { grid: true } if self.cells.is_empty() => {
                Some(Text::both("网格代码，15 位。", "The grid cell's code of 15 digits."))
            }
            Kind::CreditCode => Some(Text::both("18 位，末位为校验码。", "18 characters, the last a check character.")),
            Kind::Reference { .. } => {
                Some(Text::both("已有记录的平台编号，没有可不填。", "The id of a record on the platform, where there is one."))
            }
            _ => None,
        }
    }

    fn is_id_number_faulty(&self) -> bool {
        self.entity.agreements.iter().any(|agreement| self.errors.iter().any(|error| error.field == agreement.id_number))
    }

    fn is_said_by_id_number(&self, field: &Field) -> bool {
        let is = |said: &Option<String>| said.as_deref() == Some(&field.name);
        self.entity.agreements.iter().any(|agreement| is(&agreement.birth_date) || is(&agreement.sex))
    }
}

fn is_cell(field: &Field) -> bool {
    matches!(field.kind, Kind::Region { grid: true })
}

fn yes_or_no<'a>() -> Vec<FieldOption<'a>> {
    vec![FieldOption { value: "true", title: Text::both("是", "Yes") }, FieldOption { value: "false", title: Text::both("否", "No") }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_model::schema;
    use serde_json::json;

    fn entity() -> EntityType {
        let text = r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false, "required": ["id_number", "born"],
            "x-linli": {"name": "person", "subjects": [], "steward": "s", "legal-basis": "l", "agree": {"id_number": {"birth_date": "born"}}},
            "properties": {"id_number": {"type": "string", "x-linli": {"type": "id-number", "classification": "personal"}},
                "born": {"type": "string", "format": "date", "x-linli": {"classification": "personal"}},
                "poor": {"type": "boolean", "x-linli": {"classification": "sensitive"}}}}"#;
        schema::read(text, None, &Catalogue::default()).unwrap()
    }

    fn typed(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_the_id_number_says_is_not_asked_again() {
        let made = record(
            &entity(),
            &typed(&[("_csrf", "t"), ("id_number", "11010519491231002x"), ("born", " "), ("poor", "false"), ("odd", "x")]),
        );
        assert_eq!(Value::Object(made), json!({"id_number": "11010519491231002X", "born": "1949-12-31", "poor": false, "odd": "x"}));
        let said = record(&entity(), &typed(&[("id_number", "11010519491231002X"), ("born", "1950-01-01")]));
        assert_eq!(said.get("born"), Some(&json!("1950-01-01")));
        assert_eq!(record(&entity(), &typed(&[("id_number", "1")])).get("born"), None);
    }

    #[test]
    fn a_field_keeps_what_was_typed_beside_what_is_wrong() {
        let (entity, catalogue) = (entity(), Catalogue::default());
        let errors = ["id_number", "born"].map(|field| FieldError { field: field.into(), reason: "is required".into() });
        let typed = typed(&[("id_number", "44")]);
        let sources = Sources { entity: &entity, catalogue: &catalogue, cells: &[], typed: &typed, errors: &errors };
        let input = |name: &str| sources.input(entity.field(name).unwrap());
        assert_eq!((input("id_number").value, input("id_number").error), ("44", Some(wording::reason("is required"))));
        assert!(!input("born").required && input("born").help.is_some() && input("born").error.is_none());
        assert!(matches!(input("poor").kind, FieldKind::Select { .. }));
    }
}
