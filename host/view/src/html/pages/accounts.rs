//! Accounts: who may log in and what they may do, with a form to make one, and a page to change one.

use maud::{Markup, html};

use crate::html::layout::{self, Flash, Frame, Viewer, empty, heading, role_name};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("账号", "Accounts");

/// The accounts that an admin may change.
#[derive(Debug, Clone)]
pub struct AccountsPage<'a> {
    /// The admin.
    pub viewer: &'a Viewer<'a>,
    /// Accounts by number.
    pub accounts: &'a [AccountRow<'a>],
    /// What a new one may be given.
    pub form: AccountForm<'a>,
    /// A password that was made up, said once, and whose.
    pub said_once: Option<(&'a str, &'a str)>,
    /// The number behind which the next page begins, sent back as `after`.
    pub next: Option<i64>,
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// One account, to be changed.
#[derive(Debug, Clone)]
pub struct AccountPage<'a> {
    /// The admin.
    pub viewer: &'a Viewer<'a>,
    /// The account.
    pub account: &'a AccountRow<'a>,
    /// What it has and may be given.
    pub form: AccountForm<'a>,
}

/// An account as it is listed.
#[derive(Debug, Clone)]
pub struct AccountRow<'a> {
    /// Its log-in name.
    pub login: &'a str,
    /// The person's name.
    pub name: &'a str,
    /// Roles by their words.
    pub roles: Vec<&'a str>,
    /// Regions by name.
    pub regions: Vec<String>,
    /// The highest classification that it may see.
    pub clearance: Text<'a>,
    /// Its publisher.
    pub publisher: Option<&'a str>,
    /// Whether it may not log in.
    pub disabled: bool,
    /// Which version it is.
    pub version: i64,
    /// Who asked for a change that waits, and what it comes to.
    pub pending: Option<(String, String)>,
    /// Whether this admin may change it: it is not their own.
    pub can_change: bool,
}

/// The fields of a form: what may be chosen, and what is.
#[derive(Debug, Clone, Default)]
pub struct AccountForm<'a> {
    /// The person's name.
    pub name: &'a str,
    /// Roles by their words, and whether it has them.
    pub roles: Vec<(&'a str, bool)>,
    /// Regions by code, with spaces between.
    pub regions: String,
    /// Classifications: word, name, and whether it is this one.
    pub clearances: Vec<(&'a str, Text<'a>, bool)>,
    /// Publishers: id, name, and whether it belongs to this one.
    pub publishers: Vec<(&'a str, &'a str, bool)>,
}

impl AccountsPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            p.lead { (label(
                "只列您的辖区和查阅级别以内的账号。管理员和审计员的账号，须由另一位管理员确认后生效。",
                "Those within your regions and clearance. An admin's or auditor's takes effect when a second admin confirms it.",
            )) }
            @if let Some((login, password)) = self.said_once { (layout::said_once(login, password)) }
            section.card.listing {
                @if self.accounts.is_empty() { (empty()) } @else {
                    div.scroll tabindex="0" role="region" aria-label=(TITLE) {
                        table {
                            caption { span.visually-hidden { (bilingual(&TITLE)) } }
                            thead { tr {
                                th scope="col" { (label("账号", "Account")) }
                                th scope="col" { (label("角色", "Roles")) }
                                th scope="col" { (label("辖区与级别", "Regions, clearance")) }
                                th.tools scope="col" { (label("操作", "Actions")) }
                            } }
                            tbody { @for account in self.accounts { (account.render(self.viewer.csrf)) } }
                        }
                    }
                }
                @if let Some(next) = self.next {
                    p.next { a.button.quiet rel="next" href={ (route::ACCOUNTS) (route::query([("after", next)])) } { (label("下一页", "Next page")) } }
                }
            }
            section.card aria-labelledby="new" {
                h2 #new { (label("新建账号", "New account")) }
                form.inputs method="post" action=(route::ACCOUNTS) {
                    (layout::csrf(self.viewer.csrf))
                    (layout::login_field())
                    (self.form.render())
                    button type="submit" { (label("新建", "Make it")) }
                }
            }
        };
        let frame = Frame { viewer: Some(self.viewer), path: route::ACCOUNTS, flash: self.flash.clone() };
        layout::page(&frame, &TITLE, &body)
    }
}

