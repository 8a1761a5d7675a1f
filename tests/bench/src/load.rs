//! Load by `wrk`, and what it says.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::process::Fleet;

/// The load generator, of Debian's package of that name.
const WRK: &str = "/usr/bin/wrk";
/// Threads of the load generator; each needs a connection of its own at least.
const THREADS: u32 = 2;

/// One run.
#[derive(Clone, Debug)]
pub struct Load<'a> {
    pub url: &'a str,
    pub token: &'a str,
    pub connections: u32,
    pub seconds: u32,
    /// A Lua script that makes the requests, with its arguments.
    pub script: Option<(&'a Path, Vec<String>)>,
}

/// What a run measured. No answer but 2xx is among them: one that was makes the run an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Requests that were answered.
    pub answers: u64,
    pub per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
}

/// Whether the load generator is there.
pub fn present() -> anyhow::Result<()> {
    anyhow::ensure!(Path::new(WRK).exists(), "there is no {WRK}: `make setup` installs it (Debian's package `wrk`)");
    Ok(())
}

impl Load<'_> {
    /// Runs to its end.
    pub fn run(&self, fleet: &Fleet) -> anyhow::Result<Measured> {
        // The bench measures this machine and must never become a weapon against another.
        anyhow::ensure!(self.url.starts_with("http://127.0.0.1:"), "load goes to this machine only, not to {}", self.url);
        let mut command = Command::new(WRK);
        command.arg(format!("-t{THREADS}")).arg(format!("-c{}", self.connections)).arg(format!("-d{}s", self.seconds));
        command.args(["--latency", "--timeout", "10s", "-H"]).arg(format!("Authorization: Bearer {}", self.token));
        if let Some((script, _)) = &self.script {
            command.arg("-s").arg(script);
        }
        command.arg(self.url);
        if let Some((_, arguments)) = &self.script {
            command.arg("--").args(arguments);
        }
        let text = fleet.output("wrk", &mut command)?;
        parse(&text).with_context(|| format!("{} with {} connections", self.url, self.connections))
    }
}

/// Reads what `wrk --latency` prints.
fn parse(text: &str) -> anyhow::Result<Measured> {
    for line in text.lines().map(str::trim) {
        let failed = line.starts_with("Socket errors:") || line.starts_with("Non-2xx or 3xx responses:");
        anyhow::ensure!(!failed, "not every request was answered well: {line}");
    }
    let after = |start: &str| {
        text.lines().find_map(|line| line.trim().strip_prefix(start)).map(str::trim).with_context(|| format!("wrk says no `{start}`"))
    };
    let answers = text.lines().find_map(|line| line.trim().split_once(" requests in ")).context("wrk says no number of requests")?.0;
    let measured = Measured {
        answers: answers.parse().context("the number of requests")?,
        per_second: after("Requests/sec:")?.parse().context("Requests/sec")?,
        p50_us: microseconds(after("50%")?).context("the median")?,
        p99_us: microseconds(after("99%")?).context("the 99th percentile")?,
    };
    anyhow::ensure!(measured.answers > 0, "no request was answered");
    Ok(measured)
}

/// `564.00us`, `1.30ms`, `2.05s`, `1.00m`.
fn microseconds(text: &str) -> Option<f64> {
    let (number, factor) = [("us", 1.0), ("ms", 1e3), ("s", 1e6), ("m", 6e7), ("h", 3.6e9)]
        .into_iter()
        .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Running 4s test @ http://127.0.0.1:7901/page
  2 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.99ms  241.38us   8.68ms   95.12%
    Req/Sec     8.21k   340.18     8.72k    88.75%
  Latency Distribution
     50%    0.96ms
     75%    1.04ms
     90%    1.11ms
     99%    1.45ms
  65371 requests in 4.00s, 148.23MB read
Requests/sec:  16339.22
Transfer/sec:     37.05MB
";

    #[test]
    fn a_good_run_is_read() {
        assert_eq!(parse(GOOD).unwrap(), Measured { answers: 65371, per_second: 16339.22, p50_us: 960.0, p99_us: 1450.0 });
    }

    #[test]
    fn one_bad_answer_fails_the_run() {
        let text = GOOD.replace("Requests/sec", "  Non-2xx or 3xx responses: 1\nRequests/sec");
        assert!(parse(&text).unwrap_err().to_string().contains("Non-2xx or 3xx responses: 1"));
    }

    #[test]
    fn a_broken_connection_fails_the_run() {
        let text = GOOD.replace("Requests/sec", "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec");
        assert!(parse(&text).unwrap_err().to_string().contains("read 3"));
    }

    #[test]
    fn a_run_without_answers_is_an_error() {
        assert!(parse(&GOOD.replace("65371 requests", "0 requests")).is_err());
        assert!(parse("").is_err());
    }

    #[test]
    fn every_unit_of_time_is_known() {
        assert_eq!(["564.00us", "1.30ms", "2.00s", "1.00m"].map(|text| microseconds(text).unwrap()), [564.0, 1300.0, 2e6, 6e7]);
        assert_eq!(microseconds("fast"), None);
    }

    #[test]
    fn load_goes_to_this_machine_only() {
        let load = Load { url: "http://192.0.2.1:80/", token: "t", connections: 1, seconds: 1, script: None };
        assert!(load.run(&Fleet::default()).unwrap_err().to_string().contains("this machine only"));
    }
}
