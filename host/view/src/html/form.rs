//! The `form` block.

use maud::{Markup, html};

use crate::block::{Form, FormTarget, Input, InputKind};
use crate::html::blocks::{BlockContext, sign_in_first};
use crate::html::field::{Choice, Control, Field, required_note};
use crate::html::{bilingual, label};
use crate::route;
use crate::scalar::Scalar;
use crate::text::Text;

static RESIDENT_HELP: Text<'static> = Text::both(
    "请输入公民身份号码（18 位）。号码只用于平台内查找，不会交给插件。",
    "18-digit citizen ID number. The platform looks it up; the plugin never sees it.",
);

pub(crate) fn form(context: &BlockContext<'_>, index: usize, form: &Form<'_>) -> Markup {
    match (&form.to, context.csrf) {
        (FormTarget::Action(action), Some(csrf)) => html! {
            form.card.inputs method="post" action=(route::action(context.plugin, action)) {
                (context.hidden(csrf))
                (inputs(index, form))
            }
        },
        (FormTarget::Action(_), None) => sign_in_first(),
        (FormTarget::Page(page), _) => html! {
            form.card.inputs method="get" action=(route::page(context.plugin, page, std::iter::empty::<(&str, &str)>())) {
                (inputs(index, form))
            }
        },
    }
}

fn inputs(index: usize, form: &Form<'_>) -> Markup {
    html! {
        @if form.fields.iter().any(|field| field.required) { (required_note()) }
        @for field in &form.fields { (input(index, field)) }
        div.buttons { button type="submit" { (bilingual(&form.submit)) } }
    }
}

fn input(index: usize, input: &Input<'_>) -> Markup {
    let value = input.value.to_string();
    let is_known = input.input == InputKind::Resident && input.value != Scalar::Null;
    if input.input == InputKind::Hidden || is_known {
        return hidden(input, &value);
    }
    let id_name;
    let (name, help) = match input.input {
        InputKind::Resident => {
            id_name = format!("{}{}", input.key, route::ID_NUMBER_SUFFIX);
            (id_name.as_str(), input.help.as_ref().or(Some(&RESIDENT_HELP)))
        }
        _ => (input.key.as_str(), input.help.as_ref()),
    };
    Field {
        id: format!("b{index}-{}", input.key),
        name,
        title: &input.title,
        help,
        error: None,
        required: input.required,
        value: &value,
        control: control(input),
    }
    .render()
}

/// A value that is sent and not typed. A resident chosen before is mentioned.
fn hidden(input: &Input<'_>, value: &str) -> Markup {
    html! {
        input type="hidden" name=(input.key) value=(value);
        @if input.input == InputKind::Resident {
            p.known { (bilingual(&input.title)) "：" (label("已选定", "already chosen")) }
        }
    }
}

fn control<'i>(input: &'i Input<'_>) -> Control<'i> {
    match input.input {
        InputKind::Text | InputKind::Hidden => Control::Line { autocomplete: "off" },
        InputKind::Number => Control::Decimal,
        InputKind::Date => Control::Date,
        InputKind::Textarea => Control::Lines,
        InputKind::Resident => Control::IdNumber,
        InputKind::Select => Control::Select(
            input.options.iter().map(|option| Choice { value: option.value.to_string(), title: option.title.by_ref() }).collect(),
        ),
    }
}
