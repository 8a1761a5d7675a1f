//! The tables: the platform's own, and one for each entity type, generated from its schema.

use linli_model::{EntityType, Origin, RegionSource};

use crate::sql::column_type;

/// The platform's own tables. Statements that both databases understand.
pub(crate) const PLATFORM: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS entity_type (number BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, owner TEXT, source TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS region (code TEXT PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at BIGINT NOT NULL, entity BIGINT NOT NULL, record BIGINT NOT NULL, version BIGINT NOT NULL, actor TEXT NOT NULL, application TEXT NOT NULL, purpose TEXT NOT NULL, evidence TEXT, changes TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS journal_record ON journal (entity, record, seq)",
    "CREATE TABLE IF NOT EXISTS log_pending (id INTEGER PRIMARY KEY, body TEXT NOT NULL, subjects BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS account (id BIGINT PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL, actor TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS session (token BLOB PRIMARY KEY, account BIGINT NOT NULL, csrf TEXT NOT NULL, expires BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS publisher (id TEXT PRIMARY KEY, name TEXT NOT NULL, sector TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS component (digest TEXT PRIMARY KEY, plugin TEXT NOT NULL, version TEXT NOT NULL, bytes BLOB NOT NULL, uploaded_by BIGINT NOT NULL, uploaded_at BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS plugin (id TEXT PRIMARY KEY, publisher TEXT NOT NULL, digest TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS scope_grant (id BIGINT PRIMARY KEY, plugin TEXT NOT NULL, digest TEXT NOT NULL, state TEXT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS plugin_log (id INTEGER PRIMARY KEY, plugin TEXT NOT NULL, at BIGINT NOT NULL, entry_point TEXT NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS plugin_log_plugin ON plugin_log (plugin, id)",
];

/// The access log's tables, in a file of their own: a log that grows with every read must not make readers of the
/// records forget what they have mapped and cached.
pub(crate) const LOG: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS access_log (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, subjects BLOB NOT NULL, leaf BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, frontier BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log_block (first INTEGER PRIMARY KEY, last BIGINT NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS log_moved (one INTEGER PRIMARY KEY, upto BIGINT NOT NULL)",
    "INSERT INTO log_moved (one, upto) VALUES (1, 0) ON CONFLICT (one) DO NOTHING",
];

/// The table of an entity type by its number, so that no name of a plugin's becomes SQL.
pub(crate) fn table_name(number: u16, entity: &EntityType) -> String {
    match entity.owner {
        None => format!("e_{}", entity.name),
        Some(_) => format!("e{number}_{}", entity.name.rsplit('/').next().unwrap_or_default()),
    }
}

/// The statements that make an entity type's table and indexes, or add the columns that it lacks.
pub(crate) fn statements(entity: &EntityType, existing: &[String]) -> Vec<String> {
    let columns = columns(entity);
    let table = &entity.table;
    let mut statements = Vec::new();
    if existing.is_empty() {
        let list: Vec<String> = columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        statements.push(format!(
            "CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, version BIGINT NOT NULL, provenance TEXT NOT NULL, {})",
            list.join(", ")
        ));
    } else {
        let missing = columns.iter().filter(|(name, _)| !existing.contains(name));
        statements
            .extend(missing.map(|(name, kind)| format!("ALTER TABLE {table} ADD COLUMN {name} {}", kind.trim_end_matches(" NOT NULL"))));
    }
    for key in &entity.keys {
        statements.push(format!("CREATE UNIQUE INDEX IF NOT EXISTS {table}_{key} ON {table} ({key})"));
    }
    let public = entity.fields.values().filter(|field| field.public_key && !entity.keys.contains(&field.name));
    statements.extend(public.map(|field| format!("CREATE UNIQUE INDEX IF NOT EXISTS {table}_{0} ON {table} ({0})", field.name)));
    for index in &entity.indexes {
        statements.push(format!("CREATE INDEX IF NOT EXISTS {table}_by_{} ON {table} ({}, id)", index.join("_"), index.join(", ")));
    }
    statements
}

fn columns(entity: &EntityType) -> Vec<(String, String)> {
    let stored = entity.fields.values().filter(|field| !matches!(field.origin, Origin::AgeOf(_)));
    let mut columns: Vec<_> = stored
        .map(|field| {
            let required =
                if field.required || (field.origin == Origin::Implicit && entity.region != RegionSource::None) { " NOT NULL" } else { "" };
            (field.name.clone(), format!("{}{required}", column_type(&field.kind)))
        })
        .collect();
    if entity.is_labelled() {
        for (name, kind) in
            [("label_purpose", "TEXT NOT NULL"), ("label_class", "BIGINT NOT NULL"), ("label_subjects", "BLOB"), ("label_region", "TEXT")]
        {
            columns.push((name.to_owned(), kind.to_owned()));
        }
    }
    columns
}
