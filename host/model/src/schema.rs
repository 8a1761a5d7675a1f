//! Reading an entity type from JSON Schema 2020-12 with the `x-linli` extension.
//!
//! The subset is closed: a keyword that is not known here is refused with its path, so that nobody
//! believes in a rule that the platform does not enforce.

mod document;

use indexmap::IndexMap;

use document::{Document, EntityExtension, FieldExtension, Property};

use crate::Members;
use crate::entity::{Agreement, COMMUNITY, EntityType, Field, FieldKind, GRID, ID, Origin, Pattern, RegionSource, SubjectPath, VERSION};
use crate::{Catalogue, Classification, Text};

/// Why a schema can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Not JSON, or a keyword that is unknown, missing or of the wrong type.
    #[error("schema `{name}`: {reason}")]
    Shape {
        /// Which schema.
        name: String,
        /// What the reader says, with line and column.
        reason: String,
    },
    /// A keyword whose value does not make sense.
    #[error("schema `{name}`, {path}: {reason}")]
    Meaning {
        /// Which schema.
        name: String,
        /// Where in it.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// The longest text that a field may hold, in characters.
const TEXT_MAX: usize = 4_000;
/// The most fields an entity type may have.
const FIELDS_MAX: usize = 200;

/// What a plugin's entity types are resolved against.
pub struct Owner<'a> {
    /// The plugin's id.
    pub plugin: &'a str,
}

/// Reads a schema. `owner` is the plugin that brings it, none for the core; `catalogue` holds the
/// code lists and entity types that it may refer to. `number` and `table` are assigned by the store later.
pub fn read(text: &str, owner: Option<&Owner<'_>>, catalogue: &Catalogue) -> Result<EntityType, SchemaError> {
    let document: Document = serde_json::from_str(text)
        .map_err(|reason| SchemaError::Shape { name: owner.map_or("core", |owner| owner.plugin).to_owned(), reason: reason.to_string() })?;
    let name = document.linli.name.clone();
    Reader { name, owner, catalogue }.entity(document, text)
}

struct Reader<'a> {
    name: String,
    owner: Option<&'a Owner<'a>>,
    catalogue: &'a Catalogue,
}

