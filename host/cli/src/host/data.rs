//! A data directory: the keys that must not lie in the database, and, where it is a file, the database itself.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use data_encoding::HEXLOWER;
use linli_audit::Signer;
use linli_model::CodeList;
use linli_scope::Keyring;
use linli_store::model::Core;
use linli_store::{Database, Store};
use linli_web::witness::Witness;

/// The log's name in its checkpoints.
pub const ORIGIN: &str = "linli.local/access-log";
/// The key's name in its signatures.
const KEY_NAME: &str = "linli.local";

const SCHEMAS: [&str; 6] = [
    include_str!("../../../../schemas/entities/dwelling.json"),
    include_str!("../../../../schemas/entities/household.json"),
    include_str!("../../../../schemas/entities/resident.json"),
    include_str!("../../../../schemas/entities/organisation.json"),
    include_str!("../../../../schemas/entities/facility.json"),
    include_str!("../../../../schemas/entities/matter.json"),
];

static CODES: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../../schemas/codes");

/// Where a host keeps what it keeps.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// The data directory.
    #[arg(long, env = "LINLI_DATA", default_value = "data")]
    pub data: PathBuf,
    /// postgres://USER@HOST:PORT/NAME; else a file in the data directory. The password comes from PGPASSWORD or ~/.pgpass.
    #[arg(long, env = "LINLI_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

impl Place {
    fn database(&self) -> Result<Database> {
        let Some(place) = &self.database else { return Ok(Database::Sqlite(self.data.join("linli.db"))) };
        let secret = place.split_once("://").and_then(|(_, rest)| rest.split_once('@')).is_some_and(|(user, _)| user.contains(':'));
        if secret && std::env::args().any(|argument| argument.contains(place)) {
            bail!(
                "everybody on this machine can read an argument: give the database's password in PGPASSWORD, in ~/.pgpass or with LINLI_DATABASE"
            );
        }
        Ok(Database::at(place)?)
    }
}

/// A data directory that this process alone uses, as long as the value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    database: Database,
    _lock: Option<File>,
}

impl DataDir {
    /// Makes the directory where it is missing, and locks it.
    pub fn open(place: &Place) -> Result<Self> {
        let path = &place.data;
        let database = place.database()?;
        for folder in [path.clone(), path.join("keys")] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .with_context(|| format!("{} can't be made", folder.display()))?;
        }
        let lock = File::create(path.join("lock")).with_context(|| format!("{} can't be written", path.display()))?;
        if lock.try_lock().is_err() {
            bail!("{} is in use by another linli", path.display());
        }
        Ok(Self { path: path.clone(), database, _lock: Some(lock) })
    }

    /// A directory that another process may be using.
    pub fn existing(place: &Place) -> Result<Self> {
        let database = place.database()?;
        if let Database::Sqlite(file) = &database
            && !file.is_file()
        {
            bail!("there is no {}; say --data DIR", file.display());
        }
        Ok(Self { path: place.data.clone(), database, _lock: None })
    }

    /// Where the records and the log are.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A file of the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens the store.
    pub async fn store(&self) -> Result<Store> {
        let codes = CODES.files().map(code_list).collect::<Result<Vec<_>>>()?;
        Store::open(&self.database, Core { codes, schemas: &SCHEMAS }).await.with_context(|| format!("{} can't be opened", self.database))
    }

    /// The secret from which tokens are derived; made on first use.
    pub fn keyring(&self) -> Result<Keyring> {
        Ok(Keyring::new(self.secret("master.key")?))
    }

    /// The log's key; made on first use.
    pub fn signer(&self) -> Result<Signer> {
        let signer =
            Signer::new(KEY_NAME, &self.secret("log.key")?).map_err(|error| anyhow::anyhow!("the log's key can't be used: {error}"))?;
        write_private(&self.path.join("keys/log.vkey"), &signer.verifier().to_string())?;
        Ok(signer)
    }

    /// Who is asked to cosign the log: `witnesses.toml`, where there is one.
    pub fn witnesses(&self) -> Result<Vec<Witness>> {
        let file = self.file("witnesses.toml");
        match fs::read_to_string(&file) {
            Ok(text) => Witness::read_all(&text).map_err(|reason| anyhow::anyhow!("{}: {reason}", file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("{} can't be read", file.display())),
        }
    }

    /// The key that verifies the log.
    pub fn public_key(&self) -> Result<String> {
        let file = self.path.join("keys/log.vkey");
        fs::read_to_string(&file).with_context(|| format!("{} can't be read; say --key", file.display()))
    }

    /// Where compiled plugins are kept, under a key made on first use. This very program compiles them.
    pub fn artefacts(&self) -> Result<linli_artefact::Place> {
        // Not by its name: a newer program may lie there by now, and this one wants what its own compiler makes.
        let itself = PathBuf::from("/proc/self/exe");
        let program = if itself.exists() { itself } else { std::env::current_exe().context("the program can't find itself")? };
        Ok(linli_artefact::Place { directory: self.file("artefacts"), key: self.secret("artefact.key")?, program })
    }

    fn secret(&self, name: &str) -> Result<[u8; 32]> {
        let file = self.path.join("keys").join(name);
        if !file.exists() {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).context("no randomness to be had")?;
            write_private(&file, &HEXLOWER.encode(&secret))?;
            return Ok(secret);
        }
        let text = fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        let bytes = HEXLOWER.decode(text.trim().as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.with_context(|| format!("{} is no key of 32 bytes in hexadecimal", file.display()))
    }
}

fn code_list(file: &include_dir::File<'_>) -> Result<CodeList> {
    let name = file.path().file_stem().and_then(|name| name.to_str()).context("a code list without a name")?;
    Ok(CodeList::read(name, file.contents_utf8().context("a code list that is no UTF-8")?)?)
}

/// Writes a file that only its owner can read.
pub fn write_private(file: &Path, text: &str) -> Result<()> {
    let mut open = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("{} can't be written", file.display()))?;
    open.write_all(text.as_bytes()).with_context(|| format!("{} can't be written", file.display()))
}
