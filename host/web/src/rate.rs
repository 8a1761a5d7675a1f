//! How often an account may ask. Before anything is done for it, and whatever it asks for.

use std::time::Duration;

use axum::extract::{FromRequestParts as _, Request};
use axum::http::StatusCode;

use crate::app::App;
use crate::auth::Visitor;
use crate::problem::Problem;

/// A request that may go on, with who asks.
pub(crate) async fn admit(app: &App, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    // Who brings a token that is no good is told so by whoever asks for one.
    if let Ok(visitor) = Visitor::from_request_parts(&mut parts, app).await {
        if let Some(actor) = visitor.actor() {
            app.rates().take(&actor.id).map_err(|wait| too_often("account", wait, "this account asks too often"))?;
        }
        parts.extensions.insert(visitor);
    }
    Ok(Request::from_parts(parts, body))
}

/// The problem of somebody who asks too often.
pub(crate) fn too_often(by: &'static str, wait: Duration, what: &str) -> Problem {
    metrics::counter!("linli_rate_limited_total", "by" => by).increment(1);
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate", format!("{what}; try again in {seconds} s")).retry_after(seconds.max(1))
}
