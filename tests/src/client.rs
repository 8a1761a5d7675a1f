//! A person at the API.

use std::sync::Arc;

use serde_json::{Value, json};
use ureq::Agent;

/// Somebody who is logged in, or nobody.
#[derive(Clone, Debug)]
pub struct Person {
    base: Arc<str>,
    agent: Agent,
    token: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub kind: String,
    /// `Retry-After`, seconds.
    pub retry_after: Option<u64>,
    /// `ETag`, in its quotation marks.
    pub etag: Option<String>,
    /// `Cache-Control`.
    pub cache: String,
    /// The body; null where it is no JSON.
    pub json: Value,
}

impl Answer {
    /// The problem's stable word.
    pub fn code(&self) -> &str {
        self.text("/code")
    }

    /// The problem's sentence.
    pub fn detail(&self) -> &str {
        self.text("/detail")
    }

    /// A text in the body.
    pub fn text(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A list in the body.
    pub fn list(&self, pointer: &str) -> &[Value] {
        self.json.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// The answer, if it has this status; the test fails where it has not.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.json);
        self
    }

    /// The answer, if it is this problem; the test fails where it is not.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.json);
        assert_eq!(self.kind, "application/problem+json");
        self
    }
}

impl Person {
    /// Nobody, at a host.
    pub fn nobody(base: &str) -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { base: base.into(), agent, token: None }
    }

    /// Logs in.
    pub fn log_in(base: &str, username: &str, password: &str) -> Self {
        let nobody = Self::nobody(base);
        let answer = nobody.post("/session", &json!({"username": username, "password": password})).expect(201);
        nobody.with_token(answer.text("/token"))
    }

    /// The same, with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The session's token, for `LINLI_TOKEN`.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// `GET`; the path is below /api/v1.
    pub fn get(&self, path: &str) -> Answer {
        let mut request = self.agent.get(self.url(path));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        read(path, request.call())
    }

    /// `POST` of JSON.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// What is done about something that has a version, over the version of now; the paths are below /api/v1.
    pub fn post_over(&self, seen: &str, path: &str, body: &Value) -> Answer {
        let version = self.get(seen).etag.unwrap_or_else(|| "\"0\"".to_owned());
        self.send("POST", path, &[("content-type", "application/json"), ("if-match", &version)], body.to_string().as_bytes())
    }

    /// An admin's decision on a grant as it is now.
    pub fn decide(&self, grant: i64, what: &str, body: &Value) -> Answer {
        self.post_over(&format!("/grants/{grant}"), &format!("/grants/{grant}/{what}"), body)
    }

    /// Any request with a body.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        read(path, self.try_send(method, path, headers, body))
    }

    /// The same where the host may be gone before it answers.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.agent.run(request.body(body).map_err(ureq::Error::from)?)
    }

    /// A page for people, as HTML.
    pub fn page(&self, path: &str) -> String {
        let request = self.agent.get(format!("{}{path}", self.base)).header("authorization", format!("Bearer {}", self.token()));
        let mut answer = request.call().unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}: {text}");
        text
    }

    /// Sends a form of a page; the status, and the page that comes back or the address that it leads to.
    pub fn submit(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let csrf = self.get("/session").expect(200).text("/csrf").to_owned();
        let request = self.agent.post(format!("{}{path}", self.base)).config().max_redirects(0).build();
        let request = request.header("authorization", format!("Bearer {}", self.token()));
        let fields = fields.iter().copied().chain([("_csrf", csrf.as_str())]);
        let mut answer = request.send_form(fields).unwrap();
        let leads_to = answer.headers().get("location").and_then(|address| address.to_str().ok()).map(ToOwned::to_owned);
        (answer.status().as_u16(), leads_to.unwrap_or_else(|| answer.body_mut().read_to_string().unwrap()))
    }

    /// Uploads a package for a publisher.
    pub fn upload(&self, package: &[u8], publisher: &str) -> Answer {
        self.send("POST", &format!("/plugins?publisher={publisher}"), &[("content-type", "application/wasm")], package)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }
}

fn read(path: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = sent.unwrap_or_else(|error| panic!("{path}: the host does not answer: {error}"));
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let retry_after = response.headers().get("retry-after").and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let text_of = |name: &str| response.headers().get(name).and_then(|text| text.to_str().ok()).map(ToOwned::to_owned);
    let (etag, cache) = (text_of("etag"), text_of("cache-control").unwrap_or_default());
    let text = response.body_mut().with_config().limit(64 << 20).read_to_string().unwrap_or_default();
    Answer { status: response.status().as_u16(), kind, retry_after, etag, cache, json: serde_json::from_str(&text).unwrap_or_default() }
}
