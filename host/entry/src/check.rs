//! A record's JSON against its schema.

use linli_model::entity::Agreement;
use linli_model::id_number::IdNumber;
use linli_model::{Catalogue, EntityType, Field, FieldKind, Origin, RecordNo, RegionTree, Value};
use serde_json::Map;

/// One field that is wrong. Never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl FieldError {
    fn new(field: &str, reason: impl Into<String>) -> Self {
        Self { field: field.to_owned(), reason: reason.into() }
    }
}

/// What a record is checked against.
pub struct Checker<'a> {
    /// Entity types and codes.
    pub catalogue: &'a Catalogue,
    /// Regions that exist.
    pub regions: &'a RegionTree,
    /// Turns an entity type's name and a token into a record's number.
    pub resolve: &'a (dyn Fn(&str, &str) -> Option<RecordNo> + Sync),
}

impl Checker<'_> {
    /// Checks the fields of a record that is made (`whole`) or changed. All errors are returned at once.
    pub fn values(
        &self,
        entity: &EntityType,
        given: &Map<String, serde_json::Value>,
        whole: bool,
    ) -> Result<Vec<(String, Value)>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut values = Vec::with_capacity(given.len());
        for (name, json) in given {
            match self.value(entity, name, json) {
                // What is not known need not be said of a new record.
                Ok(Value::Null) if whole => {}
                Ok(value) => values.push((name.clone(), value)),
                Err(error) => errors.push(error),
            }
        }
        let known = |name: &str| values.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        for field in entity.enterable().filter(|field| field.required) {
            let missing = if whole {
                known(&field.name).is_none() && !errors.iter().any(|error| error.field == field.name)
            } else {
                known(&field.name) == Some(&Value::Null)
            };
            if missing {
                errors.push(FieldError::new(&field.name, "is required"));
            }
        }
        if !whole && given.is_empty() {
            errors.push(FieldError::new("", "nothing is changed"));
        }
        for agreement in &entity.agreements {
            errors.extend(disagreements(agreement, &known, whole));
        }
        if errors.is_empty() { Ok(values) } else { Err(errors) }
    }

    fn value(&self, entity: &EntityType, name: &str, json: &serde_json::Value) -> Result<Value, FieldError> {
        let fail = |reason: String| FieldError::new(name, reason);
        let field = entity.field(name).ok_or_else(|| fail(format!("is no field of {}", entity.name)))?;
        if field.origin != Origin::Stored {
            return Err(fail("is filled by the platform and can't be entered".into()));
        }
        let value = Value::from_json(json, field, self.catalogue, self.resolve).map_err(|misfit| fail(misfit.0))?;
        self.region_exists(field, &value).map_err(fail)?;
        Ok(value)
    }

    fn region_exists(&self, field: &Field, value: &Value) -> Result<(), String> {
        match (&field.kind, value) {
            (FieldKind::Region { .. }, Value::Text(code)) if self.regions.name(code).is_none() => {
                Err("is no region that the platform knows".into())
            }
            // Where somebody was registered may have ended since; where a record lies must be in force.
            (FieldKind::Region { grid: true }, Value::Text(code)) => self.is_in_force(code),
            _ => Ok(()),
        }
    }
}

impl Checker<'_> {
    fn is_in_force(&self, code: &str) -> Result<(), String> {
        let Some(end) = self.regions.end(code) else { return Ok(()) };
        let successors =
            self.regions.successors(code).iter().map(|next| format!("{next} {}", self.regions.name(next.as_str()).unwrap_or_default()));
        let successors: Vec<_> = successors.collect();
        let hint = if successors.is_empty() {
            "ask the data steward for its successor".to_owned()
        } else {
            format!("enter {}", successors.join(" or "))
        };
        Err(format!("ended with {}: {hint}", end.since))
    }
}

