//! One call of the bare plugin, which reads nothing: a fresh instance, its page, and its end; through the platform's
//! runtime without its entry in the log (and, to tell, with it), and through wasmtime alone, with the same component in an engine
//! of the same configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use linli_runtime::Call;
use linli_scope::{Actor, EntryKind};
use linli_store::claim::Mark;
use serde_json::Map;
use wasmtime::component::{Component, Linker};

use super::hosted::{Hosted, worker};
use crate::package::Bare;
use crate::report::{Report, percentile};

/// Calls that are measured, in turns of [`TURN`] so that both sides meet the same weather.
const CALLS: usize = 20_000;
const TURN: usize = 500;
const PUBLISHER: &str = "tests";

mod contract {
    wasmtime::component::bindgen!({
        path: "../../schemas/wit/0.1.0",
        world: "plugin",
        imports: { default: trappable },
        exports: { default: async },
    });
}

use contract::PluginPre;
use contract::exports::linli::platform::handler::{Error, Kind, Request, Response};

/// Measures both sides over an empty community in `directory`.
pub async fn run(directory: &Path, repository: &Path, bare: &Bare, report: &mut Report) -> anyhow::Result<()> {
    let package = bare.copy(0)?;
    let platform = Hosted::start(directory, repository, package.clone(), PUBLISHER).await?;
    let actor = Arc::new(worker(Vec::new()));
    let alone = Alone::start(&package).map_err(wasm)?;
    let (mut recorded, mut ours, mut theirs) = (Vec::new(), Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for turn in 0..=CALLS / TURN {
        for _ in 0..TURN {
            let time = platform.runtime.rehearse(&Bare::id(0), "/").await?;
            // The first turn only warms caches.
            if turn > 0 {
                ours.push(microseconds(time));
            }
        }
        for _ in 0..TURN / 10 {
            recorded.push(microseconds(on_record(&platform, &actor).await?));
        }
        for _ in 0..TURN {
            let time = alone.call().await?;
            if turn > 0 {
                theirs.push(microseconds(time));
            }
        }
    }
    platform.close().await;
    let (ours, theirs) = (percentile(&mut ours, 0.5), percentile(&mut theirs, 0.5));
    report.set("invoke.recorded_p50_us", percentile(&mut recorded, 0.5));
    report.set("invoke.bare_p50_us", theirs);
    report.set("invoke.p50_us", ours);
    report.set("invoke.ratio", ours / theirs);
    Ok(())
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A call as people make it, with its entry in the log.
async fn on_record(platform: &Hosted, actor: &Arc<Actor>) -> anyhow::Result<Duration> {
    let call = Call {
        plugin: Bare::id(0),
        kind: EntryKind::Page,
        name: "/".into(),
        input: Map::new(),
        actor: Some(actor.clone()),
        locale: "zh".into(),
        now: Timestamp::now(),
        mark: Mark::default(),
    };
    let start = Instant::now();
    platform.runtime.call(call).await?;
    Ok(start.elapsed())
}

/// wasmtime alone: no admission, no limits, no state; what is imported is never called.
struct Alone {
    component: PluginPre<()>,
}

impl Alone {
    fn start(package: &[u8]) -> wasmtime::Result<Self> {
        let engine = linli_runtime::engine::start()?;
        let component = Component::new(&engine, package)?;
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component)?;
        let component = linker.instantiate_pre(&component).and_then(PluginPre::new)?;
        Ok(Self { component })
    }

    async fn call(&self) -> anyhow::Result<Duration> {
        let request = Request { kind: Kind::Page, name: "/".into(), input: "{}".into() };
        let start = Instant::now();
        let answered = self.answer(&request).await.map_err(wasm)?;
        let time = start.elapsed();
        answered.map_err(|error| anyhow::anyhow!("the bare plugin says {}: {}", error.code, error.detail))?;
        Ok(time)
    }

    async fn answer(&self, request: &Request) -> wasmtime::Result<Result<Response, Error>> {
        let mut store = wasmtime::Store::new(self.component.engine(), ());
        // The engine interrupts guests; this one is never in time to be interrupted.
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = self.component.instantiate_async(&mut store).await?;
        instance.linli_platform_handler().call_handle(&mut store, request).await
    }
}

/// wasmtime's error is none of the standard library's.
fn wasm(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
