//! Who read a resident's record.

use maud::{Markup, html};

use crate::html::layout::{self, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("谁看过我的信息", "Who read my record");

/// A resident's view of the access log, newest first.
#[derive(Debug, Clone)]
pub struct AccessLogPage<'a> {
    /// The resident.
    pub viewer: &'a Viewer<'a>,
    /// Extractions and denials.
    pub entries: &'a [AccessEntry<'a>],
    /// Cursor of the page that follows, sent back as `after`.
    pub next: Option<&'a str>,
}

/// An extraction, or the denial of one.
#[derive(Debug, Clone)]
pub struct AccessEntry<'a> {
    /// When, as it is shown.
    pub when: &'a str,
    /// The person, schedule or system on whose behalf it ran.
    pub who: &'a str,
    /// The department that publishes the application.
    pub department: Text<'a>,
    /// The application: a plugin or a built-in one.
    pub application: Text<'a>,
    /// The purpose's title.
    pub purpose: Text<'a>,
    /// The law it rests on.
    pub legal_basis: Option<&'a str>,
    /// The kind of emergency, where somebody broke the glass for it.
    pub emergency: Option<Text<'a>>,
    /// What was read, or would have been.
    pub fields: Vec<AccessedField<'a>>,
    /// How it ended.
    pub outcome: AccessOutcome<'a>,
}

/// How an access ended.
#[derive(Debug, Clone)]
pub enum AccessOutcome<'a> {
    /// The answer was released.
    Allowed,
    /// The platform refused, and why.
    Denied(Text<'a>),
    /// Allowed, but no answer came of it, and why.
    Failed(Text<'a>),
}

/// A field, and how it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessedField<'a> {
    /// The field's title.
    pub title: Text<'a>,
    /// `plain`, `masked`, `check` or `aggregate`; `entered` where it was written.
    pub mode: &'a str,
}

impl AccessLogPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            p.lead { (label(
                "每一次查阅都记录在案，无法删改；被拒绝的也在其中。",
                "Every access is on a tamper-evident record, denials included.",
            )) }
            @if self.entries.is_empty() { section.card { (empty()) } }
            @else { ol.log { @for entry in self.entries { li.card { (entry.render()) } } } }
            @if let Some(next) = self.next {
                p.next { a.button.quiet rel="next" href={ (route::MY_ACCESS) (route::query([("after", next)])) } {
                    (label("下一页", "Next page"))
                } }
            }
        };
        let frame = Frame { viewer: Some(self.viewer), path: route::MY_ACCESS, flash: None };
        layout::page(&frame, &TITLE, &body)
    }
}

impl AccessEntry<'_> {
    fn render(&self) -> Markup {
        html! {
            div.log-head {
                h2 { (bilingual(&self.application)) br; span.hint { (bilingual(&self.department)) } }
                @match &self.outcome {
                    AccessOutcome::Allowed => span.badge.good { (label("已允许", "allowed")) },
                    AccessOutcome::Denied(_) => span.badge.bad { (label("已拒绝", "denied")) },
                    AccessOutcome::Failed(_) => span.badge.wait { (label("未完成", "not completed")) },
                }
            }
            dl.pairs {
                div { dt { (label("时间", "When")) } dd { time.nowrap { (self.when) } } }
                div { dt { (label("何人", "Who")) } dd { (self.who) } }
                div { dt { (label("目的", "Purpose")) } dd {
                    (bilingual(&self.purpose))
                    @if let Some(basis) = self.legal_basis { br; span.hint { (basis) } }
                } }
                @if let Some(cause) = &self.emergency {
                    div { dt { (label("应急访问", "Emergency access")) } dd {
                        span.badge.bad { (bilingual(cause)) } br;
                        span.hint { (label("由审计员复核", "an auditor reviews it")) }
                    } }
                }
                @if !self.fields.is_empty() {
                    div { dt { (label("内容", "Fields")) } dd { ul.chips { @for field in &self.fields { li { (field.render()) } } } } }
                }
                @if let AccessOutcome::Denied(reason) | AccessOutcome::Failed(reason) = &self.outcome {
                    div { dt { (label("原因", "Reason")) } dd { (bilingual(reason)) } }
                }
            }
        }
    }
}

impl AccessedField<'_> {
    fn render(&self) -> Markup {
        let mode = match self.mode {
            "plain" => Text::both("明文", "plain"),
            "masked" => Text::both("脱敏", "masked"),
            "check" => Text::both("仅核验", "check"),
            "where" => Text::both("条件", "condition"),
            "entered" => Text::both("录入", "entered"),
            "aggregate" => Text::both("仅统计", "aggregate"),
            "filter" => Text::both("筛选", "filter"),
            "sort" => Text::both("排序", "sort"),
            "denied" => Text::both("未允许", "denied"),
            other => Text::plain(other),
        };
        html! { (self.title.zh()) " " span.mode { (bilingual(&mode)) } }
    }
}
