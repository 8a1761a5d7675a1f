//! `linli plugin sign`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use linli_package::Signature;

use crate::client::plugins::beside;
use crate::output::note;

/// Signs a package under a publisher's private key, and writes the signature to `out`, else beside the package.
///
/// # Errors
///
/// Where the package would not pass the host's own checks, the key is none, or a file can't be read or written.
pub fn sign(package: &Path, key: &Path, out: Option<&Path>) -> Result<PathBuf> {
    let bytes = fs::read(package).with_context(|| format!("{} can't be read", package.display()))?;
    let digest = linli_package::open(&bytes)?.digest;
    let pem = fs::read_to_string(key).with_context(|| format!("{} can't be read", key.display()))?;
    let signature = Signature::make(&pem, &digest).with_context(|| key.display().to_string())?;
    let out = out.map_or_else(|| beside(package), Path::to_owned);
    fs::write(&out, format!("{signature}\n")).with_context(|| format!("{} can't be written", out.display()))?;
    note!("  签名    Signed {} ({digest}): {}", package.display(), out.display());
    Ok(out)
}
