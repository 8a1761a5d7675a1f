//! The core entity types, and a plugin that asks for some of them, for tests.

use linli_model::{Catalogue, Classification, CodeList, schema};

use crate::scope::{ScopeError, Sources};
use crate::{Actor, Caller, Channel, Grant, GrantState, Keyring, Manifest, Narrowing, Role, Scope};

/// A plugin `a.b` with one purpose, `p`, one page and these accesses.
pub fn manifest(accesses: &str) -> Manifest {
    let text = format!(
        r#"
        [plugin]
        id = "a.b"
        version = "1"
        platform = "0.1"
        name = "n"
        [[purpose]]
        id = "p"
        title = "t"
        legal-basis = "l"
        {accesses}
        [[page]]
        path = "/x"
        title = "t"
        purpose = "p"
        roles = ["worker"]
    "#
    );
    Manifest::read(&text).unwrap()
}

/// That plugin's scope under a grant in force, narrowed.
pub fn granted(accesses: &str, narrowing: &Narrowing) -> Result<Scope, ScopeError> {
    granted_of(&catalogue(), accesses, narrowing)
}

/// The same over other entity types.
pub fn granted_of(catalogue: &Catalogue, accesses: &str, narrowing: &Narrowing) -> Result<Scope, ScopeError> {
    let manifest = manifest(accesses);
    let mut grant = Grant::requested(5, &manifest, "d".into(), jiff::Timestamp::MAX);
    grant.narrow(narrowing).unwrap();
    grant.state = GrantState::Active;
    compiled_of(catalogue, &manifest, Some(&grant))
}

/// A plugin's scope under a grant, or under none.
pub fn compiled(manifest: &Manifest, grant: Option<&Grant>) -> Result<Scope, ScopeError> {
    compiled_of(&catalogue(), manifest, grant)
}

fn compiled_of(catalogue: &Catalogue, manifest: &Manifest, grant: Option<&Grant>) -> Result<Scope, ScopeError> {
    Scope::compile(&Sources {
        manifest,
        grant,
        built_in: false,
        catalogue,
        keyring: &Keyring::new([7; 32]),
        publisher: "x",
        sector: "y",
        regions: Default::default(),
    })
}

pub fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    for entry in std::fs::read_dir(dir.join("codes")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        catalogue.add_codes(CodeList::read(&name, &std::fs::read_to_string(&path).unwrap()).unwrap());
    }
    for (number, name) in ["dwelling", "household", "resident", "organisation", "facility", "matter"].into_iter().enumerate() {
        let text = std::fs::read_to_string(dir.join(format!("entities/{name}.json"))).unwrap();
        let mut entity = schema::read(&text, None, &catalogue).unwrap();
        entity.number = u16::try_from(number + 1).unwrap();
        entity.table = format!("e_{name}");
        catalogue.add_entity(entity);
    }
    catalogue
}

/// A worker of one community.
pub fn actor(clearance: Classification) -> Actor {
    let regions = vec!["440104022001".parse().unwrap()];
    Actor { id: 1, roles: vec![Role::Worker], regions, clearance, resident: None, publisher: None }
}

/// A call for the purpose `p`, into the plugin.
pub fn caller(actor: &Actor) -> Caller<'_> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    Caller { actor: Some(actor), purpose: "p", channel: Channel::Guest, now, today: "2026-02-28".parse().unwrap() }
}
