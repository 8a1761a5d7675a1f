//! The processes that the bench starts. Each is ended by its id, whatever way the bench ends.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// How long a process may take to end by itself before it is killed.
const PATIENCE: Duration = Duration::from_secs(20);

/// All processes that run.
#[derive(Clone, Default)]
pub struct Fleet {
    pids: Arc<Mutex<Vec<u32>>>,
}

impl Fleet {
    /// Starts a server. Its standard output is ours to read; what it says on standard error is shown.
    pub fn start(&self, name: &str, command: &mut Command) -> anyhow::Result<Server> {
        let child = self.spawn(name, command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        Ok(Server { name: name.to_owned(), child, fleet: self.clone() })
    }

    /// Runs a command to its end and returns what it printed.
    pub fn output(&self, name: &str, command: &mut Command) -> anyhow::Result<String> {
        let child = self.spawn(name, command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let pid = child.id();
        let output = child.wait_with_output();
        self.forget(pid);
        let output = output.with_context(|| format!("waiting for {name}"))?;
        anyhow::ensure!(output.status.success(), "{name} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a command to its end; what it says on standard error is shown.
    pub fn finish(&self, name: &str, command: &mut Command) -> anyhow::Result<()> {
        let mut child = self.spawn(name, command.stdin(Stdio::null()).stdout(Stdio::null()))?;
        let status = child.wait();
        self.forget(child.id());
        let status = status.with_context(|| format!("waiting for {name}"))?;
        anyhow::ensure!(status.success(), "{name} failed ({status})");
        Ok(())
    }

    /// Ends everything that still runs: for a bench that is interrupted.
    pub fn end_all(&self) {
        let pids = self.pids.lock().map(|mut pids| std::mem::take(&mut *pids)).unwrap_or_default();
        pids.iter().for_each(|pid| terminate(*pid));
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && pids.iter().any(|pid| is_alive(*pid)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        pids.iter().filter(|pid| is_alive(**pid)).for_each(|pid| signal("-KILL", *pid));
    }

    /// In a process group of its own, so that Ctrl-C reaches the bench alone, which then ends its servers in order.
    fn spawn(&self, name: &str, command: &mut Command) -> anyhow::Result<Child> {
        // With this variable set, each error value inside wasmtime walks the stack.
        command.process_group(0).env_remove("RUST_BACKTRACE").env_remove("RUST_LOG");
        let mut pids = self.pids.lock().map_err(|_| anyhow::anyhow!("the list of processes is poisoned"))?;
        let child = command.spawn().with_context(|| format!("starting {name} ({})", command.get_program().display()))?;
        pids.push(child.id());
        Ok(child)
    }

    fn forget(&self, pid: u32) {
        if let Ok(mut pids) = self.pids.lock() {
            pids.retain(|known| *known != pid);
        }
    }
}

/// A server that runs until it is dropped.
pub struct Server {
    name: String,
    child: Child,
    fleet: Fleet,
}

impl Server {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error if it has ended.
    pub fn check_alive(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait().with_context(|| format!("waiting for {}", self.name))? {
            Some(status) => anyhow::bail!("{} ended before it was ready ({status})", self.name),
            None => Ok(()),
        }
    }

    /// Reads its standard output until a line gives what is wanted; the rest is read on and dropped, so that the
    /// server never waits for a reader.
    pub fn read_until<T>(&mut self, mut wanted: impl FnMut(&str) -> Option<T>) -> anyhow::Result<T> {
        let output = self.child.stdout.take().context("the output was read before")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some(found) = wanted(&line) {
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(found);
            }
        }
        anyhow::bail!("{} ended before it was ready", self.name)
    }

    /// Processor time so far, user and system, all threads.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        let path = format!("/proc/{}/stat", self.pid());
        let stat = std::fs::read_to_string(&path).with_context(|| format!("{} is gone: {path}", self.name))?;
        let ticks = ticks(&stat).with_context(|| format!("reading {path}"))?;
        Ok(Duration::from_micros(ticks * 1_000_000 / TICKS_PER_SECOND))
    }

    /// Memory in KiB, shared pages divided by those that share them.
    pub fn pss_kib(&self) -> anyhow::Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.pid());
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} is gone: {path}", self.name))?;
        pss(&text).with_context(|| format!("reading {path}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.child.id();
        terminate(pid);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return self.fleet.forget(pid);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        eprintln!("{} does not end by itself and is killed", self.name);
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.fleet.forget(pid);
    }
}

/// `USER_HZ`, which Linux shows to programs on every machine that the platform runs on.
const TICKS_PER_SECOND: u64 = 100;

/// Fields 14 and 15; counted behind the command's name, which may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn pss(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn terminate(pid: u32) {
    signal("-TERM", pid);
}

/// By the system's `kill`: the standard library can't ask a process to end, and this crate has no unsafe code.
fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").arg(name).arg(pid.to_string()).stderr(Stdio::null()).status();
}

/// A child that has ended but was not waited for counts as ended.
fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 120 30 0 0 20 0 1 0 0";
        assert_eq!(ticks(stat), Some(150));
        assert_eq!(ticks("42 (a"), None);
    }

    #[test]
    fn pss_is_found() {
        assert_eq!(pss("1-2 ---p 00000000 00:00 0 [rollup]\nRss:   20 kB\nPss:    1234 kB\nPss_Dirty: 1 kB\n"), Some(1234));
        assert_eq!(pss(""), None);
    }

    #[test]
    fn a_server_ends_when_it_is_dropped() {
        let fleet = Fleet::default();
        let mut server = fleet.start("sh", Command::new("sh").args(["-c", "echo ready; exec sleep 60"])).unwrap();
        assert!(server.read_until(|line| (line == "ready").then_some(())).is_ok());
        let pid = server.pid();
        drop(server);
        assert!(!is_alive(pid) && fleet.pids.lock().unwrap().is_empty());
    }

    #[test]
    fn an_interrupted_bench_leaves_nothing() {
        let fleet = Fleet::default();
        let server = fleet.start("sleep", Command::new("sleep").arg("60")).unwrap();
        fleet.end_all();
        assert!(!is_alive(server.pid()));
    }
}
