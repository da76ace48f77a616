//! Answers in the form of Gitea's API.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// An answer before it is sent.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("Content-Type".to_owned(), kind.to_owned())], body: body.into() }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// A request that is not carried out.
#[derive(Debug, Clone)]
pub enum Refusal {
    /// A status with a message.
    Said(u16, String),
    /// A status without a body.
    Silent(u16),
    /// A redirect: status and target.
    Moved(u16, String),
}

pub type Answer<T = Reply> = Result<T, Refusal>;

impl Refusal {
    pub fn reply(self, address: &str) -> Reply {
        match self {
            Self::Said(status, message) => {
                let body = json!({"message": message, "url": format!("{address}/api/swagger")});
                Reply::new(status, "application/json;charset=utf-8", body.to_string())
            }
            Self::Silent(status) => Reply { status, headers: Vec::new(), body: Vec::new() },
            Self::Moved(status, to) => Reply { status, headers: Vec::new(), body: Vec::new() }.header("Location", to),
        }
    }
}

pub fn refuse<T>(status: StatusCode, message: impl Into<String>) -> Answer<T> {
    Err(Refusal::Said(status.as_u16(), message.into()))
}

pub fn not_found() -> Refusal {
    Refusal::Said(404, "not found".to_owned())
}

pub fn forbidden(message: &str) -> Refusal {
    Refusal::Said(403, message.to_owned())
}

pub fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::Said(422, message.into())
}

pub fn unauthorized(message: &str) -> Refusal {
    Refusal::Said(401, message.to_owned())
}

/// The answer 500 for an error of this machine.
#[allow(clippy::needless_pass_by_value)] // It is what errors are mapped by.
pub fn broken(error: impl ToString) -> Refusal {
    let message = error.to_string();
    eprintln!("error: {message}");
    Refusal::Said(500, message)
}

pub fn ok(body: &Value) -> Answer {
    Ok(with(200, body))
}

pub fn created(body: &Value) -> Answer {
    Ok(with(201, body))
}

pub fn with(status: u16, body: &Value) -> Reply {
    Reply::new(status, "application/json;charset=utf-8", body.to_string())
}

pub fn nothing() -> Answer {
    Ok(Reply { status: 204, headers: Vec::new(), body: Vec::new() })
}
