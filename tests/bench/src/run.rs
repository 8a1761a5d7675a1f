//! The bench from beginning to end.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use linli_store::Database;

use crate::cases::growth::{self, Place};
use crate::cases::served::{Case, Plan, Script, Side};
use crate::cases::{aggregate, decide, invoke, memory};
use crate::cluster::{Cluster, MANY, MILLION};
use crate::package::Bare;
use crate::platform::{Data, Platform};
use crate::process::{Fleet, Server};
use crate::report::Report;
use crate::{api::Session, disk, load, platform};

/// Residents over whom a table is counted.
const COUNTED: u32 = 1_000_000;

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
    PagePg,
    PageBoundPg,
    Growth,
    Decide,
    Invoke,
    Aggregate,
    Plugins,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn wants_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.wants(*part))
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
    let measured = measure(options, &root, &repository, fleet, runtime, &mut report);
    // Where one part fails, what the others took an hour for is not lost.
    let file = repository.join("tests/bench/out/latest.json");
    report.write(&file)?;
    println!("\n{}\n{}", report.table(), file.display());
    measured
}

/// The parts that are wanted, one after the other.
fn measure(
    options: &Options,
    root: &Path,
    repository: &Path,
    fleet: &Fleet,
    runtime: &tokio::runtime::Runtime,
    report: &mut Report,
) -> anyhow::Result<()> {
    eprintln!("fsync of {}", root.display());
    disk::measure_sync(root, report)?;
    let bare = bare(repository)?;
    if options.wants_any(&[Part::Decide, Part::Invoke]) {
        in_process(options, root, repository, &bare, runtime, report)?;
    }
    if options.wants_any(&[Part::Page, Part::PageBound, Part::Record, Part::Create]) {
        let data = Data::prepare(root, repository, platform::RESIDENTS, fleet)?;
        on_sqlite(options, &data, fleet, repository, report)?;
    }
    if options.wants_any(&[Part::PagePg, Part::PageBoundPg, Part::Growth]) {
        let cluster = Cluster::start(root, repository, fleet)?;
        let few = cluster.few(repository)?;
        if options.wants_any(&[Part::PagePg, Part::PageBoundPg]) {
            on_postgres(options, &cluster, &few, fleet, report)?;
        }
        if options.wants(Part::Growth) {
            grown(options, &cluster, &few, fleet, report)?;
        }
    }
    if options.wants(Part::Aggregate) {
        counted(root, repository, fleet, runtime, report)?;
    }
    if options.wants(Part::Plugins) {
        eprintln!("plugins");
        let data = Data::prepare(root, repository, platform::RESIDENTS, fleet)?;
        memory::run(&data, &bare, fleet, report)?;
    }
    Ok(())
}

/// A declared table over a million residents, in SQLite and on PostgreSQL.
fn counted(root: &Path, repository: &Path, fleet: &Fleet, runtime: &tokio::runtime::Runtime, report: &mut Report) -> anyhow::Result<()> {
    eprintln!("aggregate");
    let schemas = repository.join("schemas");
    let file = PathBuf::from(Data::prepare(root, repository, COUNTED, fleet)?.database());
    runtime.block_on(async {
        let plain = aggregate::Plain::sqlite(&file).await?;
        aggregate::run("aggregate", &Database::Sqlite(file), plain, &schemas, report).await
    })?;
    let cluster = Cluster::start(root, repository, fleet)?;
    let url = cluster.grown(&cluster.few(repository)?, &MILLION)?.database();
    runtime.block_on(async {
        let plain = aggregate::Plain::postgres(&url).await?;
        aggregate::run("aggregate_pg", &Database::at(&url)?, plain, &schemas, report).await
    })
}

/// What needs no server.
fn in_process(
    options: &Options,
    root: &Path,
    repository: &Path,
    bare: &Bare,
    runtime: &tokio::runtime::Runtime,
    report: &mut Report,
) -> anyhow::Result<()> {
    let directory = root.join("in-process");
    if options.wants(Part::Decide) {
        eprintln!("decide");
        runtime.block_on(decide::run(&fresh(&directory)?, repository, report))?;
    }
    if options.wants(Part::Invoke) {
        eprintln!("invoke");
        runtime.block_on(invoke::run(&fresh(&directory)?, repository, bare, report))?;
    }
    Ok(std::fs::remove_dir_all(directory)?)
}

/// The page whose rows pass through the plugin, and the one whose rows don't.
const PAGE: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible";
const PAGE_BOUND: &str = "/plugins/civil-affairs.elder-allowance/pages/eligible-bound";

