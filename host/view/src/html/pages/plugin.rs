//! A plugin's page.

use maud::{Markup, html};

use crate::html::blocks::{self, BlockContext, Fill};
use crate::html::layout::{self, Flash, Frame, Viewer, heading};
use crate::html::{bilingual, label};
use crate::text::Text;
use crate::view::View;

/// A view in its frame.
pub struct PluginPage<'a> {
    /// Who looks at it; none on a public page.
    pub viewer: Option<&'a Viewer<'a>>,
    /// Why the page reads what it reads.
    pub basis: Basis<'a>,
    /// Where the blocks are shown.
    pub context: BlockContext<'a>,
    /// What the plugin answered.
    pub view: &'a View<'a>,
    /// What the host found for bound blocks.
    pub fill: &'a Fill<'a>,
    /// A message over the page, such as that of the action before.
    pub flash: Option<Flash<'a>>,
}

/// Plugin, purpose and legal basis, as every page that reads personal data states them.
#[derive(Debug, Clone)]
pub struct Basis<'a> {
    /// The plugin's name.
    pub plugin: Text<'a>,
    /// The purpose's title.
    pub purpose: Text<'a>,
    /// The law it rests on.
    pub legal_basis: &'a str,
}

impl PluginPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            article.view {
                (heading(&self.view.title))
                (self.basis.render())
                (blocks::blocks(&self.context, self.view, self.fill))
            }
        };
        let frame = Frame { viewer: self.viewer, path: "", flash: self.flash.clone() };
        layout::page(&frame, &self.view.title, &body)
    }
}

impl Basis<'_> {
    pub(crate) fn render(&self) -> Markup {
        html! {
            dl.basis {
                div { dt { (label("应用", "Application")) } dd { (bilingual(&self.plugin)) } }
                div { dt { (label("目的", "Purpose")) } dd { (bilingual(&self.purpose)) } }
                div { dt { (label("法律依据", "Legal basis")) } dd { (self.legal_basis) } }
            }
        }
    }
}