impl Reader<'_> {
    fn fail(&self, path: impl Into<String>, reason: impl Into<String>) -> SchemaError {
        SchemaError::Meaning { name: self.name.clone(), path: path.into(), reason: reason.into() }
    }

    fn entity(&self, document: Document, source: &str) -> Result<EntityType, SchemaError> {
        self.head(&document)?;
        let extension = &document.linli;
        let mut fields = IndexMap::new();
        for (name, property) in &document.properties {
            let required = document.required.contains(name);
            fields.insert(name.clone(), self.field(name, property, required, extension)?);
        }
        let region = self.region(extension, &fields)?;
        self.add_implicit(&region, extension, &mut fields);
        self.check_names(&document, &fields)?;
        let members = extension.subjects.iter().find_map(|path| Members::read(path)).filter(|_| self.owner.is_none());
        let subjects = self.subjects(extension, &fields)?;
        let agreements = extension.agree.iter().map(|(id_number, with)| Agreement {
            id_number: id_number.clone(),
            birth_date: with.birth_date.clone(),
            sex: with.sex.clone(),
        });
        Ok(EntityType {
            name: self.full_name(&self.name),
            number: 0,
            table: String::new(),
            title: extension.title.clone().or(document.title.clone().map(Text::Plain)).unwrap_or_default(),
            region,
            subjects,
            members,
            keys: extension.keys.clone(),
            indexes: extension.indexes.clone(),
            steward: extension.steward.clone(),
            legal_basis: extension.legal_basis.clone(),
            agreements: agreements.collect(),
            fields,
            owner: self.owner.map(|owner| owner.plugin.to_owned()),
            source: source.to_owned(),
        })
    }

    fn head(&self, document: &Document) -> Result<(), SchemaError> {
        if document.schema != "https://json-schema.org/draft/2020-12/schema" {
            return Err(self.fail("$schema", "must be https://json-schema.org/draft/2020-12/schema"));
        }
        if document.kind != "object" {
            return Err(self.fail("type", "must be object"));
        }
        if document.additional {
            return Err(self.fail("additionalProperties", "must be false: what is not described is not kept"));
        }
        if !is_name(&self.name) {
            return Err(self.fail("x-linli.name", "must be 1 to 40 characters a-z, 0-9 and _, a letter first"));
        }
        if document.properties.is_empty() || document.properties.len() > FIELDS_MAX {
            return Err(self.fail("properties", format!("must be 1 to {FIELDS_MAX}")));
        }
        Ok(())
    }

    fn full_name(&self, name: &str) -> String {
        match self.owner {
            Some(owner) => format!("{}/{name}", owner.plugin),
            None => name.to_owned(),
        }
    }

    fn field(&self, name: &str, property: &Property, required: bool, entity: &EntityExtension) -> Result<Field, SchemaError> {
        let path = format!("properties.{name}");
        if !is_name(name) || [ID, VERSION, COMMUNITY].contains(&name) {
            return Err(
                self.fail(path, "must be named with 1 to 40 characters a-z, 0-9 and _, a letter first, and not id, version or community")
            );
        }
        let extension = &property.linli;
        let origin = match &extension.derived {
            Some(derived) if !property.read_only => {
                return Err(self.fail(path, format!("is derived from {}, so it must be readOnly", derived.age_of)));
            }
            Some(derived) => Origin::AgeOf(derived.age_of.clone()),
            None if property.read_only => return Err(self.fail(path, "is readOnly, so it must be derived")),
            None => Origin::Stored,
        };
        let kind = self.kind(&path, property)?;
        if extension.mask.is_some() && !matches!(kind, FieldKind::Text { .. } | FieldKind::IdNumber | FieldKind::CreditCode) {
            return Err(self.fail(path, "can't be masked: only texts, ID numbers and credit codes can"));
        }
        Ok(Field {
            name: name.to_owned(),
            title: match (&property.title, &extension.en) {
                (Some(zh), Some(en)) => Text::new(zh, en),
                (Some(zh), None) => Text::Plain(zh.clone()),
                (None, _) => Text::Plain(name.to_owned()),
            },
            kind,
            required,
            classification: extension.classification,
            mask: extension.mask,
            origin,
            public_key: extension.public_key,
            steward: extension.steward.clone().unwrap_or_else(|| entity.steward.clone()),
            legal_basis: extension.legal_basis.clone().unwrap_or_else(|| entity.legal_basis.clone()),
        })
    }

    fn kind(&self, path: &str, property: &Property) -> Result<FieldKind, SchemaError> {
        let extension = &property.linli;
        let text = |what: FieldKind| if property.kind == "string" { Ok(what) } else { Err(self.fail(path, "must have the type string")) };
        match (extension.kind.as_deref(), property.kind.as_str()) {
            (Some("code"), _) => {
                let list = extension.codes.clone().ok_or_else(|| self.fail(path, "is a code without x-linli.codes"))?;
                if self.catalogue.codes(&list).is_none() {
                    return Err(self.fail(path, format!("uses the code list `{list}`, which is not installed")));
                }
                text(FieldKind::Code { list })
            }
            (Some("region"), _) => text(FieldKind::Region { grid: extension.level.as_deref() == Some("grid") }),
            (Some("reference"), _) => text(FieldKind::Reference { entity: self.target(path, extension)? }),
            (Some("decimal"), _) => {
                let scale = extension.scale.filter(|scale| *scale <= 9);
                scale
                    .map(|scale| FieldKind::Decimal { scale })
                    .ok_or_else(|| self.fail(path, "is a decimal without x-linli.scale of 0 to 9"))
            }
            (Some("id-number"), _) => text(FieldKind::IdNumber),
            (Some("credit-code"), _) => text(FieldKind::CreditCode),
            (Some(other), _) => Err(self.fail(path, format!("has the unknown x-linli.type `{other}`"))),
            (None, "string") if property.format.as_deref() == Some("date") => Ok(FieldKind::Date),
            (None, "string") if property.format.is_none() => {
                let pattern = property
                    .pattern
                    .as_deref()
                    .map(Pattern::new)
                    .transpose()
                    .map_err(|reason| self.fail(path, format!("has a pattern that can't be used: {reason}")))?;
                let max = property.max_length.unwrap_or(TEXT_MAX).min(TEXT_MAX);
                Ok(FieldKind::Text { min: property.min_length.unwrap_or(0), max, pattern })
            }
            (None, "string") => Err(self.fail(path, "has an unknown format: only date is known")),
            (None, "integer") => {
                Ok(FieldKind::Integer { min: property.minimum.unwrap_or(i64::MIN), max: property.maximum.unwrap_or(i64::MAX) })
            }
            (None, "boolean") => Ok(FieldKind::Boolean),
            (None, "number") => Err(self.fail(path, "is a number: decimals need x-linli.type decimal and a scale")),
            (None, other) => Err(self.fail(path, format!("has the unknown type `{other}`"))),
        }
    }

    fn target(&self, path: &str, extension: &FieldExtension) -> Result<String, SchemaError> {
        let entity = extension.entity.clone().ok_or_else(|| self.fail(path, "is a reference without x-linli.entity"))?;
        let own = self.full_name(&entity);
        if self.owner.is_some() && self.catalogue.entity(&own).is_some() {
            return Ok(own);
        }
        match self.owner {
            Some(_) if self.catalogue.entity(&entity).is_none() => {
                Err(self.fail(path, format!("refers to the unknown entity type `{entity}`")))
            }
            _ => Ok(entity),
        }
    }

    fn region(&self, extension: &EntityExtension, fields: &IndexMap<String, Field>) -> Result<RegionSource, SchemaError> {
        let Some(region) = &extension.region else { return Ok(RegionSource::None) };
        let path = "x-linli.region";
        if let Some((reference, rest)) = region.split_once('.') {
            let Some(FieldKind::Reference { entity }) = fields.get(reference).map(|field| &field.kind) else {
                return Err(self.fail(path, format!("`{reference}` is no reference of this schema")));
            };
            let target = self.catalogue.entity(entity).and_then(|entity| entity.region_column());
            if target != Some(rest) {
                return Err(self.fail(path, format!("`{rest}` is not where `{entity}` keeps its region")));
            }
            return Ok(RegionSource::Reference(reference.to_owned()));
        }
        match fields.get(region) {
            Some(Field { kind: FieldKind::Region { grid: true }, required: true, .. }) => Ok(RegionSource::Field(region.clone())),
            _ => Err(self.fail(path, format!("`{region}` must be a required field of x-linli.type region, level grid"))),
        }
    }

    fn add_implicit(&self, region: &RegionSource, extension: &EntityExtension, fields: &mut IndexMap<String, Field>) {
        let mut implicit = |name: &str, zh: &str, en: &str, grid: bool| {
            let field = Field {
                name: name.to_owned(),
                title: Text::new(zh, en),
                kind: FieldKind::Region { grid },
                required: false,
                classification: Classification::Internal,
                mask: None,
                origin: Origin::Implicit,
                public_key: false,
                steward: extension.steward.clone(),
                legal_basis: extension.legal_basis.clone(),
            };
            fields.insert(name.to_owned(), field);
        };
        if matches!(region, RegionSource::Reference(_)) {
            implicit(GRID, "网格", "Grid cell", true);
        }
        if *region != RegionSource::None {
            implicit(COMMUNITY, "社区", "Community", false);
        }
    }

    fn check_names(&self, document: &Document, fields: &IndexMap<String, Field>) -> Result<(), SchemaError> {
        let known = |path: &str, name: &str| match fields.get(name) {
            Some(field) => Ok(field),
            None => Err(self.fail(path, format!("names the unknown field `{name}`"))),
        };
        for name in &document.required {
            if known("required", name)?.origin != Origin::Stored {
                return Err(self.fail("required", format!("`{name}` is derived and can't be required")));
            }
        }
        for name in document.linli.keys.iter().chain(document.linli.indexes.iter().flatten()) {
            if matches!(known("x-linli.keys and indexes", name)?.origin, Origin::AgeOf(_)) {
                return Err(self.fail("x-linli.keys and indexes", format!("`{name}` is derived and has no column")));
            }
        }
        for field in fields.values().filter(|field| field.public_key) {
            if !(field.kind.is_textual() && document.linli.keys.contains(&field.name)) {
                let reason = "is a public-key, so it must hold text and stand in x-linli.keys: one value, one record";
                return Err(self.fail(format!("properties.{}", field.name), reason));
            }
        }
        for (id_number, with) in &document.linli.agree {
            for name in [Some(id_number), with.birth_date.as_ref(), with.sex.as_ref()].into_iter().flatten() {
                known("x-linli.agree", name)?;
            }
        }
        for field in fields.values() {
            if let Origin::AgeOf(source) = &field.origin
                && !matches!(known("derived", source)?.kind, FieldKind::Date)
            {
                return Err(self.fail(format!("properties.{}", field.name), format!("is the age of `{source}`, which is no date")));
            }
        }
        Ok(())
    }

    fn subjects(&self, extension: &EntityExtension, fields: &IndexMap<String, Field>) -> Result<Vec<SubjectPath>, SchemaError> {
        let at = "x-linli.subjects";
        let path = |subject: &String| match subject.as_str() {
            "self" if self.owner.is_some() => {
                Err(self.fail(at, "must not be self: people are the platform's residents, which a plugin's records refer to"))
            }
            "self" => Ok(SubjectPath::Own),
            name => match fields.get(name).map(|field| &field.kind) {
                Some(FieldKind::Reference { entity }) if self.is_people(entity) => Ok(SubjectPath::Reference(name.to_owned())),
                Some(FieldKind::Reference { entity }) => Err(self.fail(at, format!("`{name}` refers to {entity}, which is no person"))),
                _ => Err(self.fail(at, format!("`{name}` is neither self nor a reference of this schema"))),
            },
        };
        // Those of the core are looked at when all of it is known.
        let own = extension.subjects.iter().filter(|path| self.owner.is_some() || Members::read(path).is_none());
        let paths = own.map(path).collect::<Result<Vec<_>, _>>()?;
        let forgotten = fields.values().find(|field| {
            matches!(&field.kind, FieldKind::Reference { entity } if self.is_people(entity))
                && !paths.contains(&SubjectPath::Reference(field.name.clone()))
        });
        match forgotten {
            Some(field) => Err(self.fail(at, format!("must name `{}`, which refers to a person", field.name))),
            None => Ok(paths),
        }
    }

    /// Whether the records of an entity type are people.
    fn is_people(&self, entity: &str) -> bool {
        self.catalogue.entity(entity).is_some_and(|entity| entity.is_people())
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && name.len() <= 40
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CodeList, EntityType};

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
        for entry in std::fs::read_dir(dir.join("codes")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            catalogue.add_codes(CodeList::read(&name, &std::fs::read_to_string(&path).unwrap()).unwrap());
        }
        for name in ["dwelling", "household", "resident", "organisation", "facility", "matter"] {
            let text = std::fs::read_to_string(dir.join(format!("entities/{name}.json"))).unwrap();
            catalogue.add_entity(read(&text, None, &catalogue).unwrap());
        }
        catalogue
    }

    fn decision(change: impl Fn(&mut serde_json::Value)) -> Result<EntityType, SchemaError> {
        let mut schema = serde_json::json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
            "x-linli": {"name": "decision", "region": "resident.grid", "subjects": ["resident"], "steward": "s", "legal-basis": "l"},
            "properties": {
                "resident": {"type": "string", "x-linli": {"type": "reference", "entity": "resident", "classification": "personal"}},
                "born": {"type": "string", "format": "date", "x-linli": {"classification": "personal"}},
                "outcome": {"type": "string", "maxLength": 9, "x-linli": {"classification": "internal"}}
            }
        });
        change(&mut schema);
        read(&schema.to_string(), Some(&Owner { plugin: "a.b" }), &catalogue())
    }

    #[test]
    fn the_core_schemas_are_read_whole() {
        let catalogue = catalogue();
        let resident = catalogue.entity("resident").unwrap();
        assert_eq!(resident.field("age").unwrap().origin, Origin::AgeOf("birth_date".into()));
        assert_eq!(resident.region_column(), Some("grid"));
        assert!(resident.fields.values().all(|field| !field.legal_basis.is_empty() && !field.steward.is_empty()));
    }

    #[test]
    fn a_plugin_s_entity_type_takes_its_region_from_its_subject() {
        let entity = decision(|_| ()).unwrap();
        assert_eq!(entity.name, "a.b/decision");
        assert_eq!(entity.region_column(), Some("grid"));
        assert_eq!(entity.field("community").unwrap().origin, Origin::Implicit);
    }

    #[test]
    fn what_the_platform_would_not_enforce_is_refused_with_its_path() {
        type Spoil = fn(&mut serde_json::Value);
        let cases: [(&str, Spoil); 14] = [
            ("unknown field `oneOf`", |schema| schema["oneOf"] = serde_json::json!([])),
            ("unknown field `enum`", |schema| schema["properties"]["outcome"]["enum"] = serde_json::json!(["a"])),
            ("properties.Outcome", |schema| schema["properties"]["Outcome"] = schema["properties"]["outcome"].clone()),
            ("properties.version", |schema| schema["properties"]["version"] = schema["properties"]["outcome"].clone()),
            ("unknown entity type `ghost`", |schema| schema["properties"]["resident"]["x-linli"]["entity"] = "ghost".into()),
            ("additionalProperties", |schema| schema["additionalProperties"] = true.into()),
            ("x-linli.region", |schema| schema["x-linli"]["region"] = "outcome".into()),
            ("unknown field `nobody`", |schema| schema["required"] = serde_json::json!(["nobody"])),
            ("missing field `subjects`", |schema| drop(schema["x-linli"].as_object_mut().unwrap().remove("subjects"))),
            ("must not be self", |schema| schema["x-linli"]["subjects"] = serde_json::json!(["resident", "self"])),
            ("must name `resident`", |schema| schema["x-linli"]["subjects"] = serde_json::json!([])),
            ("is a public-key", |schema| schema["properties"]["outcome"]["x-linli"]["public-key"] = true.into()),
            ("is a public-key", |schema| {
                schema["properties"]["born"]["x-linli"]["public-key"] = true.into();
                schema["x-linli"]["keys"] = serde_json::json!(["born"]);
            }),
            ("which is no person", |schema| {
                schema["properties"]["home"] = schema["properties"]["resident"].clone();
                schema["properties"]["home"]["x-linli"]["entity"] = "dwelling".into();
                schema["x-linli"]["subjects"] = serde_json::json!(["resident", "home"]);
            }),
        ];
        for (expected, change) in cases {
            let message = decision(change).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
