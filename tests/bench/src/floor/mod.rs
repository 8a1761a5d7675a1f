//! The floor: what a department would write for itself on the same data.
//!
//! axum and sqlx over the platform's own tables, in SQLite or PostgreSQL, with a token check, a projection and a predicate in the
//! code; no plugin, no grant, no log. The platform is measured against it, so it is made as fast as it honestly can
//! be: statements prepared once, the file mapped into memory, answers written without an intermediate tree.
//!
//! | module | holds |
//! |---|---|
//! | `gate` | the token check |
//! | `page`, `record` | the two reads |
//! | `reads` | the connections that read |
//! | `create`, `resident` | the insert, and what is checked before it |
//! | `json` | answers as text |
//!
//! It uses no crate of the platform's, so that it can't become faster or slower with it.

mod create;
mod gate;
mod json;
mod page;
mod reads;
mod record;
mod resident;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use gate::Gate;
use reads::Reads;
use resident::Codes;

/// How the floor is started.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// The database of the platform, read only: a file, or postgres://.
    #[arg(long)]
    read: String,
    /// A database of its own for what is created; made if absent.
    #[arg(long)]
    create: PathBuf,
    /// The one bearer token that it knows.
    #[arg(long)]
    token: String,
    /// The community of that token's holder, 12 digits.
    #[arg(long)]
    community: String,
    /// Address and port.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// Connections that read. In SQLite each is a thread of sqlx's; with one for each request at once none waits for the pool.
    #[arg(long, default_value_t = 16)]
    readers: u32,
}

/// What every route needs.
struct Floor {
    gate: Gate,
    reads: Reads,
    creates: create::Writer,
    codes: Codes,
}

/// Serves until the process is ended. Prints its address when it is ready.
pub async fn serve(options: Options) -> anyhow::Result<()> {
    let reads = Reads::open(&options.read, options.readers).await?;
    let codes = Codes::load(&reads).await.context("the region table of the platform's database")?;
    let gate = Gate::new(&options.token, &options.community);
    let creates = create::Writer::start(&options.create).await?;
    let floor = Arc::new(Floor { gate, reads, creates, codes });
    let routes = Router::new()
        .route("/page", get(page::page))
        .route("/record", get(record::record))
        .route("/create", post(create::create))
        .with_state(floor);
    let listener = tokio::net::TcpListener::bind(&options.listen).await.with_context(|| format!("listening on {}", options.listen))?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), routes).await?;
    Ok(())
}

fn json_answer(body: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

fn failed(error: sqlx::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}
