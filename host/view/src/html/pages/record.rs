//! A resident's own record.

use maud::html;

use crate::html::layout::{self, Flash, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("我的信息", "My record");

/// What the community has on record about the person who looks.
#[derive(Debug, Clone)]
pub struct RecordPage<'a> {
    /// The resident.
    pub viewer: &'a Viewer<'a>,
    /// Fields in the schema's order.
    pub fields: &'a [RecordField<'a>],
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// A field with its provenance.
#[derive(Debug, Clone)]
pub struct RecordField<'a> {
    /// The field's title.
    pub title: Text<'a>,
    /// The value as a person reads it; none where nothing is on record.
    pub value: Option<&'a str>,
    /// Who supplied it.
    pub source: &'a str,
    /// When, as it is shown.
    pub when: &'a str,
}

impl RecordPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            p.lead { (label(
                "社区登记的您的信息，每一项都注明来源。发现有误，请联系社区工作者更正。",
                "What is on record about you, with the source of each field. Ask a community worker to correct it.",
            )) }
            section.card.listing {
                @if self.fields.is_empty() { (empty()) } @else {
                    div.scroll tabindex="0" role="region" aria-label=(TITLE) {
                        table {
                            caption { span.visually-hidden { (bilingual(&TITLE)) } }
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
            p.link { a href=(route::MY_ACCESS) { (label("谁看过我的信息", "Who read my record")) } }
        };
        let frame = Frame { viewer: Some(self.viewer), path: route::MY_RECORD, flash: self.flash.clone() };
        layout::page(&frame, &TITLE, &body)
    }
}

impl RecordField<'_> {
    fn render(&self) -> maud::Markup {
        html! {
            tr {
                th scope="row" { (bilingual(&self.title)) }
                td data-label="内容" {
                    @match self.value { Some(value) => (value), None => span.none { (label("未登记", "not on record")) } }
                }
                td data-label="来源" { (self.source) }
                td data-label="时间" { time.nowrap { (self.when) } }
            }
        }
    }
}
