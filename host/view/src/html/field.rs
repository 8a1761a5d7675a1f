//! A labelled input, the same in plugins' forms and in our own.

use maud::{Markup, html};

use crate::html::{bilingual, label};
use crate::text::Text;

/// A control with its label, help and error.
pub(crate) struct Field<'a> {
    /// Unique in the page.
    pub id: String,
    /// Name that is sent.
    pub name: &'a str,
    pub title: &'a Text<'a>,
    pub help: Option<&'a Text<'a>>,
    pub error: Option<&'a Text<'a>>,
    pub required: bool,
    pub value: &'a str,
    pub control: Control<'a>,
}

/// What is typed or chosen.
pub(crate) enum Control<'a> {
    Line { autocomplete: &'static str },
    Secret,
    Integer,
    Decimal,
    Date,
    Lines,
    Select(Vec<Choice<'a>>),
    Checkbox,
    IdNumber,
}

/// An option of a select.
pub(crate) struct Choice<'a> {
    pub value: String,
    pub title: Text<'a>,
}

/// Shape of a citizen's ID number (GB 11643). The last character may be an X, which a numeric keypad lacks.
const ID_NUMBER: &str = "[1-9][0-9]{16}[0-9Xx]";

impl Field<'_> {
    pub(crate) fn render(&self) -> Markup {
        let class = match (self.error.is_some(), matches!(self.control, Control::Checkbox)) {
            (true, _) => "field invalid",
            (false, true) => "field check",
            (false, false) => "field",
        };
        html! {
            div class=(class) {
                @if let Control::Checkbox = self.control { div.tick { (self.control()) (self.label()) } }
                @else { (self.label()) }
                @if let Some(help) = self.help { p.help id=(self.part("help")) { (bilingual(help)) } }
                @if !matches!(self.control, Control::Checkbox) { (self.control()) }
                @if let Some(error) = self.error {
                    p.fault id=(self.part("error")) { strong { "✕ " } (bilingual(error)) }
                }
            }
        }
    }

    fn part(&self, part: &str) -> String {
        format!("{}-{part}", self.id)
    }

    fn label(&self) -> Markup {
        html! {
            label for=(self.id) {
                (bilingual(self.title))
                @if self.required { " " span.required title="必填 required" { "*" } }
            }
        }
    }

    /// Ids of what describes the control.
    fn described_by(&self) -> Option<String> {
        let parts = [self.help.map(|_| self.part("help")), self.error.map(|_| self.part("error"))];
        let ids: Vec<String> = parts.into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn control(&self) -> Markup {
        match &self.control {
            Control::Line { autocomplete } => self.input("text", None, None, autocomplete),
            Control::Secret => self.input("password", None, None, "current-password"),
            Control::Integer => self.input("text", Some("numeric"), Some("-?[0-9]+"), "off"),
            Control::Decimal => self.input("text", Some("decimal"), Some(r"-?[0-9]+(\.[0-9]+)?"), "off"),
            Control::Date => self.input("date", None, None, "off"),
            Control::IdNumber => self.input("text", Some("text"), Some(ID_NUMBER), "off"),
            Control::Lines => self.lines(),
            Control::Select(choices) => self.select(choices),
            Control::Checkbox => self.checkbox(),
        }
    }

    fn input(&self, kind: &str, mode: Option<&str>, pattern: Option<&str>, autocomplete: &str) -> Markup {
        let is_id_number = matches!(self.control, Control::IdNumber);
        html! {
            input id=(self.id) name=(self.name) type=(kind) value=(self.value) inputmode=[mode] pattern=[pattern]
                autocomplete=(autocomplete) maxlength=[is_id_number.then_some("18")]
                autocapitalize=[is_id_number.then_some("characters")] spellcheck=[is_id_number.then_some("false")]
                required[self.required] aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described_by()];
        }
    }

    fn lines(&self) -> Markup {
        // HTML drops one line break after the tag; a value that starts with one keeps it this way.
        html! {
            textarea id=(self.id) name=(self.name) rows="4" required[self.required]
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described_by()] { "\n" (self.value) }
        }
    }

    fn select(&self, choices: &[Choice<'_>]) -> Markup {
        html! {
            select id=(self.id) name=(self.name) required[self.required]
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described_by()] {
                option value="" { "请选择 Choose" }
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == self.value] { (choice.title) }
                }
            }
        }
    }

    fn checkbox(&self) -> Markup {
        html! {
            input id=(self.id) name=(self.name) type="checkbox" value="true" checked[self.value == "true"]
                aria-invalid=[self.error.map(|_| "true")] aria-describedby=[self.described_by()];
        }
    }
}

/// Says what the star means; stands once over a form that has one.
pub(crate) fn required_note() -> Markup {
    html! { p.required-note { span.required { "*" } " " (label("必填", "required")) } }
}
