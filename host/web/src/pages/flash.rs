//! The message of the action before, carried over one redirect by a cookie.
//!
//! The cookie holds the message and a tag under the session's CSRF token, so that nobody else's words can be put over
//! a page, and it is forgotten when it was shown.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use data_encoding::BASE64URL_NOPAD;
use linli_view::html::Flash;
use linli_view::{Text, Tone};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::auth;
use crate::problem::Problem;

const COOKIE: &str = "linli_flash";
/// Browsers keep cookies of 4,096 bytes at most.
const LONGEST: usize = 3_500;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    zh: String,
    en: Option<String>,
    tone: char,
}

impl Kept {
    /// A message to carry.
    pub fn new(message: &Text<'_>, tone: Tone) -> Self {
        let tone = match tone {
            Tone::Info => 'i',
            Tone::Success => 's',
            Tone::Warning => 'w',
            Tone::Error => 'e',
        };
        Self { zh: message.zh().to_owned(), en: message.en().map(ToOwned::to_owned), tone }
    }

    /// The message to show.
    pub fn flash(&self) -> Flash<'_> {
        let tone = match self.tone {
            's' => Tone::Success,
            'w' => Tone::Warning,
            'e' => Tone::Error,
            _ => Tone::Info,
        };
        Flash { message: Text::new(self.zh.as_str(), self.en.as_deref()), tone }
    }

    /// The cookie's value; none where the message is too long for one.
    fn seal(&self, csrf: &str) -> Option<String> {
        let text = BASE64URL_NOPAD.encode(&serde_json::to_vec(self).ok()?);
        (text.len() <= LONGEST).then(|| format!("{text}.{}", tag(&text, csrf)))
    }

    fn open(value: &str, csrf: &str) -> Option<Self> {
        let (text, tag_given) = value.split_once('.')?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().filter(|_| tag(text, csrf) == tag_given)?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// The text is hashed by itself first: no tag of one text then leads to that of a longer one.
fn tag(text: &str, csrf: &str) -> String {
    let inner = Sha256::digest(text.as_bytes());
    BASE64URL_NOPAD.encode(&Sha256::new().chain_update("linli flash ").chain_update(csrf).chain_update(inner).finalize())
}

/// The message that a request brings.
pub(super) fn find(headers: &HeaderMap, csrf: &str) -> Option<Kept> {
    auth::cookie(headers, COOKIE).and_then(|value| Kept::open(value, csrf))
}

/// A redirect to a page, with the message to show there; none where the message is too long to carry.
pub(super) fn carry(kept: &Kept, csrf: &str, address: &str) -> Option<Response> {
    let cookie = format!("{COOKIE}={}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax", kept.seal(csrf)?);
    Some((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(address)).into_response())
}

/// A redirect with a message of our own.
pub(super) fn go(zh: &str, en: &str, csrf: &str, address: &str) -> Result<Response, Problem> {
    carry(&Kept::new(&Text::both(zh, en), Tone::Success), csrf, address)
        .ok_or_else(|| Problem::internal(&"a message of our own is too long"))
}

/// Ends the cookie.
pub(super) fn forget() -> HeaderValue {
    HeaderValue::from_static("linli_flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_under_its_own_session_only() {
        let kept = Kept::new(&Text::both("已批准：张三", "Approved; \"quoted\""), Tone::Warning);
        let sealed = kept.seal("csrf").unwrap();
        assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{sealed}");
        assert_eq!(Kept::open(&sealed, "csrf"), Some(kept));
        assert_eq!(Kept::open(&sealed, "other"), None);
        for broken in ["", ".", "e30.", &sealed[1..], &format!("{sealed}A")] {
            assert_eq!(Kept::open(broken, "csrf"), None);
        }
        assert_eq!(Kept::new(&Text::plain(&"长".repeat(2_000)), Tone::Info).seal("csrf"), None);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let sealed = Kept::new(&Text::plain("好"), Tone::Success).seal("c").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("linli_session=x; linli_flash={sealed}").parse().unwrap());
        assert!(find(&headers, "c").is_some());
        assert!(find(&HeaderMap::new(), "c").is_none());
    }
}
