//! A host that is served for a test, and ended with it.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use linli_audit::{Entry, Outcome as Decided};
use linli_model::CodeList;
use linli_scope::Actor;
use linli_store::account::Account;
use linli_store::model::Core;
use linli_store::{Database, Store};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::Person;
use crate::lock::Lock;
use crate::package::{package, plugin};
use crate::postgres::{Server, binaries};

const RESIDENTS: &str = "2000";
/// How long a host may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rates that no test reaches.
const UNHURRIED: &str =
    "account-rate = { per-second = 1_000_000, burst = 1_000_000 }\nplugin-rate = { per-second = 1_000_000, burst = 1_000_000 }\n";

/// Runs a program until our end of its standard input closes, which it does however the test ends; then ends the
/// program by its id. It writes to a file, which outlives the test, so that it can speak to the end.
const GUARD: &str = r#"said=$1; shift; "$@" >"$said" 2>&1 </dev/null & program=$!; echo "$program"; exec >/dev/null 2>&1; cat; kill "$program"; wait "$program""#;
/// Removes a directory when the test process has ended.
const SWEEP: &str = r#"cat >/dev/null; rm -rf "$1""#;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where what is built lies.
pub fn target() -> PathBuf {
    let named = ["CARGO_TARGET_DIR", "LINLI_TARGET_DIR"].into_iter().find_map(std::env::var_os).map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/linli/target"))
}

/// The program under test.
pub fn linli() -> PathBuf {
    program("linli")
}

/// One of the programs under test.
pub fn program(name: &str) -> PathBuf {
    target().join("release").join(name)
}

/// A new directory for a test.
pub fn scratch() -> PathBuf {
    static ROOT: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (root, _) = ROOT.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("linli-tests-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let sweeper = Command::new("sh").args(["-c", SWEEP, "sh"]).arg(&root).stdin(Stdio::piped()).spawn().unwrap();
        (root, sweeper)
    });
    let folder = root.join(NEXT.fetch_add(1, Ordering::Relaxed).to_string());
    fs::create_dir(&folder).unwrap();
    folder
}

/// A host of its own: what a test does here disturbs no other.
#[derive(Debug)]
pub struct Host {
    data: PathBuf,
    said: PathBuf,
    url: String,
    pid: u32,
    guard: Child,
    people: Mutex<HashMap<String, Person>>,
}

