//! `linli demo`: a real street of Guangzhou with a synthetic population, the bundled plugins, and people to log in as.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use linli_model::RegionCode;
use linli_runtime::install::Upload;
use linli_runtime::{Decision, Runtime};
use linli_scope::approval::Approving;
use linli_scope::{Actor, GrantState};
use linli_store::Database;
use linli_store::Once;
use linli_store::account::Account;
use linli_store::plugin::{Publisher, Registered};
use linli_web::password;

use super::data::DataDir;
use super::logins::{Login, Logins};
use super::people;
use super::population;
use super::regions;
use super::serve;
use crate::output::note;

/// Kuangquan Street, Yuexiu, Guangzhou (矿泉街道).
const STREET: &str = "440104022";

/// Who publishes the bundled plugins, by the first part of their ids.
const PUBLISHERS: [(&str, &str, &str); 2] =
    [("civil-affairs", "越秀区民政局", "civil-affairs"), ("community", "矿泉街道社区居民委员会", "community")];

/// `linli demo`.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    serve: serve::Options,
    /// How many residents.
    #[arg(long, env = "LINLI_RESIDENTS", default_value_t = 60_000)]
    residents: usize,
    /// Packages to install and approve.
    #[arg(long = "plugin", value_name = "FILE")]
    plugins: Vec<PathBuf>,
    /// Prepare the data directory and end.
    #[arg(long)]
    prepare_only: bool,
}

/// Prepares the data directory, on the first run, and serves it.
pub fn run(options: &Options) -> Result<()> {
    serve::prepare()?;
    serve::block_on(async {
        let data = DataDir::open(&options.serve.place)?;
        if Logins::read(&data)?.is_none() {
            forget_unfinished(&data)?;
            prepare(&data, options).await?;
        }
        let logins = Logins::read(&data)?.context("the demonstration was not finished")?;
        let runtime = serve::start(&data).await?;
        install(&runtime, &options.plugins).await?;
        let url = options.serve.public_url.clone().unwrap_or_else(|| format!("http://{}", options.serve.listen));
        logins.print(&url)?;
        if options.prepare_only {
            let store = runtime.store().clone();
            drop(runtime);
            store.close().await;
            return Ok(());
        }
        serve::serve(&data, runtime, &options.serve).await
    })
}

/// A preparation that was interrupted begins anew: nobody has worked with its data. What a server holds is not ours
/// to drop.
fn forget_unfinished(data: &DataDir) -> Result<()> {
    if let Database::Postgres(_) = data.database() {
        return Ok(());
    }
    for name in ["linli.db", "linli.db-wal", "linli.db-shm", "access-log.db", "access-log.db-wal", "access-log.db-shm"] {
        let file = data.file(name);
        if file.exists() {
            fs::remove_file(&file).with_context(|| format!("{} can't be removed", file.display()))?;
        }
    }
    Ok(())
}

async fn prepare(data: &DataDir, options: &Options) -> Result<()> {
    let runtime = serve::start(data).await?;
    let store = runtime.store().clone();
    if store.log_size().await? > 0 {
        bail!("{} is no empty database; the demonstration needs one", data.database());
    }
    let street: RegionCode = STREET.parse()?;
    note!("  录入区划 entering Guangdong's divisions");
    population::enter_regions(&store).await?;
    regions::apply_bundled(&store).await?;
    let began = std::time::Instant::now();
    note!("  录入 {} 名合成居民 entering {0} synthetic residents", options.residents);
    let resident = population::enter(&runtime, &street, options.residents).await?;
    note!("  用时 took {:.1} s", began.elapsed().as_secs_f64());
    for (id, name, sector) in PUBLISHERS {
        let publisher = Publisher { id: id.into(), name: name.into(), sector: sector.into() };
        store.put_publisher(None, Registered { publisher, pem: None }, Vec::new(), Once::default()).await?;
    }
    let communities = population::communities(&store, &street);
    let [(first, _), (second, _), ..] = communities.as_slice() else { bail!("{street} has fewer than two communities") };
    let mut logins = BTreeMap::new();
    let everywhere: Vec<RegionCode> = store.regions().children(None).map(|(code, _)| code.clone()).collect();
    for person in people::everybody(&everywhere, &street, [first, second], resident) {
        let password = password::random()?;
        let account =
            Account { login: person.login.into(), name: person.name.into(), password: password::hash(&password)?, actor: person.actor };
        store.put_account(account, None).await?;
        logins.insert(person.login.to_owned(), Login { title: person.title.into(), password });
    }
    drop(runtime);
    store.close().await;
    Logins(logins).write(data)
}

/// Installs what is not installed yet as its publisher's developer, and approves it as the demonstration's admin.
async fn install(runtime: &Runtime, packages: &[PathBuf]) -> Result<()> {
    let admin = actor(runtime, "admin").await?;
    for file in packages {
        let bytes = fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
        let package = linli_package::open(&bytes).with_context(|| format!("{} is no package", file.display()))?;
        let digest = package.digest.to_string();
        if runtime.plugins().iter().any(|plugin| plugin.digest == digest) {
            continue;
        }
        install_one(runtime, &admin, bytes, &package.parts.manifest)
            .await
            .with_context(|| format!("{} can't be installed", file.display()))?;
    }
    Ok(())
}

/// The log-in of whoever uploads for a publisher.
fn uploader(publisher: &str) -> &'static str {
    match publisher {
        "civil-affairs" => "developer",
        _ => "integrator",
    }
}

async fn actor(runtime: &Runtime, login: &str) -> Result<Actor> {
    let account = runtime.store().account(login).await?;
    Ok(account.with_context(|| format!("the demonstration has no account `{login}`"))?.actor)
}

async fn install_one(runtime: &Runtime, admin: &Actor, bytes: Vec<u8>, manifest: &str) -> Result<()> {
    let id = linli_scope::Manifest::read(manifest)?.plugin.id;
    let publisher = id.split('.').next().unwrap_or_default().to_owned();
    let uploader = actor(runtime, uploader(&publisher)).await?;
    let made = runtime
        .install(Upload { bytes, signature: None, publisher: &publisher, replaces: None }, &uploader, Timestamp::now(), Once::default())
        .await?;
    note!("  安装插件 installed {} {}", made.plugin, made.version);
    if made.grant.state == GrantState::Requested {
        runtime.decide(admin, made.grant, &Decision::Approve(Approving::default()), Once::default()).await?;
    }
    Ok(())
}
