//! The region tree and what became of divisions, as the database keeps them.

use std::sync::Arc;

use linli_audit::Encoded;
use linli_model::succession::Lines;
use linli_model::{RegionChange, RegionCode, RegionTree};
use linli_scope::{Actor, Grant};

use crate::Store;
use crate::database::{Cells as _, Row, Session, binds};
use crate::error::StoreError;

const NAME: &str = "INSERT INTO region (code, name) VALUES ($1, $2) ON CONFLICT (code) DO UPDATE SET name = excluded.name";

/// What a change of divisions changed beside the divisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// The changes that were made, those of what lies below a region that moved included.
    pub made: Vec<RegionChange>,
    /// Log-in names of accounts whose jurisdiction names other regions now.
    pub accounts: Vec<String>,
    /// Numbers of grants that name other regions now.
    pub grants: Vec<i64>,
}

/// Reads the region tree.
pub(crate) fn load(session: &Session) -> Result<RegionTree, StoreError> {
    let mut tree = RegionTree::default();
    session.each("SELECT code, name FROM region", &[], |row| {
        let code: RegionCode = row.text(0)?.parse().map_err(|reason| StoreError::damaged("a region", reason))?;
        tree.insert(code, row.text(1)?);
        Ok(())
    })?;
    let text = "SELECT since, kind, code, name, successor, successor_name FROM region_change ORDER BY seq";
    session.all(text, &[], change)?.into_iter().for_each(|change| tree.remember(change));
    Ok(tree)
}

fn change(row: &Row<'_>) -> Result<RegionChange, StoreError> {
    let mut cells: [String; 6] = Default::default();
    for (column, cell) in cells.iter_mut().enumerate() {
        *cell = row.text(column)?;
    }
    RegionChange::from_cells(cells.each_ref().map(String::as_str)).map_err(|reason| StoreError::damaged("a change of regions", reason))
}

impl Store {
    /// Adds or renames regions.
    pub async fn add_regions(&self, regions: Vec<(RegionCode, String)>) -> Result<(), StoreError> {
        let _turn = self.renewing().await;
        let mut tree = RegionTree::clone(&self.regions());
        regions.iter().for_each(|(code, name)| tree.insert(code.clone(), name.clone()));
        self.administer(None, move |session| {
            regions.iter().try_for_each(|(code, name)| session.execute(NAME, binds![code.as_str(), name]).map(drop))
        })
        .await?;
        self.put_regions(tree);
        Ok(())
    }

    /// Takes changes of divisions in, all or none, with their entry in the log. Jurisdictions and grants that name a region
    /// that ended name what stands for it now, and reach nobody whom they did not reach before.
    pub async fn change_regions(&self, lines: &Lines, entry: Encoded) -> Result<Followed, StoreError> {
        let _turn = self.renewing().await;
        let mut tree = RegionTree::clone(&self.regions());
        let made = tree.change(lines).map_err(|reason| StoreError::Schema(reason.to_string()))?;
        if made.is_empty() {
            return Ok(Followed::default());
        }
        let (followed, tree) = self
            .administer(Some(entry), move |session| {
                keep(session, &made)?;
                let (accounts, grants) = (follow_accounts(session, &tree)?, follow_grants(session, &tree)?);
                Ok((Followed { made, accounts, grants }, tree))
            })
            .await?;
        self.put_regions(tree);
        Ok(followed)
    }

    fn put_regions(&self, tree: RegionTree) {
        if let Ok(mut known) = self.inner.regions.write() {
            *known = Arc::new(tree);
        }
    }
}

fn keep(session: &Session, made: &[RegionChange]) -> Result<(), StoreError> {
    let newest = session.number("SELECT coalesce(max(seq), 0) FROM region_change", &[])?;
    let line = "INSERT INTO region_change (seq, since, kind, code, name, successor, successor_name) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for (seq, change) in (newest + 1..).zip(made) {
        let side = |side: &Option<(RegionCode, String)>| side.clone().map_or(Default::default(), |(code, name)| (code.to_string(), name));
        let ((code, name), (successor, successor_name)) = (side(&change.before), side(&change.after));
        if !successor.is_empty() {
            session.execute(NAME, binds![&successor, &successor_name])?;
        }
        let cells = binds![seq, change.since.to_string(), change.kind.as_str(), code, name, successor, successor_name];
        session.execute(line, cells)?;
    }
    Ok(())
}

fn follow_accounts(session: &Session, tree: &RegionTree) -> Result<Vec<String>, StoreError> {
    let damaged = |reason: serde_json::Error| StoreError::damaged("an account's rights", reason);
    let mut changed = Vec::new();
    for (login, actor) in session.all("SELECT login, actor FROM account ORDER BY id", &[], |row| Ok((row.text(0)?, row.text(1)?)))? {
        let mut actor: Actor = serde_json::from_str(&actor).map_err(damaged)?;
        if follow(&mut actor.regions, tree) {
            let actor = serde_json::to_string(&actor).map_err(damaged)?;
            session.execute("UPDATE account SET actor = $1 WHERE login = $2", binds![&actor, &login])?;
            changed.push(login);
        }
    }
    Ok(changed)
}

fn follow_grants(session: &Session, tree: &RegionTree) -> Result<Vec<i64>, StoreError> {
    let damaged = |reason: serde_json::Error| StoreError::damaged("a grant", reason);
    let mut changed = Vec::new();
    for (id, body) in session.all("SELECT id, body FROM scope_grant ORDER BY id", &[], |row| Ok((row.integer(0)?, row.text(1)?)))? {
        let mut grant: Grant = serde_json::from_str(&body).map_err(damaged)?;
        let mut is_changed = false;
        for regions in grant.accesses.iter_mut().filter_map(|granted| granted.access.regions.as_mut()) {
            is_changed |= follow(regions, tree);
        }
        if is_changed {
            let body = serde_json::to_string(&grant).map_err(damaged)?;
            session.execute("UPDATE scope_grant SET body = $1, version = version + 1 WHERE id = $2", binds![&body, id])?;
            changed.push(id);
        }
    }
    Ok(changed)
}

/// Whether the regions had to be replaced.
fn follow(regions: &mut Vec<RegionCode>, tree: &RegionTree) -> bool {
    if regions.iter().all(|region| tree.is_open(region.as_str())) {
        return false;
    }
    let followed = tree.follow(regions);
    let is_changed = followed != *regions;
    *regions = followed;
    is_changed
}