impl Host {
    /// The one host that tests share which change nothing for each other.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Host> = OnceLock::new();
        SHARED.get_or_init(Self::fresh)
    }

    /// A street of 2,000 residents with the bundled plugins, served.
    pub fn fresh() -> Self {
        Self::serve(street(Backend::of_tests()))
    }

    /// The same on one backend, but nobody lives there, and `prepare` was at its store; for a test that asks faster than
    /// people do.
    pub fn deserted<F: Future<Output = ()>>(backend: Backend, prepare: impl FnOnce(Store) -> F) -> Self {
        let data = street(backend);
        desert(&data);
        at_store(&data, prepare);
        fs::write(data.join("limits.toml"), UNHURRIED).unwrap();
        Self::serve(data)
    }

    /// Ends it, is at its store, and serves it again.
    pub fn altered<F: Future<Output = ()>>(self, alter: impl FnOnce(Store) -> F) -> Self {
        let data = self.stop();
        at_store(&data, alter);
        Self::serve(data)
    }

    /// The same with a file of limits.
    pub fn limited(limits: &str) -> Self {
        let data = street(Backend::of_tests());
        fs::write(data.join("limits.toml"), limits).unwrap();
        Self::serve(data)
    }

    /// A copy of a data directory that nobody serves, with what is in its database.
    pub fn copied(data: &Path) -> PathBuf {
        let copied = scratch();
        copy(data, &copied);
        if let Some(database) = database_of(data) {
            fs::write(beside(&copied), Server::shared().database(Some(&database))).unwrap();
        }
        copied
    }

    /// Serves a data directory.
    pub fn serve(data: PathBuf) -> Self {
        let said = data.with_extension(format!("{}.log", NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut command = Command::new("sh");
        command.args(["-c", GUARD, "sh"]).arg(&said).arg(linli()).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        keep_in(database_of(&data), &mut command);
        let mut guard =
            command.env_remove("RUST_BACKTRACE").env("NO_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(guard.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = line.trim().parse().unwrap();
        let url = address(&said);
        Self { data, said, url, pid, guard, people: Mutex::default() }
    }

    /// The data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A data directory with an empty database, served by nobody yet.
    pub fn empty() -> PathBuf {
        let data = scratch();
        if Backend::of_tests() == Backend::Postgres {
            fs::write(beside(&data), Server::shared().database(None)).unwrap();
        }
        data
    }

    /// A copy of the street of its own, served by nobody yet.
    pub fn street() -> PathBuf {
        street(Backend::of_tests())
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }

    /// The URL of its database, where that is no file in the data directory.
    pub fn database(&self) -> Option<String> {
        database_of(&self.data)
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// A person of the demonstration.
    pub fn person(&self, login: &str) -> Person {
        let mut people = self.people.lock().unwrap();
        people.entry(login.to_owned()).or_insert_with(|| Person::log_in(&self.url, login, &self.password(login))).clone()
    }

    /// Their password.
    pub fn password(&self, login: &str) -> String {
        let logins: Value = serde_json::from_str(&fs::read_to_string(self.data.join("demo-logins.json")).unwrap()).unwrap();
        logins[login]["password"].as_str().unwrap().to_owned()
    }

    /// Nobody in particular.
    pub fn nobody(&self) -> Person {
        Person::nobody(&self.url)
    }

    /// Installs the guests of the tests under a publisher of their own, and approves what they ask.
    pub fn with_guests(&self, guests: &[&str]) {
        let admin = self.person("admin");
        if admin.get("/publishers/tests").status == 404 {
            admin.post("/publishers", &json!({"id": "tests", "name": "Tests", "sector": "tests"})).expect(201);
        }
        for guest in guests {
            self.with_package(&fs::read(package(guest)).unwrap());
        }
    }

    /// Installs a package under the publisher of the tests, which is there already, and approves what it asks.
    pub fn with_package(&self, package: &[u8]) {
        let admin = self.person("admin");
        let made = admin.upload(package, "tests").expect(201);
        self.approve(made.json["grant"]["id"].as_i64().unwrap());
    }

    /// Keeps it from changing records as long as the lock lives.
    pub fn lock_records(&self) -> Lock {
        match database_of(&self.data) {
            Some(url) => Lock::of_database(&url),
            None => Lock::of_file(&self.data.join("linli.db")),
        }
    }

    /// Approves what an admin uploaded, as the other one.
    pub fn approve(&self, grant: i64) {
        self.person("admin2").decide(grant, "approve", &json!({})).expect(200);
    }

    /// The number of the newest grant of a plugin.
    pub fn grant(&self, plugin: &str) -> i64 {
        let grants = self.person("admin").get("/grants").expect(200);
        grants.list("/grants").iter().find(|grant| grant["plugin"] == plugin).and_then(|grant| grant["id"].as_i64()).unwrap()
    }

    /// How many entries the log has.
    pub fn log_entries(&self) -> u64 {
        self.nobody().get("/health").expect(200).json["log_entries"].as_u64().unwrap()
    }

    /// Waits until a checkpoint over so many entries is signed, which takes the host about a second.
    pub fn signed(&self, size: u64) {
        for _ in 0..500 {
            let newest = self.person("auditor").get("/audit/checkpoints").expect(200);
            let signed = newest.text("/newest").lines().nth(1).and_then(|line| line.parse::<u64>().ok());
            if signed.is_some_and(|signed| signed >= size) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("the log was not signed");
    }

    /// Runs a command of the program as a person.
    pub fn run(&self, login: &str, arguments: &[&str]) -> Output {
        self.command(login, arguments).output().unwrap()
    }

    /// The same, not run yet.
    pub fn command(&self, login: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(linli());
        command.args(arguments).env("LINLI_URL", &self.url).env("LINLI_TOKEN", self.person(login).token());
        keep_in(database_of(&self.data), &mut command);
        command
    }

    /// Ends it, runs a command on its data, and serves them again.
    pub fn offline(self, arguments: &[&str]) -> (Self, Output) {
        let data = self.stop();
        let mut command = Command::new(linli());
        keep_in(database_of(&data), command.args(arguments).arg("--data").arg(&data));
        let output = command.env_remove("RUST_BACKTRACE").output().unwrap();
        (Self::serve(data), output)
    }

    /// Ends it, runs SQL on the access log behind its back, and serves its data again.
    pub fn with_log_changed(self, text: &str) -> Self {
        let data = self.stop();
        match database_of(&data) {
            Some(url) => {
                let psql =
                    Command::new(crate::postgres::binaries().join("psql")).args(["-v", "ON_ERROR_STOP=1", "-qc", text, &url]).status();
                assert!(psql.unwrap().success());
            }
            None => rusqlite::Connection::open(data.join("access-log.db")).unwrap().execute_batch(text).unwrap(),
        }
        Self::serve(data)
    }

    /// Ends it as an operator would, and leaves its data.
    pub fn stop(mut self) -> PathBuf {
        self.end();
        self.data.clone()
    }

    /// Ends it as a power failure would, and leaves its data.
    pub fn kill(mut self) -> PathBuf {
        let killed = Command::new("kill").args(["-9", &self.pid.to_string()]).status().unwrap();
        assert!(killed.success());
        self.end();
        self.data.clone()
    }

    fn end(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end();
    }
}

/// Is at the store of a data directory that nobody serves.
fn at_store<F: Future<Output = ()>>(data: &Path, work: impl FnOnce(Store) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let place = database_of(data).unwrap_or_else(|| data.join("linli.db").to_str().unwrap().to_owned());
        let store =
            Store::open(&Database::at(&place).unwrap(), Core { codes: codes(), schemas: &CORE.map(|(_, schema)| schema) }).await.unwrap();
        work(store.clone()).await;
        store.close().await;
    });
}

/// Where a host listens, as it says when it is ready.
fn address(said: &Path) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(said).unwrap_or_default();
        let line = text.lines().find_map(|line| line.split_once("listening on "));
        match line {
            Some((_, url)) => return url.trim().to_owned(),
            None => assert!(Instant::now() < deadline, "the host does not start: {text}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Signs somebody in without a log-in: this is their token.
pub async fn sign_in(store: &Store, token: &str, actor: Actor) {
    let account = Account { login: token.to_owned(), name: token.to_owned(), password: String::new(), actor };
    let id = store.put_account(account, None).await.unwrap();
    let now = jiff::Timestamp::now().as_millisecond();
    let hash = Sha256::digest(token).into();
    store.open_session(hash, id, String::new(), now, now + 86_400_000, entry().encode()).await.unwrap();
}

/// An entry of the log under which a test does what it does.
pub fn entry() -> Entry {
    Entry {
        at: jiff::Timestamp::UNIX_EPOCH,
        actor: "user:1".into(),
        application: "a.b".into(),
        digest: None,
        grant: None,
        break_glass: None,
        purpose: "p".into(),
        entry_point: "test".into(),
        outcome: Decided::Allowed,
        accesses: Vec::new(),
        subjects: Default::default(),
        erased: None,
    }
}

/// An empty database of each kind.
pub fn databases() -> [Database; 2] {
    [Database::Sqlite(scratch().join("linli.db")), Database::at(&Server::shared().database(None)).unwrap()]
}

/// The core entity types by their names, each behind those that it refers to, with their schemas.
pub const CORE: [(&str, &str); 6] = [
    ("dwelling", include_str!("../../schemas/entities/dwelling.json")),
    ("household", include_str!("../../schemas/entities/household.json")),
    ("resident", include_str!("../../schemas/entities/resident.json")),
    ("organisation", include_str!("../../schemas/entities/organisation.json")),
    ("facility", include_str!("../../schemas/entities/facility.json")),
    ("matter", include_str!("../../schemas/entities/matter.json")),
];

fn codes() -> Vec<CodeList> {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/codes")).unwrap();
    let lists = folder.map(|entry| {
        let path = entry.unwrap().path();
        CodeList::read(path.file_stem().unwrap().to_str().unwrap(), &fs::read_to_string(&path).unwrap()).unwrap()
    });
    lists.collect()
}

/// Where a host keeps its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// In a file.
    Sqlite,
    /// On the [`Server`] of the test process.
    Postgres,
}

impl Backend {
    /// The one that the tests run on.
    fn of_tests() -> Self {
        match std::env::var("LINLI_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::Postgres,
            _ => Self::Sqlite,
        }
    }
}

/// A copy of the street of its own.
fn street(backend: Backend) -> PathBuf {
    let data = scratch();
    copy(prepared(backend), &data);
    if let Some(database) = database_of(prepared(backend)) {
        fs::write(beside(&data), Server::shared().database(Some(&database))).unwrap();
    }
    data
}

/// Takes the core's records out of a data directory that nobody serves.
fn desert(data: &Path) {
    let statements: String = CORE.map(|(name, _)| format!("DELETE FROM e_{name};")).concat();
    match database_of(data) {
        None => rusqlite::Connection::open(data.join("linli.db")).unwrap().execute_batch(&statements).unwrap(),
        Some(url) => {
            let done = Command::new(binaries().join("psql")).args(["-q", &url, "-c", &statements]).status().unwrap();
            assert!(done.success());
        }
    }
}

/// The file that names the database of a data directory, where that is no file in it.
fn beside(data: &Path) -> PathBuf {
    data.with_extension("database")
}

fn database_of(data: &Path) -> Option<String> {
    fs::read_to_string(beside(data)).ok()
}

fn keep_in(database: Option<String>, command: &mut Command) {
    command.env_remove("LINLI_DATABASE").envs(database.map(|database| ("LINLI_DATABASE", database)));
}

/// Prepared once a process and backend, and served by nobody.
fn prepared(backend: Backend) -> &'static Path {
    static PREPARED: [OnceLock<PathBuf>; 2] = [const { OnceLock::new() }; 2];
    PREPARED[backend as usize].get_or_init(|| {
        let data = scratch();
        // One key for all, so that a record has the same token wherever it is kept.
        fs::create_dir(data.join("keys")).unwrap();
        fs::write(data.join("keys/master.key"), "5a".repeat(32)).unwrap();
        if backend == Backend::Postgres {
            fs::write(beside(&data), Server::shared().database(None)).unwrap();
        }
        let mut command = Command::new(linli());
        keep_in(database_of(&data), &mut command);
        command.args(["demo", "--prepare-only", "--residents", RESIDENTS, "--data"]).arg(&data);
        for name in ["elder-allowance", "residence-certificate"] {
            command.arg("--plugin").arg(plugin(name));
        }
        let done = command.env_remove("RUST_BACKTRACE").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        data
    })
}

/// Copies a directory with what is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
