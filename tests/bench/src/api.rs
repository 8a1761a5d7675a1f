//! The platform's API, as far as the bench uses it.

use anyhow::Context as _;
use serde_json::{Value, json};

/// A person who is logged in.
#[derive(Clone, Debug)]
pub struct Session {
    base: String,
    pub token: String,
    /// Where the person may act.
    pub regions: Vec<String>,
}

/// The log's size, which anybody may ask.
pub fn log_entries(base: &str) -> anyhow::Result<u64> {
    let health: Value = ureq::get(format!("{base}/api/v1/health")).call()?.body_mut().read_json()?;
    health.get("log_entries").and_then(Value::as_u64).context("the platform's health says no number of log entries")
}

impl Session {
    pub fn log_in(base: &str, username: &str, password: &str) -> anyhow::Result<Self> {
        let answer = ureq::post(format!("{base}/api/v1/session")).send_json(json!({"username": username, "password": password}));
        let answer: Value = answer.with_context(|| format!("logging in as {username}"))?.body_mut().read_json()?;
        let regions = answer
            .get("regions")
            .and_then(Value::as_array)
            .map(|regions| regions.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect());
        Ok(Self { base: base.to_owned(), token: text(&answer, "token")?, regions: regions.unwrap_or_default() })
    }

    /// The address of a path below `/api/v1`.
    pub fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    pub fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = ureq::get(self.url(path)).header("Authorization", self.bearer()).call();
        Ok(answer.with_context(|| format!("GET {path}"))?.body_mut().read_json()?)
    }

    pub fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = ureq::post(self.url(path)).header("Authorization", self.bearer()).send_json(body);
        Ok(answer.with_context(|| format!("POST {path}"))?.body_mut().read_json()?)
    }

    /// Installs a package. Returns the number of its request.
    pub fn install(&self, package: &[u8], publisher: &str) -> anyhow::Result<i64> {
        let request = ureq::post(self.url(&format!("/plugins?publisher={publisher}"))).header("Authorization", self.bearer());
        let answer =
            request.header("Content-Type", "application/wasm").send(package).context("POST /plugins")?.body_mut().read_json::<Value>()?;
        answer.pointer("/grant/id").and_then(Value::as_i64).context("the installation made no grant")
    }

    /// Approves what somebody else uploaded.
    pub fn approve(&self, grant: i64) -> anyhow::Result<()> {
        let path = format!("/grants/{grant}");
        let version = self.get(&path)?.get("version").and_then(Value::as_i64).context("the grant has no version")?;
        let request = ureq::post(self.url(&format!("{path}/approve"))).header("Authorization", self.bearer());
        request.header("If-Match", format!("\"{version}\"")).send_json(json!({})).context("POST approve").map(drop)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

fn text(answer: &Value, name: &str) -> anyhow::Result<String> {
    answer.get(name).and_then(Value::as_str).map(ToOwned::to_owned).with_context(|| format!("the answer has no `{name}`"))
}
