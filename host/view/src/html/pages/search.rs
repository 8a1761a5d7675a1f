//! Search for a resident.

use maud::{Markup, html};

use crate::html::field::{Control, Field};
use crate::html::layout::{self, Frame, Viewer, empty, heading};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("查找居民", "Find a resident");

/// A form that posts `q`, a name or an ID number, to [`route::RECORDS`]. It is posted so that neither ends up in an
/// address.
#[derive(Debug, Clone)]
pub struct SearchPage<'a> {
    /// The worker.
    pub viewer: &'a Viewer<'a>,
    /// What was typed.
    pub typed: &'a str,
    /// Titles of the columns of what was found.
    pub columns: &'a [Text<'a>],
    /// What was found; none before the first search.
    pub found: Option<&'a [Found<'a>]>,
    /// What is wrong with what was typed.
    pub error: Option<Text<'a>>,
}

/// A record that was found.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// The record's token.
    pub id: &'a str,
    /// One value a column. The first names the record.
    pub cells: Vec<Option<&'a str>>,
}

impl SearchPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            (heading(&TITLE))
            p.lead { (label("只查得到本辖区的居民；每次查找都有记录。", "Within your communities only; every search is on the record.")) }
            form.card.inputs method="post" action=(route::RECORDS) {
                (layout::csrf(self.viewer.csrf))
                (self.field().render())
                div.buttons { button type="submit" { (label("查找", "Search")) } }
            }
            @if let Some(found) = self.found { (self.results(found)) }
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::RECORDS, flash: None }, &TITLE, &body)
    }

    fn field(&self) -> Field<'_> {
        static LABEL: Text<'static> = Text::both("姓名或公民身份号码", "Name or citizen ID number");
        static HELP: Text<'static> =
            Text::both("姓名可只填开头，至少两个字。", "The beginning of a name will do, two characters at least.");
        Field {
            id: "q".to_owned(),
            name: "q",
            title: &LABEL,
            help: Some(&HELP),
            error: self.error.as_ref(),
            required: true,
            value: self.typed,
            control: Control::Line { autocomplete: "off" },
        }
    }

    fn results(&self, found: &[Found<'_>]) -> Markup {
        listing(&Text::both("查找结果", "Results"), self.columns, found, route::record)
    }
}

/// A table of records, each with a link to its page.
pub(super) fn listing(title: &Text<'_>, columns: &[Text<'_>], found: &[Found<'_>], address: impl Fn(&str) -> String) -> Markup {
    html! {
        section.card.listing {
            @if found.is_empty() { (empty()) } @else {
                div.scroll tabindex="0" role="region" aria-label=(title) {
                    table {
                        caption { span.visually-hidden { (bilingual(title)) } }
                        thead { tr { @for column in columns { th scope="col" { (bilingual(column)) } } } }
                        tbody { @for record in found { (line(columns, record, &address(record.id))) } }
                    }
                }
            }
        }
    }
}

fn line(columns: &[Text<'_>], record: &Found<'_>, address: &str) -> Markup {
    html! {
        tr {
            @for (index, (column, cell)) in columns.iter().zip(&record.cells).enumerate() {
                @if index == 0 { th scope="row" { a href=(address) { (cell.unwrap_or("—")) } } }
                @else { td data-label=(column.zh()) { (cell.unwrap_or("—")) } }
            }
        }
    }
}
