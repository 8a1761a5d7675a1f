//! One decision: what the page of entitled residents asks, by a worker of one community, under the grant as approved.

use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use jiff::Timestamp;
use linli_model::Date;
use linli_scope::decide::Ask;
use linli_scope::{Caller, Channel, EntryKind};

use super::hosted::{Hosted, worker};
use crate::platform;
use crate::report::{Report, percentile};

const DECISIONS: usize = 100_000;
const PUBLISHER: &str = "civil-affairs";
const PLUGIN: &str = "civil-affairs.elder-allowance";
/// Where the worker works; whether anybody lives there is nothing that a decision asks.
const COMMUNITY: &str = "440104022003";

/// Measures the plan's making alone: what it allows is not read.
pub async fn run(directory: &Path, repository: &Path, report: &mut Report) -> anyhow::Result<()> {
    let package = std::fs::read(repository.join(platform::PLUGIN)).context(platform::PLUGIN)?;
    let hosted = Hosted::start(directory, repository, package, PUBLISHER).await?;
    let scope = hosted.runtime.plugin(PLUGIN).with_context(|| format!("{PLUGIN} is not installed"))?.scope();
    let actor = worker(vec![COMMUNITY.parse()?]);
    let entry = scope.entry_point(EntryKind::Page, "/eligible").context("the plugin has no page /eligible")?;
    let now = Timestamp::now();
    let caller = Caller { actor: Some(&actor), purpose: &entry.purpose, channel: Channel::Guest, now, today: Date::of(now) };
    let ask = Ask {
        entity: "resident".into(),
        fields: ["id", "name", "age", "grid", "id_number"].map(String::from).into(),
        sort: vec![("age".into(), true)],
        limit: 20,
        ..Ask::default()
    };
    let mut times = Vec::with_capacity(DECISIONS);
    for _ in 0..DECISIONS {
        let start = Instant::now();
        let decided = scope.read(&caller, &ask);
        times.push(start.elapsed().as_secs_f64() * 1e6);
        std::hint::black_box(&decided).as_ref().map_err(|denial| anyhow::anyhow!("denied: {}", denial.message))?;
    }
    report.set("scope.decide_us", percentile(&mut times, 0.5));
    hosted.close().await;
    Ok(())
}
