//! An action's answer.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::block::{Target, Tone};
use crate::check;
use crate::diagnosis;
use crate::error::ViewError;
use crate::limit;
use crate::splice::{self, Filled};
use crate::text::Text;
use crate::view::View;

/// A checked action result. It borrows from the text that it was parsed from.
#[derive(Debug, Clone)]
pub struct ActionResult<'a> {
    /// What happened.
    pub message: Text<'a>,
    /// How it is meant; success, where the plugin says nothing.
    pub tone: Tone,
    /// The page to go to, where the message is then shown.
    pub goto: Option<Target<'a>>,
    /// What to show under the message.
    pub view: Option<View<'a>>,
    source: &'a str,
    raw_view: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer<'a> {
    #[serde(borrow)]
    message: Text<'a>,
    #[serde(default)]
    tone: Option<Tone>,
    #[serde(borrow, default)]
    goto: Option<Target<'a>>,
    #[serde(borrow, default)]
    view: Option<&'a RawValue>,
}

impl<'a> ActionResult<'a> {
    /// Reads and checks an action result.
    ///
    /// # Errors
    /// The first thing that breaks docs/reference/view.md; a fault in the view names its block.
    pub fn parse(json: &'a str) -> Result<Self, ViewError> {
        let outer: Outer<'a> = serde_json::from_str(json)
            .map_err(|error| if error.is_data() { diagnosis::faulty_member(json, &error, probe) } else { diagnosis::not_json(&error) })?;
        limit::text("message", &outer.message, limit::PROSE)?;
        outer.goto.as_ref().map_or(Ok(()), |goto| check::target("goto", goto))?;
        Ok(Self {
            message: outer.message,
            tone: outer.tone.unwrap_or(Tone::Success),
            goto: outer.goto,
            view: outer.view.map(|raw| View::parse(raw.get())).transpose()?,
            source: json,
            raw_view: outer.view,
        })
    }

    /// Whether the view has bound blocks. If not, the plugin's text is the answer as it stands.
    pub fn is_bound(&self) -> bool {
        self.view.as_ref().is_some_and(View::is_bound)
    }

    /// The plugin's text with the view's bound blocks filled, see [`View::render_json`].
    pub fn render_json<'f>(&self, fill: impl Fn(usize) -> Option<Filled<'f>>) -> String {
        let filled = self
            .view
            .as_ref()
            .zip(self.raw_view)
            .and_then(|(view, raw)| Some((splice::range_of(self.source, raw.get())?, view.render_json(fill))));
        match filled {
            Some((range, view)) => splice::replace(self.source, std::iter::once((range, view.as_str()))),
            None => self.source.to_owned(),
        }
    }
}

fn probe(json: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<Outer<'_>>(json).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_enough() {
        let result = ActionResult::parse(r#"{"message":{"zh":"已核定","en":"Decided"}}"#).unwrap();
        assert_eq!((result.tone, result.is_bound()), (Tone::Success, false));
    }

    #[test]
    fn the_view_inside_is_filled_in_place() {
        let json = r#"{"message":"m","view":{"title":"t","blocks":[{"type":"record","columns":[{"key":"a","title":"A"}],
            "query":{"entity":"resident","id":"x","fields":["a"]}}]},"tone":"info"}"#;
        let result = ActionResult::parse(json).unwrap();
        assert!(result.is_bound());
        let filled = result.render_json(|_| Some(Filled { rows_json: r#"{"a":1}"#, next: None }));
        assert!(filled.ends_with(r#""row":{"a":1}}]},"tone":"info"}"#), "{filled}");
        assert!(ActionResult::parse(&filled).is_ok_and(|result| !result.is_bound()));
    }

    #[test]
    fn faults_name_member_and_block() {
        let fault = |json: &str| ActionResult::parse(json).unwrap_err().to_string();
        assert_eq!(fault(r#"{"tone":"info"}"#), "missing field `message`");
        assert!(fault(r#"{"message":"m","tone":"loud"}"#).starts_with("`tone`: unknown variant `loud`"));
        assert!(fault(r#"{"message":"m","goto":{"page":"https://evil.example/"}}"#).starts_with("`page`: a page's path"));
        assert!(fault(r#"{"message":"m","view":{"title":"t","blocks":[{"type":"text"}]}}"#).starts_with("block 0, `text`"));
        assert!(fault("{").starts_with("not JSON"));
    }
}
