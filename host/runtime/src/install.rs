//! The checks before anything of a plugin is kept. All of them pass, or nothing changes.

use jiff::{SignedDuration, Timestamp};
use linli_artefact::CompileError;
use linli_audit::{Entry, Outcome};
use linli_model::Catalogue;
use linli_model::schema::{self, Owner, SchemaError};
use linli_package::{Digest, Package, PackageError, PublisherKey, Signature, SignatureError};
use linli_scope::manifest::ManifestError;
use linli_scope::scope::ScopeError;
use linli_scope::{Actor, Grant, Manifest, Scope};
use linli_store::plugin::{Component, Installing, Publisher};
use linli_store::{Once, StoreError};

use crate::contract::PluginPre;
use crate::invocation::State;
use crate::plugin::{Made, Plugin};
use crate::registry::Runtime;

/// How long a grant runs where the admin does not say.
const GRANT_DAYS: i64 = 365;
/// Ids of the platform's own applications. In the log nobody may pass for one.
const PLATFORM: &str = "linli.";

/// Why a plugin can't be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The file.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Its manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A schema that it brings.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// What it asks for.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// A schema that the manifest names but the package lacks, or of another name.
    #[error("[[entity]] {name}: {reason}")]
    Entity {
        /// As the manifest names it.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// It can't be compiled, or not within its bounds.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It does not fit the contract.
    #[error("the component does not fit the contract: {0}")]
    Contract(String),
    /// What the store holds is not what was installed.
    #[error("the component {digest} was changed in the store; install it again")]
    Changed {
        /// The digest it was installed under.
        digest: String,
    },
    /// The plugin's id belongs to another publisher.
    #[error("the plugin {plugin} belongs to the publisher {owner}")]
    OtherPublisher {
        /// The plugin's id.
        plugin: String,
        /// Whose it is.
        owner: String,
    },
    /// The publisher's signature is missing, or holds for something else.
    #[error("{0}")]
    Signature(String),
    /// There is no such publisher.
    #[error("there is no publisher `{0}`; an admin adds it first")]
    NoPublisher(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A package that is to be installed.
#[derive(Clone, Debug)]
pub struct Upload<'a> {
    /// The component.
    pub bytes: Vec<u8>,
    /// The publisher's signature of it, as text.
    pub signature: Option<&'a str>,
    /// For whom: a publisher's id.
    pub publisher: &'a str,
    /// The digest of the component that serves the plugin now, where it must still be that one.
    pub replaces: Option<&'a str>,
}

/// What an installation made.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The plugin's id.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// `sha256:…`.
    pub digest: String,
    /// Whether its publisher signed it.
    pub signed: bool,
    /// The request that an admin must decide, or the grant that stands already for this digest.
    pub grant: Grant,
}

impl Runtime {
    /// Checks a package and installs it. Its request waits for an admin who is not `actor`.
    pub async fn install(
        &self,
        upload: Upload<'_>,
        actor: &Actor,
        now: Timestamp,
        once: Once<Installation>,
    ) -> Result<Installation, InstallError> {
        let Upload { bytes, signature, publisher, replaces } = upload;
        let package = linli_package::open(&bytes)?;
        let digest = package.digest.to_string();
        let manifest = Manifest::read(&package.parts.manifest)?;
        let plugin = manifest.plugin.id.clone();
        let publisher = self.publisher(publisher, &plugin).await?;
        if replaces.is_some() && replaces != self.plugin(&plugin).as_ref().map(|serving| serving.digest.as_str()) {
            return Err(StoreError::Changed("plugin").into());
        }
        let signed = self.check_signature(&publisher.id, signature, &package.digest).await?;
        let schemas = schemas(&manifest, &package)?;
        let mut catalogue = Catalogue::clone(&self.store().catalogue());
        for source in &schemas {
            let entity = schema::read(source, Some(&Owner { plugin: &plugin }), &catalogue)?;
            catalogue.add_entity(entity);
        }
        Scope::compile(&self.sources(&manifest, None, &catalogue, &publisher))?;
        let component = self.component(package.digest, &bytes).await?;
        let version = manifest.plugin.version.clone();
        self.store().add_entities(&plugin, schemas).await?;
        let kept = Component {
            digest: digest.clone(),
            plugin: plugin.clone(),
            version: version.clone(),
            bytes,
            uploaded_by: actor.id,
            uploaded_at: now.as_millisecond(),
        };
        let entry = administration(actor, "install", &plugin, &digest);
        let is_signed = signed.is_some();
        let stands = self.grant_for(&plugin, &digest, now).await?;
        let installing = Installing {
            publisher: publisher.id.clone(),
            component: kept,
            signature: signed,
            replaces: replaces.map(ToOwned::to_owned),
            request: stands.is_none().then(|| request(&manifest, &digest, actor, now)),
        };
        let installed = move |request: &Option<Grant>| {
            let grant = request.clone().or(stands).ok_or("there is no grant")?;
            Ok::<_, String>(Installation { plugin, version, digest, signed: is_signed, grant })
        };
        let request = self.store().install(installing, entry.encode(), once.of(installed.clone())).await?;
        let installation = installed(&request).map_err(InstallError::Contract)?;
        let grant = &installation.grant;
        let scope = Scope::compile(&self.sources(&manifest, Some(grant), &self.store().catalogue(), &publisher))?;
        let scope = scope.with_broken(self.broken(Some(grant)).await?);
        self.put(Plugin::new(Made {
            manifest,
            digest: installation.digest.clone(),
            signed: is_signed,
            publisher,
            uploaded_by: actor.id,
            component,
            scope,
            limits: self.limits().clone(),
        }));
        Ok(installation)
    }

