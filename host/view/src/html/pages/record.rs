//! A record: a resident's, for themselves or for a community worker, or one of another entity type.

use maud::{Markup, html};

use crate::html::layout::{self, Flash, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

/// What the community has on record about a person or a thing.
#[derive(Debug, Clone)]
pub struct RecordPage<'a> {
    /// Who looks at it.
    pub viewer: &'a Viewer<'a>,
    /// Whose record it is.
    pub whose: Whose<'a>,
    /// Fields in the schema's order.
    pub fields: &'a [RecordField<'a>],
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// Whose record a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose<'a> {
    /// The reader's own.
    Own,
    /// That of a resident in the care of the reader, a community worker.
    Resident {
        /// What its address ends with.
        id: &'a str,
        /// The log-in name of their account, and whether it may not log in; none where they have no account.
        account: Option<(&'a str, bool)>,
        /// The account's password, said once.
        said_once: Option<&'a str>,
    },
    /// No person's: a record of another entity type.
    Other {
        /// Name of the entity type.
        entity: &'a str,
        /// What one of its records is called.
        title: Text<'a>,
    },
}

impl Whose<'_> {
    fn title(&self) -> Text<'_> {
        match self {
            Self::Own => Text::both("我的信息", "My record"),
            Self::Resident { .. } => Text::both("居民信息", "Resident"),
            Self::Other { title, .. } => title.by_ref(),
        }
    }

    fn lead(&self) -> Text<'static> {
        match self {
            Self::Own => Text::both(
                "社区登记的您的信息，每一项都注明来源。发现有误，请联系社区工作者更正。",
                "What is on record about you, with the source of each field. Ask a community worker to correct it.",
            ),
            Self::Resident { .. } => Text::both(
                "每一项都注明来源。本次查阅已记录，居民本人可见。",
                "With the source of each field. This access is on the record, and the resident sees it.",
            ),
            Self::Other { .. } => Text::both(
                "每一项都注明来源。本次查阅已记录，所涉居民可见。",
                "With the source of each field. This access is on the record, and residents whom it concerns see it.",
            ),
        }
    }

    /// Where the page stands in the navigation.
    fn path(&self) -> &'static str {
        match self {
            Self::Own => route::MY_RECORD,
            Self::Resident { .. } => route::RECORDS,
            Self::Other { .. } => route::LISTS,
        }
    }

    /// The link below it.
    fn onward(&self) -> (String, Text<'static>) {
        match self {
            Self::Own => (route::MY_ACCESS.to_owned(), Text::both("谁看过我的信息", "Who read my record")),
            Self::Resident { .. } => (route::ENTRY.to_owned(), Text::both("再录入一位居民", "Enter another resident")),
            Self::Other { entity, .. } => (route::entry(entity), Text::both("再录入一条", "Enter another")),
        }
    }
}

/// A field with its provenance.
#[derive(Debug, Clone)]
pub struct RecordField<'a> {
    /// The field's title.
    pub title: Text<'a>,
    /// The value as a person reads it; none where nothing is on record.
    pub value: Option<&'a str>,
    /// Who supplied it; empty where nothing is on record.
    pub source: &'a str,
    /// When, as it is shown.
    pub when: &'a str,
}

impl RecordPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let (title, (onward, onward_title)) = (self.whose.title(), self.whose.onward());
        let body = html! {
            (heading(&title))
            p.lead { (bilingual(&self.whose.lead())) }
            @if let Whose::Resident { account: Some((login, _)), said_once: Some(password), .. } = self.whose { (layout::said_once(login, password)) }
            section.card.listing {
                @if self.fields.is_empty() { (empty()) } @else {
                    div.scroll tabindex="0" role="region" aria-label=(title) {
                        table {
                            caption { span.visually-hidden { (bilingual(&title)) } }
                            thead { tr {
                                th scope="col" { (label("项目", "Field")) }
                                th scope="col" { (label("内容", "Value")) }
                                th scope="col" { (label("来源", "Source")) }
                                th scope="col" { (label("时间", "When")) }
                            } }
                            tbody { @for field in self.fields { (field.render()) } }
                        }
                    }
                }
            }
            @if let Whose::Resident { id, account, .. } = self.whose { (self.account(id, account)) }
            p.link { a href=(onward) { (bilingual(&onward_title)) } }
        };
        let frame = Frame { viewer: Some(self.viewer), path: self.whose.path(), flash: self.flash.clone() };
        layout::page(&frame, &title, &body)
    }
}

impl RecordPage<'_> {
    /// The account with which the resident sees this record themselves.
    fn account(&self, id: &str, account: Option<(&str, bool)>) -> Markup {
        let (verb, title) = match account {
            None => ("account", label("开通账号", "Open an account")),
            Some(_) => ("account/password", label("重设密码", "New password")),
        };
        html! {
            section.card aria-labelledby="account" {
                h2 #account { (label("门户账号", "Portal account")) }
                p.hint { (label(
                    "居民本人凭账号查看自己的信息和谁看过。请当面核对身份；开通和重设都会记录，居民可见。",
                    "With it residents see their own record and who read it. Make sure in person who they are: this is on the record, and they see it.",
                )) }
                form.inputs method="post" action=(route::verb_of("resident", id, verb)) {
                    (layout::csrf(self.viewer.csrf))
                    @match account {
                        None => (layout::login_field()),
                        Some((login, disabled)) => p {
                            code { (login) }
                            @if disabled { " " span.badge.bad { (label("已停用", "disabled")) } }
                        },
                    }
                    div.buttons { button.quiet[account.is_some()] type="submit" { (title) } }
                }
            }
        }
    }
}

impl RecordField<'_> {
    fn render(&self) -> Markup {
        html! {
            tr {
                th scope="row" { (bilingual(&self.title)) }
                td data-label="内容" {
                    @match self.value { Some(value) => (value), None => span.none { (label("未登记", "not on record")) } }
                }
                td data-label="来源" { @if !self.source.is_empty() { (self.source) } }
                td data-label="时间" { @if !self.when.is_empty() { time.nowrap { (self.when) } } }
            }
        }
    }
}