/// Everything over HTTP on SQLite. What creates comes last.
fn on_sqlite(options: &Options, data: &Data, fleet: &Fleet, repository: &Path, report: &mut Report) -> anyhow::Result<()> {
    let data = data.copy("served")?;
    let pair = Pair::start(&data, fleet)?;
    let plan = options.plan();
    if options.wants(Part::Page) {
        pair.page("page", PAGE)?.run(plan, fleet, report)?;
    }
    if options.wants(Part::PageBound) {
        pair.page("page_bound", PAGE_BOUND)?.run(plan, fleet, report)?;
    }
    if options.wants(Part::Record) {
        let (token, number) = (record(&pair.worker)?, pair.floor.record(&pair.worker.token)?);
        pair.case("record", &format!("/records/resident/{token}"), &format!("/record?id={number}")).run(plan, fleet, report)?;
    }
    if options.wants(Part::Create) {
        let script = Script { file: repository.join("tests/bench/lua/create.lua"), grid: format!("{}001", pair.community) };
        Case { script: Some(script), ..pair.case("create", "/records/resident", "/create") }.run(plan, fleet, report)?;
    }
    drop(pair);
    data.remove()
}

/// The pages on PostgreSQL.
fn on_postgres(options: &Options, cluster: &Cluster, few: &Data, fleet: &Fleet, report: &mut Report) -> anyhow::Result<()> {
    let data = cluster.copy(few, "served")?;
    let pair = Pair::start(&data, fleet)?;
    if options.wants(Part::PagePg) {
        pair.page("page_pg", PAGE)?.run(options.plan(), fleet, report)?;
    }
    if options.wants(Part::PageBoundPg) {
        pair.page("page_bound_pg", PAGE_BOUND)?.run(options.plan(), fleet, report)?;
    }
    drop(pair);
    cluster.remove(&data)
}

/// The page among few residents and among many.
fn grown(options: &Options, cluster: &Cluster, few: &Data, fleet: &Fleet, report: &mut Report) -> anyhow::Result<()> {
    let many = cluster.grown(few, &MANY)?;
    let few = cluster.copy(few, "served")?;
    let (small, large) = (Platform::start(&few, fleet)?, Platform::start(&many, fleet)?);
    let place = |platform: &Platform<'_>| {
        let worker = platform.log_in(platform::WORKER)?;
        let rows = check_page(&worker, PAGE)?;
        Ok::<_, anyhow::Error>((Place { url: worker.url(PAGE), token: worker.token }, rows))
    };
    let ((among_few, here), (among_many, there)) = (place(&small)?, place(&large)?);
    anyhow::ensure!(here == there, "the page has other rows among many residents than among few");
    growth::run(&among_few, &among_many, options.plan(), fleet, report)?;
    drop((small, large));
    cluster.remove(&few)
}

/// The platform and the floor over the same data.
struct Pair<'a> {
    platform: Platform<'a>,
    floor: Floor,
    worker: Session,
    community: String,
}

impl<'a> Pair<'a> {
    fn start(data: &'a Data, fleet: &Fleet) -> anyhow::Result<Self> {
        let platform = Platform::start(data, fleet)?;
        let worker = platform.log_in(platform::WORKER)?;
        let community = worker.regions.first().context("the worker has no community")?.clone();
        let floor = Floor::start(data, &worker.token, &community, fleet)?;
        Ok(Self { platform, floor, worker, community })
    }

    fn case<'c>(&'c self, name: &'c str, path: &str, floor_path: &str) -> Case<'c> {
        Case {
            name,
            platform: Side { server: &self.platform.server, url: self.worker.url(path), token: &self.worker.token },
            floor: Side { server: &self.floor.server, url: format!("{}{floor_path}", self.floor.base), token: &self.worker.token },
            script: None,
            base: &self.platform.base,
        }
    }

    fn page<'c>(&'c self, name: &'c str, path: &str) -> anyhow::Result<Case<'c>> {
        check_page(&self.worker, path)?;
        Ok(self.case(name, path, "/page"))
    }
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

/// The names on a page that is measured. It must hold its twenty rows: an empty one is fast.
fn check_page(worker: &Session, path: &str) -> anyhow::Result<Vec<String>> {
    let view = worker.get(path)?;
    let rows = view.pointer("/blocks/0/rows").and_then(serde_json::Value::as_array);
    let names: Vec<String> = rows.into_iter().flatten().filter_map(|row| Some(row.get("name")?.as_str()?.to_owned())).collect();
    anyhow::ensure!(names.len() == 20, "{path} has {} rows: {}", names.len(), view.to_string().chars().take(200).collect::<String>());
    Ok(names)
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
