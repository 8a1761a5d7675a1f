//! `/assets/…`: what is the same for everybody, and all that may be cached.

use std::sync::LazyLock;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use linli_view::html::{CONTENT_SECURITY_POLICY, ICON, STYLESHEET};
use sha2::{Digest as _, Sha256};

/// A file of the host's own.
struct Asset {
    kind: &'static str,
    text: &'static str,
    etag: String,
}

impl Asset {
    fn new(kind: &'static str, text: &'static str) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(text.as_bytes()));
        Self { kind, text, etag: format!("\"{}\"", hash.get(..16).unwrap_or(&hash)) }
    }

    /// Kept for ten minutes, then asked for by its hash.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let kept = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        let is_known = kept.is_some_and(|tags| tags == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.etag));
        let about = [
            (header::ETAG, self.etag.as_str()),
            (header::CACHE_CONTROL, "public, max-age=600"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        ];
        if is_known {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        (about, [(header::CONTENT_TYPE, self.kind)], self.text).into_response()
    }
}

static SHEET: LazyLock<Asset> = LazyLock::new(|| Asset::new("text/css; charset=utf-8", STYLESHEET));
static MARK: LazyLock<Asset> = LazyLock::new(|| Asset::new("image/svg+xml", ICON));

/// `GET /assets/linli.css`.
pub(super) async fn stylesheet(headers: HeaderMap) -> Response {
    SHEET.answer(&headers)
}

/// `GET /assets/linli.svg`, and `/favicon.ico`.
pub(super) async fn icon(headers: HeaderMap) -> Response {
    MARK.answer(&headers)
}
