//! A problem (RFC 9457) as a page.

use maud::{Markup, html};

use crate::html::layout::{self, Frame, Viewer};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

/// What went wrong, for a person.
#[derive(Debug, Clone)]
pub struct ProblemPage<'a> {
    /// Who met it, where that is known.
    pub viewer: Option<&'a Viewer<'a>>,
    /// HTTP status.
    pub status: u16,
    /// The problem type's title.
    pub title: Text<'a>,
    /// What happened this time, and what to do.
    pub detail: Option<Text<'a>>,
    /// The problem's code, such as `plugin-timeout`.
    pub code: &'a str,
    /// Trace id (W3C Trace Context), to tell support.
    pub trace_id: Option<&'a str>,
    /// Inputs that are wrong, each with the reason.
    pub faults: &'a [(Text<'a>, Text<'a>)],
    /// Address of the page that the form was sent from.
    pub back: Option<&'a str>,
}

impl ProblemPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            div.narrow.problem {
                p.status aria-hidden="true" { (self.status) }
                h1 { (bilingual(&self.title)) }
                @if let Some(detail) = &self.detail { p.prose { (bilingual(detail)) } }
                @if !self.faults.is_empty() {
                    ul.faults {
                        @for (input, reason) in self.faults {
                            li { @if !input.zh().is_empty() { (bilingual(input)) "：" } (bilingual(reason)) }
                        }
                    }
                }
                dl.basis {
                    div { dt { (label("状态", "Status")) } dd { (self.status) } }
                    div { dt { (label("代码", "Code")) } dd { code { (self.code) } } }
                    @if let Some(trace) = self.trace_id {
                        div { dt { (label("跟踪号", "Trace")) } dd { code { (trace) } } }
                    }
                }
                p.link {
                    @if self.viewer.is_none() && self.status == 401 {
                        a.button href=(route::LOGIN) { (label("登录", "Log in")) } " "
                    }
                    @if let Some(back) = self.back { a.button href=(back) { (self.way_on()) } " " }
                    a.button.quiet href=(route::HOME) { (label("返回首页", "Home")) }
                }
            }
        };
        layout::page(&Frame { viewer: self.viewer, path: "", flash: None }, &self.title, &body)
    }

    /// What the way to [`Self::back`] is called.
    fn way_on(&self) -> Markup {
        match self.code {
            "break-glass" => label("启动应急访问", "Break the glass"),
            _ => label("返回修改", "Go back"),
        }
    }
}
