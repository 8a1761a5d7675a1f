//! Names of codes and regions, for pages.

use linli_model::{RegionTree, region};
use linli_view::html::Names;

use crate::app::App;

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
