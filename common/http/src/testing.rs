//! A server for tests that answers by a closure and records the calls, for the tests of this crate and of its users
//! (feature `testing`). tests/doubles imitate Gitea and Drone; this says anything.

#![allow(missing_docs, clippy::unwrap_used, clippy::missing_panics_doc, reason = "only tests use it")]

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::gitea::Gitea;
use crate::{Connect, RawResponse, Transport, TransportError};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Request, StatusCode};
use serde_json::{Value, json};

/// The answer; `None` for a call that is never answered.
pub type Reply = Option<Result<RawResponse, TransportError>>;

type Says = dyn Fn(&str, &str) -> Reply + Send + Sync;

/// Answers by method with path and query (`GET /api/v1/…`), and body.
pub struct Fake {
    says: Box<Says>,
    asked: Mutex<Vec<String>>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub fn new(says: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { says: Box::new(says), asked: Mutex::default() })
    }

    /// The calls since this was last called.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub fn connect(self: &Arc<Self>) -> Connect {
        Connect { transport: Some(self.clone()), ..Connect::within(Duration::from_secs(10)) }
    }

    pub fn gitea(self: &Arc<Self>) -> Gitea {
        Gitea::with_token("http://git.example.org", &"token".into(), &self.connect()).unwrap()
    }
}

impl Transport for Fake {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        let url = request.url();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let line = format!("{} {}{query}", request.method(), url.path());
        let body = request.body().and_then(|body| body.as_bytes()).map(String::from_utf8_lossy).unwrap_or_default();
        let reply = (self.says)(&line, &body);
        self.asked.lock().unwrap().push(line);
        Box::pin(async move {
            match reply {
                Some(reply) => reply,
                None => std::future::pending().await,
            }
        })
    }
}

/// The time this number of seconds after a fixed one.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// An answer in JSON with this date.
pub fn says(status: u16, date: Timestamp, body: &Value) -> Reply {
    raw(status, &[("date", &http_date(date)), ("content-type", "application/json")], body.to_string())
}

/// A list with its total.
pub fn list(date: Timestamp, total: usize, entries: &[Value]) -> Reply {
    let headers =
        [("date", http_date(date)), ("x-total-count", total.to_string()), ("content-type", "application/json".into())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    raw(200, &headers, json!(entries).to_string())
}

pub fn not_found() -> Reply {
    says(404, at(0), &json!({"message": "not found"}))
}

#[allow(clippy::unnecessary_wraps, reason = "as every reply is")]
pub fn raw(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Some(Ok(RawResponse { status: StatusCode::from_u16(status).unwrap(), headers: map, body: body.into() }))
}

pub fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub fn comment(id: i64, author: &str, body: &str, created: i64) -> Value {
    json!({
        "id": id, "user": {"login": author}, "body": body, "created_at": at(created), "updated_at": at(created),
        "pull_request_url": "http://git.example.org/recipes/hello/pulls/7", "issue_url": "",
    })
}

pub fn pull(number: i64) -> Value {
    json!({
        "number": number, "title": "WIP: Add it", "state": "open", "merged": false, "draft": true,
        "head": {"sha": "f".repeat(40), "repo": null},
        "base": {"repo": {"full_name": "recipes/hello", "archived": false}},
    })
}

/// The references of a pull request's head.
pub fn head(number: i64, commit: &str) -> Value {
    json!([{"ref": format!("refs/pull/{number}/head"), "url": "", "object": {"type": "commit", "sha": commit, "url": ""}}])
}

/// A push in a timeline.
pub fn push(id: i64, created: i64, commits: &[&str]) -> Value {
    let body = json!({"is_force_push": false, "commit_ids": commits}).to_string();
    json!({"id": id, "type": "pull_push", "body": body, "created_at": at(created), "updated_at": at(created)})
}

pub fn entry(repository: &str, number: i64, updated: i64, comments: i64) -> Value {
    json!({
        "number": number, "updated_at": at(updated), "comments": comments, "pull_request": {"merged": false},
        "repository": {"full_name": repository},
    })
}
