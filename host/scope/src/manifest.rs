//! What a plugin asks for and offers: `plugin.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use linli_model::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Access, Mode, Operation, ROWS_PER_CALL_MAX};
use crate::actor::Role;

/// A manifest as its author wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Who it is.
    pub plugin: Head,
    /// Why it reads, with the law.
    #[serde(default, rename = "purpose")]
    pub purposes: Vec<Purpose>,
    /// The entity types that it brings.
    #[serde(default, rename = "entity")]
    pub entities: Vec<OwnEntity>,
    /// What it asks for.
    #[serde(default, rename = "access")]
    pub accesses: Vec<Access>,
    /// Pages that people open.
    #[serde(default, rename = "page")]
    pub pages: Vec<Page>,
    /// Things that people do on its pages.
    #[serde(default, rename = "action")]
    pub actions: Vec<Action>,
}

/// Who a plugin is. Its publisher is assigned by the admin, never claimed here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `civil-affairs.elder-allowance`: lower case, digits and `-`, parts joined by dots.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// The platform contract, `0.1`.
    pub platform: String,
    /// What people call it.
    pub name: Text,
    /// What it does.
    #[serde(default)]
    pub description: Option<Text>,
}

/// A purpose.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Purpose {
    /// Named by accesses and entry points.
    pub id: String,
    /// What people read in the log.
    pub title: Text,
    /// The law and article.
    pub legal_basis: String,
    /// Whether it gives nothing until somebody breaks the glass: see [`break_glass`](crate::break_glass).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
}

/// An entity type that the plugin brings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnEntity {
    /// Its name within the plugin.
    pub name: String,
    /// The schema's path in the package.
    pub schema: String,
}

/// A page.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// `/eligible`.
    pub path: String,
    /// What people read in the menu.
    pub title: Text,
    /// Its one purpose.
    pub purpose: String,
    /// Who may open it.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// Whether it is open without a log-in.
    #[serde(default)]
    pub public: bool,
    /// Whether it stands in the menu.
    #[serde(default = "yes")]
    pub menu: bool,
}

/// An action.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// What people read on its button.
    pub title: Text,
    /// Its one purpose.
    pub purpose: String,
    /// Who may do it.
    #[serde(default)]
    pub roles: BTreeSet<Role>,
    /// The inputs that it takes.
    #[serde(default)]
    pub input: IndexMap<String, InputKind>,
}

/// What an action's input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// `YYYY-MM-DD`.
    Date,
    /// True or false.
    Boolean,
    /// A resident: a token, or an ID number that the host looks up under the person's own rights.
    Resident,
}

fn yes() -> bool {
    true
}

/// A page or an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Read.
    Page,
    /// Do.
    Action,
}

/// Where a call comes in, with its one purpose.
#[derive(Clone, Debug)]
pub struct EntryPoint {
    /// Page or action.
    pub kind: EntryKind,
    /// The page's path or the action's name.
    pub name: String,
    /// The purpose's id.
    pub purpose: String,
    /// Who may enter.
    pub roles: BTreeSet<Role>,
    /// Whether nobody need be signed in.
    pub public: bool,
    /// An action's inputs.
    pub input: IndexMap<String, InputKind>,
    /// As the log names it: `page /eligible`.
    pub log_name: String,
}

