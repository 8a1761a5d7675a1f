//! `/entity-types` and `/code-lists`: what the platform knows of its data's shape.

use axum::extract::State;
use axum::response::Response;
use linli_model::{EntityType, FieldKind, Origin};
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::SignedIn;
use crate::body::{self, Segments};
use crate::problem::Problem;

/// `GET /entity-types`: all of them, with their fields.
pub(super) async fn list(State(app): State<App>, _signed_in: SignedIn) -> Result<Response, Problem> {
    let catalogue = app.store().catalogue();
    let types: Vec<_> = catalogue.entities().map(|entity| describe(entity)).collect();
    body::json(&json!({"entity_types": types}))
}

/// `GET /entity-types/{name}`: one.
pub(super) async fn show(State(app): State<App>, _signed_in: SignedIn, Segments(name): Segments<String>) -> Result<Response, Problem> {
    let catalogue = app.store().catalogue();
    let entity =
        catalogue.entity(&name).ok_or_else(|| Problem::not_found("there is no such entity type; GET /api/v1/entity-types lists them"))?;
    body::json(&describe(entity))
}

/// `GET /code-lists/{name}`: a code list.
pub(super) async fn codes(State(app): State<App>, _signed_in: SignedIn, Segments(name): Segments<String>) -> Result<Response, Problem> {
    let catalogue = app.store().catalogue();
    let list = catalogue.codes(&name).ok_or_else(|| Problem::not_found("there is no such code list"))?;
    let codes: Vec<_> = list.codes.iter().map(|(code, name)| json!({"code": code, "name": name})).collect();
    body::json(&json!({"name": list.name, "standard": list.standard, "codes": codes}))
}

fn describe(entity: &EntityType) -> Value {
    let fields: Vec<_> = entity
        .fields
        .values()
        .map(|field| {
            let mut described = json!({
                "name": field.name, "title": field.title, "type": field.kind.word(), "required": field.required, "classification": field.classification,
                "masked": field.mask.is_some(), "enterable": field.origin == Origin::Stored, "steward": field.steward, "legal_basis": field.legal_basis,
            });
            let more = match (&field.kind, &field.origin) {
                (FieldKind::Code { list }, _) => Some(("codes", list.clone())),
                (FieldKind::Reference { entity }, _) => Some(("entity", entity.clone())),
                (_, Origin::AgeOf(source)) => Some(("derived_from", source.clone())),
                _ => None,
            };
            if let (Some(described), Some((key, value))) = (described.as_object_mut(), more) {
                described.insert(key.into(), value.into());
            }
            described
        })
        .collect();
    json!({"name": entity.name, "title": entity.title, "owner": entity.owner, "steward": entity.steward, "legal_basis": entity.legal_basis, "fields": fields})
}
