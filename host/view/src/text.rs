//! Text in Chinese with English beside it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::scalar::Str;

/// A localised text: in JSON a string, or `{"zh": "…", "en": "…"}` where `en` may be absent.
///
/// Displays Chinese first, then a space and the English.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text<'a> {
    zh: Cow<'a, str>,
    en: Option<Cow<'a, str>>,
}

impl<'a> Text<'a> {
    /// Chinese and English.
    pub const fn both(zh: &'a str, en: &'a str) -> Self {
        Self { zh: Cow::Borrowed(zh), en: Some(Cow::Borrowed(en)) }
    }

    /// A text without a translation.
    pub const fn plain(zh: &'a str) -> Self {
        Self { zh: Cow::Borrowed(zh), en: None }
    }

    /// From owned or borrowed parts.
    pub fn new(zh: impl Into<Cow<'a, str>>, en: Option<impl Into<Cow<'a, str>>>) -> Self {
        Self { zh: zh.into(), en: en.map(Into::into) }
    }

    /// The Chinese text, or the only one.
    pub fn zh(&self) -> &str {
        &self.zh
    }

    /// The English text, where there is one.
    pub fn en(&self) -> Option<&str> {
        self.en.as_deref()
    }

    /// A text that lives on its own.
    pub fn into_owned(self) -> Text<'static> {
        Text { zh: Cow::Owned(self.zh.into_owned()), en: self.en.map(|en| Cow::Owned(en.into_owned())) }
    }

    /// The same text, borrowed.
    pub fn by_ref(&self) -> Text<'_> {
        Text { zh: Cow::Borrowed(&self.zh), en: self.en.as_deref().map(Cow::Borrowed) }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(zh: &'a str) -> Self {
        Self::plain(zh)
    }
}

impl From<String> for Text<'_> {
    fn from(zh: String) -> Self {
        Self { zh: Cow::Owned(zh), en: None }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.zh)?;
        match &self.en {
            Some(en) => write!(f, " {en}"),
            None => Ok(()),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Localised<'a> {
    #[serde(borrow)]
    zh: Str<'a>,
    #[serde(borrow, default)]
    en: Option<Str<'a>>,
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a string or {"zh": …, "en": …}"#)
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text::plain(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(text.to_owned().into())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text<'de>, A::Error> {
        let parts = Localised::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Text { zh: parts.zh.0, en: parts.en.map(|en| en.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_displays_chinese_first() {
        let both: Text<'_> = serde_json::from_str(r#"{"en":"Entitled","zh":"应享名单"}"#).unwrap();
        assert_eq!(both.to_string(), "应享名单 Entitled");
        let plain: Text<'_> = serde_json::from_str(r#""应享名单""#).unwrap();
        assert_eq!((plain.zh(), plain.en()), ("应享名单", None));
    }

    #[test]
    fn refuses_other_languages_and_a_text_without_chinese() {
        assert!(serde_json::from_str::<Text<'_>>(r#"{"zh":"a","fr":"b"}"#).is_err());
        assert!(serde_json::from_str::<Text<'_>>(r#"{"en":"b"}"#).is_err());
        assert!(serde_json::from_str::<Text<'_>>("3").is_err());
    }
}
