//! `linli-witness`: cosigns the checkpoints of logs that only ever grow. C2SP [tlog-witness].
//!
//! Run it where the operator of the log can't reach: another office, another administrator. It keeps a key and, of each
//! log, the last checkpoint that it signed; it signs another only where that continues this one. A lost state must not be
//! replaced by an empty one, or it would sign a second history: without `--new-log` it does not begin anew.
//!
//! [tlog-witness]: https://c2sp.org/tlog-witness

mod state;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use clap::Parser;
use linli_audit::witness::{AddCheckpoint, Refusal, Watched};
use linli_audit::{Cosigner, Origin, Verifier};

use state::Folder;

/// The largest body, bytes.
const BODY: usize = 64 << 10;
/// The log's name where no other is said.
const ORIGIN: &str = "linli.local/access-log";

/// 邻里日志见证 Cosigns checkpoints of logs that only ever grow.
#[derive(Parser)]
#[command(version, about)]
struct Options {
    /// Where its key and what it saw are kept.
    #[arg(long, env = "LINLI_WITNESS_STATE", default_value = "witness")]
    state: PathBuf,
    /// The name of its key, a name of its own: no spaces, no `+`.
    #[arg(long, env = "LINLI_WITNESS_NAME", default_value = "linli-witness.local")]
    name: String,
    /// The key of a log to watch, `KEY` or `ORIGIN=KEY`; may repeat.
    #[arg(long = "log", required = true, value_name = "[ORIGIN=]KEY")]
    logs: Vec<String>,
    /// Begin to watch logs of which nothing was seen yet.
    #[arg(long)]
    new_log: bool,
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
}

struct Witness {
    cosigner: Cosigner,
    logs: Vec<Watched>,
    folder: tokio::sync::Mutex<Folder>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let logs = options.logs.iter().map(|log| watched(log)).collect::<Result<Vec<_>>>()?;
    let folder = Folder::open(&options.state)?;
    for log in &logs {
        folder.expect(&log.origin, options.new_log)?;
    }
    let cosigner = Cosigner::new(&options.name, &folder.seed()?)?;
    let key = cosigner.witness().to_string();
    let witness = Arc::new(Witness { cosigner, logs, folder: tokio::sync::Mutex::new(folder) });
    let router = Router::new().route("/add-checkpoint", post(add_checkpoint)).layer(DefaultBodyLimit::max(BODY)).with_state(witness);
    let listener = tokio::net::TcpListener::bind(options.listen).await.with_context(|| format!("can't listen on {}", options.listen))?;
    writeln!(std::io::stdout().lock(), "key {key}\nlistening on http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, router).await?)
}

fn watched(log: &str) -> Result<Watched> {
    // A key's base64 may end in `=`, an origin comes before the first one.
    let (origin, key) = log.split_once('=').filter(|(origin, key)| !origin.contains('+') && !key.is_empty()).unwrap_or((ORIGIN, log));
    let verifier: Verifier = key.parse().with_context(|| format!("--log {log}"))?;
    let origin: Origin = origin.parse().with_context(|| format!("--log {log}"))?;
    Ok(Watched { origin, verifier })
}

/// `POST /add-checkpoint`.
async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: String) -> Response {
    match witness.add(&body).await {
        Ok(line) => line.into_response(),
        Err(Refused::By(Refusal::Conflict { seen })) => {
            (StatusCode::CONFLICT, [(header::CONTENT_TYPE, "text/x.tlog.size")], format!("{seen}\n")).into_response()
        }
        Err(Refused::By(refusal)) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, format!("{refusal}\n")).into_response()
        }
        Err(Refused::Unkept(error)) => {
            let _ = writeln!(std::io::stderr().lock(), "{error:#}");
            (StatusCode::INTERNAL_SERVER_ERROR, "what was seen can't be kept, so it is not signed\n").into_response()
        }
    }
}

enum Refused {
    By(Refusal),
    Unkept(anyhow::Error),
}

impl Witness {
    /// The signature line. What is signed is durable before it is answered.
    async fn add(&self, body: &str) -> Result<String, Refused> {
        let request: AddCheckpoint = body.parse().map_err(Refused::By)?;
        let log = self.logs.iter().find(|log| log.origin.as_str() == request.origin());
        let log = log.ok_or(Refused::By(Refusal::UnknownLog))?;
        let folder = self.folder.lock().await;
        let seen = folder.seen(&log.origin).map_err(Refused::Unkept)?;
        let now = linli_audit::witness::consider(&request, log, seen).map_err(Refused::By)?;
        folder.keep(&log.origin, now).map_err(Refused::Unkept)?;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| Refused::Unkept(error.into()))?;
        Ok(self.cosigner.cosign(request.text(), time.as_secs()))
    }
}
