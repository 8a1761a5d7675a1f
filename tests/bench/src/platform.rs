//! The platform under test: its data directory and its server, the real binary as people run it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::api::{self, Session};
use crate::process::{Fleet, Server};

/// Residents of most cases.
pub const RESIDENTS: u32 = 100_000;
/// A change of what `prepare` makes, beside the sources that the key covers.
const VERSION: u32 = 1;
/// The plugin whose pages are measured.
pub const PLUGIN: &str = "plugins/elder-allowance/dist/elder-allowance.wasm";
/// What the data depend on, so that those of another build are not taken for this build's.
const SOURCES: &[&str] = &[
    "schemas",
    "host/store/src/schema.rs",
    "host/store/src/change.rs",
    "host/population/src",
    "host/entry/src",
    "host/cli/src/host/demo.rs",
    "host/cli/src/host/logins.rs",
    "host/cli/src/host/people.rs",
    PLUGIN,
];
/// How long the server may take until it is well: it loads its plugins first, and compiles what it has not kept.
const PATIENCE: Duration = Duration::from_secs(60);
/// Who enters and looks after the records of one community of the demonstration.
pub const WORKER: &str = "worker";
/// Who installs plugins and grants scopes.
pub const ADMIN: &str = "admin";
/// The admin who approves what the other one uploads.
pub const APPROVER: &str = "admin2";

/// One session stands for a street full of people, and one plugin is called as fast as it answers.
const UNHURRIED: &str =
    "account-rate = { per-second = 1_000_000, burst = 1_000_000 }\nplugin-rate = { per-second = 1_000_000, burst = 1_000_000 }\n";

/// A data directory, and where its records are.
#[derive(Clone)]
pub struct Data {
    pub directory: PathBuf,
    /// The URL of a PostgreSQL database; else it is a file in the directory.
    pub url: Option<String>,
}

/// A running server over a data directory.
pub struct Platform<'a> {
    pub server: Server,
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    data: &'a Data,
}

impl Data {
    /// The directory with so many residents: the one that is kept, or a new one.
    pub fn prepare(root: &Path, repository: &Path, residents: u32, fleet: &Fleet) -> anyhow::Result<Self> {
        let kept = format!("base-{residents}-");
        let name = format!("{kept}{}", key(repository)?);
        let directory = root.join(&name);
        if directory.join("ready").exists() {
            return Ok(Self { directory, url: None });
        }
        for entry in std::fs::read_dir(root)?.flatten() {
            // Of other builds, or left unfinished.
            if entry.file_name().to_string_lossy().starts_with(&kept) {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        let data = Self { directory, url: None };
        data.fill(repository, residents, fleet)?;
        std::fs::write(data.directory.join("ready"), "")?;
        Ok(data)
    }

    /// Enters the residents.
    pub fn fill(&self, repository: &Path, residents: u32, fleet: &Fleet) -> anyhow::Result<()> {
        eprintln!("making {} (once)", self.directory.display());
        let mut command = self.command("demo")?;
        command.arg("--prepare-only").arg("--residents").arg(residents.to_string());
        fleet.finish("linli demo", command.arg("--plugin").arg(repository.join(PLUGIN)))
    }

    /// The platform's binary over this directory.
    fn command(&self, what: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(binary()?);
        command.arg(what).arg("--data").arg(&self.directory);
        if let Some(url) = &self.url {
            command.args(["--database", url]);
        }
        Ok(command)
    }

    /// A copy of the directory beside it, so that no run changes what the next one meets.
    pub fn copy(&self, name: &str) -> anyhow::Result<Self> {
        let directory = self.directory.with_file_name(name);
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        copy(&self.directory, &directory).with_context(|| format!("copying {} to {}", self.directory.display(), directory.display()))?;
        Ok(Self { directory, url: self.url.clone() })
    }

    pub fn remove(&self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(&self.directory).with_context(|| format!("removing {}", self.directory.display()))
    }

    /// The database: a file, or a URL.
    pub fn database(&self) -> String {
        self.url.clone().unwrap_or_else(|| self.directory.join("linli.db").display().to_string())
    }

    fn password(&self, login: &str) -> anyhow::Result<String> {
        let file = self.directory.join("demo-logins.json");
        let text = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        let logins: Value = serde_json::from_str(&text).with_context(|| format!("{}", file.display()))?;
        let password = logins.pointer(&format!("/{login}/password")).and_then(Value::as_str);
        password.map(ToOwned::to_owned).with_context(|| format!("{} has no log-in `{login}`", file.display()))
    }
}

impl<'a> Platform<'a> {
    /// Starts the server and waits until it is well.
    pub fn start(data: &'a Data, fleet: &Fleet) -> anyhow::Result<Self> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        std::fs::write(data.directory.join("limits.toml"), UNHURRIED)?;
        let mut command = data.command("serve")?;
        command.args(["--listen", &listen]).env("LINLI_LOG", "warn");
        let mut server = fleet.start("linli serve", &mut command)?;
        let base = format!("http://{listen}");
        let start = Instant::now();
        while api::log_entries(&base).is_err() {
            server.check_alive()?;
            anyhow::ensure!(start.elapsed() < PATIENCE, "{base} is not well after {} s", PATIENCE.as_secs());
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { server, base, data })
    }

    /// Logs one of the demonstration's people in.
    pub fn log_in(&self, login: &str) -> anyhow::Result<Session> {
        Session::log_in(&self.base, login, &self.data.password(login)?)
    }
}

/// The platform's binary, built together with this one.
pub fn binary() -> anyhow::Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("linli");
    anyhow::ensure!(binary.exists(), "there is no {}: `make bench` builds it", binary.display());
    Ok(binary)
}

/// A port that nobody listens on now.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Twelve digits that change with the sources that the data depend on.
pub fn key(repository: &Path) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    hash.update(format!("{VERSION} {RESIDENTS}"));
    for source in SOURCES {
        add(&repository.join(source), &mut hash).with_context(|| format!("reading {source}"))?;
    }
    Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
}

fn add(path: &Path, hash: &mut Sha256) -> std::io::Result<()> {
    if path.is_dir() {
        let mut entries = std::fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
        entries.sort();
        return entries.iter().try_for_each(|entry| add(entry, hash));
    }
    let bytes = std::fs::read(path)?;
    hash.update(path.as_os_str().as_encoded_bytes());
    hash.update(bytes.len().to_le_bytes());
    hash.update(&bytes);
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
