//! The custom sections of a package.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wasm_encoder::{Component, CustomSection};

use crate::{PackageError, Parts};

/// The largest manifest, in bytes.
pub const MAX_MANIFEST: usize = 256 * 1024;
/// The largest schema and the largest locale, in bytes.
pub const MAX_SECTION: usize = 256 * 1024;
/// Schemas and locales together.
pub const MAX_SECTIONS: usize = 64;

/// Sections that are not the package's own, in all of the file together, in bytes.
pub const MAX_UNREAD: usize = 64 * 1024;
/// Characters of a foreign section's name that are told.
const NAME_TOLD: usize = 40;

const OURS: &str = "linli:";
const MANIFEST: &str = "linli:manifest";
const SCHEMA: &str = "linli:schema/";
const LOCALE: &str = "linli:locale/";

/// Appends the parts to a component. The manifest comes last: a file that was cut short lacks it.
pub(crate) fn append(component: &mut Vec<u8>, parts: &Parts) {
    let mut tail = Component::new();
    let mut add = |name: String, text: &str| {
        tail.section(&CustomSection { name: Cow::Owned(name), data: Cow::Borrowed(text.as_bytes()) });
    };
    for (path, text) in &parts.schemas {
        add(format!("{SCHEMA}{path}"), text);
    }
    for (lang, text) in &parts.locales {
        add(format!("{LOCALE}{lang}"), text);
    }
    add(MANIFEST.to_owned(), &parts.manifest);
    let tail = tail.finish();
    component.extend(tail.iter().skip(Component::HEADER.len()));
}

/// The sections of ours that a component carries.
#[derive(Default)]
pub(crate) struct Sections<'a> {
    ours: Vec<(&'a str, &'a [u8])>,
    /// Bytes of all others, and the name and size of the largest.
    unread: usize,
    largest: (&'a str, usize),
}

impl<'a> Sections<'a> {
    /// Takes note of a top-level custom section.
    pub(crate) fn add(&mut self, name: &'a str, data: &'a [u8]) {
        if name.starts_with(OURS) { self.ours.push((name, data)) } else { self.unread(name, data) }
    }

    /// Takes note of a section that is none of the package's own: `name`, `producers`, `.debug_info`.
    pub(crate) fn unread(&mut self, name: &'a str, data: &'a [u8]) {
        let size = name.len().saturating_add(data.len());
        self.unread = self.unread.saturating_add(size);
        if size > self.largest.1 {
            self.largest = (name, size);
        }
    }

    pub(crate) fn parts(self) -> Result<Parts, PackageError> {
        if self.unread > MAX_UNREAD {
            let name = self.largest.0.chars().take(NAME_TOLD).collect();
            return Err(PackageError::NotStripped { size: self.unread, name });
        }
        let mut manifest = None;
        let mut parts = Parts::default();
        for (name, data) in self.ours {
            let fresh = if name == MANIFEST {
                manifest.replace(text(name, data, MAX_MANIFEST)?).is_none()
            } else if let Some(path) = name.strip_prefix(SCHEMA) {
                insert(&mut parts.schemas, path, name, data)?
            } else if let Some(lang) = name.strip_prefix(LOCALE).filter(|l| !l.contains('/')) {
                insert(&mut parts.locales, lang, name, data)?
            } else {
                return Err(PackageError::UnknownSection { name: name.to_owned() });
            };
            if !fresh {
                return Err(PackageError::DuplicateSection { name: name.to_owned() });
            }
            let count = parts.schemas.len().saturating_add(parts.locales.len());
            if count > MAX_SECTIONS {
                return Err(PackageError::TooManySections { count, limit: MAX_SECTIONS });
            }
        }
        parts.manifest = manifest.ok_or_else(|| PackageError::MissingSection { name: MANIFEST.to_owned() })?;
        Ok(parts)
    }
}

/// Whether the key was new.
fn insert(map: &mut BTreeMap<String, String>, key: &str, name: &str, data: &[u8]) -> Result<bool, PackageError> {
    if !relative(key) {
        return Err(PackageError::SectionName { name: name.to_owned() });
    }
    Ok(map.insert(key.to_owned(), text(name, data, MAX_SECTION)?).is_none())
}

fn text(name: &str, data: &[u8], limit: usize) -> Result<String, PackageError> {
    if data.len() > limit {
        return Err(PackageError::SectionTooLarge { name: name.to_owned(), size: data.len(), limit });
    }
    std::str::from_utf8(data).map(str::to_owned).map_err(|e| PackageError::NotUtf8 { name: name.to_owned(), offset: e.valid_up_to() })
}

/// A relative path of plain steps, at most 255 bytes.
fn relative(path: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    path.len() <= 255 && path.split('/').all(|s| !s.is_empty() && !s.starts_with('.') && s.bytes().all(plain))
}
