//! The tables: the platform's own, and one for each entity type, generated from its schema.

use jiff::Timestamp;
use linli_model::{EntityType, Origin, RegionSource};
use sha2::{Digest as _, Sha256};

use crate::database::{Dialect, Session, binds};
use crate::error::StoreError;
use crate::sql::column_type;

/// Statements that bring tables from one state to the next, written as SQLite understands them.
type Migration = &'static [&'static str];

/// The platform's own tables. A state that was released never changes: what comes later is another migration.
pub(crate) const PLATFORM: &[Migration] = &[FIRST, SIGNATURES, DIVISIONS, ERASURES, TALLY, CLAIMS, BREAK_GLASS, ACCOUNTS, RESIDENTS];

/// What there was from the beginning.
const FIRST: Migration = &[
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

/// What became of divisions.
const DIVISIONS: Migration = &[
    "CREATE TABLE IF NOT EXISTS region_change (seq BIGINT PRIMARY KEY, since TEXT NOT NULL, kind TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, successor TEXT NOT NULL, successor_name TEXT NOT NULL)",
];

/// Publishers' keys, and what they signed.
const SIGNATURES: Migration = &[
    "CREATE TABLE IF NOT EXISTS publisher_key (publisher TEXT PRIMARY KEY, pem TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS component_signature (digest TEXT PRIMARY KEY, signature TEXT NOT NULL, pem TEXT NOT NULL)",
];

/// Who was taken out of everything, and what two people decide about a resident.
const ERASURES: Migration = &[
    "CREATE TABLE erased_record (entity BIGINT NOT NULL, record BIGINT NOT NULL, PRIMARY KEY (entity, record))",
    "CREATE TABLE erasure (resident BIGINT PRIMARY KEY, entry TEXT NOT NULL)",
    "CREATE TABLE measure (id BIGINT PRIMARY KEY, resident BIGINT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX measure_resident ON measure (resident)",
];

/// What was used of what a day allows.
const TALLY: Migration =
    &["CREATE TABLE IF NOT EXISTS tally (day TEXT NOT NULL, what TEXT NOT NULL, used BIGINT NOT NULL, PRIMARY KEY (day, what))"];

/// Keys of changes that are done once.
const CLAIMS: Migration = &[
    "CREATE TABLE IF NOT EXISTS request_claim (actor BIGINT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, run TEXT NOT NULL, at BIGINT NOT NULL, answer TEXT, PRIMARY KEY (actor, key))",
    "CREATE INDEX IF NOT EXISTS request_claim_at ON request_claim (at)",
];

/// Emergencies.
const BREAK_GLASS: Migration = &[
    "CREATE TABLE break_glass (id BIGINT PRIMARY KEY, account BIGINT NOT NULL, scope_grant BIGINT NOT NULL, reviewed BIGINT NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX break_glass_account ON break_glass (account, id)",
    "CREATE INDEX break_glass_grant ON break_glass (scope_grant, reviewed)",
    "CREATE INDEX break_glass_reviewed ON break_glass (reviewed)",
];

/// Accounts that are changed: whether one may log in, how often it was changed, and a change that waits for a second admin.
const ACCOUNTS: Migration = &[
    "ALTER TABLE account ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE account ADD COLUMN version BIGINT NOT NULL DEFAULT 1",
    "ALTER TABLE account ADD COLUMN pending TEXT",
];

/// Whose record an account is for: a resident has one account at most.
const RESIDENTS: Migration = &[
    "ALTER TABLE account ADD COLUMN resident BIGINT",
    "UPDATE account SET resident = CAST(actor ->> 'resident' AS BIGINT)",
    "CREATE UNIQUE INDEX account_resident ON account (resident)",
];

/// The access log's tables. In SQLite they are in a file of their own: a log that grows with every read must not make
/// readers of the records forget what they have mapped and cached.
pub(crate) const LOG: &[Migration] = &[
    &[
        "CREATE TABLE IF NOT EXISTS access_log (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, subjects BLOB NOT NULL, leaf BLOB NOT NULL)",
        "CREATE TABLE IF NOT EXISTS log_checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL, frontier BLOB NOT NULL)",
        "CREATE TABLE IF NOT EXISTS log_block (first INTEGER PRIMARY KEY, last BIGINT NOT NULL, body BLOB NOT NULL)",
        "CREATE TABLE IF NOT EXISTS log_moved (one INTEGER PRIMARY KEY, upto BIGINT NOT NULL)",
        "INSERT INTO log_moved (one, upto) VALUES (1, 0) ON CONFLICT (one) DO NOTHING",
    ],
    &[
        "CREATE TABLE IF NOT EXISTS log_use (application TEXT NOT NULL, entity TEXT NOT NULL, field TEXT NOT NULL, last BIGINT NOT NULL, PRIMARY KEY (application, entity, field))",
        "CREATE TABLE IF NOT EXISTS log_use_upto (one INTEGER PRIMARY KEY, upto BIGINT NOT NULL)",
        "INSERT INTO log_use_upto (one, upto) VALUES (1, 0) ON CONFLICT (one) DO NOTHING",
    ],
    &[
        "ALTER TABLE access_log ADD COLUMN salt BLOB",
        "CREATE TABLE log_erasure (seq BIGINT NOT NULL, erasure BIGINT NOT NULL, committed_before BLOB NOT NULL, committed_after BLOB NOT NULL, PRIMARY KEY (seq, erasure))",
        "CREATE TABLE log_node (level BIGINT NOT NULL, place BIGINT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, place))",
        "CREATE TABLE log_witness (name TEXT PRIMARY KEY, size BIGINT NOT NULL)",
    ],
];

/// Longest name that PostgreSQL keeps whole, bytes.
const NAME_MAX: usize = 63;

/// Runs the migrations that a database lacks, each with its number in one transaction.
pub(crate) fn migrate(session: &Session, table: &str, migrations: &[Migration]) -> Result<(), StoreError> {
    session.batch(&format!("CREATE TABLE IF NOT EXISTS {table} (number BIGINT PRIMARY KEY, at BIGINT NOT NULL)"))?;
    let done = session.number(&format!("SELECT coalesce(max(number), 0) FROM {table}"), &[])?;
    let done = usize::try_from(done).unwrap_or_default();
    if done > migrations.len() {
        return Err(StoreError::Schema(format!(
            "the database was made by a newer version: {table} says {done}, known are {}",
            migrations.len()
        )));
    }
    for (number, migration) in migrations.iter().enumerate().skip(done) {
        session.begin()?;
        migration.iter().try_for_each(|statement| run(session, statement))?;
        let number = i64::try_from(number + 1).unwrap_or(i64::MAX);
        let line = format!("INSERT INTO {table} (number, at) VALUES ($1, $2)");
        session.execute(&line, binds![number, Timestamp::now().as_millisecond()])?;
        session.batch("COMMIT")?;
    }
    Ok(())
}

/// Runs a statement that makes or changes a table.
pub(crate) fn run(session: &Session, statement: &str) -> Result<(), StoreError> {
    match session.dialect() {
        Dialect::Sqlite => session.batch(statement),
        // Text sorts and compares by its bytes, as in SQLite. A boolean is 0 or 1 in both.
        Dialect::Postgres => session.batch(
            &statement
                .replace(" INTEGER PRIMARY KEY", " BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
                .replace(" BLOB", " BYTEA")
                .replace(" BOOLEAN", " BIGINT")
                .replace(" TEXT", " TEXT COLLATE \"C\"")
                .replace(" ->> ", "::JSON ->> "),
        ),
    }
}

/// The name of the index that keeps a key unique.
pub(crate) fn key_index(entity: &EntityType, key: &str) -> String {
    bounded(format!("{}_{key}", entity.table))
}

/// A name that both databases keep whole.
fn bounded(name: String) -> String {
    match name.get(..NAME_MAX - 17) {
        Some(start) if name.len() > NAME_MAX => {
            let digest = Sha256::digest(&name);
            let tail: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("{start}_{tail}")
        }
        _ => name,
    }
}

/// The table of an entity type by its number, so that no name of a plugin's becomes SQL.
pub(crate) fn table_name(number: u16, entity: &EntityType) -> String {
    match entity.owner {
        None => format!("e_{}", entity.name),
        Some(_) => bounded(format!("e{number}_{}", entity.name.rsplit('/').next().unwrap_or_default())),
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
        statements.push(format!("CREATE UNIQUE INDEX IF NOT EXISTS {} ON {table} ({key})", key_index(entity, key)));
    }
    let public = entity.fields.values().filter(|field| field.public_key && !entity.keys.contains(&field.name));
    let public =
        public.map(|field| format!("CREATE UNIQUE INDEX IF NOT EXISTS {} ON {table} ({})", key_index(entity, &field.name), field.name));
    statements.extend(public);
    for index in &entity.indexes {
        let name = bounded(format!("{table}_by_{}", index.join("_")));
        statements.push(format!("CREATE INDEX IF NOT EXISTS {name} ON {table} ({}, id)", index.join(", ")));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::database::Cells as _;
    use crate::sqlite::Options;

    #[test]
    fn an_account_that_was_made_before_is_known_by_whose_record_it_is_for() {
        let file = std::env::temp_dir().join(format!("linli-schema-{}.db", std::process::id()));
        let session = Session::Sqlite(Options::new(&file).open().unwrap());
        let before = PLATFORM.iter().position(|migration| *migration == RESIDENTS).unwrap();
        migrate(&session, "platform_migration", PLATFORM.get(..before).unwrap()).unwrap();
        for (id, resident) in [(1, "null"), (2, "7")] {
            let text = "INSERT INTO account (id, login, name, password, actor) VALUES ($1, $2, 'n', 'p', $3)";
            let actor = format!(r#"{{"id":0,"resident":{resident},"publisher":null}}"#);
            session.execute(text, binds![id, format!("l{id}"), actor]).unwrap();
        }
        migrate(&session, "platform_migration", PLATFORM).unwrap();
        let placed = session.all("SELECT resident FROM account ORDER BY id", &[], |row| row.optional_integer(0)).unwrap();
        assert_eq!(placed, [None, Some(7)]);
        std::fs::remove_file(file).unwrap();
    }
}