    /// The signature that a package needs where its publisher has a key, with the key under which it holds.
    async fn check_signature(
        &self,
        publisher: &str,
        signature: Option<&str>,
        digest: &Digest,
    ) -> Result<Option<(String, String)>, InstallError> {
        let refused = |reason: String| Err(InstallError::Signature(reason));
        let Some(pem) = self.store().publisher_keys().await?.remove(publisher) else {
            return match signature {
                None => Ok(None),
                Some(_) => refused(format!(
                    "the publisher `{publisher}` has no key to check the signature with; an admin adds it first: linli publisher add --key"
                )),
            };
        };
        let Some(text) = signature else {
            return refused(format!(
                "the publisher `{publisher}` has a key, so its packages must be signed: linli plugin sign, then install again"
            ));
        };
        let wrong = |error: SignatureError| InstallError::Signature(error.to_string());
        let (signature, key): (Signature, PublisherKey) = (text.parse().map_err(wrong)?, pem.parse().map_err(wrong)?);
        if !key.signed(digest, &signature) {
            return refused(format!(
                "the signature does not hold for {digest} under the key {} of `{publisher}`: sign this very file with that key",
                key.fingerprint()
            ));
        }
        Ok(Some((signature.to_string(), pem)))
    }

    async fn publisher(&self, id: &str, plugin: &str) -> Result<Publisher, InstallError> {
        let known = self.store().publishers().await?.into_iter().find(|publisher| publisher.id == id);
        let publisher = known.ok_or_else(|| InstallError::NoPublisher(id.to_owned()))?;
        if plugin.starts_with(PLATFORM) {
            return Err(InstallError::OtherPublisher { plugin: plugin.to_owned(), owner: "linli".to_owned() });
        }
        match self.plugin(plugin) {
            Some(before) if before.publisher.id != publisher.id => {
                Err(InstallError::OtherPublisher { plugin: plugin.to_owned(), owner: before.publisher.id.clone() })
            }
            _ => Ok(publisher),
        }
    }

    /// The component with this digest, ready to be instantiated.
    pub(crate) async fn component(&self, digest: Digest, bytes: &[u8]) -> Result<PluginPre<State>, InstallError> {
        let component = self.workshop().component(digest, bytes).await?;
        let linked = self.linker().instantiate_pre(&component).and_then(PluginPre::new);
        linked.map_err(|error| InstallError::Contract(format!("{error:#}")))
    }
}

/// What a component asks for.
fn request(manifest: &Manifest, digest: &str, actor: &Actor, now: Timestamp) -> Grant {
    let expires = now.checked_add(SignedDuration::from_hours(24 * GRANT_DAYS)).unwrap_or(now);
    Grant { requested_by: Some(actor.id), ..Grant::requested(0, manifest, digest.to_owned(), expires) }
}

fn schemas(manifest: &Manifest, package: &Package) -> Result<Vec<String>, InstallError> {
    let fail = |name: &str, reason: String| InstallError::Entity { name: name.to_owned(), reason };
    let mut schemas = Vec::new();
    for entity in &manifest.entities {
        let source = package
            .parts
            .schemas
            .get(&entity.schema)
            .ok_or_else(|| fail(&entity.name, format!("the package holds no schema `{}`", entity.schema)))?;
        let named = serde_json::from_str::<serde_json::Value>(source)
            .ok()
            .and_then(|schema| schema.pointer("/x-linli/name").and_then(|name| name.as_str().map(ToOwned::to_owned)));
        if named.as_deref() != Some(&entity.name) {
            return Err(fail(&entity.name, format!("the schema `{}` is named otherwise in x-linli.name", entity.schema)));
        }
        schemas.push(source.clone());
    }
    Ok(schemas)
}

/// An entry of the log for something that an admin did.
pub fn administration(actor: &Actor, what: &str, plugin: &str, object: &str) -> Entry {
    Entry {
        at: Timestamp::now(),
        actor: actor.log_name(),
        application: "linli.admin".to_owned(),
        digest: Some(object.to_owned()),
        grant: None,
        break_glass: None,
        purpose: "administration".to_owned(),
        entry_point: format!("{what} {plugin}"),
        outcome: Outcome::Allowed,
        accesses: Vec::new(),
        subjects: roaring::RoaringTreemap::new(),
        erased: None,
    }
}
