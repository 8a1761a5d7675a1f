//! What a grant would reveal, drawn for the admin who decides on it.

use maud::{Markup, html};

use crate::html::layout::{self, Flash, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("授权预览", "What the grant would reveal");

/// A grant before it is decided on.
#[derive(Debug, Clone)]
pub struct PreviewPage<'a> {
    /// The admin.
    pub viewer: &'a Viewer<'a>,
    /// The grant's number.
    pub grant: i64,
    /// Its version.
    pub version: i64,
    /// The plugin's name.
    pub plugin: Text<'a>,
    /// Access by access.
    pub accesses: &'a [PreviewAccess<'a>],
    /// The number of the grant before it, where there is one.
    pub compared_with: Option<i64>,
    /// What is new (`+ field phone masked`) and what is no more (`- …`), by access.
    pub differences: &'a [(String, Vec<String>)],
    /// Fields not used of late.
    pub unused: &'a [String],
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// What one access would reveal.
#[derive(Debug, Clone)]
pub struct PreviewAccess<'a> {
    /// The entity type.
    pub title: Text<'a>,
    /// Purpose by id, and operations.
    pub what: String,
    /// The entity type's name, where a schedule or an event is given it too.
    pub unattended: Option<&'a str>,
    /// How many, or why that is not told.
    pub records: Text<'a>,
    /// How many in each community.
    pub communities: Vec<Bar<'a>>,
    /// How people would be told apart, one sentence each.
    pub told: Vec<Text<'a>>,
    /// The regions that it reaches.
    pub regions: Text<'a>,
    /// Its fields.
    pub fields: Vec<PreviewField<'a>>,
    /// Made-up rows, each with one cell a column.
    pub examples: Vec<Vec<String>>,
    /// Their columns.
    pub columns: Vec<Text<'a>>,
}

/// One bar of a drawing.
#[derive(Debug, Clone)]
pub struct Bar<'a> {
    /// What it stands for.
    pub name: &'a str,
    /// Its length in words.
    pub said: String,
    /// Its length.
    pub value: i64,
    /// The length of the longest.
    pub most: i64,
}

/// A field of an access.
#[derive(Debug, Clone)]
pub struct PreviewField<'a> {
    /// What people call it.
    pub title: Text<'a>,
    /// How far it may go, in words.
    pub classification: Text<'a>,
    /// How it is granted, in words.
    pub mode: Text<'a>,
    /// When it was last used, as it is shown; none for never.
    pub last_used: Option<String>,
}

impl PreviewPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            p.lead { (bilingual(&self.plugin)) " · " (label("授权", "grant")) " " (self.grant) }
            @for access in self.accesses { (access.render(&self.attended(access))) }
            (self.used())
            (self.compared())
            p { a.button.quiet href=(route::ADMIN) { (label("返回审批", "Back to the decision")) } }
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::ADMIN, flash: self.flash.clone() }, &TITLE, &body)
    }

    /// Takes from a schedule or an event what is then given to people only.
    fn attended(&self, access: &PreviewAccess<'_>) -> Markup {
        html! {
            @if let Some(entity) = access.unattended {
                form method="post" action=(route::drop_unattended(self.grant)) {
                    (layout::csrf(self.viewer.csrf))
                    input type="hidden" name=(route::VERSION_FIELD) value=(self.version);
                    input type="hidden" name="entity" value=(entity);
                    span.badge.wait { (label("无人操作时也提供", "unattended too")) } " "
                    button.small type="submit" { (label("只在有人操作时提供", "Only with a person behind it")) }
                }
            }
        }
    }

    fn used(&self) -> Markup {
        html! {
            section.card {
                h2 { (label("九十天内未使用的字段", "Fields not used within 90 days")) }
                @if self.unused.is_empty() { (empty()) } @else {
                    ul.plain { @for field in self.unused { li { code { (field) } } } }
                    form method="post" action=(route::narrow_to_used(self.grant)) {
                        (layout::csrf(self.viewer.csrf))
                        input type="hidden" name=(route::VERSION_FIELD) value=(self.version);
                        button.small type="submit" { (label("收窄到实际使用的字段", "Narrow to the fields in use")) }
                    }
                }
            }
        }
    }

    fn compared(&self) -> Markup {
        html! {
            section.card {
                h2 { (label("与上一次授权相比", "Compared with the grant before")) }
                @match self.compared_with {
                    None => p.hint { (label("没有更早的授权", "there is none")) },
                    Some(before) => {
                        p.hint { (label("授权", "grant")) " " (before) }
                        @if self.differences.is_empty() { p { (label("没有变化", "nothing is new")) } }
                        @for (access, facts) in self.differences {
                            h3 { code { (access) } }
                            ul.plain { @for fact in facts { li { code { (fact) } } } }
                        }
                    },
                }
            }
        }
    }
}

impl PreviewAccess<'_> {
    fn render(&self, attended: &Markup) -> Markup {
        html! {
            section.card {
                h2 { (bilingual(&self.title)) }
                p.hint { code { (self.what) } }
                (attended)
                dl.pairs {
                    div { dt { (label("涉及数量", "How many")) } dd { (bilingual(&self.records)) } }
                    div { dt { (label("区划", "Regions")) } dd { (bilingual(&self.regions)) } }
                    @if !self.told.is_empty() {
                        div { dt { (label("能否识别到人", "Telling people apart")) } dd { ul.plain { @for said in &self.told { li { (bilingual(said)) } } } } }
                    }
                }
                (self.drawing())
                (self.field_table())
                (self.example_table())
            }
        }
    }

    fn drawing(&self) -> Markup {
        html! {
            @if !self.communities.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="各社区 By community" {
                    table.dense {
                        caption { span.caption { (label("各社区的数量", "How many in each community")) } }
                        tbody { @for bar in &self.communities {
                            tr {
                                th scope="row" { (bar.name) }
                                td { meter min="0" max=(bar.most.max(1)) value=(bar.value) title=(bar.said) { (bar.said) } }
                                td { (bar.said) }
                            }
                        } }
                    }
                }
            }
        }
    }

    fn field_table(&self) -> Markup {
        html! {
            div.scroll tabindex="0" role="region" aria-label="字段 Fields" {
                table.dense {
                    thead { tr {
                        th scope="col" { (label("字段", "Field")) }
                        th scope="col" { (label("分级", "Classification")) }
                        th scope="col" { (label("方式", "Mode")) }
                        th scope="col" { (label("最近使用", "Last used")) }
                    } }
                    tbody { @for field in &self.fields {
                        tr {
                            th scope="row" { (bilingual(&field.title)) }
                            td { (bilingual(&field.classification)) }
                            td { (bilingual(&field.mode)) }
                            td { @match &field.last_used { Some(when) => time.nowrap { (when) }, None => (label("从未", "never")) } }
                        }
                    } }
                }
            }
        }
    }

    fn example_table(&self) -> Markup {
        html! {
            @if !self.examples.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="示例 Examples" {
                    table.dense {
                        caption { span.caption { (label("示例：全部虚构，非真实居民", "Examples: all made up, nobody real")) } }
                        thead { tr { @for column in &self.columns { th scope="col" { (bilingual(column)) } } } }
                        tbody { @for row in &self.examples { tr { @for cell in row { td { (cell) } } } } }
                    }
                }
            }
        }
    }
}
