use std::borrow::Cow;

use super::{Text, block, sealed};
use crate::json::Members;

/// A form (`form`) that calls an action, or asks for a page.
#[derive(Debug, Clone)]
pub struct Form {
    /// `action` or `page`, and which.
    to: (&'static str, &'static str),
    submit: Text,
    fields: Vec<Input>,
}

impl Form {
    /// Calls an action. Without inputs.
    pub fn new(action: &'static str, submit: impl Into<Text>) -> Self {
        Self { to: ("action", action), submit: submit.into(), fields: Vec::new() }
    }

    /// Asks for a page of this plugin with the inputs as its parameters. Without inputs. It needs no log-in, changes
    /// nothing, and takes no [`Input::resident`], since parameters stand in an address.
    pub fn page(path: &'static str, submit: impl Into<Text>) -> Self {
        Self { to: ("page", path), submit: submit.into(), fields: Vec::new() }
    }

    /// Adds an input. Its key is the action's input in the manifest, or the page's parameter.
    pub fn field(mut self, input: Input) -> Self {
        self.fields.push(input);
        self
    }
}

impl sealed::Block for Form {
    #[inline(never)]
    fn write(&self, out: &mut String) {
        let mut b = block(out, "form");
        b.text(self.to.0, self.to.1);
        self.submit.write(b.member("submit"));
        let mut fields = Members::array(b.member("fields"));
        for field in &self.fields {
            field.write(fields.element());
        }
    }
}

/// An input of a [`Form`].
#[derive(Debug, Clone)]
pub struct Input {
    key: &'static str,
    title: Text,
    kind: &'static str,
    required: bool,
    value: Option<String>,
    options: Vec<(Cow<'static, str>, Text)>,
    help: Option<Text>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $kind:literal)*) => {
        impl Input {
            $($(#[$doc])*
            pub fn $name(key: &'static str, title: impl Into<Text>) -> Self {
                Self::new(key, title.into(), $kind)
            })*
        }
    };
}

kinds! {
    /// One line.
    text "text"
    /// A number.
    number "number"
    /// A date.
    date "date"
    /// Several lines.
    textarea "textarea"
    /// One of [`Input::option`].
    select "select"
    /// A resident. The person at the screen enters an ID number, the plugin gets the record's
    /// [`Id`](crate::Id).
    resident "resident"
}

impl Input {
    fn new(key: &'static str, title: Text, kind: &'static str) -> Self {
        Self { key, title, kind, required: false, value: None, options: Vec::new(), help: None }
    }

    /// A value that nobody sees or edits. Not a secret, and not to be trusted.
    pub fn hidden(key: &'static str, value: impl Into<String>) -> Self {
        Self::new(key, Text::from(key), "hidden").value(value)
    }

    /// Cannot be left empty.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// What it holds at first.
    pub fn value(self, value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..self }
    }

    /// Adds a choice to a select.
    pub fn option(mut self, value: impl Into<Cow<'static, str>>, title: impl Into<Text>) -> Self {
        self.options.push((value.into(), title.into()));
        self
    }

    /// Adds choices to a select.
    pub fn options<V: Into<Cow<'static, str>>, T: Into<Text>>(self, all: impl IntoIterator<Item = (V, T)>) -> Self {
        all.into_iter().fold(self, |input, (value, title)| input.option(value, title))
    }

    /// Words below.
    pub fn help(self, help: impl Into<Text>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    fn write(&self, out: &mut String) {
        let mut field = Members::object(out);
        field.text("key", self.key);
        self.title.write(field.member("title"));
        field.text("input", self.kind);
        if self.required {
            field.member("required").push_str("true");
        }
        if let Some(value) = &self.value {
            field.text("value", value);
        }
        if !self.options.is_empty() {
            let mut options = Members::array(field.member("options"));
            for (value, title) in &self.options {
                let mut option = Members::object(options.element());
                option.text("value", value);
                title.write(option.member("title"));
            }
        }
        if let Some(help) = &self.help {
            help.write(field.member("help"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;

    #[test]
    fn a_form_may_ask_for_a_page() {
        assert_eq!(
            json(Form::page("/verify", "查验").field(Input::text("number", "编号"))),
            r#"{"type":"form","page":"/verify","submit":"查验","fields":[{"key":"number","title":"编号","input":"text"}]}"#
        );
    }

    #[test]
    fn forms_are_what_view_md_says() {
        let form = Form::new("issue", ("开具", "Issue"))
            .field(Input::resident("resident", "居民").required().help("输入身份号码"))
            .field(Input::select("kind", "种类").option("abode", "居住").value("abode"))
            .field(Input::hidden("version", "3"));
        assert_eq!(
            json(form),
            r#"{"type":"form","action":"issue","submit":{"zh":"开具","en":"Issue"},"fields":[{"key":"resident","title":"居民","input":"resident","required":true,"help":"输入身份号码"},{"key":"kind","title":"种类","input":"select","value":"abode","options":[{"value":"abode","title":"居住"}]},{"key":"version","title":"version","input":"hidden","value":"3"}]}"#
        );
    }
}
