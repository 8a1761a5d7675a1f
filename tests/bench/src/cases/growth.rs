//! The same page with the same rows, once among few residents and once among many.

use crate::load::Load;
use crate::process::Fleet;
use crate::report::{Report, percentile};

use super::served::Plan;

const CONNECTIONS: u32 = 16;

/// Where a page is served.
pub struct Place {
    pub url: String,
    pub token: String,
}

/// Warms both, then loads them in turn.
pub fn run(few: &Place, many: &Place, plan: Plan, fleet: &Fleet, report: &mut Report) -> anyhow::Result<()> {
    let (mut small, mut large) = (Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let seconds = if round == 0 { 1 } else { plan.seconds };
        let measure = |place: &Place| {
            let load = Load { url: &place.url, token: &place.token, connections: CONNECTIONS, seconds, script: None };
            load.run(fleet)
        };
        let (few, many) = (measure(few)?.p50_us, measure(many)?.p50_us);
        // The first round only warms caches.
        if round > 0 {
            eprintln!("  growth {round}/{}: {few:.0} µs, among many {many:.0} µs", plan.rounds);
            small.push(few);
            large.push(many);
        }
    }
    let (few, many) = (percentile(&mut small, 0.5), percentile(&mut large, 0.5));
    report.set("growth.few_p50_us", few);
    report.set("growth.many_p50_us", many);
    report.set("growth.p50_ratio", many / few);
    Ok(())
}
