//! The two servers, as their stand-ins answer: statuses, headers, JSON and quirks, for the calls that the bridge makes.

mod drone;
mod gitea;
mod pages;
mod show;

use reqwest::Method;
use serde_json::{Value, json};

pub use drone::{Build, Drone, Mood};
pub use gitea::{Gitea, PullRequest, Repository};

pub const BOT: &str = "ci-bot";
pub const GITEA: &str = "http://git.test";
pub const DRONE: &str = "http://drone.test";
pub const GITEA_TOKEN: &str = "the bot's token at Gitea";
pub const DRONE_TOKEN: &str = "the token at Drone";

/// A request, read.
#[derive(Debug, Clone)]
pub struct Call {
    pub is_gitea: bool,
    pub method: Method,
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    pub token: String,
    pub body: Value,
}

/// An answer, before it is put on the wire.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Call {
    pub fn read(request: &reqwest::Request) -> Self {
        let url = request.url();
        let token = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        Self {
            is_gitea: url.host_str() == Some("git.test"),
            method: request.method().clone(),
            path: url.path_segments().into_iter().flatten().map(ToOwned::to_owned).collect(),
            query: url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect(),
            token: token.trim_start_matches("Bearer ").to_owned(),
            body: serde_json::from_slice(body).unwrap_or_default(),
        }
    }

    pub fn asked(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// `GET /api/v1/…?…`
    pub fn line(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} /{}{mark}{}", self.method, self.path.join("/"), query.join("&"))
    }

    pub fn changes(&self) -> bool {
        self.method != Method::GET
    }
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        let kind = "application/json;charset=utf-8".to_owned();
        Self { status, headers: vec![("content-type", kind)], body: body.to_string() }
    }

    pub fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), body: String::new() }
    }

    pub fn said(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"message": message, "url": format!("{GITEA}/api/swagger")}))
    }

    pub fn page(status: u16, title: &str) -> Self {
        let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self { status, headers: vec![("content-type", "text/html".into())], body }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
