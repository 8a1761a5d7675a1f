//! The API as the commands use it: JSON in and out, problem details as errors.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::http::Response;
use ureq::typestate::WithBody;
use ureq::{Agent, RequestBuilder};

use super::account;
use crate::Server;

/// How long to wait before what got no answer is asked again.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];

/// A host, and who asks.
pub struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

impl Client {
    /// As the person who logged in at this host, or as `LINLI_TOKEN` says.
    pub fn signed_in(server: &Server) -> Result<Self> {
        let token = account::token(&server.url)?.with_context(|| format!("not logged in at {}: linli login USER", server.url))?;
        Ok(Self { token: Some(token), ..Self::anonymous(server) })
    }

    /// As nobody.
    pub fn anonymous(server: &Server) -> Self {
        let agent: Agent =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(120))).build().into();
        Self { agent, base: format!("{}/api/v1", server.url.trim_end_matches('/')), token: None }
    }

    /// `GET`.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.answer(self.signed(self.agent.get(format!("{}{path}", self.base))).call())
    }

    /// `POST` of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.answer(self.posting(path, "application/json").send(body.to_string()))
    }

    /// The version of what is at an address: its `ETag`. None where there is nothing.
    pub fn version(&self, path: &str) -> Result<Option<String>> {
        let sent = self.signed(self.agent.get(format!("{}{path}", self.base))).call();
        if sent.as_ref().is_ok_and(|response| response.status().as_u16() == 404) {
            return Ok(None);
        }
        let tag = sent.as_ref().ok().and_then(|response| response.headers().get("etag")?.to_str().ok()).map(ToOwned::to_owned);
        self.answer(sent).map(|_| tag)
    }

    /// `POST` of JSON that changes a version.
    pub fn post_over(&self, version: Option<&str>, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.posting(path, "application/json");
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        self.answer(request.send(body.to_string()))
    }

    /// `POST` of JSON that is done once: where no answer comes, or the host is busy, it is asked again under the same key.
    pub fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Value> {
        let ask = || self.posting(path, "application/json").header("idempotency-key", key).send(body.to_string());
        for pause in PAUSES {
            match ask() {
                Ok(response) if !matches!(response.status().as_u16(), 409 | 503) => return self.answer(Ok(response)),
                _ => std::thread::sleep(pause),
            }
        }
        self.answer(ask())
    }

    /// `POST` of bytes, with one more header.
    pub fn post_bytes(&self, path: &str, kind: &str, header: Option<(&str, &str)>, bytes: &[u8]) -> Result<Value> {
        let mut request = self.posting(path, kind);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        self.answer(request.send(bytes))
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Result<Value> {
        self.answer(self.signed(self.agent.delete(format!("{}{path}", self.base))).call())
    }

    fn posting(&self, path: &str, kind: &str) -> RequestBuilder<WithBody> {
        self.signed(self.agent.post(format!("{}{path}", self.base))).header("content-type", kind)
    }

    fn signed<Body>(&self, request: RequestBuilder<Body>) -> RequestBuilder<Body> {
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn answer(&self, sent: Result<Response<ureq::Body>, ureq::Error>) -> Result<Value> {
        let mut response = sent.with_context(|| format!("no host answers at {}; is `linli serve` running?", self.base))?;
        let status = response.status();
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().context("the answer breaks off")?;
        if status.is_success() {
            return if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&text).context("the answer is no JSON") };
        }
        match serde_json::from_str::<Value>(&text) {
            Ok(problem) => bail!("{}: {} ({status})", text_of(&problem, "code"), text_of(&problem, "detail")),
            Err(_) => bail!("{status}"),
        }
    }
}

/// A member as text; empty where there is none.
pub fn text_of<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A localized text, Chinese first.
pub fn localized(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(both)) => {
            let part = |key: &str| both.get(key).and_then(Value::as_str).unwrap_or_default();
            format!("{} {}", part("zh"), part("en")).trim().to_owned()
        }
        _ => String::new(),
    }
}

/// A value as one part of a path.
pub fn part(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}
