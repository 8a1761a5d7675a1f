//! The log-in page.

use maud::html;

use crate::block::Tone;
use crate::html::field::{Control, Field};
use crate::html::label;
use crate::html::layout::{self, Frame, heading, notice};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("登录", "Log in");

/// The log-in form, which posts `username`, `password` and `next` to [`route::LOGIN`].
#[derive(Debug, Clone, Default)]
pub struct LoginPage<'a> {
    /// CSRF token of the session before log-in, where there is one.
    pub csrf: Option<&'a str>,
    /// The name that was typed.
    pub username: &'a str,
    /// Why the last attempt failed.
    pub error: Option<Text<'a>>,
    /// Path to go to afterwards. The host checks it when it comes back.
    pub next: Option<&'a str>,
}

impl LoginPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            div.narrow {
                (heading(&TITLE))
                p.lead { (label("邻里社区治理平台", "Community governance platform")) }
                @if let Some(error) = &self.error { (notice(Tone::Error, error)) }
                form.card.inputs method="post" action=(route::LOGIN) {
                    @if let Some(csrf) = self.csrf { (layout::csrf(csrf)) }
                    @if let Some(next) = self.next { input type="hidden" name="next" value=(next); }
                    (self.username_field().render())
                    (password_field().render())
                    div.buttons { button.wide type="submit" { (label("登录", "Log in")) } }
                }
            }
        };
        layout::page(&Frame { viewer: None, path: route::LOGIN, flash: None }, &TITLE, &body)
    }

    fn username_field(&self) -> Field<'_> {
        static LABEL: Text<'static> = Text::both("用户名", "Username");
        Field {
            id: "username".to_owned(),
            name: "username",
            title: &LABEL,
            help: None,
            error: None,
            required: true,
            value: self.username,
            control: Control::Line { autocomplete: "username" },
        }
    }
}

fn password_field() -> Field<'static> {
    static LABEL: Text<'static> = Text::both("密码", "Password");
    Field {
        id: "password".to_owned(),
        name: "password",
        title: &LABEL,
        help: None,
        error: None,
        required: true,
        value: "",
        control: Control::Secret,
    }
}