/// Why a manifest can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No TOML of this shape.
    #[error("plugin.toml: {0}")]
    Shape(String),
    /// Parts that do not fit together.
    #[error("plugin.toml, {at}: {reason}")]
    Meaning {
        /// Where.
        at: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl Manifest {
    /// Reads and checks a manifest by itself; the schemas are checked when it is compiled.
    pub fn read(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|reason| ManifestError::Shape(reason.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// A purpose by its id.
    pub fn purpose(&self, id: &str) -> Option<&Purpose> {
        self.purposes.iter().find(|purpose| purpose.id == id)
    }

    fn is_emergency(&self, id: &str) -> bool {
        self.purpose(id).is_some_and(|purpose| purpose.emergency)
    }

    /// All entry points by kind and name.
    pub fn entry_points(&self) -> BTreeMap<String, Arc<EntryPoint>> {
        let pages = self.pages.iter().map(|page| EntryPoint {
            kind: EntryKind::Page,
            name: page.path.clone(),
            purpose: page.purpose.clone(),
            roles: page.roles.clone(),
            public: page.public,
            input: IndexMap::new(),
            log_name: format!("page {}", page.path),
        });
        let actions = self.actions.iter().map(|action| EntryPoint {
            kind: EntryKind::Action,
            name: action.name.clone(),
            purpose: action.purpose.clone(),
            roles: action.roles.clone(),
            public: false,
            input: action.input.clone(),
            log_name: format!("action {}", action.name),
        });
        pages.chain(actions).map(|entry| (entry.log_name.clone(), Arc::new(entry))).collect()
    }

    fn check(&self) -> Result<(), ManifestError> {
        let fail = |at: &str, reason: String| Err(ManifestError::Meaning { at: at.to_owned(), reason });
        let head = &self.plugin;
        if !is_id(&head.id) {
            return fail("[plugin] id", "must be 1 to 80 characters: a-z, 0-9 and -, in two or more parts joined by dots".into());
        }
        if head.platform != "0.1" {
            return fail("[plugin] platform", format!("asks for the contract `{}`; this host serves 0.1", head.platform));
        }
        if head.version.is_empty() || head.version.len() > 40 {
            return fail("[plugin] version", "must be 1 to 40 characters".into());
        }
        if self.pages.is_empty() && self.actions.is_empty() {
            return fail("[[page]]", "a plugin needs at least one page or action".into());
        }
        self.check_unique()?;
        for (at, access) in self.accesses.iter().enumerate() {
            self.check_access(at + 1, access)?;
        }
        for (at, purpose, roles, open) in self.uses() {
            if self.purpose(purpose).is_none() {
                return fail(&at, format!("names the purpose `{purpose}`, which no [[purpose]] declares"));
            }
            if roles.is_empty() != open {
                return fail(&at, "must have either roles or public = true".into());
            }
            if open && self.is_emergency(purpose) {
                return fail(&at, format!("is public, and `{purpose}` is an emergency: a named person breaks the glass, not the public"));
            }
        }
        for purpose in &self.purposes {
            purpose.check().map_err(|reason| ManifestError::Meaning { at: format!("[[purpose]] {}", purpose.id), reason })?;
        }
        Ok(())
    }

    fn uses(&self) -> impl Iterator<Item = (String, &str, &BTreeSet<Role>, bool)> {
        let pages = self.pages.iter().map(|page| (format!("[[page]] {}", page.path), page.purpose.as_str(), &page.roles, page.public));
        let actions =
            self.actions.iter().map(|action| (format!("[[action]] {}", action.name), action.purpose.as_str(), &action.roles, false));
        pages.chain(actions)
    }

    fn check_unique(&self) -> Result<(), ManifestError> {
        let mut seen = BTreeSet::new();
        let names = self.purposes.iter().map(|purpose| format!("[[purpose]] {}", purpose.id));
        let names = names.chain(self.entities.iter().map(|entity| format!("[[entity]] {}", entity.name)));
        let names = names.chain(self.pages.iter().map(|page| format!("[[page]] {}", page.path)));
        for name in names.chain(self.actions.iter().map(|action| format!("[[action]] {}", action.name))) {
            if !seen.insert(name.clone()) {
                return Err(ManifestError::Meaning { at: name, reason: "stands twice".into() });
            }
        }
        let bad_path = |page: &&Page| !page.path.starts_with('/') || page.path.len() > 80 || !page.path.bytes().skip(1).all(is_name_byte);
        if let Some(page) = self.pages.iter().find(bad_path) {
            return Err(ManifestError::Meaning {
                at: format!("[[page]] {}", page.path),
                reason: "path must be / and then a-z, 0-9, - and _".into(),
            });
        }
        let bad_name = |action: &&Action| action.name.is_empty() || action.name.len() > 80 || !action.name.bytes().all(is_name_byte);
        match self.actions.iter().find(bad_name) {
            Some(action) => {
                Err(ManifestError::Meaning { at: format!("[[action]] {}", action.name), reason: "name must be a-z, 0-9, - and _".into() })
            }
            None => Ok(()),
        }
    }

    fn check_access(&self, number: usize, access: &Access) -> Result<(), ManifestError> {
        let fail = |reason: String| Err(ManifestError::Meaning { at: format!("[[access]] {number}"), reason });
        if self.purpose(&access.purpose).is_none() {
            return fail(format!("names the purpose `{}`, which no [[purpose]] declares", access.purpose));
        }
        if access.operations.is_empty() {
            return fail("needs at least one operation".into());
        }
        if access.rows_per_call == 0 || access.rows_per_call > ROWS_PER_CALL_MAX {
            return fail(format!("rows-per-call must lie in 1 to {ROWS_PER_CALL_MAX}"));
        }
        if access.rows_per_day == Some(0) {
            return fail("rows-per-day must be at least 1".into());
        }
        if access.regions.is_some() || access.and_where.is_some() {
            return fail("regions and and-where are the admin's to set, in the grant".into());
        }
        if self.is_emergency(&access.purpose) && (access.unattended || !access.public.is_empty()) {
            return fail("is for an emergency, where a named person breaks the glass: neither unattended nor public".into());
        }
        if access.operations.contains(&Operation::PublicLookup) == access.public.is_empty() {
            return fail("public-lookup and the list `public` of the fields that it shows go together".into());
        }
        if let Some(name) = access.public.iter().find(|name| access.fields.get(*name) != Some(&Mode::Plain)) {
            return fail(format!("shows `{name}` to the public, so `{name} = \"plain\"` must stand in fields"));
        }
        if access.operations.contains(&Operation::Check) && access.checks.is_empty() {
            return fail("has the operation check and no checks".into());
        }
        self.check_tables(number, access)
    }

    fn check_tables(&self, number: usize, access: &Access) -> Result<(), ManifestError> {
        let at = format!("[[access]] {number}");
        let fail = |at: String, reason: &str| Err(ManifestError::Meaning { at, reason: reason.to_owned() });
        if access.operations.contains(&Operation::Aggregate) == access.tables.is_empty() {
            return fail(at, "aggregate and the tables that it may ask for, each an [[access.table]], go together");
        }
        if access.own && !access.tables.is_empty() {
            return fail(at, "counts tables of the actor's own record only, which is one");
        }
        let mut seen = BTreeSet::new();
        for table in &access.tables {
            let at = format!("{at}, table {}", table.name);
            if table.name.is_empty() || table.name.len() > 80 || !table.name.bytes().all(is_name_byte) {
                return fail(at, "name must be 1 to 80 of a-z, 0-9, - and _");
            }
            if !seen.insert(&table.name) {
                return fail(at, "stands twice");
            }
            table.check().map_err(|reason| ManifestError::Meaning { at, reason: reason.to_string() })?;
        }
        Ok(())
    }
}

impl Purpose {
    /// A purpose without a name or a law is none.
    fn check(&self) -> Result<(), String> {
        let blank = |text: &str| text.trim().is_empty();
        if blank(&self.id) {
            return Err("id must not be blank".to_owned());
        }
        if blank(self.title.zh()) {
            return Err("title must not be blank: residents read it in the log".to_owned());
        }
        if blank(&self.legal_basis) {
            return Err("legal-basis must name the law and its article".to_owned());
        }
        Ok(())
    }
}

fn is_id(id: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    id.len() <= 80 && id.contains('.') && id.split('.').all(part)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests;
