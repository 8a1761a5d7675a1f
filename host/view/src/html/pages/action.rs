//! What an action answered, where it leads to no other page.

use maud::{Markup, html};

use crate::action::ActionResult;
use crate::block::Tone;
use crate::html::blocks::{self, BlockContext, Fill};
use crate::html::label;
use crate::html::layout::{self, Frame, Viewer, heading, notice};
use crate::html::pages::Basis;
use crate::route;
use crate::text::Text;

/// An action result in its frame. With `goto` the host rather redirects and shows the message there as a
/// [`Flash`](crate::html::Flash); where this page is shown all the same, it links to it.
pub struct ActionPage<'a> {
    /// Who acted.
    pub viewer: Option<&'a Viewer<'a>>,
    /// Why the action read and wrote what it did.
    pub basis: Basis<'a>,
    /// The action's title.
    pub title: Text<'a>,
    /// Where the view's blocks are shown.
    pub context: BlockContext<'a>,
    /// What the plugin answered.
    pub result: &'a ActionResult<'a>,
    /// What the host found for bound blocks of the view.
    pub fill: &'a Fill<'a>,
}

impl ActionPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let title = self.result.view.as_ref().map_or(&self.title, |view| &view.title);
        let body = html! {
            article.view {
                (heading(title))
                (self.basis.render())
                (notice(self.result.tone, &self.result.message))
                @if let Some(view) = &self.result.view { (blocks::blocks(&self.context, view, self.fill)) }
                (self.onward())
            }
        };
        layout::page(&Frame { viewer: self.viewer, path: "", flash: None }, title, &body)
    }

    fn onward(&self) -> Markup {
        html! {
            p.link {
                @if let Some(target) = &self.result.goto {
                    a.button href=(self.context.address(target)) { (label("继续", "Continue")) }
                } @else if self.result.tone == Tone::Error {
                    a.button.quiet href=(self.context.here()) { (label("返回修改", "Go back")) }
                } @else {
                    a.button.quiet href=(self.context.here()) { (label("返回", "Back")) }
                }
                " " a.button.quiet href=(route::HOME) { (label("首页", "Home")) }
            }
        }
    }
}
