//! What one more installed plugin costs: in memory, after it has served once and idles; in time, when the server starts.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

use crate::package::Bare;
use crate::platform::{ADMIN, APPROVER, Data, Platform, WORKER};
use crate::process::Fleet;
use crate::report::Report;

/// How many are added; the figure is their mean.
const PLUGINS: usize = 100;
/// How long the server rests before it is looked at.
const REST: Duration = Duration::from_secs(3);
const PUBLISHER: &str = "tests";

/// Compares a server that starts without them with one that starts with them; each has served every copy once.
pub fn run(data: &Data, bare: &Bare, fleet: &Fleet, report: &mut Report) -> anyhow::Result<()> {
    let data = data.copy("plugins")?;
    let without = {
        let platform = Platform::start(&data, fleet)?;
        let memory = rest(&platform)?;
        install(&platform, bare)?;
        memory
    };
    let began = Instant::now();
    let platform = Platform::start(&data, fleet)?;
    report.set("plugins.start_warm_ms", began.elapsed().as_secs_f64() * 1e3);
    let worker = platform.log_in(WORKER)?;
    for number in 1..=PLUGINS {
        worker.get(&format!("/plugins/{}/pages/", Bare::id(number))).context("a copy of the bare plugin")?;
    }
    let with = rest(&platform)?;
    #[allow(clippy::cast_precision_loss)]
    report.set("plugins.pss_kib_each", (with as f64 - without as f64) / PLUGINS as f64);
    drop(platform);
    std::fs::remove_dir_all(data.directory.join("artefacts"))?;
    let began = Instant::now();
    drop(Platform::start(&data, fleet)?);
    report.set("plugins.start_cold_ms", began.elapsed().as_secs_f64() * 1e3);
    data.remove()
}

fn install(platform: &Platform<'_>, bare: &Bare) -> anyhow::Result<()> {
    let (admin, approver) = (platform.log_in(ADMIN)?, platform.log_in(APPROVER)?);
    admin.post("/publishers", &json!({"id": PUBLISHER, "name": "Tests", "sector": PUBLISHER}))?;
    for number in 1..=PLUGINS {
        approver.approve(admin.install(&bare.copy(number)?, PUBLISHER)?)?;
    }
    Ok(())
}

fn rest(platform: &Platform<'_>) -> anyhow::Result<u64> {
    std::thread::sleep(REST);
    platform.server.pss_kib()
}
