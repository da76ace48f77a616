//! HTTP for tests: one request at a time, no redirect followed, every answer returned, in a chosen network
//! namespace.

use std::error::Error as _;
use std::fs::File;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::error::{Error, Result};

/// Timeout of one answer; the first pages of a new Gitea are the slowest.
const ANSWER: Duration = Duration::from_secs(30);

/// A request, sent without changes.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The complete URL.
    pub url: String,
    /// Headers, in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self { method: method.to_owned(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("Content-Type", "application/json")
    }

    /// Sets a body with the fields of a form.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> =
            fields.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect();
        self.body = pairs.join("&").into_bytes();
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }
}

/// Percent-encodes everything but letters, digits and `-._~`.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(["%", &format!("{byte:02X}")]);
        }
    }
    escaped
}

/// Answer of a server.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP method of the request.
    pub method: String,
    /// URL of the request.
    pub url: String,
    /// The status.
    pub status: u16,
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// The first header with a name (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        let lacks = |_| Error::Lacks { url: self.url.clone(), what: "JSON".to_owned() };
        serde_json::from_str(&self.body).map_err(lacks)
    }

    /// The answer, or an error unless the status is a success.
    pub fn ok(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let body = self.body.chars().take(400).collect();
        Err(Error::Answer { method: self.method, url: self.url, status: self.status, body })
    }

    /// The text at a JSON pointer (`/commit/sha`).
    pub fn text(&self, pointer: &str) -> Result<String> {
        let found = self.json()?.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| Error::Lacks { url: self.url.clone(), what: pointer.to_owned() })
    }

    /// The number at a JSON pointer.
    pub fn number(&self, pointer: &str) -> Result<i64> {
        let found = self.json()?.pointer(pointer).and_then(Value::as_i64);
        found.ok_or_else(|| Error::Lacks { url: self.url.clone(), what: pointer.to_owned() })
    }
}

/// Client.
#[derive(Debug, Clone, Default)]
pub struct Http {
    /// Network namespace of the requests; `None` for this process's own.
    pub namespace: Option<PathBuf>,
}

impl Http {
    /// Sends a request. The request has a thread and runtime of its own, so it works within any runtime.
    pub fn send(&self, request: &Request) -> Result<Answer> {
        let failed = |why: String| Error::Request { url: request.url.clone(), why };
        let answer = thread::scope(|scope| {
            let asking = scope.spawn(|| {
                if let Some(namespace) = &self.namespace {
                    let file = File::open(namespace).map_err(|error| error.to_string())?;
                    setns(file, CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())?;
                }
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.map_err(|error| error.to_string())?.block_on(send(request))
            });
            asking.join().unwrap_or_else(|_| Err("the asking thread panicked".to_owned()))
        });
        answer.map_err(failed)
    }
}

async fn send(request: &Request) -> std::result::Result<Answer, String> {
    // reqwest needs a crypto provider even for plain HTTP; another part of the process may have set one.
    drop(rustls::crypto::ring::default_provider().install_default());
    // No certificates: reading the system's takes ten times as long as an answer, and a test's Gitea uses plain HTTP.
    let client = reqwest::Client::builder().tls_certs_only([]).redirect(Policy::none()).no_proxy();
    let client = client.timeout(ANSWER).build();
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|error| error.to_string())?;
    let mut asked = client.map_err(|error| whole(&error))?.request(method, &request.url).body(request.body.clone());
    for (name, value) in &request.headers {
        asked = asked.header(name, value);
    }
    let answer = asked.send().await.map_err(|error| whole(&error))?;
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Ok(Answer {
        method: request.method.clone(),
        url: request.url.clone(),
        status: answer.status().as_u16(),
        headers: answer.headers().iter().map(header).collect(),
        body: answer.text().await.map_err(|error| whole(&error))?,
    })
}

/// An error with its causes on one line.
fn whole(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