impl AccountPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let title = Text::both("更改账号", "Change an account");
        let body = html! {
            (heading(&title))
            p.lead { code { (self.account.login) } " " (self.account.name) }
            section.card {
                form.inputs method="post" action=(route::account(self.account.login, "change")) {
                    (layout::csrf(self.viewer.csrf))
                    input type="hidden" name=(route::VERSION_FIELD) value=(self.account.version);
                    (self.form.render())
                    div.buttons {
                        button type="submit" { (label("保存", "Save")) }
                        a.button.quiet href=(route::ACCOUNTS) { (label("返回", "Back")) }
                    }
                }
            }
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::ACCOUNTS, flash: None }, &title, &body)
    }
}

impl AccountForm<'_> {
    fn render(&self) -> Markup {
        html! {
            div.field {
                label for="name" { (label("姓名", "Name")) }
                input id="name" name="name" type="text" required maxlength="50" autocomplete="off" value=(self.name);
            }
            fieldset.field {
                legend { (label("角色", "Roles")) }
                @for (role, has) in &self.roles {
                    div.tick {
                        input id={ "role-" (role) } name="role" type="checkbox" value=(role) checked[*has];
                        label for={ "role-" (role) } { (bilingual(&role_name(role))) }
                    }
                }
            }
            div.field {
                label for="regions" { (label("辖区（区划代码，以空格分隔）", "Regions by code, with spaces between")) }
                input id="regions" name="regions" type="text" autocomplete="off" value=(self.regions);
            }
            div.field {
                label for="clearance" { (label("查阅级别", "Clearance")) }
                select id="clearance" name="clearance" required {
                    @for (word, title, is_this) in &self.clearances { option value=(word) selected[*is_this] { (title.zh()) } }
                }
            }
            div.field {
                label for="publisher" { (label("所属发布单位", "Publisher")) }
                select id="publisher" name="publisher" {
                    option value="" { "无 none" }
                    @for (id, name, is_this) in &self.publishers { option value=(id) selected[*is_this] { (name) } }
                }
            }
        }
    }
}

impl AccountRow<'_> {
    fn render(&self, csrf: &str) -> Markup {
        html! {
            tr {
                th scope="row" {
                    (self.name) br; code { (self.login) }
                    @if self.disabled { " " span.badge.bad { (label("已停用", "disabled")) } }
                    @if let Some((by, what)) = &self.pending {
                        br; span.badge.wait { (label("待确认", "waits for a second admin")) }
                        br; span.hint { (by) "：" (what) }
                    }
                }
                td data-label="角色" {
                    ul.plain { @for role in &self.roles { li { (bilingual(&role_name(role))) } } }
                    @if let Some(publisher) = self.publisher { span.hint { (publisher) } }
                }
                td data-label="辖区与级别" {
                    @if !self.regions.is_empty() { ul.plain { @for region in &self.regions { li { (region) } } } }
                    span.hint { (bilingual(&self.clearance)) }
                }
                td.tools { @if self.can_change { (self.forms(csrf)) } }
            }
        }
    }

    fn forms(&self, csrf: &str) -> Markup {
        let button = |verb: &str, danger: bool, title: Markup| {
            html! {
                form method="post" action=(route::account(self.login, verb)) {
                    (layout::csrf(csrf))
                    input type="hidden" name=(route::VERSION_FIELD) value=(self.version);
                    button.small.danger[danger].quiet[!danger] type="submit" { (title) span.visually-hidden { "：" (self.login) } }
                }
            }
        };
        html! {
            div.buttons {
                @if self.pending.is_some() {
                    (button("confirm", false, label("确认", "Confirm")))
                    (button("refuse", true, label("不同意", "Refuse")))
                }
                a.button.small.quiet href=(route::account(self.login, "")) { (label("更改", "Change")) span.visually-hidden { "：" (self.login) } }
                (button("password", false, label("重设密码", "New password")))
                @if self.disabled { (button("enable", false, label("恢复", "Enable"))) } @else { (button("disable", true, label("停用", "Disable"))) }
            }
        }
    }
}
