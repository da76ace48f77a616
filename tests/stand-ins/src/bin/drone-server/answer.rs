//! Answers in the form of the real server's API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error with its HTTP status.
#[derive(Debug)]
pub struct Refusal(pub StatusCode, pub String);

pub type Answer<T = Response> = Result<T, Refusal>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "message": self.1 }))).into_response()
    }
}

pub fn not_found() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "Not Found".to_owned())
}

/// The answer for a missing row.
pub fn no_row() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "sql: no rows in result set".to_owned())
}

pub fn unauthorized() -> Refusal {
    Refusal(StatusCode::UNAUTHORIZED, "Unauthorized".to_owned())
}

pub fn forbidden() -> Refusal {
    Refusal(StatusCode::FORBIDDEN, "Forbidden".to_owned())
}

pub fn bad(error: impl ToString) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, error.to_string())
}

pub fn internal(error: impl ToString) -> Refusal {
    Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

pub fn missing(error: impl ToString) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, error.to_string())
}

/// Parses a body; like the real server, ignores the content type.
pub fn body<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(bad)
}
