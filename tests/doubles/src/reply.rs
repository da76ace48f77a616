//! A reply, before it is put on the wire.

use http::RawResponse;
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::GITEA;

/// A reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, without `Date` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A JSON document.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    /// The same, as text already.
    pub fn json_text(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/json;charset=utf-8".to_owned())], body }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// A refusal as Gitea's API words it.
    pub fn refusal(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"message": message, "url": format!("{GITEA}/api/swagger")}))
    }

    /// A web page.
    pub fn page(status: u16, title: &str) -> Self {
        let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
        Self { status, headers: vec![("content-type", "text/html".into())], body }
    }

    /// The same with one header more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the server's date.
    #[must_use]
    pub fn dated(self, now: Timestamp) -> Self {
        self.header("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    /// The reply as an HTTP client receives it.
    pub fn into_response(self) -> RawResponse {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.append(name, value.parse().unwrap());
        }
        RawResponse { status: StatusCode::from_u16(self.status).unwrap(), headers, body: self.body.into_bytes() }
    }
}
