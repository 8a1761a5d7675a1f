//! What people and programs hand to an entry point, checked against the manifest before a plugin sees it.

use std::collections::BTreeMap;

use linli_scope::decide::Ask;
use linli_scope::manifest::InputKind;
use linli_scope::{Channel, Denial, DenialKind, EntryPoint, Operator};
use linli_store::Store;
use serde_json::{Map, Value};

use crate::call::{Call, CallError};
use crate::plugin::Plugin;
use crate::registry::Console;

/// The most parameters of a page.
const PARAMETERS: usize = 50;
/// The longest parameter or input, bytes.
const LONGEST: usize = 20_000;

/// The positions that a page's caller carries for its bound blocks: `after.N`.
pub(crate) fn positions(input: &mut Map<String, Value>) -> BTreeMap<usize, String> {
    let mut positions = BTreeMap::new();
    input.retain(|key, value| match key.strip_prefix("after.").and_then(|block| block.parse().ok()) {
        Some(block) => {
            positions.extend(value.as_str().map(|position| (block, position.to_owned())));
            false
        }
        None => true,
    });
    positions
}

/// A page's parameters: flat and bounded.
pub(crate) fn check_page(input: &Map<String, Value>) -> Result<(), CallError> {
    let flat =
        input.values().all(|value| !value.is_array() && !value.is_object() && value.as_str().is_none_or(|text| text.len() <= LONGEST));
    if flat && input.len() <= PARAMETERS {
        Ok(())
    } else {
        Err(CallError::Input(vec![("".into(), format!("at most {PARAMETERS} flat parameters of at most {LONGEST} bytes"))]))
    }
}

/// An action's inputs, by the kinds that the manifest declares. A resident given by ID number is looked up under the
/// actor's own rights as the console has them, and becomes the plugin's token.
pub(crate) async fn check_action(
    store: &Store,
    console: &Console,
    plugin: &Plugin,
    entry: &EntryPoint,
    call: &Call,
) -> Result<Map<String, Value>, CallError> {
    let mut errors: Vec<(String, String)> = Vec::new();
    let mut checked = Map::new();
    for (key, value) in &call.input {
        let Some(kind) = entry.input.get(key) else {
            errors.push((
                key.clone(),
                format!("is no input of {}; its inputs are {}", entry.log_name, entry.input.keys().cloned().collect::<Vec<_>>().join(", ")),
            ));
            continue;
        };
        if value.is_null() {
            continue;
        }
        match (kind, value) {
            (InputKind::Resident, Value::Object(given)) => match given.get("id_number").and_then(Value::as_str) {
                Some(id_number) => match find(store, console, plugin, call, id_number).await? {
                    Some(token) => drop(checked.insert(key.clone(), token.into())),
                    None => errors.push((key.clone(), "no resident with this ID number is registered in your jurisdiction".into())),
                },
                None => errors.push((key.clone(), "must be an id, or an object with id_number".into())),
            },
            (kind, value) => match scalar(*kind, value) {
                Ok(value) => drop(checked.insert(key.clone(), value)),
                Err(reason) => errors.push((key.clone(), reason)),
            },
        }
    }
    if errors.is_empty() { Ok(checked) } else { Err(CallError::Input(errors)) }
}

fn scalar(kind: InputKind, value: &Value) -> Result<Value, String> {
    if value.as_str().is_some_and(|text| text.len() > LONGEST) {
        return Err(format!("must have at most {LONGEST} bytes"));
    }
    match (kind, value) {
        (InputKind::Integer, value) => {
            let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
            number.map(Into::into).ok_or_else(|| "must be a whole number".into())
        }
        (InputKind::Boolean, Value::Bool(value)) => Ok((*value).into()),
        (InputKind::Boolean, Value::String(text)) if text == "true" || text == "false" => Ok((text == "true").into()),
        (InputKind::Boolean, _) => Err("must be true or false".into()),
        (InputKind::Date, Value::String(text)) => {
            text.parse::<linli_model::Date>().map(|_| value.clone()).map_err(|reason| reason.to_string())
        }
        (InputKind::Text | InputKind::Resident, Value::String(_)) => Ok(value.clone()),
        (InputKind::Text, Value::Number(number)) => Ok(number.to_string().into()),
        _ => Err("must be a text".into()),
    }
}

async fn find(store: &Store, console: &Console, plugin: &Plugin, call: &Call, id_number: &str) -> Result<Option<String>, CallError> {
    let desk = console.desk(store, call.actor.as_deref(), "action enter", call.now);
    let admitted = console.scope().admit(linli_scope::EntryKind::Action, "enter", call.actor.as_deref()).map(|_| ());
    let filter = vec![("id_number".to_owned(), Operator::Equal, vec![linli_model::Value::Text(id_number.to_owned())])];
    let ask = Ask { entity: "resident".into(), fields: vec!["id_number".into()], filter, limit: 1, ..Ask::default() };
    let read = admitted.and_then(|()| console.scope().read(&linli_scope::Caller { channel: Channel::Guest, ..desk.caller }, &ask));
    let read = match read {
        Ok(read) => read,
        Err(denial) => {
            let entry = desk.entry(linli_audit::Outcome::Denied { code: denial.kind.as_str().to_owned(), detail: denial.message.clone() });
            store.record(entry.encode()).await.map_err(CallError::Log)?;
            return Err(CallError::Denied(explain(denial)));
        }
    };
    let rows = store.read(&read).await.map_err(CallError::Store)?;
    let mut entry = desk.entry(linli_audit::Outcome::Allowed);
    entry.accesses.push(linli_audit::Access {
        entity: "resident".into(),
        operation: "identify".into(),
        fields: vec![("id_number".into(), "check".into())],
        records: rows.count,
        denied: None,
    });
    entry.subjects = rows.subjects.clone();
    store.record(entry.encode()).await.map_err(CallError::Log)?;
    let number = rows.subjects.min().and_then(|number| i64::try_from(number).ok());
    Ok(number.map(|number| plugin.scope().tokens().token(read.entity.number, linli_model::RecordNo(number))))
}

fn explain(denial: Denial) -> Denial {
    match denial.kind {
        DenialKind::Role => Denial::new(
            DenialKind::Role,
            "only a community worker can name a resident by ID number; choose one from a list of the plugin instead",
        ),
        _ => denial,
    }
}
