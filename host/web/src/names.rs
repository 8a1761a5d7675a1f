//! Names of codes, regions, applications and officials.

use std::collections::HashMap;
use std::sync::Arc;

use linli_model::{RegionTree, Text, region};
use linli_runtime::Plugin;
use linli_scope::Manifest;
use linli_scope::manifest::Purpose;
use linli_view::html::Names;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;

/// Looks names up in the catalogue and the region tree.
pub(crate) struct Directory<'a>(pub &'a App);

impl Names for Directory<'_> {
    fn region(&self, code: &str) -> Option<String> {
        place(&self.0.store().regions(), code)
    }

    fn code(&self, list: &str, code: &str) -> Option<String> {
        let catalogue = self.0.store().catalogue();
        catalogue.codes(list)?.codes.get(code).map(|name| name.zh().to_owned())
    }
}

/// A region's name; a grid cell's with its community's, unless it says that itself.
pub(crate) fn place(regions: &RegionTree, code: &str) -> Option<String> {
    let own = regions.name(code)?;
    let community =
        code.get(..region::COMMUNITY_DIGITS).filter(|community| *community != code).and_then(|community| regions.name(community));
    Some(match community {
        Some(community) if !own.contains(stem(community)) => format!("{community} {own}"),
        _ => own.to_owned(),
    })
}

/// 机务段社区 of 机务段社区居委会.
fn stem(community: &str) -> &str {
    ["居民委员会", "居委会"].iter().find_map(|ending| community.strip_suffix(ending)).unwrap_or(community)
}

/// An application as the log names it: one of the host's own, a plugin, or one that is gone.
pub(crate) struct Application<'a> {
    id: &'a str,
    first_party: Option<&'a Manifest>,
    plugin: Option<Arc<Plugin>>,
}

impl<'a> Application<'a> {
    /// Looks it up by its id. No plugin passes for one of the host's own.
    pub fn find(app: &'a App, id: &'a str) -> Self {
        let first_party = app.runtime().first_party(id).map(|application| application.manifest());
        Self { id, first_party, plugin: if first_party.is_none() { app.runtime().plugin(id) } else { None } }
    }

    fn manifest(&self) -> Option<&Manifest> {
        self.first_party.or(self.plugin.as_ref().map(|plugin| &plugin.manifest))
    }

    /// What it is called; its id where nobody knows it any more.
    pub fn name(&self) -> Text {
        self.manifest().map_or_else(|| Text::Plain(self.id.to_owned()), |manifest| manifest.plugin.name.clone())
    }

    /// One of its purposes.
    pub fn purpose(&self, id: &str) -> Option<&Purpose> {
        self.manifest()?.purpose(id)
    }

    /// The publisher's name; none for the host's own.
    pub fn publisher(&self) -> Option<&str> {
        self.plugin.as_ref().map(|plugin| plugin.publisher.name.as_str())
    }
}

/// Whose account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// The account's number, as the log names it: `user:7`.
    pub account: i64,
    /// None where there is no such account any more.
    pub name: Option<String>,
}

/// Whose accounts some are, looked up together: by number.
#[derive(Clone)]
pub(crate) struct People(HashMap<i64, String>);

impl People {
    /// Looks up these; whose name is not found has no account any more.
    pub async fn of(app: &App, accounts: Vec<i64>) -> Result<Self, Problem> {
        let mut names = HashMap::new();
        for account in accounts {
            if !names.contains_key(&account) {
                names.extend(app.store().account_name(account).await?.map(|name| (account, name)));
            }
        }
        Ok(Self(names))
    }

    /// The name of one of them.
    pub fn name(&self, account: i64) -> Option<String> {
        self.0.get(&account).cloned()
    }

    /// One of them.
    pub fn person(&self, account: i64) -> Person {
        Person { account, name: self.name(account) }
    }
}

/// Whose account it is, by its number.
pub(crate) async fn person(app: &App, account: i64) -> Result<Person, Problem> {
    Ok(Person { account, name: app.store().account_name(account).await? })
}

/// The name of an official who acted.
pub(crate) async fn official(app: &App, actor: &str) -> Result<String, Problem> {
    match actor.strip_prefix("user:").and_then(|id| id.parse().ok()) {
        Some(0) => Ok("系统导入 bulk entry".into()),
        Some(id) => Ok(app.store().account_name(id).await?.unwrap_or_else(|| "工作人员 an official".into())),
        None => Ok("公众 the public".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_named_with_its_community_once() {
        let mut regions = RegionTree::default();
        for (code, name) in [("440104022001", "机务段社区居委会"), ("440104022001001", "机务段社区第1网格"), ("440104022001002", "第2网格")]
        {
            regions.insert(code.parse().unwrap(), name.into());
        }
        assert_eq!(place(&regions, "440104022001").as_deref(), Some("机务段社区居委会"));
        assert_eq!(place(&regions, "440104022001001").as_deref(), Some("机务段社区第1网格"));
        assert_eq!(place(&regions, "440104022001002").as_deref(), Some("机务段社区居委会 第2网格"));
        assert_eq!(place(&regions, "44"), None);
    }
}
