//! Text that people read: Chinese first, English beside it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text in one or two languages. In JSON and TOML it is a string or `{zh, en}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
#[serde(untagged)]
pub enum Text {
    /// One text for every language.
    Plain(String),
    /// Chinese, and English where somebody wrote it.
    Both {
        /// Chinese.
        zh: String,
        /// English.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        en: Option<String>,
    },
    /// Nothing was given.
    #[default]
    #[serde(skip)]
    Empty,
}

impl Text {
    /// Both languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Both { zh: zh.into(), en: Some(en.into()) }
    }

    /// The Chinese text.
    pub fn zh(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Both { zh, .. } => zh,
            Self::Empty => "",
        }
    }

    /// The English text, where there is one of its own.
    pub fn en(&self) -> Option<&str> {
        match self {
            Self::Both { en, .. } => en.as_deref(),
            Self::Plain(_) | Self::Empty => None,
        }
    }
}
