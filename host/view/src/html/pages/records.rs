//! Records other than residents: which entity types there are, and a list of one of them.

use maud::html;

use super::search::{Found, listing};
use crate::html::layout::{self, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

/// The entity types whose records a worker keeps.
#[derive(Debug, Clone)]
pub struct ListsPage<'a> {
    /// The worker.
    pub viewer: &'a Viewer<'a>,
    /// Name and title of each.
    pub entities: &'a [(&'a str, Text<'a>)],
}

impl ListsPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let title = Text::both("房屋、单位、设施与事项", "Dwellings, organisations, facilities, matters");
        let body = html! {
            (heading(&title))
            @if self.entities.is_empty() { (empty()) }
            ul.cards {
                @for (entity, title) in self.entities {
                    li { div.card {
                        h3 { (bilingual(title)) }
                        ul.menu {
                            li { a href=(route::list(entity)) { (label("查看", "List")) } }
                            li { a href=(route::entry(entity)) { (label("录入", "Enter")) } }
                        }
                    } }
                }
            }
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::LISTS, flash: None }, &title, &body)
    }
}

/// Records of one entity type, in the order of their entry.
#[derive(Debug, Clone)]
pub struct RecordsPage<'a> {
    /// The worker.
    pub viewer: &'a Viewer<'a>,
    /// Name of the entity type.
    pub entity: &'a str,
    /// What one of its records is called.
    pub title: Text<'a>,
    /// Titles of the columns.
    pub columns: &'a [Text<'a>],
    /// This page's records.
    pub found: &'a [Found<'a>],
    /// Where the next page begins.
    pub next: Option<&'a str>,
}

impl RecordsPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&self.title))
            p.lead { (label("只列本辖区的记录；每次查阅都有记录。", "Within your communities only; every access is on the record.")) }
            p.link { a.button href=(route::entry(self.entity)) { (label("录入", "Enter")) } }
            (listing(&self.title, self.columns, self.found, |id| route::record_of(self.entity, id)))
            @if let Some(next) = self.next {
                p.link { a rel="next" href={ (route::list(self.entity)) (route::query([("after", next)])) } { (label("下一页", "Next page")) } }
            }
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::LISTS, flash: None }, &self.title, &body)
    }
}
