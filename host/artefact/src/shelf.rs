//! The directory in which artefacts are kept. Only the host can write there, and a file is believed only under its seal.

use std::collections::HashSet;
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use linli_package::Digest;

use crate::artefact::{Artefact, Key};

const ENDING: &str = ".artefact";
/// Of a file that is not finished.
const UNFINISHED: &str = ".new";

/// Why the directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// It can't be made or opened.
    #[error("{} can't be used: {reason}", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        reason: io::Error,
    },
    /// Others could write there, or read.
    #[error("{} must belong to the account that runs the host, and to nobody else: chown it, and chmod 700", path.display())]
    Open {
        /// The directory.
        path: PathBuf,
    },
}

/// Why there is no artefact to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    #[error("it had no artefact")]
    Never,
    #[error("its artefact is of another version of the engine")]
    OtherVersion,
    #[error("its artefact is not as this host left it")]
    Broken,
    #[error("its artefact can't be read")]
    Unreadable,
}

/// Artefacts by component, for one version of the engine.
pub(crate) struct Shelf {
    directory: Dir,
    key: Key,
    version: String,
}

impl Shelf {
    /// Opens the directory, and makes it where it is missing.
    pub fn open(path: &Path, key: Key, version: String) -> Result<Self, ShelfError> {
        let failed = |reason| ShelfError::Io { path: path.to_owned(), reason };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let directory = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
        let about = directory.dir_metadata().map_err(failed)?;
        if about.uid() != rustix::process::geteuid().as_raw() || about.mode() & 0o077 != 0 {
            return Err(ShelfError::Open { path: path.to_owned() });
        }
        Ok(Self { directory, key, version })
    }

    /// A component's artefact.
    pub fn get(&self, digest: &Digest) -> Result<Artefact, Missing> {
        let mut sealed = Vec::new();
        match self.directory.open(self.name(digest)).and_then(|mut file| file.read_to_end(&mut sealed)) {
            Ok(_) => Artefact::unsealed(&self.key, digest, &self.version, sealed).ok_or(Missing::Broken),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.another(digest)),
            Err(_) => Err(Missing::Unreadable),
        }
    }

    fn another(&self, digest: &Digest) -> Missing {
        let others = self.names().unwrap_or_default();
        if others.iter().any(|name| name.starts_with(&digest.hex())) { Missing::OtherVersion } else { Missing::Never }
    }

    /// Keeps a component's artefact in place of any other.
    pub fn put(&self, digest: &Digest, artefact: &Artefact) -> io::Result<()> {
        let sealed = artefact.sealed(&self.key, digest, &self.version).ok_or_else(|| io::Error::other("the key can't be used"))?;
        let (name, unfinished) = (self.name(digest), self.name(digest) + UNFINISHED);
        let mut options = OpenOptions::new();
        let mut file = self.directory.open_with(&unfinished, options.write(true).create(true).truncate(true).mode(0o600))?;
        io::Write::write_all(&mut file, &sealed)?;
        self.directory.rename(&unfinished, &self.directory, &name)?;
        self.remove(|other| other != name && other.starts_with(&digest.hex()))
    }

    /// Removes what belongs to none of these components.
    pub fn keep_only(&self, digests: &HashSet<Digest>) -> io::Result<()> {
        let wanted: HashSet<String> = digests.iter().map(|digest| self.name(digest)).collect();
        self.remove(|name| !wanted.contains(name))
    }

    fn remove(&self, unwanted: impl Fn(&str) -> bool) -> io::Result<()> {
        let mut names = self.names()?;
        names.retain(|name| unwanted(name));
        names.iter().try_for_each(|name| self.directory.remove_file(name))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let entries = self.directory.entries()?;
        Ok(entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    }

    fn name(&self, digest: &Digest) -> String {
        format!("{}-{}{ENDING}", digest.hex(), self.version)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const KEY: Key = [7; 32];

    fn shelf(path: &Path, version: &str) -> Shelf {
        Shelf::open(path, KEY, version.to_owned()).unwrap()
    }

    fn files(path: &Path) -> usize {
        fs::read_dir(path).unwrap().count()
    }

    #[test]
    fn what_is_put_is_there_for_its_version_and_key_and_replaces_what_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("artefacts");
        let digest = Digest::of(b"a");
        let old = shelf(&path, "1");
        assert_eq!(old.get(&digest).err(), Some(Missing::Never));
        old.put(&digest, &Artefact::fresh(b"code".to_vec())).unwrap();
        assert_eq!(old.get(&digest).unwrap().code(), b"code");
        let foreign = Shelf::open(&path, [8; 32], "1".to_owned()).unwrap();
        assert_eq!(foreign.get(&digest).err(), Some(Missing::Broken));
        let new = shelf(&path, "2");
        assert_eq!(new.get(&digest).err(), Some(Missing::OtherVersion));
        new.put(&digest, &Artefact::fresh(b"new code".to_vec())).unwrap();
        assert_eq!(files(&path), 1);
        assert_eq!(new.get(&digest).unwrap().code(), b"new code");
        new.keep_only(&HashSet::from([Digest::of(b"b")])).unwrap();
        assert_eq!(files(&path), 0);
    }

    #[test]
    fn a_directory_that_others_may_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(Shelf::open(folder.path(), KEY, String::new()), Err(ShelfError::Open { .. })));
    }
}
