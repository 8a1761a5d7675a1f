use std::borrow::Cow;

use crate::json::{self, Members};

/// What people read, Chinese first: `("姓名", "Name")`, or one text for both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    zh: Cow<'static, str>,
    en: Option<Cow<'static, str>>,
}

impl Text {
    #[inline(never)]
    pub(crate) fn write(&self, out: &mut String) {
        let Some(en) = &self.en else { return json::string(out, &self.zh) };
        let mut both = Members::object(out);
        both.text("zh", &self.zh);
        both.text("en", en);
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self { zh: Cow::Borrowed(text), en: None }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { zh: Cow::Owned(text), en: None }
    }
}

impl From<(&'static str, &'static str)> for Text {
    fn from((zh, en): (&'static str, &'static str)) -> Self {
        Self { zh: Cow::Borrowed(zh), en: Some(Cow::Borrowed(en)) }
    }
}

impl From<(String, String)> for Text {
    fn from((zh, en): (String, String)) -> Self {
        Self { zh: Cow::Owned(zh), en: Some(Cow::Owned(en)) }
    }
}

/// How a message sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Neutral.
    Info,
    /// It worked, it is valid.
    Success,
    /// Look twice.
    Warning,
    /// It did not work, it is not valid.
    Error,
}

impl Tone {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
