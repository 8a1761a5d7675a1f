//! `linli serve`.

use std::os::unix::process::CommandExt as _;

use anyhow::{Context, Result, bail};
use clap::Args;
use linli_runtime::{Limits, Runtime};
use linli_web::{App, Settings};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::data::{DataDir, ORIGIN, Place};
use crate::output::note;

/// Characters of a monitor's token, at least.
const MONITOR_TOKEN: usize = 24;

/// `linli serve`.
#[derive(Args, Clone)]
pub struct Options {
    #[command(flatten)]
    pub place: Place,
    /// The address to listen on.
    #[arg(long, env = "LINLI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// The address that people use; else http:// and the address to listen on.
    #[arg(long, env = "LINLI_PUBLIC_URL")]
    pub public_url: Option<String>,
}

/// Serves until Ctrl-C.
pub fn run(options: &Options) -> Result<()> {
    prepare()?;
    block_on(async {
        let data = DataDir::open(&options.place)?;
        let runtime = start(&data).await?;
        serve(&data, runtime, options).await
    })
}

/// Logging, measuring, and an environment in which an error value costs nothing.
pub fn prepare() -> Result<()> {
    // With RUST_BACKTRACE set, every error value walks the stack, and some are made on each call of a plugin.
    // Panics still show theirs.
    if std::env::var_os("RUST_BACKTRACE").is_some()
        && std::env::var_os("RUST_LIB_BACKTRACE").is_none()
        && let Ok(program) = std::env::current_exe()
    {
        let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env("RUST_LIB_BACKTRACE", "0").exec();
        note!("the program could not start itself anew, so it goes on as it is: {error}");
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("LINLI_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false).init();
    // Before anything looks up what it will count.
    Ok(linli_web::metrics::start()?)
}

/// Runs to the end on all processors.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads to be had")?.block_on(work)
}

/// Opens store and runtime.
pub async fn start(data: &DataDir) -> Result<Runtime> {
    let limits = limits(data)?;
    Ok(Runtime::start(data.store().await?, data.keyring()?, limits, data.artefacts()?).await?)
}

/// Who may ask for metrics: whoever knows what `monitor.token` of the data directory says, where there is one.
fn monitor(data: &DataDir) -> Result<Option<String>> {
    let file = data.file("monitor.token");
    match std::fs::read_to_string(&file) {
        Ok(token) if token.trim().len() < MONITOR_TOKEN => bail!("{}: must hold at least {MONITOR_TOKEN} characters", file.display()),
        Ok(token) => Ok(Some(token.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", file.display())),
    }
}

/// The limits of a plugin's call: `limits.toml` of the data directory, where there is one.
fn limits(data: &DataDir) -> Result<Limits> {
    let file = data.file("limits.toml");
    match std::fs::read_to_string(&file) {
        Ok(text) => Limits::read(&text).map_err(|reason| anyhow::anyhow!("{}: {reason}", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Limits::default()),
        Err(error) => Err(error).with_context(|| format!("{} can't be read", file.display())),
    }
}

/// Serves until Ctrl-C or SIGTERM, then lets everything under way end.
pub async fn serve(data: &DataDir, runtime: Runtime, options: &Options) -> Result<()> {
    let listener = TcpListener::bind(&options.listen).await.with_context(|| format!("can't listen on {}", options.listen))?;
    let address = listener.local_addr()?;
    let public_url = options.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let origin = ORIGIN.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let store = runtime.store().clone();
    let app = App::new(
        runtime,
        Settings { public_url: public_url.trim_end_matches('/').to_owned(), origin, witnesses: data.witnesses()?, monitor: monitor(data)? },
        data.signer()?,
    )?;
    let stop = CancellationToken::new();
    let ender = tokio::spawn(wait_for_end(stop.clone()));
    tracing::info!("listening on http://{address}");
    linli_web::serve::serve(app, listener, stop).await?;
    ender.abort();
    store.close().await;
    Ok(())
}

async fn wait_for_end(stop: CancellationToken) {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    // First, because saying so fails where nobody reads standard error any more.
    stop.cancel();
    tracing::info!("stopping");
}
