//! The plugin package: one WebAssembly component that carries its manifest, schemas and locales in
//! top-level custom sections.
//!
//! One file is hashed, stored and reviewed; there is no archive to unpack, and a publisher's detached
//! signature does not change the digest. [`embed`] makes a package, [`open`] reads one that nobody
//! vouches for yet: it runs every check that needs no compilation.
//!
//! | custom section | content | how many |
//! |---|---|---|
//! | `linli:manifest` | `plugin.toml`, UTF-8 | exactly one, at most [`MAX_MANIFEST`] bytes |
//! | `linli:schema/<path>` | JSON Schema of an entity; `<path>` as the manifest writes it | at most [`MAX_SECTIONS`], [`MAX_SECTION`] bytes each |
//! | `linli:locale/<lang>` | texts in one language | the same |
//!
//! A package comes stripped: sections that the host does not read (names, debug information, who produced it) may hold
//! [`MAX_UNREAD`] bytes together. The host takes nothing away by itself. What a publisher signs, an admin reviews, a grant is
//! bound to and the store keeps is one file under one digest; a second one, made by the host, would be one that nobody signed.
//!
//! What the texts say is read by the floors that own it; this crate does not parse TOML or JSON.

mod contract;
mod digest;
mod error;
mod section;
mod signature;

use std::collections::BTreeMap;

use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

pub use digest::{Digest, DigestError};
pub use error::PackageError;
pub use section::{MAX_MANIFEST, MAX_SECTION, MAX_SECTIONS, MAX_UNREAD};
pub use signature::{PublisherKey, Signature, SignatureError};

/// The largest package, in bytes.
pub const MAX_PACKAGE: usize = 32 * 1024 * 1024;

/// The texts that travel inside a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// `plugin.toml`.
    pub manifest: String,
    /// Path as the manifest writes it (`schemas/decision.json`) → JSON Schema.
    pub schemas: BTreeMap<String, String>,
    /// Language (`zh`) → texts.
    pub locales: BTreeMap<String, String>,
}

/// A package that passed every static check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// What it carries.
    pub parts: Parts,
}

/// What wasmtime 48 accepts as the host configures it: WebAssembly 3.0 and the component model without
/// threads, 64-bit memories, garbage collection, exceptions and the model's async.
fn features() -> WasmFeatures {
    let refused = WasmFeatures::THREADS | WasmFeatures::MEMORY64 | WasmFeatures::GC | WasmFeatures::GC_TYPES | WasmFeatures::EXCEPTIONS;
    WasmFeatures::WASM3.difference(refused) | WasmFeatures::COMPONENT_MODEL
}

/// Puts the parts into a component.
///
/// The same component and parts give the same bytes, and so the same digest.
///
/// # Errors
///
/// [`PackageError`] where the result would not pass [`open`], among others because the component already
/// carries parts.
pub fn embed(component: &[u8], parts: &Parts) -> Result<Vec<u8>, PackageError> {
    preamble(component)?;
    let mut bytes = component.to_vec();
    section::append(&mut bytes, parts);
    open(&bytes)?;
    Ok(bytes)
}

/// Checks a package and reads its parts.
///
/// In this order, and nothing is read before the check in front of it has passed: size, preamble, parse and
/// validation of the whole file, imports, exports, sections.
///
/// # Errors
///
/// The first [`PackageError`] met; unknown imports are collected into one.
pub fn open(bytes: &[u8]) -> Result<Package, PackageError> {
    preamble(bytes)?;
    Validator::new_with_features(features())
        .validate_all(bytes)
        .map_err(|e| PackageError::Invalid { offset: e.offset(), reason: e.message().to_owned() })?;

    let mut surface = contract::Surface::default();
    let mut sections = section::Sections::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth = depth.saturating_add(1),
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(reader) if depth > 0 => sections.unread(reader.name(), reader.data()),
            _ if depth > 0 => {}
            Payload::ComponentImportSection(reader) => {
                for import in reader {
                    let import = import.map_err(malformed)?;
                    surface.import(import.name.name, import.ty);
                }
            }
            Payload::ComponentExportSection(reader) => {
                for export in reader {
                    let export = export.map_err(malformed)?;
                    surface.export(export.name.name, export.kind);
                }
            }
            Payload::CustomSection(reader) => sections.add(reader.name(), reader.data()),
            _ => {}
        }
    }
    surface.check()?;
    Ok(Package { digest: Digest::of(bytes), parts: sections.parts()? })
}

/// Size and first eight bytes.
fn preamble(bytes: &[u8]) -> Result<(), PackageError> {
    if bytes.len() > MAX_PACKAGE {
        return Err(PackageError::TooLarge { size: bytes.len() });
    }
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => Ok(()),
        Some(Ok(Payload::Version { encoding: Encoding::Module, .. })) => Err(PackageError::CoreModule),
        _ => Err(PackageError::NotWasm),
    }
}

fn malformed(error: wasmparser::Error) -> PackageError {
    PackageError::Invalid { offset: error.offset(), reason: error.message().to_owned() }
}

#[cfg(test)]
mod tests;
