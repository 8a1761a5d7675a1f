use crate::json::Members;
use crate::view::{self, Text, Tone, View};

/// What an action answers with: a message, and where to go or what to show.
#[derive(Debug)]
pub struct ActionResult {
    message: Text,
    tone: Tone,
    goto: Option<(String, view::Params)>,
    view: Option<View>,
}

impl ActionResult {
    /// It worked.
    pub fn success(message: impl Into<Text>) -> Self {
        Self { message: message.into(), tone: Tone::Success, goto: None, view: None }
    }

    /// It was refused or partly done, and that is no error of anybody.
    pub fn warning(message: impl Into<Text>) -> Self {
        Self { tone: Tone::Warning, ..Self::success(message) }
    }

    /// The page to go to, a path of this plugin.
    pub fn goto(self, page: &str, params: &[(&str, &str)]) -> Self {
        Self { goto: Some((page.to_owned(), view::owned(params))), ..self }
    }

    /// What to show beside the message.
    pub fn view(self, view: View) -> Self {
        Self { view: Some(view), ..self }
    }

    pub(crate) fn into_json(self) -> String {
        let mut out = String::new();
        let mut result = Members::object(&mut out);
        self.message.write(result.member("message"));
        result.text("tone", self.tone.name());
        if let Some((page, params)) = &self.goto {
            view::target(result.member("goto"), page, params);
        }
        if let Some(view) = self.view {
            result.member("view").push_str(&view.into_json());
        }
        drop(result);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_what_view_md_says() {
        let result = ActionResult::success(("已开具", "Issued")).goto("/certificate", &[("id", "x\"y")]);
        assert_eq!(
            result.into_json(),
            r#"{"message":{"zh":"已开具","en":"Issued"},"tone":"success","goto":{"page":"/certificate","params":{"id":"x\"y"}}}"#
        );
        let result = ActionResult::warning("不予开具").view(View::new("提示"));
        assert_eq!(result.into_json(), r#"{"message":"不予开具","tone":"warning","view":{"title":"提示","blocks":[]}}"#);
    }
}
