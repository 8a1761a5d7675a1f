//! Plugins and their grants.

use maud::{Markup, html};

use crate::html::layout::{self, Flash, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("插件与授权", "Plugins and grants");

/// Installed plugins, each with what it asks for and what it was granted.
#[derive(Debug, Clone)]
pub struct AdminPage<'a> {
    /// The admin.
    pub viewer: &'a Viewer<'a>,
    /// Plugins by id.
    pub plugins: &'a [PluginRow<'a>],
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// A plugin version and its grant. Its forms post `digest`, `grant`, its version and, to revoke, `reason`.
#[derive(Debug, Clone)]
pub struct PluginRow<'a> {
    /// The plugin's id.
    pub id: &'a str,
    /// Its name.
    pub name: Text<'a>,
    /// Its version.
    pub version: &'a str,
    /// The department that publishes it.
    pub publisher: &'a str,
    /// Digest of the component: `sha256:…`.
    pub digest: &'a str,
    /// Whether its publisher signed it.
    pub signed: bool,
    /// One line for each access that it asks for, in words.
    pub requests: Vec<Text<'a>>,
    /// Its grant, where it has one: number and version.
    pub grant: Option<(i64, i64)>,
    /// Its grant.
    pub state: GrantState<'a>,
    /// Seconds for which it is still kept off because it failed too often.
    pub paused: Option<u64>,
}

/// Where a grant stands.
#[derive(Debug, Clone)]
pub enum GrantState<'a> {
    /// Nobody has decided yet.
    Pending {
        /// Whether this admin may decide: not the one who uploaded it, nor one who has approved it already.
        can_approve: bool,
        /// Whether it touches sensitive fields, so that two admins must approve it.
        is_sensitive: bool,
        /// Text and reference of the impact assessment, where the first of two has approved it.
        assessment: Option<(&'a str, &'a str)>,
    },
    /// In force.
    Granted {
        /// The day it ends, as it is shown.
        until: &'a str,
    },
    /// Taken back. The plugin asks anew when it is uploaded again.
    Revoked {
        /// Why, where somebody said so.
        reason: Option<&'a str>,
    },
    /// Over.
    Expired {
        /// The day it ended, as it is shown.
        on: &'a str,
    },
}

impl AdminPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            section.card.listing {
                @if self.plugins.is_empty() { (empty()) } @else {
                    div.scroll tabindex="0" role="region" aria-label=(TITLE) {
                        table {
                            caption { span.visually-hidden { (bilingual(&TITLE)) } }
                            thead { tr {
                                th scope="col" { (label("插件", "Plugin")) }
                                th scope="col" { (label("申请范围", "Scope request")) }
                                th scope="col" { (label("状态", "State")) }
                                th.tools scope="col" { (label("操作", "Actions")) }
                            } }
                            tbody { @for plugin in self.plugins { (plugin.render(self.viewer.csrf)) } }
                        }
                    }
                }
            }
        };
        let frame = Frame { viewer: Some(self.viewer), path: route::ADMIN, flash: self.flash.clone() };
        layout::page(&frame, &TITLE, &body)
    }
}

impl PluginRow<'_> {
    fn render(&self, csrf: &str) -> Markup {
        html! {
            tr {
                th scope="row" {
                    (bilingual(&self.name))
                    br; span.hint { (self.publisher) " · " code { (self.id) " " (self.version) } }
                    br; code.digest title=(self.digest) { (short(self.digest)) }
                    @if self.signed { " " span.badge.good { (label("已签名", "signed")) } }
                    @else { " " span.badge.wait { (label("未签名", "unsigned")) } }
                }
                td data-label="申请范围" { ul.plain { @for request in &self.requests { li { (bilingual(request)) } } } }
                td data-label="状态" {
                    (self.state.render())
                    @if let Some(seconds) = self.paused {
                        br; span.badge.bad { (label("故障暂停", "paused after faults")) }
                        " " span.hint.nowrap { (seconds) " s" }
                    }
                    @if let Some((grant, _)) = self.grant { br; a href=(route::grant(grant)) { (label("预览", "Preview")) (self.of()) } }
                }
                td.tools { (self.forms(csrf)) }
            }
        }
    }

    fn forms(&self, csrf: &str) -> Markup {
        let reason = format!("reason-{}", self.id);
        html! {
            @match &self.state {
                GrantState::Pending { can_approve: false, .. } => p.hint { (label("须由他人批准", "needs another admin")) },
                GrantState::Revoked { .. } => p.hint { (label("重新上传后可再次申请", "upload it again to ask anew")) },
                GrantState::Granted { .. } | GrantState::Expired { .. } => form.revoke method="post" action=(route::admin(self.id, "revoke")) {
                    (layout::csrf(csrf))
                    (self.reviewed())
                    label for=(reason) { (label("撤销原因", "Reason")) }
                    input id=(reason) name="reason" type="text" required autocomplete="off";
                    button.small.danger type="submit" { (label("撤销", "Revoke")) (self.of()) }
                },
                GrantState::Pending { is_sensitive, assessment, .. } => form method="post" action=(route::admin(self.id, "approve")) {
                    (layout::csrf(csrf))
                    (self.reviewed())
                    @if *is_sensitive && assessment.is_none() { (self.assessment()) }
                    button.small type="submit" { (label("批准", "Approve")) (self.of()) }
                },
            }
        }
    }

    /// What the form decides about, as it was when the page was made.
    fn reviewed(&self) -> Markup {
        html! {
            input type="hidden" name="digest" value=(self.digest);
            @if let Some((grant, version)) = self.grant {
                input type="hidden" name="grant" value=(grant);
                input type="hidden" name=(route::VERSION_FIELD) value=(version);
            }
        }
    }

    /// What the first of two approvals of sensitive fields must say.
    fn assessment(&self) -> Markup {
        let (text, reference) = (format!("assessment-{}", self.id), format!("reference-{}", self.id));
        html! {
            label for=(text) { (label("个人信息保护影响评估", "Impact assessment")) }
            textarea id=(text) name="assessment" rows="3" required maxlength="4000" {}
            label for=(reference) { (label("评估文号", "Its reference")) }
            input id=(reference) name="reference" type="text" required maxlength="200" autocomplete="off";
        }
    }

    /// Which plugin a button is of, for a screen reader.
    fn of(&self) -> Markup {
        html! { span.visually-hidden { "：" (self.name.zh()) } }
    }
}

impl GrantState<'_> {
    fn render(&self) -> Markup {
        html! {
            @match self {
                Self::Pending { assessment: None, is_sensitive, .. } => {
                    span.badge.wait { (label("待审批", "pending")) }
                    @if *is_sensitive { br; span.hint { (label("含敏感个人信息，须两人批准", "sensitive: two approvals")) } }
                },
                Self::Pending { assessment: Some((text, reference)), .. } => {
                    span.badge.wait { (label("待第二人批准", "awaiting a second approval")) }
                    br; span.hint { (reference) "：" (text) }
                },
                Self::Granted { until } => {
                    span.badge.good { (label("已授权", "granted")) }
                    br; span.hint { (label("有效至", "until")) " " time.nowrap { (until) } }
                },
                Self::Revoked { reason } => {
                    span.badge.bad { (label("已撤销", "revoked")) }
                    @if let Some(reason) = reason { br; span.hint { (reason) } }
                },
                Self::Expired { on } => {
                    span.badge.wait { (label("已到期", "expired")) }
                    br; span.hint { time.nowrap { (on) } }
                },
            }
        }
    }
}

/// The start of a digest; the whole stands in its title.
fn short(digest: &str) -> String {
    digest.chars().take(19).chain(['…']).collect()
}
