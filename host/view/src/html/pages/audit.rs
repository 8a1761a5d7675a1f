//! The access log, as an auditor reads it.

use maud::{Markup, html};

use crate::html::layout::{self, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("审计", "Audit");
static ENTRIES: Text<'static> = Text::both("访问日志，新的在前", "Access log, newest first");

/// The newest checkpoint and the entries of the log.
#[derive(Debug, Clone)]
pub struct AuditPage<'a> {
    /// The auditor.
    pub viewer: &'a Viewer<'a>,
    /// The newest signed checkpoint (C2SP tlog-checkpoint); none where the log is empty.
    pub note: Option<&'a str>,
    /// The key that verifies it.
    pub key: &'a str,
    /// Entries, newest first.
    pub entries: &'a [AuditEntry<'a>],
    /// Sequence before which the next page begins, sent back as `before`.
    pub next: Option<u64>,
}

/// An entry of the log. It names fields and counts people, and holds no value of anybody's.
#[derive(Debug, Clone)]
pub struct AuditEntry<'a> {
    /// Its place in the log.
    pub sequence: u64,
    /// When, as it is shown.
    pub when: &'a str,
    /// On whose behalf, as the log names them.
    pub actor: &'a str,
    /// The application by id.
    pub application: &'a str,
    /// The purpose by id.
    pub purpose: &'a str,
    /// What was called.
    pub entry_point: &'a str,
    /// The number of the break-glass that it ran under or is about.
    pub break_glass: Option<u64>,
    /// How it ended, in words.
    pub outcome: Text<'a>,
    /// Whether an answer was released.
    pub is_allowed: bool,
    /// What was touched, one line an access.
    pub accesses: Vec<String>,
    /// How many residents it concerns.
    pub subjects: u64,
    /// Its leaf hash.
    pub leaf: &'a str,
}

impl AuditPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            p.lead { (label(
                "日志只增不改；检查点由平台签名。用 linli audit verify 离线核验。",
                "The log only grows, and its checkpoints are signed. Verify it offline with linli audit verify.",
            )) }
            section.card {
                h2 { (label("最新检查点", "Newest checkpoint")) }
                @match self.note {
                    Some(note) => pre.note tabindex="0" role="region" aria-label="检查点 Checkpoint" { (note) },
                    None => (empty()),
                }
                dl.pairs { div { dt { (label("公钥", "Public key")) } dd { code { (self.key) } } } }
            }
            (self.listing())
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::AUDIT, flash: None }, &TITLE, &body)
    }

    fn listing(&self) -> Markup {
        html! {
            section.card.listing {
                @if self.entries.is_empty() { (empty()) } @else {
                    div.scroll tabindex="0" role="region" aria-label=(ENTRIES) {
                        table.dense {
                            caption { span.caption { (bilingual(&ENTRIES)) } }
                            thead { tr {
                                th scope="col" { (label("序号", "No.")) }
                                th scope="col" { (label("时间", "When")) }
                                th scope="col" { (label("操作者", "Actor")) }
                                th scope="col" { (label("应用与目的", "Application, purpose")) }
                                th scope="col" { (label("内容", "Accesses")) }
                                th scope="col" { (label("涉及人数", "People")) }
                                th scope="col" { (label("结果", "Outcome")) }
                            } }
                            tbody { @for entry in self.entries { (entry.render()) } }
                        }
                    }
                }
                @if let Some(next) = self.next {
                    p.next { a.button.quiet rel="next" href={ (route::AUDIT) (route::query([("before", next)])) } {
                        (label("更早的", "Older"))
                    } }
                }
            }
        }
    }
}

impl AuditEntry<'_> {
    fn render(&self) -> Markup {
        html! {
            tr {
                th.nowrap scope="row" title=(self.leaf) { (self.sequence) }
                td data-label="时间" { time.nowrap { (self.when) } }
                td data-label="操作者" { code.nowrap { (self.actor) } }
                td data-label="应用与目的" { code { (self.application) } br; span.hint { (self.purpose) " · " (self.entry_point) }
                    @if let Some(glass) = self.break_glass { br; span.badge.bad { (label("应急", "emergency")) " " (glass) } }
                }
                td data-label="内容" {
                    @if !self.accesses.is_empty() { ul.plain { @for access in &self.accesses { li { code { (access) } } } } }
                }
                td data-label="涉及人数" { (self.subjects) }
                td data-label="结果" { span class=(if self.is_allowed { "badge good" } else { "badge bad" }) { (bilingual(&self.outcome)) } }
            }
        }
    }
}
