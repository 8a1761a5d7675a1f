//! Names of codes and regions, for pages.

use linli_view::html::Names;

use crate::app::App;

/// Looks names up in the catalogue and the region tree.
pub(crate) struct Directory<'a>(pub &'a App);

impl Names for Directory<'_> {
    fn region(&self, code: &str) -> Option<String> {
        let regions = self.0.store().regions();
        let own = regions.name(code)?.to_owned();
        let community = code.get(..linli_model::region::COMMUNITY_DIGITS).filter(|community| *community != code);
        Some(match community.and_then(|community| regions.name(community)) {
            Some(community) => format!("{community} {own}"),
            None => own,
        })
    }

    fn code(&self, list: &str, code: &str) -> Option<String> {
        let catalogue = self.0.store().catalogue();
        catalogue.codes(list)?.codes.get(code).map(|name| name.zh().to_owned())
    }
}
