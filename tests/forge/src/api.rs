//! Gitea's API under one account.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::error::Result;
use crate::http::{Answer, Http, Request};

/// Client of the paths below `/api/v1`.
#[derive(Debug, Clone)]
pub struct Api {
    http: Http,
    address: String,
    authorization: Option<String>,
}

impl Api {
    /// A client without an account.
    pub fn new(http: Http, address: &str) -> Self {
        Self { http, address: address.trim_end_matches('/').to_owned(), authorization: None }
    }

    /// The same API with an account's token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { authorization: Some(format!("token {token}")), ..self.clone() }
    }

    /// The same API with an account's name and password.
    #[must_use]
    pub fn with_password(&self, name: &str, password: &str) -> Self {
        Self { authorization: Some(basic(name, password)), ..self.clone() }
    }

    /// Sends a request and accepts any status.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = Request::new(method, format!("{}/api/v1{path}", self.address));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization.clone());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.http.send(&request)
    }

    /// GET; any status but success is an error, as in the next four functions.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.ask("GET", path, None)?.ok()
    }

    /// POST.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask("POST", path, Some(body))?.ok()
    }

    /// PUT.
    pub fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask("PUT", path, Some(body))?.ok()
    }

    /// PATCH.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        self.ask("PATCH", path, Some(body))?.ok()
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.ask("DELETE", path, None)?.ok()
    }
}

/// The header with a name and a password.
pub(crate) fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}
