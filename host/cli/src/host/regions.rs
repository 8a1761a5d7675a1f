//! `linli regions`: the division tree of a data directory, and what became of divisions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Subcommand;
use linli_model::{RegionChange, RegionCode, RegionTree, succession};
use linli_package::Digest;
use linli_runtime::install::administration;
use linli_store::Store;
use linli_store::region::Followed;

use super::data::{DataDir, Place};
use super::population;
use super::serve::block_on;
use crate::output::{note, say};

/// Guangdong and a part of Chongqing, 2023 to 2025.
const CHANGES: &str = include_str!("../../../../schemas/regions/changes-2025.csv");

/// `linli regions`. The host must not be running: all of its processes know the tree by heart.
#[derive(Subcommand)]
pub enum Command {
    /// 加入区划 Add regions from a file of code,name lines.
    Add {
        #[command(flatten)]
        place: Place,
        /// The file.
        file: PathBuf,
    },
    /// 应用区划变更 Take changes of divisions from a file; without one, those that come with the program.
    Apply {
        #[command(flatten)]
        place: Place,
        /// The file: since,kind,code,name,successor,successor_name.
        file: Option<PathBuf>,
        /// Only check the file and say what would be changed.
        #[arg(long)]
        dry_run: bool,
    },
    /// 列出尚未确定归属的区划 List regions below one that ended whose own successor nobody has named.
    Unmapped {
        #[command(flatten)]
        place: Place,
    },
}

/// Runs one of them.
pub fn run(command: &Command) -> Result<()> {
    block_on(async {
        let (Command::Add { place, .. } | Command::Apply { place, .. } | Command::Unmapped { place }) = command;
        let data = DataDir::open(place)?;
        let store = data.store().await?;
        let done = match command {
            Command::Add { file, .. } => add(&store, file).await,
            Command::Apply { file, dry_run: true, .. } => try_changes(&store, file.as_deref()),
            Command::Apply { file, .. } => apply(&store, file.as_deref()).await,
            Command::Unmapped { .. } => store.regions().unmapped().try_for_each(|(code, name)| say!("{code} {name}")),
        };
        store.close().await;
        done
    })
}

/// Takes the changes that come with the program.
pub async fn apply_bundled(store: &Store) -> Result<Followed> {
    take(store, CHANGES, "bundled").await
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))
}

async fn add(store: &Store, file: &Path) -> Result<()> {
    let tree = RegionTree::read(&read(file)?).with_context(|| format!("{} can't be used", file.display()))?;
    let all: Vec<(RegionCode, String)> = tree.within(None).map(|(code, name)| (code.clone(), name.to_owned())).collect();
    let count = all.len();
    store.add_regions(all).await?;
    say!("加入 added {count} 个区划 regions")
}

fn changes(file: Option<&Path>) -> Result<(String, String)> {
    match file {
        Some(file) => Ok((read(file)?, file.display().to_string())),
        None => Ok((CHANGES.to_owned(), "bundled".to_owned())),
    }
}

fn try_changes(store: &Store, file: Option<&Path>) -> Result<()> {
    let (text, from) = changes(file)?;
    let mut tree = RegionTree::clone(&store.regions());
    let made = succession::read(&text).and_then(|lines| tree.change(&lines)).with_context(|| format!("{from} can't be used"))?;
    made.iter().try_for_each(tell)?;
    say!("将变更 would change {} 个区划 regions", made.len())
}

async fn apply(store: &Store, file: Option<&Path>) -> Result<()> {
    let (text, from) = changes(file)?;
    let followed = take(store, &text, &from).await?;
    followed.made.iter().try_for_each(tell)?;
    say!("变更 changed {} 个区划 regions", followed.made.len())?;
    followed.accounts.iter().try_for_each(|login| say!("账号辖区随之更新 jurisdiction of {login} follows"))?;
    followed.grants.iter().try_for_each(|grant| say!("授权区划随之更新 regions of grant {grant} follow"))?;
    let unmapped = store.regions().unmapped().count();
    if unmapped > 0 {
        note!("{unmapped} 个下级区划尚未确定归属 regions below have no successor of their own yet: linli regions unmapped");
    }
    Ok(())
}

async fn take(store: &Store, text: &str, from: &str) -> Result<Followed> {
    let lines = succession::read(text).with_context(|| format!("{from} can't be used"))?;
    // Whoever may write to the data directory; the log names the file by its digest.
    let entry = administration(&population::importer(Vec::new()), "change", "regions", &Digest::of(text.as_bytes()).to_string());
    store.change_regions(&lines, entry.encode()).await.with_context(|| format!("{from} can't be used"))
}

fn tell(change: &RegionChange) -> Result<()> {
    let side = |side: &Option<(RegionCode, String)>| side.as_ref().map_or("—".to_owned(), |(code, name)| format!("{code} {name}"));
    say!("{} {}: {} → {}", change.since, change.kind, side(&change.before), side(&change.after))
}
