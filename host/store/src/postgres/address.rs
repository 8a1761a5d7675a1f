//! Where a database is, and how one connects to it.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{self, Credentials, Pem, Trust};
use super::{LONG, STATEMENTS};
use crate::error::StoreError;

/// A server and a database on it.
#[derive(Clone)]
pub struct Address {
    options: Box<PgConnectOptions>,
    server: Box<Server>,
}

/// The same as readers take it.
#[derive(Clone)]
pub(super) struct Server {
    pub config: Config,
    pub tls: MakeRustlsConnect,
}

impl Address {
    /// From a URL. What it does not say comes from the environment (`PGPASSWORD`, …) and from `~/.pgpass`.
    pub fn read(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(|reason| StoreError::Address(reason.to_string()))?;
        let options = options
            .application_name("linli")
            .statement_cache_capacity(STATEMENTS)
            .disable_statement_logging()
            // That something is there already is no news.
            .options([("plan_cache_mode", "force_generic_plan"), ("client_min_messages", "warning")]);
        let server = Box::new(server(&options)?);
        Ok(Self { options: Box::new(options), server })
    }

    /// For the one connection that writes.
    pub(super) fn writing(&self) -> PgConnectOptions {
        self.options.as_ref().clone().options([("lock_timeout", LONG)])
    }

    /// For those that read.
    pub(super) fn reading(&self) -> Box<Server> {
        let mut server = self.server.clone();
        let limits = format!("-c statement_timeout={LONG} -c default_transaction_read_only=on");
        server.config.options(format!("{} {limits}", self.options.get_options().unwrap_or_default()));
        server
    }
}

fn server(options: &PgConnectOptions) -> Result<Server, StoreError> {
    let mut config = Config::new();
    match options.get_socket() {
        Some(folder) => config.host_path(folder),
        None => config.host(options.get_host()),
    };
    config.port(options.get_port()).user(options.get_username()).application_name("linli");
    config.dbname(options.get_database().unwrap_or(options.get_username()));
    let url = options.to_url_lossy();
    if let Some(password) = url.password() {
        config.password(percent_encoding::percent_decode_str(password).collect::<Vec<u8>>());
    }
    let (ssl, trust) = match options.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow => (SslMode::Disable, Trust::Anyone),
        PgSslMode::Prefer => (SslMode::Prefer, Trust::Anyone),
        PgSslMode::Require => (SslMode::Require, Trust::Anyone),
        PgSslMode::VerifyCa => (SslMode::Require, Trust::Signed),
        PgSslMode::VerifyFull => (SslMode::Require, Trust::Named),
    };
    config.ssl_mode(ssl);
    let pem = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| Pem::said(&value));
    let credentials = Credentials { root: pem("sslrootcert"), certificate: pem("sslcert"), key: pem("sslkey") };
    Ok(Server { config, tls: tls::connect(trust, &credentials)? })
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        write!(f, "postgres://{}:{}/{database}", self.options.get_host(), self.options.get_port())
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
