//! Emergencies: a form to break the glass, and those that were broken with what became of them.

use maud::{Markup, html};

use crate::html::layout::{self, Flash, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("应急访问", "Emergency access");

/// What a person may break the glass for, and the emergencies that they may see.
#[derive(Debug, Clone)]
pub struct BreakGlassPage<'a> {
    /// Who looks at it.
    pub viewer: &'a Viewer<'a>,
    /// What they may break the glass for.
    pub offers: &'a [GlassOffer<'a>],
    /// Kinds of emergency: value and name.
    pub causes: &'a [(&'a str, Text<'a>)],
    /// Emergencies, newest first.
    pub glasses: &'a [Glass<'a>],
    /// The number before which the next page begins, sent back as `before`.
    pub next: Option<i64>,
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// An emergency purpose of an application.
#[derive(Debug, Clone)]
pub struct GlassOffer<'a> {
    /// What the form sends for it as `over`.
    pub value: String,
    /// The application.
    pub application: Text<'a>,
    /// The purpose's title.
    pub purpose: Text<'a>,
    /// Whether it is chosen already.
    pub is_chosen: bool,
}

/// A glass that was broken.
#[derive(Debug, Clone)]
pub struct Glass<'a> {
    /// Its number.
    pub id: i64,
    /// The application.
    pub application: Text<'a>,
    /// The purpose's title.
    pub purpose: Text<'a>,
    /// Who broke it.
    pub who: &'a str,
    /// The kind of emergency.
    pub cause: Text<'a>,
    /// Why.
    pub reason: &'a str,
    /// When, as it is shown.
    pub opened: String,
    /// When it ends or ended, as it is shown.
    pub ends: String,
    /// Who ended it before its time.
    pub ended_by: Option<&'a str>,
    /// Where it stands.
    pub state: GlassState,
    /// What an auditor found.
    pub review: Option<GlassReview<'a>>,
}

/// Where it stands.
#[derive(Debug, Clone, Copy)]
pub enum GlassState {
    /// It gives.
    InForce,
    /// It has ended and is not reviewed.
    AwaitingReview {
        /// Whether who looks at it may review it: an auditor whose own it is not.
        can_review: bool,
    },
    /// It is closed.
    Reviewed,
}

/// What an auditor found.
#[derive(Debug, Clone)]
pub struct GlassReview<'a> {
    /// Whether it was right.
    pub is_justified: bool,
    /// Which auditor.
    pub by: &'a str,
    /// When, as it is shown.
    pub at: String,
    /// On what the finding rests.
    pub note: &'a str,
}

impl BreakGlassPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            p.lead { (label(
                "仅限突发情况：说明原因、限时生效，审计员即时得知并事后复核；居民会看到这是一次应急访问。",
                "For emergencies only: with a reason and an end. The auditors are told at once and review it; residents see it on their record.",
            )) }
            @if !self.offers.is_empty() { (self.form()) }
            @if self.glasses.is_empty() { section.card { (empty()) } }
            @else { ol.log { @for glass in self.glasses { li.card { (glass.render(self.viewer.csrf)) } } } }
            @if let Some(next) = self.next {
                p.next { a.button.quiet rel="next" href={ (route::BREAK_GLASS) (route::query([("before", next)])) } {
                    (label("更早的", "Older"))
                } }
            }
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::BREAK_GLASS, flash: self.flash.clone() }, &TITLE, &body)
    }

    fn form(&self) -> Markup {
        html! {
            section.card aria-labelledby="open" {
                h2 #open { (label("启动应急访问", "Break the glass")) }
                form.inputs method="post" action=(route::BREAK_GLASS) {
                    (layout::csrf(self.viewer.csrf))
                    div.field {
                        label for="over" { (label("用途", "What for")) }
                        select id="over" name="over" required {
                            @for offer in self.offers {
                                option value=(offer.value) selected[offer.is_chosen] { (offer.application.zh()) "：" (offer.purpose.zh()) }
                            }
                        }
                    }
                    div.field {
                        label for="cause" { (label("突发情况类别（居民可见）", "Kind of emergency; residents see it")) }
                        select id="cause" name="cause" required {
                            option value="" { "请选择 choose" }
                            @for (value, title) in self.causes { option value=(value) { (title.zh()) } }
                        }
                    }
                    div.field {
                        label for="reason" { (label("原因（审计员可见，请勿写个人信息）", "Reason, for the auditors; name nobody")) }
                        textarea id="reason" name="reason" rows="3" required maxlength="1000" {}
                    }
                    div.field {
                        label for="minutes" { (label("时长（分钟，最长 240）", "Minutes, at most 240")) }
                        input id="minutes" name="minutes" type="number" min="1" max="240" step="1" value="60" required;
                    }
                    button.danger type="submit" { (label("启动", "Break the glass")) }
                }
            }
        }
    }
}

impl Glass<'_> {
    fn render(&self, csrf: &str) -> Markup {
        html! {
            div.log-head {
                h2 { (bilingual(&self.application)) br; span.hint { (bilingual(&self.purpose)) " · No. " (self.id) } }
                (self.badge())
            }
            dl.pairs {
                div { dt { (label("何人", "Who")) } dd { (self.who) } }
                div { dt { (label("类别", "Kind")) } dd { (bilingual(&self.cause)) } }
                div { dt { (label("原因", "Reason")) } dd.prose { (self.reason) } }
                div { dt { (label("起止", "From and until")) } dd {
                    time.nowrap { (self.opened) } " – " time.nowrap { (self.ends) }
                    @if let Some(by) = self.ended_by { " " span.hint { (label("提前结束", "ended early")) "：" (by) } }
                } }
                @if let Some(review) = &self.review {
                    div { dt { (label("复核意见", "Review")) } dd {
                        span.prose { (review.note) } br; span.hint { (review.by) " · " time.nowrap { (review.at) } }
                    } }
                }
            }
            (self.forms(csrf))
        }
    }

    fn badge(&self) -> Markup {
        match (self.state, &self.review) {
            (GlassState::InForce, _) => html! { span.badge.bad { (label("生效中", "in force")) } },
            (_, Some(GlassReview { is_justified: true, .. })) => html! { span.badge.good { (label("复核：正当", "justified")) } },
            (_, Some(_)) => html! { span.badge.bad { (label("复核：不当", "unjustified")) } },
            _ => html! { span.badge.wait { (label("待复核", "awaiting review")) } },
        }
    }

    fn forms(&self, csrf: &str) -> Markup {
        let note = format!("note-{}", self.id);
        html! {
            @match self.state {
                GlassState::InForce => form method="post" action=(route::break_glass(self.id, "end")) {
                    (layout::csrf(csrf))
                    button.small.danger type="submit" { (label("立即结束", "End now")) (self.number()) }
                },
                GlassState::AwaitingReview { can_review: true } => form.inputs method="post" action=(route::break_glass(self.id, "review")) {
                    (layout::csrf(csrf))
                    div.field {
                        label for=(note) { (label("复核意见（请勿写个人信息）", "What the finding rests on; name nobody")) }
                        textarea id=(note) name="note" rows="2" required maxlength="1000" {}
                    }
                    div.buttons {
                        button.small type="submit" name="outcome" value="justified" { (label("正当", "Justified")) (self.number()) }
                        button.small.danger type="submit" name="outcome" value="unjustified" { (label("不当", "Unjustified")) (self.number()) }
                    }
                },
                GlassState::AwaitingReview { can_review: false } | GlassState::Reviewed => {},
            }
        }
    }

    /// Which one a button is of, for a screen reader.
    fn number(&self) -> Markup {
        html! { span.visually-hidden { "：" (self.id) } }
    }
}
