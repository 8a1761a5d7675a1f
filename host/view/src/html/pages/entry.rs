//! The form with which a community worker enters a resident, or a record of another entity type.

use maud::{Markup, html};

use crate::block::Tone;
use crate::html::field::{Choice, Control, Field, required_note};
use crate::html::layout::{self, Flash, Frame, Viewer, heading, notice};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static DUPLICATE: Text<'static> = Text::both("已经登记，无需再次录入。", "On record already; there is nothing to enter again.");
static FAULTS: Text<'static> = Text::both("有几项需要更正：", "Some fields need correcting:");

/// A form over the fields that the worker may write. It posts each key to its own address, [`route::entry`]; a box that
/// is not ticked sends nothing.
#[derive(Debug, Clone)]
pub struct EntryPage<'a> {
    /// The worker.
    pub viewer: &'a Viewer<'a>,
    /// Name of the entity type.
    pub entity: &'a str,
    /// What one of its records is called.
    pub title: Text<'a>,
    /// Fields in the schema's order, with what was typed and what is wrong with it.
    pub fields: &'a [FieldInput<'a>],
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
    /// Address of the record that is there already, where one was found.
    pub known: Option<&'a str>,
}

/// A field to fill in.
#[derive(Debug, Clone)]
pub struct FieldInput<'a> {
    /// Field by name.
    pub key: &'a str,
    /// Its title.
    pub title: Text<'a>,
    /// A line of help.
    pub help: Option<Text<'a>>,
    /// What is typed or chosen.
    pub kind: FieldKind<'a>,
    /// Must be filled.
    pub required: bool,
    /// What it holds; of a checkbox `true` or anything else.
    pub value: &'a str,
    /// What is wrong with it.
    pub error: Option<Text<'a>>,
}

/// What is typed or chosen.
#[derive(Debug, Clone)]
pub enum FieldKind<'a> {
    /// One line.
    Text,
    /// An ISO 8601 date.
    Date,
    /// One of a code list.
    Select {
        /// In the list's order.
        options: Vec<FieldOption<'a>>,
    },
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Decimal,
    /// Yes or no.
    Checkbox,
    /// A citizen's ID number (GB 11643).
    IdNumber,
}

/// A code and its name.
#[derive(Debug, Clone)]
pub struct FieldOption<'a> {
    /// The code.
    pub value: &'a str,
    /// Its name.
    pub title: Text<'a>,
}

impl EntryPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let english = self.title.en().map(|title| format!("Enter: {title}"));
        let title = Text::new(format!("录入{}", self.title.zh()), english);
        let path = route::entry(self.entity);
        let body = html! {
            (heading(&title))
            p.lead { (label("只录入一次；平台已知的不再询问。", "Entered once; what is known is not asked again.")) }
            (self.duplicate())
            (self.summary())
            form.card.inputs.two method="post" action=(path) novalidate[self.has_faults()] {
                (layout::csrf(self.viewer.csrf))
                (required_note())
                @for field in self.fields { (field.render()) }
                div.buttons { button type="submit" { (label("保存", "Save")) } }
            }
        };
        let frame = Frame { viewer: Some(self.viewer), path: &path, flash: self.flash.clone() };
        layout::page(&frame, &title, &body)
    }

    fn duplicate(&self) -> Markup {
        html! {
            @if let Some(known) = self.known {
                (notice(Tone::Warning, &DUPLICATE))
                p.link { a.button href=(known) { (label("打开已有记录", "Open the record")) } }
            }
        }
    }

    fn has_faults(&self) -> bool {
        self.fields.iter().any(|field| field.error.is_some())
    }

    /// What is wrong, in one place, each linked to its field.
    fn summary(&self) -> Markup {
        html! {
            @if self.has_faults() {
                (notice(Tone::Error, &FAULTS))
                ul.faults {
                    @for field in self.fields {
                        @if let Some(error) = &field.error {
                            li { a href={ "#" (field.id()) } { (field.title.zh()) "：" (bilingual(error)) } }
                        }
                    }
                }
            }
        }
    }
}

impl FieldInput<'_> {
    fn id(&self) -> String {
        format!("field-{}", self.key)
    }

    fn render(&self) -> Markup {
        Field {
            id: self.id(),
            name: self.key,
            title: &self.title,
            help: self.help.as_ref(),
            error: self.error.as_ref(),
            required: self.required,
            value: self.value,
            control: self.kind.control(),
        }
        .render()
    }
}

impl FieldKind<'_> {
    fn control(&self) -> Control<'_> {
        match self {
            Self::Text => Control::Line { autocomplete: "off" },
            Self::Date => Control::Date,
            Self::Integer => Control::Integer,
            Self::Decimal => Control::Decimal,
            Self::Checkbox => Control::Checkbox,
            Self::IdNumber => Control::IdNumber,
            Self::Select { options } => Control::Select(
                options.iter().map(|option| Choice { value: option.value.to_owned(), title: option.title.by_ref() }).collect(),
            ),
        }
    }
}
