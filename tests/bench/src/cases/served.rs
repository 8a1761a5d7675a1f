//! One request, served by the platform and by the floor in turn, so that both meet the same weather.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::api;
use crate::load::{Load, Measured};
use crate::process::{Fleet, Server};
use crate::report::Report;

/// Connections at once.
const CONNECTIONS: [u32; 2] = [16, 64];
/// ID numbers that one run may use: two threads of the script's own share.
const NUMBERS: u64 = 800_000;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seconds: u32,
    pub rounds: u32,
}

/// Where a side serves the request.
pub struct Side<'a> {
    pub server: &'a Server,
    pub url: String,
    pub token: &'a str,
}

/// The script of a case that sends bodies.
pub struct Script {
    pub file: PathBuf,
    /// Where those who are created live.
    pub grid: String,
}

/// One kind of request.
pub struct Case<'a> {
    pub name: &'a str,
    pub platform: Side<'a>,
    pub floor: Side<'a>,
    pub script: Option<Script>,
    /// The platform's address, to ask for the size of its log.
    pub base: &'a str,
}

impl Case<'_> {
    /// Warms both sides, then runs them in turn at each number of connections.
    pub fn run(&self, plan: Plan, fleet: &Fleet, report: &mut Report) -> anyhow::Result<()> {
        let mut first = 0;
        let mut answers = 0;
        let before = api::log_entries(self.base)?;
        for connections in CONNECTIONS {
            let (mut platform, mut floor) = (Vec::new(), Vec::new());
            for round in 0..=plan.rounds {
                let seconds = if round == 0 { 1 } else { plan.seconds };
                let ours = self.measure(&self.platform, connections, seconds, first, fleet)?;
                let theirs = self.measure(&self.floor, connections, seconds, first, fleet)?;
                first += NUMBERS;
                answers += ours.0.answers;
                // The first round only warms caches.
                if round > 0 {
                    eprintln!(
                        "  {} c{connections} {round}/{}: {:.0}/s, floor {:.0}/s",
                        self.name, plan.rounds, ours.0.per_second, theirs.0.per_second
                    );
                    platform.push(ours);
                    floor.push(theirs);
                }
            }
            self.report(connections, &platform, &floor, report);
        }
        let entries = api::log_entries(self.base)? - before;
        report.set(format!("{}.log_entries", self.name), as_figure(entries));
        report.set(format!("{}.answers", self.name), as_figure(answers));
        anyhow::ensure!(entries >= answers, "{}: {answers} answers left, but the log has only {entries} entries for them", self.name);
        Ok(())
    }

    fn measure(&self, side: &Side<'_>, connections: u32, seconds: u32, first: u64, fleet: &Fleet) -> anyhow::Result<(Measured, f64)> {
        let script = self.script.as_ref().map(|script| (script.file.as_path(), vec![first.to_string(), script.grid.clone()]));
        let load = Load { url: &side.url, token: side.token, connections, seconds, script };
        let before = side.server.processor_time()?;
        let measured = load.run(fleet).with_context(|| format!("the case `{}`", self.name))?;
        // What was under way when the load ended belongs to this run, not to the next.
        std::thread::sleep(Duration::from_millis(100));
        let spent = side.server.processor_time()? - before;
        Ok((measured, spent.as_secs_f64() * 1e6 / as_figure(measured.answers)))
    }

    fn report(&self, connections: u32, platform: &[(Measured, f64)], floor: &[(Measured, f64)], report: &mut Report) {
        let name = format!("{}.c{connections}", self.name);
        report.side(&name, platform);
        report.side(&format!("floor.{name}"), floor);
        let rate = |prefix: &str, report: &Report| report.get(&format!("{prefix}{name}.rps")).unwrap_or(f64::NAN);
        let ratio = rate("", report) / rate("floor.", report);
        report.set(format!("{name}.rps_ratio"), ratio);
        if connections == CONNECTIONS[0] {
            report.set(format!("{}.rps_ratio", self.name), ratio);
        }
    }
}

/// Counts here stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn as_figure(count: u64) -> f64 {
    count as f64
}
