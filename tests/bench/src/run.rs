//! The bench from beginning to end.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use linli_store::Database;

use crate::cases::served::{Case, Plan, Script, Side};
use crate::cases::{aggregate, invoke, memory};
use crate::package::Bare;
use crate::platform::{Data, Platform};
use crate::process::{Fleet, Server};
use crate::report::Report;
use crate::{api::Session, disk, load, platform};

/// Residents over whom a table is counted.
const MANY: u32 = 1_000_000;

/// What is measured, and how long.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// One round of two seconds instead of three of eight: to see that all works, not to quote.
    #[arg(long)]
    quick: bool,
    /// Only these parts.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Where data are kept between runs; must be on ext4 or xfs.
    #[arg(long, env = "LINLI_BENCH_DIR")]
    directory: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Page,
    PageBound,
    Record,
    Create,
    Invoke,
    Aggregate,
    Plugins,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn plan(&self) -> Plan {
        if self.quick { Plan { seconds: 2, rounds: 1 } } else { Plan { seconds: 8, rounds: 3 } }
    }

    fn directory(&self) -> anyhow::Result<PathBuf> {
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/linli/bench"));
        self.directory.clone().or_else(home).context("no directory for data: set LINLI_BENCH_DIR")
    }
}

/// Runs what is wanted, writes the figures and prints the table.
pub fn run(options: &Options, fleet: &Fleet, runtime: &tokio::runtime::Runtime) -> anyhow::Result<()> {
    let repository = repository()?;
    let root = options.directory()?;
    load::present()?;
    std::fs::create_dir_all(&root).with_context(|| format!("making {}", root.display()))?;
    disk::check(&root)?;
    let mut report = Report::default();
    eprintln!("fsync of {}", root.display());
    disk::measure_sync(&root, &mut report)?;
    let bare = bare(&repository)?;
    if options.wants(Part::Invoke) {
        eprintln!("invoke");
        let directory = fresh(&root.join("invoke"))?;
        runtime.block_on(invoke::run(&directory, &repository, &bare, &mut report))?;
        std::fs::remove_dir_all(directory)?;
    }
    if [Part::Page, Part::PageBound, Part::Record, Part::Create].into_iter().any(|part| options.wants(part)) {
        let data = Data::prepare(&root, &repository, platform::RESIDENTS, fleet)?;
        served(options, &data, fleet, &repository, &mut report)?;
    }
    if options.wants(Part::Aggregate) {
        eprintln!("aggregate");
        let data = Data::prepare(&root, &repository, MANY, fleet)?;
        runtime.block_on(async {
            let (file, schemas) = (data.database(), repository.join("schemas"));
            let plain = aggregate::Plain::sqlite(&file).await?;
            aggregate::run("aggregate", &Database::Sqlite(file), plain, &schemas, &mut report).await
        })?;
    }
    if options.wants(Part::Plugins) {
        eprintln!("plugins");
        let data = Data::prepare(&root, &repository, platform::RESIDENTS, fleet)?;
        memory::run(&data, &bare, fleet, &mut report)?;
    }
    let file = repository.join("tests/bench/out/latest.json");
    report.write(&file)?;
    println!("\n{}\n{}", report.table(), file.display());
    Ok(())
}

/// Everything over HTTP, on one server and one floor over a copy of the data. What creates comes last.
fn served(options: &Options, data: &Data, fleet: &Fleet, repository: &Path, report: &mut Report) -> anyhow::Result<()> {
    let data = data.copy("served")?;
    let platform = Platform::start(&data, fleet)?;
    let worker = platform.log_in(platform::WORKER)?;
    let community = worker.regions.first().context("the worker has no community")?.clone();
    let floor = Floor::start(&data, &worker.token, &community, fleet)?;
    let case = |name, path: &str, floor_path: &str| Case {
        name,
        platform: Side { server: &platform.server, url: worker.url(path), token: &worker.token },
        floor: Side { server: &floor.server, url: format!("{}{floor_path}", floor.base), token: &worker.token },
        script: None,
        base: &platform.base,
    };
    let plan = options.plan();
    if options.wants(Part::Page) {
        check_page(&worker, "/plugins/civil-affairs.elder-allowance/pages/eligible")?;
        case("page", "/plugins/civil-affairs.elder-allowance/pages/eligible", "/page").run(plan, fleet, report)?;
    }
    if options.wants(Part::PageBound) {
        check_page(&worker, "/plugins/civil-affairs.elder-allowance/pages/eligible-bound")?;
        case("page_bound", "/plugins/civil-affairs.elder-allowance/pages/eligible-bound", "/page").run(plan, fleet, report)?;
    }
    if options.wants(Part::Record) {
        let (token, number) = (record(&worker)?, floor.record(&worker.token)?);
        case("record", &format!("/records/resident/{token}"), &format!("/record?id={number}")).run(plan, fleet, report)?;
    }
    if options.wants(Part::Create) {
        let script = Script { file: repository.join("tests/bench/lua/create.lua"), grid: format!("{community}001") };
        Case { script: Some(script), ..case("create", "/records/resident", "/create") }.run(plan, fleet, report)?;
    }
    drop((platform, floor));
    data.remove()
}

/// The floor's server.
struct Floor {
    server: Server,
    base: String,
}

impl Floor {
    fn start(data: &Data, token: &str, community: &str, fleet: &Fleet) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("floor").arg("--read").arg(data.database()).arg("--create").arg(data.directory.join("floor.own"));
        // A token may begin with `-`.
        command.arg(format!("--token={token}")).args(["--community", community]);
        let mut server = fleet.start("the floor", &mut command)?;
        let base = server.read_until(|line| line.starts_with("http://").then(|| line.to_owned()))?;
        Ok(Self { server, base })
    }

    /// The number of the first resident on the floor's page.
    fn record(&self, token: &str) -> anyhow::Result<i64> {
        let answer = ureq::get(format!("{}/page", self.base)).header("Authorization", format!("Bearer {token}")).call();
        let page: serde_json::Value = answer.context("the floor's page")?.body_mut().read_json()?;
        page.pointer("/rows/0/id").and_then(serde_json::Value::as_i64).context("the floor's page has no rows")
    }
}

/// A page that is measured must hold its twenty rows: an empty one is fast.
fn check_page(worker: &Session, path: &str) -> anyhow::Result<()> {
    let view = worker.get(path)?;
    let rows = view.pointer("/blocks/0/rows").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    anyhow::ensure!(rows == 20, "{path} has {rows} rows instead of 20: {}", view.to_string().chars().take(200).collect::<String>());
    Ok(())
}

/// The token of one resident.
fn record(worker: &Session) -> anyhow::Result<String> {
    let list = worker.get("/records/resident?fields=id&limit=1")?;
    let id = list.pointer("/records/0/id").and_then(serde_json::Value::as_str).context("the worker sees no resident")?;
    Ok(id.to_owned())
}

fn bare(repository: &Path) -> anyhow::Result<Bare> {
    let file = repository.join("tests/guests/bare/dist/bare.wasm");
    let package = std::fs::read(&file).with_context(|| format!("{}: `make guests` builds it", file.display()))?;
    Bare::open(&package)
}

fn fresh(directory: &Path) -> anyhow::Result<PathBuf> {
    if directory.exists() {
        std::fs::remove_dir_all(directory)?;
    }
    std::fs::create_dir_all(directory)?;
    Ok(directory.to_owned())
}

/// Schemas, guests and scripts are read from the checkout that this was built from.
fn repository() -> anyhow::Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().context("the checkout that this was built from")
}
