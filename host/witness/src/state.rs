//! What a witness keeps: a key, and of each log the last checkpoint that it signed.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use linli_audit::Origin;
use linli_audit::witness::Seen;

/// A folder that one witness alone uses.
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes it where it is missing.
    pub fn open(path: &Path) -> Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| format!("{} can't be made", path.display()))?;
        let lock = File::create(path.join("lock")).with_context(|| format!("{} can't be written", path.display()))?;
        if lock.try_lock().is_err() {
            bail!("{} is in use by another witness", path.display());
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The private key, made on first use.
    pub fn seed(&self) -> Result<[u8; 32]> {
        let file = self.path.join("witness.key");
        if !file.exists() {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).context("no randomness to be had")?;
            self.write(&file, &HEXLOWER.encode(&seed))?;
            return Ok(seed);
        }
        let text = fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        let seed = HEXLOWER.decode(text.trim().as_bytes()).ok().and_then(|seed| seed.try_into().ok());
        seed.with_context(|| format!("{} is no key of 32 bytes in hexadecimal", file.display()))
    }

    /// Refuses to watch a log of which nothing is kept, unless it is said to be new.
    pub fn expect(&self, log: &Origin, new_log: bool) -> Result<()> {
        if self.seen(log)?.is_none() && !new_log {
            bail!("nothing is kept of {log}: was the state lost? Then retire this key. If the log is new, say --new-log");
        }
        Ok(())
    }

    /// The last checkpoint of a log that was signed.
    pub fn seen(&self, log: &Origin) -> Result<Option<Seen>> {
        let file = self.file(log);
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some(serde_json::from_str(&text).with_context(|| format!("{} is damaged", file.display()))?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{} can't be read", file.display())),
        }
    }

    /// Keeps what is about to be signed. It is durable when this returns.
    pub fn keep(&self, log: &Origin, seen: Seen) -> Result<()> {
        self.write(&self.file(log), &serde_json::to_string(&seen)?)
    }

    fn file(&self, log: &Origin) -> PathBuf {
        self.path.join(format!("{}.json", HEXLOWER.encode(log.as_str().as_bytes())))
    }

    /// All of it or nothing, whenever the power fails.
    fn write(&self, file: &Path, text: &str) -> Result<()> {
        let unwritten = || format!("{} can't be written", file.display());
        let new = file.with_extension("new");
        let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new).with_context(unwritten)?;
        open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).with_context(unwritten)?;
        fs::rename(&new, file).and_then(|()| File::open(&self.path)?.sync_all()).with_context(unwritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_there_after_a_restart_and_a_lost_state_is_noticed() {
        let path = std::env::temp_dir().join(format!("linli-witness-{}", std::process::id()));
        let log: Origin = "log".parse().unwrap();
        let seen = Seen { size: 7, root: linli_audit::Hash::from([3; 32]) };
        let seed = {
            let folder = Folder::open(&path).unwrap();
            assert!(folder.expect(&log, false).is_err() && folder.expect(&log, true).is_ok());
            assert!(Folder::open(&path).is_err(), "two at once");
            folder.keep(&log, seen).unwrap();
            folder.seed().unwrap()
        };
        let folder = Folder::open(&path).unwrap();
        assert_eq!((folder.seen(&log).unwrap(), folder.seed().unwrap()), (Some(seen), seed));
        assert!(folder.expect(&log, false).is_ok());
        fs::remove_dir_all(&path).unwrap();
    }
}
