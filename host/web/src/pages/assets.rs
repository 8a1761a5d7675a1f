//! `/assets/linli.css`.

use std::sync::LazyLock;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use linli_view::html::STYLESHEET;
use sha2::{Digest as _, Sha256};

static ETAG: LazyLock<String> = LazyLock::new(|| {
    let hash = HEXLOWER.encode(&Sha256::digest(STYLESHEET.as_bytes()));
    format!("\"{}\"", hash.get(..16).unwrap_or(&hash))
});

/// `GET /assets/linli.css`: kept for ten minutes, then asked for by its hash.
pub(super) async fn stylesheet(headers: HeaderMap) -> Response {
    let kept = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let is_known = kept.is_some_and(|tags| tags == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == *ETAG));
    let about =
        [(header::ETAG, ETAG.as_str()), (header::CACHE_CONTROL, "public, max-age=600"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    if is_known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLESHEET).into_response()
}
