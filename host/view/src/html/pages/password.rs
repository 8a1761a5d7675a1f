//! A person takes another password.

use maud::html;

use crate::block::Tone;
use crate::html::field::{Control, Field};
use crate::html::label;
use crate::html::layout::{self, Frame, Viewer, heading, notice};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("修改密码", "Another password");
static CURRENT: Text<'static> = Text::both("现在的密码", "The one that you have now");
static NEW: Text<'static> = Text::both("新密码（至少 12 个字符）", "The new one, at least 12 characters");
static AGAIN: Text<'static> = Text::both("再输入一次新密码", "The new one again");

/// The form, which posts `current`, `new` and `again` to [`route::PASSWORD`].
#[derive(Debug, Clone)]
pub struct PasswordPage<'a> {
    /// Whose password.
    pub viewer: &'a Viewer<'a>,
    /// Why the last attempt failed.
    pub error: Option<Text<'a>>,
}

impl PasswordPage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let body = html! {
            div.narrow {
                (heading(&TITLE))
                p.lead { (label("修改后请重新登录；其他设备上的登录一并结束。", "You log in anew afterwards, on every device.")) }
                @if let Some(error) = &self.error { (notice(Tone::Error, error)) }
                form.card.inputs method="post" action=(route::PASSWORD) {
                    (layout::csrf(self.viewer.csrf))
                    @for (name, title) in [("current", &CURRENT), ("new", &NEW), ("again", &AGAIN)] { (secret(name, title).render()) }
                    div.buttons { button.wide type="submit" { (label("修改密码", "Change it")) } }
                }
            }
        };
        layout::page(&Frame { viewer: Some(self.viewer), path: route::PASSWORD, flash: None }, &TITLE, &body)
    }
}

fn secret<'a>(name: &'a str, title: &'a Text<'a>) -> Field<'a> {
    Field { id: name.to_owned(), name, title, help: None, error: None, required: true, value: "", control: Control::Secret }
}
