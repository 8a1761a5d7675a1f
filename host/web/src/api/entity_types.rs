//! `/entity-types` and `/code-lists`: what the platform knows of its data's shape.

use axum::extract::State;
use axum::response::Response;
use linli_model::{Classification, EntityType, Field, FieldKind, Origin, Text};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Segments};
use crate::problem::Problem;

#[derive(Serialize, ToSchema)]
pub(super) struct EntityTypes {
    entity_types: Vec<Described>,
}

/// An entity type.
#[derive(Serialize, ToSchema)]
#[schema(as = EntityType)]
pub(super) struct Described {
    /// `resident`, or `PLUGIN/NAME` for a plugin's own.
    name: String,
    title: Text,
    /// The plugin that brings it; none for the platform's own.
    owner: Option<String>,
    /// Who answers for it.
    steward: String,
    legal_basis: String,
    fields: Vec<DescribedField>,
}

/// A field of an entity type.
#[derive(Serialize, ToSchema)]
#[schema(as = Field)]
pub(super) struct DescribedField {
    name: String,
    title: Text,
    /// `text`, `integer`, `decimal`, `boolean`, `date`, `code`, `region`, `reference`, `id-number`.
    r#type: &'static str,
    required: bool,
    classification: Classification,
    /// Whether it can be shown masked.
    masked: bool,
    /// Whether people enter it; else the platform fills it.
    enterable: bool,
    steward: String,
    legal_basis: String,
    /// The code list of a coded field.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<String>,
    /// The entity type that a reference leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    /// The field that it is computed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    derived_from: Option<String>,
}

/// A coded list of a standard.
#[derive(Serialize, ToSchema)]
pub(super) struct Codes {
    name: String,
    #[schema(example = "GB/T 2261.1-2003")]
    standard: String,
    codes: Vec<Code>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Code {
    code: String,
    name: Text,
}

/// All entity types, with their fields.
#[utoipa::path(get, path = "/entity-types", responses((status = 200, body = EntityTypes)))]
pub(super) async fn list(State(app): State<App>, _signed_in: SignedIn) -> Result<Response, Problem> {
    let catalogue = app.store().catalogue();
    body::json(&EntityTypes { entity_types: catalogue.entities().map(|entity| describe(entity)).collect() })
}

/// An entity type by its name; a slash in it may stand as it is or as `%2F`.
#[utoipa::path(get, path = "/entity-types/{*name}", params(("name" = String, Path, example = "resident")), responses((status = 200, body = Described)))]
pub(super) async fn show(State(app): State<App>, _signed_in: SignedIn, Segments(name): Segments<String>) -> Result<Response, Problem> {
    let catalogue = app.store().catalogue();
    let entity =
        catalogue.entity(&name).ok_or_else(|| Problem::not_found("there is no such entity type; GET /api/v1/entity-types lists them"))?;
    body::json(&describe(entity))
}

/// A code list.
#[utoipa::path(get, path = "/code-lists/{name}", params(("name" = String, Path)), responses((status = 200, body = Codes)))]
pub(super) async fn codes(State(app): State<App>, _signed_in: SignedIn, Segments(name): Segments<String>) -> Result<Response, Problem> {
    let catalogue = app.store().catalogue();
    let list = catalogue.codes(&name).ok_or_else(|| Problem::not_found("there is no such code list"))?;
    let codes = list.codes.iter().map(|(code, name)| Code { code: code.clone(), name: name.clone() }).collect();
    body::json(&Codes { name: list.name.clone(), standard: list.standard.clone(), codes })
}

fn describe(entity: &EntityType) -> Described {
    Described {
        name: entity.name.clone(),
        title: entity.title.clone(),
        owner: entity.owner.clone(),
        steward: entity.steward.clone(),
        legal_basis: entity.legal_basis.clone(),
        fields: entity.fields.values().map(describe_field).collect(),
    }
}

fn describe_field(field: &Field) -> DescribedField {
    DescribedField {
        name: field.name.clone(),
        title: field.title.clone(),
        r#type: field.kind.word(),
        required: field.required,
        classification: field.classification,
        masked: field.mask.is_some(),
        enterable: field.origin == Origin::Stored,
        steward: field.steward.clone(),
        legal_basis: field.legal_basis.clone(),
        codes: if let FieldKind::Code { list } = &field.kind { Some(list.clone()) } else { None },
        entity: if let FieldKind::Reference { entity } = &field.kind { Some(entity.clone()) } else { None },
        derived_from: if let Origin::AgeOf(source) = &field.origin { Some(source.clone()) } else { None },
    }
}
