//! A PostgreSQL server of the test process's own, from the binaries that are installed. It ends with the process.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::host::scratch;

/// Who owns the server's files where the tests run as root, as which PostgreSQL does not start.
const NOBODY: &str = "nobody";
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// Runs the server until our end of its standard input closes, then ends it, whoever is still connected.
const GUARD: &str =
    r#"said=$1; shift; "$@" >"$said" 2>&1 </dev/null & server=$!; echo up; exec >/dev/null 2>&1; cat; kill -INT "$server"; wait "$server""#;

/// A server that runs until it is dropped, or until the process ends.
#[derive(Debug)]
pub struct Server {
    port: u16,
    guard: Child,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// The one server of this process.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        // A crash of the server is no test of ours: nothing is lost by not waiting for its disk.
        SHARED.get_or_init(|| Self::over(&scratch(), &["fsync=off", "max_connections=400"]))
    }

    /// A server whose files lie in a folder, made if they are not there, with settings beside the usual ones.
    pub fn over(folder: &Path, settings: &[&str]) -> Self {
        let files = folder.join("data");
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout.starts_with(b"0\n");
        if is_root {
            done(Command::new("chown").arg(NOBODY).arg(folder));
        }
        if !files.join("PG_VERSION").exists() {
            let mut init = program("initdb", is_root);
            init.args(["--username", "linli", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync", "-D"]);
            done(init.arg(&files));
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = program("postgres", is_root);
        let mut guard = Command::new("sh");
        guard.args(["-c", GUARD, "sh"]).arg(folder.with_extension("log")).arg(server.get_program()).args(server.get_args());
        guard.arg("-D").arg(&files).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        guard.args(settings.iter().flat_map(|setting| ["-c", setting])).arg("-k").arg(folder);
        let mut guard = guard.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(guard.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let server = Self { port, guard };
        let deadline = Instant::now() + PATIENCE;
        while !server.client("pg_isready").stdout(Stdio::null()).status().unwrap().success() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start: see {}", folder.with_extension("log").display());
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// A new database, empty or a copy of one that nobody uses. Returns its URL.
    pub fn database(&self, copy_of: Option<&str>) -> String {
        let name = format!("linli_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut create = self.client("createdb");
        if let Some(url) = copy_of {
            create.args(["--template", url.rsplit('/').next().unwrap()]);
        }
        done(create.arg(&name));
        self.url(&name)
    }

    /// The URL of a database by its name, whether it is there or not.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://linli@127.0.0.1:{}/{name}", self.port)
    }

    /// One of the server's own programs, with what it needs to reach the server.
    pub fn client(&self, name: &str) -> Command {
        let mut command = Command::new(binaries().join(name));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "linli"]);
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// A program of PostgreSQL's. Root leaves itself the right to pass through folders that are not the owner's.
fn program(name: &str, is_root: bool) -> Command {
    let program = binaries().join(name);
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", "nogroup", "--clear-groups"]);
    command.args(["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]).arg(program);
    command
}

/// Where the programs lie: Debian's layout, the newest version, or the path.
pub(crate) fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    versions.filter(|folder| folder.join("initdb").exists()).max().unwrap_or_else(|| Path::new("").to_owned())
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