/// An ID number that says another birth date or sex than the record.
fn disagreements<'a>(agreement: &Agreement, known: &dyn Fn(&str) -> Option<&'a Value>, whole: bool) -> Vec<FieldError> {
    let (Some(id_field), parts) = (Some(&agreement.id_number), [(&agreement.birth_date, "date of birth"), (&agreement.sex, "sex")]) else {
        return Vec::new();
    };
    let id_number = match known(id_field) {
        Some(Value::Text(text)) => IdNumber::parse(text).ok(),
        _ => None,
    };
    let mut errors = Vec::new();
    for (field, what) in parts {
        let Some(field) = field else { continue };
        match (&id_number, known(field)) {
            (Some(_), None) if !whole => errors.push(FieldError::new(field, format!("must be changed together with {id_field}"))),
            (None, Some(_)) if !whole => errors.push(FieldError::new(id_field, format!("must be changed together with {field}"))),
            (Some(id_number), Some(value)) => {
                let agrees = match value {
                    Value::Date(date) => *date == id_number.birth_date,
                    Value::Text(code) => code == id_number.sex,
                    _ => true,
                };
                if !agrees {
                    errors.push(FieldError::new(field, format!("is not the {what} that {id_field} says (GB 11643)")));
                }
            }
            _ => {}
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_model::{CodeList, schema};
    use serde_json::json;

    fn check(change: serde_json::Value, whole: bool) -> Result<Vec<(String, Value)>, Vec<FieldError>> {
        check_in(&regions(), change, whole)
    }

    fn regions() -> RegionTree {
        let mut regions = RegionTree::default();
        regions.insert("440104022003001".parse().unwrap(), "第一网格".into());
        regions
    }

    fn check_in(regions: &RegionTree, change: serde_json::Value, whole: bool) -> Result<Vec<(String, Value)>, Vec<FieldError>> {
        let mut catalogue = Catalogue::default();
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
        for entry in std::fs::read_dir(dir.join("codes")).unwrap() {
            let path = entry.unwrap().path();
            catalogue
                .add_codes(CodeList::read(path.file_stem().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap()).unwrap());
        }
        let text = std::fs::read_to_string(dir.join("entities/resident.json")).unwrap();
        let entity = schema::read(&text, None, &catalogue).unwrap();
        let mut record = if whole {
            json!({"name": "王五", "id_number": "11010519491231002X", "sex": "2", "birth_date": "1949-12-31", "grid": "440104022003001", "status": "living"})
        } else {
            json!({})
        };
        record.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let resolve = |_: &str, _: &str| None;
        Checker { catalogue: &catalogue, regions, resolve: &resolve }.values(&entity, record.as_object().unwrap(), whole)
    }

    fn wrong(change: serde_json::Value, whole: bool) -> Vec<String> {
        check(change, whole).unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_good_record_passes() {
        assert_eq!(check(json!({"phone": null}), true).unwrap().len(), 6);
    }

    #[test]
    fn a_cell_that_ended_names_its_successor() {
        let line = |kind, before: (&str, &str), after: (&str, &str)| {
            linli_model::RegionChange::from_cells(["2025-12-31", kind, before.0, before.1, after.0, after.1]).unwrap()
        };
        let mut regions = regions();
        regions.insert("440104022".parse().unwrap(), "矿泉街道".into());
        regions.insert("440104".parse().unwrap(), "越秀区".into());
        regions.change(&vec![(1, line("moved", ("440104022", "矿泉街道"), ("440104025", "矿泉街道")))]).unwrap();
        let errors = check_in(&regions, json!({}), true).unwrap_err();
        assert_eq!(errors, [FieldError::new("grid", "ended with 2025-12-31: enter 440104025003001 第一网格")]);
        assert!(check_in(&regions, json!({"grid": "440104025003001", "hukou": "440104022"}), true).is_ok());
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        assert_eq!(
            wrong(json!({"name": "", "sex": "7", "nobody": 1, "age": 3, "grid": "440104022003002", "household": "abc"}), true),
            ["name", "sex", "grid", "nobody", "age", "household"]
        );
    }

    #[test]
    fn a_required_field_can_t_be_left_out_or_emptied() {
        assert_eq!(wrong(json!({"name": null}), true), ["name"]);
        assert_eq!(wrong(json!({"status": null}), false), ["status"]);
        assert_eq!(wrong(json!({}), false), [""]);
    }

    #[test]
    fn an_id_number_agrees_with_the_record() {
        assert_eq!(wrong(json!({"birth_date": "1949-12-30", "sex": "1"}), true), ["birth_date", "sex"]);
        assert_eq!(wrong(json!({"sex": "1"}), false), ["id_number"]);
        assert!(check(json!({"phone": null}), false).is_ok());
    }

    #[test]
    fn no_message_repeats_a_value() {
        let errors = check(json!({"id_number": "440104199901011234", "name": "\u{1}张三"}), true).unwrap_err();
        assert!(errors.iter().all(|error| !error.reason.contains("4401041999") && !error.reason.contains("张三")));
    }
}
