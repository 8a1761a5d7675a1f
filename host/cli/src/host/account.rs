//! `linli account`: the accounts of a data directory, the first admin's among them.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use linli_model::{Classification, RegionCode};
use linli_scope::Role;
use linli_store::account::Kept;
use linli_store::{Once, Store};
use linli_web::accounts::{self, AccountError, Altering, By, NewAccount};
use serde::de::DeserializeOwned;

use super::data::{DataDir, Place};
use super::population;
use super::serve::block_on;
use crate::output::{note, say};

/// Accounts that are read at a time.
const STEP: i64 = 1_000;

/// `linli account`. The host must not be running: whoever may write to its data directory needs no admin's leave. Admins make and
/// change accounts over the API and in the console.
#[derive(Subcommand)]
pub enum Command {
    /// 新建 Make an account. Without a password one is made up, and printed once.
    Add(Add),
    /// 列出 List the accounts.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// 停用 Take away the log-in; sessions end.
    Disable(One),
    /// 恢复 Give the log-in back.
    Enable(One),
    /// 重设密码 Give an account another password; sessions end.
    Passwd {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        password: Password,
    },
}

/// Who, and what they may do.
#[derive(Args)]
pub struct Add {
    /// The log-in name: a-z, 0-9, ., _ and -, a letter first.
    login: String,
    /// What people call them.
    #[arg(long)]
    name: String,
    /// admin, steward, worker, officer, developer, auditor or integrator; may repeat.
    #[arg(long = "role", required = true, value_parser = word::<Role>)]
    roles: Vec<Role>,
    /// Where they may act, by code; may repeat.
    #[arg(long = "region", value_name = "CODE")]
    regions: Vec<RegionCode>,
    /// Where they may act: in every region that there is.
    #[arg(long, conflicts_with = "regions")]
    everywhere: bool,
    /// The highest classification they may see: public, internal, personal or sensitive.
    #[arg(long, value_parser = word::<Classification>)]
    clearance: Classification,
    /// The publisher that a developer, officer or integrator belongs to.
    #[arg(long)]
    publisher: Option<String>,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    place: Place,
}

/// Where a password comes from. Never an argument: everybody on the machine can read those.
#[derive(Args)]
pub struct Password {
    /// The password is the first line of this file; - for standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Which account.
#[derive(Args)]
pub struct One {
    /// Its log-in name.
    login: String,
    #[command(flatten)]
    place: Place,
}

/// Runs one of them.
pub fn run(command: &Command) -> Result<()> {
    block_on(async {
        let (Command::Add(Add { place, .. })
        | Command::List { place }
        | Command::Disable(One { place, .. })
        | Command::Enable(One { place, .. })
        | Command::Passwd { one: One { place, .. }, .. }) = command;
        let data = DataDir::open(place)?;
        let store = data.store().await?;
        let done = match command {
            Command::Add(add) => make(&store, add).await,
            Command::List { .. } => list(&store).await,
            Command::Disable(one) => set_disabled(&store, one, true).await,
            Command::Enable(one) => set_disabled(&store, one, false).await,
            Command::Passwd { one, password } => reset(&store, one, password).await,
        };
        store.close().await;
        done
    })
}

async fn make(store: &Store, add: &Add) -> Result<()> {
    let regions = match add.everywhere {
        true => everywhere(store)?,
        false => add.regions.clone(),
    };
    let tree = store.regions();
    for region in regions.iter().filter(|region| !tree.has(region)) {
        note!("区划 {region} 尚未登记 is no region yet: linli regions add");
    }
    let new = NewAccount {
        login: add.login.clone(),
        name: add.name.clone(),
        roles: add.roles.clone(),
        regions,
        clearance: add.clearance,
        publisher: add.publisher.clone(),
        password: add.password.read()?,
    };
    let operator = population::importer(Vec::new());
    let made = accounts::make(store, By::Operator(&operator), new, Once::default()).await.map_err(told)?;
    say!("已新建 added {} (user:{})", add.login, made.kept.account.actor.id)?;
    tell(made.password.as_deref())
}

/// The regions at the top of the tree.
fn everywhere(store: &Store) -> Result<Vec<RegionCode>> {
    let roots: Vec<RegionCode> = store.regions().children(None).map(|(code, _)| code.clone()).collect();
    if roots.is_empty() {
        bail!("there is no region yet: linli regions add FILE, or say --region CODE");
    }
    Ok(roots)
}

async fn list(store: &Store) -> Result<()> {
    let mut behind = 0;
    loop {
        let found = store.kept_accounts(behind, STEP).await?;
        found.iter().try_for_each(show)?;
        match found.last() {
            Some(last) => behind = last.account.actor.id,
            None => return Ok(()),
        }
    }
}

fn show(kept: &Kept) -> Result<()> {
    let actor = &kept.account.actor;
    let roles: Vec<_> = actor.roles.iter().map(|role| role.as_str()).collect();
    let regions: Vec<_> = actor.regions.iter().map(RegionCode::as_str).collect();
    let state = match (kept.disabled, &kept.pending) {
        (_, Some(_)) => "待确认 waits for a second admin",
        (true, None) => "已停用 disabled",
        (false, None) => "",
    };
    say!(
        "{:4}  {:16} {}  {}  {}  {}  {} {state}",
        actor.id,
        kept.account.login,
        kept.account.name,
        roles.join(","),
        regions.join(","),
        actor.clearance.as_str(),
        actor.publisher.as_deref().unwrap_or_default()
    )
}

async fn set_disabled(store: &Store, one: &One, disabled: bool) -> Result<()> {
    let operator = population::importer(Vec::new());
    let altering = Altering { disabled: Some(disabled), ..Altering::default() };
    let kept = accounts::alter(store, By::Operator(&operator), find(store, one).await?, altering, Once::default()).await.map_err(told)?;
    show(&kept)
}

async fn reset(store: &Store, one: &One, password: &Password) -> Result<()> {
    let operator = population::importer(Vec::new());
    let made =
        accounts::reset(store, By::Operator(&operator), find(store, one).await?, password.read()?, Once::default()).await.map_err(told)?;
    say!("已重设 {} has another password", one.login)?;
    tell(made.password.as_deref())
}

async fn find(store: &Store, one: &One) -> Result<Kept> {
    store.kept_account(&one.login).await?.with_context(|| format!("there is no account `{}`: linli account list", one.login))
}

fn tell(password: Option<&str>) -> Result<()> {
    match password {
        Some(password) => say!("密码（只显示一次）password, said once: {password}"),
        None => Ok(()),
    }
}

/// Which values are wrong, and why.
fn told(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Invalid(errors) => {
            let errors: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.reason)).collect();
            anyhow::anyhow!("{}", errors.join("; "))
        }
        error => error.into(),
    }
}

impl Password {
    /// The password that was given, if one was.
    fn read(&self) -> Result<Option<String>> {
        let Some(file) = &self.password_file else { return Ok(None) };
        let mut text = String::new();
        if file.as_os_str() == "-" {
            std::io::stdin().lock().read_to_string(&mut text).context("no password on standard input")?;
        } else {
            text = fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
        }
        Ok(Some(text.lines().next().unwrap_or_default().to_owned()))
    }
}

/// A word of the API's.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|reason| reason.to_string())
}
