//! The router, the listener and the end.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::metrics::Measured;
use crate::problem::Problem;
use crate::{api, metrics, pages, rate, witness};

/// Where the API begins.
const API: &str = "/api/v1";
/// The largest body that is not a plugin, bytes.
pub(crate) const BODY: usize = 2 << 20;
/// Bodies up to this are read before anybody answers, bytes.
const SMALL: usize = 64 << 10;
/// How often the log is signed.
const SIGN_EVERY: Duration = Duration::from_secs(1);

/// Every route of the host.
pub fn router(app: App) -> Router {
    Router::new()
        .nest(API, api::routes(&app))
        .merge(pages::routes(&app))
        .route("/metrics", get(metrics::show))
        .fallback(|| async { Problem::not_found("there is nothing at this address; the API begins at /api/v1") })
        .method_not_allowed_fallback(|| async {
            Problem::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, "method", "this address does not take that method")
        })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(app.clone(), edge))
        .with_state(app)
}

/// What every request passes, in one layer: each further one would cost more than what it does.
async fn edge(State(app): State<App>, request: Request, next: Next) -> Response {
    let measured = Measured::begin(&request);
    let mut response = passed(&app, request, next).await.unwrap_or_else(IntoResponse::into_response);
    // Whatever does not say that it is the same for everybody is for nobody to keep: not for another person at the same
    // browser, not for a proxy, and not for after a revocation.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    measured.end(response.status());
    response
}

/// What every request to the API passes besides: how often its account may ask.
async fn passed(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    let request = whole(request).await?;
    if !request.uri().path().starts_with(API) {
        return Ok(next.run(request).await);
    }
    Ok(next.run(rate::admit(app, request).await?).await)
}

/// A small body is read before anybody answers, even one that nobody wants: where one is left unread the connection ends with
/// the answer, under a client that goes on using it.
async fn whole(request: Request) -> Result<Request, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if !length.is_some_and(|length| (1..=SMALL).contains(&length)) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, SMALL).await.map_err(|_| Problem::bad_request("body", "the body breaks off"))?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Serves until `stop`, then lets requests under way end.
pub async fn serve(app: App, listener: TcpListener, stop: CancellationToken) -> std::io::Result<()> {
    let signer = tokio::spawn(sign(app.clone(), stop.clone()));
    let witnesses =
        app.settings().witnesses.iter().cloned().map(|witness| tokio::spawn(witness::keep_asking(app.clone(), witness, stop.clone())));
    let witnesses: Vec<_> = witnesses.collect();
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Answers are small and whole: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
    });
    let stopped = stop.clone();
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move { stopped.cancelled().await });
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    };
    let ended = tokio::select! {
        ended = served.into_future() => ended,
        () = grace => Ok(()),
    };
    let _ = signer.await;
    // What a witness is asked at the end is asked again at the next start.
    witnesses.iter().for_each(tokio::task::JoinHandle::abort);
    ended
}

/// Signs a checkpoint and brings index and tree up to date every second, and once more at the end.
async fn sign(app: App, stop: CancellationToken) {
    loop {
        let ended = tokio::select! {
            () = tokio::time::sleep(SIGN_EVERY) => false,
            () = stop.cancelled() => true,
        };
        let signed = app.store().sign_checkpoint(&app.settings().origin, app.signer()).await;
        let (indexed, grown) = (app.store().index_log().await, app.store().grow_tree().await);
        let folded = app.store().fold_uses().await;
        metrics::settle();
        app.rates().settle();
        if let Some(error) = signed.err().or(indexed.err()).or(grown.err()).or(folded.err()) {
            tracing::error!(%error, "the log could not be signed or indexed");
        }
        if ended {
            return;
        }
    }
}
