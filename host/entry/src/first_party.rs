//! Console, portal and administration act under manifests like everybody else. These are built in, and their own grants.

use std::sync::Arc;

use linli_model::{Catalogue, RegionTree};
use linli_scope::manifest::ManifestError;
use linli_scope::scope::{ScopeError, Sources};
use linli_scope::{Keyring, Manifest, Scope};

/// The console, the CLI and bulk entry.
pub const CONSOLE: &str = include_str!("../../../schemas/first-party/console.toml");
/// The residents' portal.
pub const PORTAL: &str = include_str!("../../../schemas/first-party/portal.toml");
/// What admins, stewards and auditors do.
pub const ADMINISTRATION: &str = include_str!("../../../schemas/first-party/admin.toml");
/// The publisher and sector of first-party tokens.
const PUBLISHER: &str = "linli";

/// Why a built-in manifest can't be used: a defect of this build.
#[derive(Debug, thiserror::Error)]
pub enum BuiltInError {
    /// Of the manifest.
    #[error("built-in manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// Of its fit with the schemas.
    #[error("built-in manifest: {0}")]
    Scope(#[from] ScopeError),
}

/// Compiles a built-in manifest.
pub fn compile(
    manifest: &str,
    catalogue: &Catalogue,
    regions: Arc<RegionTree>,
    keyring: &Keyring,
) -> Result<(Manifest, Scope), BuiltInError> {
    let manifest = Manifest::read(manifest)?;
    let scope = Scope::compile(&Sources {
        manifest: &manifest,
        grant: None,
        built_in: true,
        catalogue,
        regions,
        keyring,
        publisher: PUBLISHER,
        sector: &manifest.plugin.id,
    })?;
    Ok((manifest, scope))
}
