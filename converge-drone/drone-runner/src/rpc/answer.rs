//! Drone's own answers, told apart from those of a proxy or of another server at its address.
//!
//! Drone answers a runner with 200 and JSON, with 200 or 204 and no body, with 401 or 403 and no body, or with 409 or 500
//! and the text of an error. Any other answer is another server's: it says nothing about a stage.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::Error;

/// The largest answer, in bytes.
const LARGEST: usize = 8 * 1024 * 1024;

/// Drone's error for a report with an old version. Reports of an ended step wrap it in a list of errors.
const OLD_VERSION: &str = "Optimistic Lock";

/// The databases' errors for a row that exists, after a repeated report: `SQLite`, `PostgreSQL`, `MySQL`.
const REPEATED: [&str; 3] = ["UNIQUE constraint failed", "duplicate key value violates unique", "Duplicate entry"];

/// Drone's error for a stage, a step or a build that it does not have.
const NO_ROW: &str = "sql: no rows in result set";

/// Reads the JSON of a success.
pub async fn json<T: DeserializeOwned>(response: Response) -> Result<T, Error> {
    let status = response.status();
    let body = body(response).await?;
    // Errors of serde_json quote values, which may be secrets. The position is enough.
    serde_json::from_slice(&body).map_err(|error| Error::NotDrone {
        status: status.as_u16(),
        message: format!("no JSON of Drone's, at line {} column {}", error.line(), error.column()),
    })
}

/// Reads a success that has no body.
pub async fn nothing(response: Response) -> Result<(), Error> {
    let status = response.status();
    let body = body(response).await?;
    if status == StatusCode::OK && body.is_empty() {
        return Ok(());
    }
    Err(Error::not_drone(status, String::from_utf8_lossy(&body).trim()))
}

/// Reads the error of an answer without success.
pub async fn error(response: Response) -> Error {
    let status = response.status();
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match body(response).await {
        Ok(body) => of_status(status, kind.as_deref(), String::from_utf8_lossy(&body).trim()),
        Err(error) => error,
    }
}

fn of_status(status: StatusCode, kind: Option<&str>, text: &str) -> Error {
    let is_plain = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if text.is_empty() => Error::Secret,
        StatusCode::CONFLICT if is_plain && text.contains(OLD_VERSION) => Error::Conflict,
        StatusCode::INTERNAL_SERVER_ERROR if is_plain && is_text_of_an_error(status, text) => {
            if text.contains(OLD_VERSION) || REPEATED.iter().any(|words| text.contains(words)) {
                Error::Conflict
            } else if text == NO_ROW {
                Error::Unknown
            } else {
                Error::Failed(http::quoted(text).unwrap_or_default())
            }
        }
        _ => Error::not_drone(status, text),
    }
}

/// False for a page, for JSON, and for the bare name of the status, which a proxy or Go's own server writes.
fn is_text_of_an_error(status: StatusCode, text: &str) -> bool {
    let is_name = status.canonical_reason().is_some_and(|name| name.eq_ignore_ascii_case(text));
    !text.is_empty() && !is_name && !text.starts_with(['<', '{'])
}

async fn body(mut response: Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Error::unreachable)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Error::NotDrone {
                status: response.status().as_u16(),
                message: format!("more than {} MiB", LARGEST / 1024 / 1024),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Option<&str> = Some("text/plain; charset=utf-8");

    fn kind(status: u16, kind: Option<&str>, text: &str) -> &'static str {
        match of_status(StatusCode::from_u16(status).unwrap(), kind, text) {
            Error::Secret => "secret",
            Error::Conflict => "conflict",
            Error::Unknown => "unknown",
            Error::Failed(_) => "failed",
            Error::NotDrone { .. } => "not Drone",
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_error_of_drone_is_known() {
        let table = [
            (401, "", "secret"),
            (403, "", "secret"),
            (409, "Optimistic Lock Error", "conflict"),
            (500, "Optimistic Lock Error", "conflict"),
            (500, "1 error occurred:\n\t* Optimistic Lock Error\n\n", "conflict"),
            (500, "UNIQUE constraint failed: logs.log_id", "conflict"),
            (500, "pq: duplicate key value violates unique constraint \"logs_pkey\"", "conflict"),
            (500, "Error 1062: Duplicate entry '7' for key 'PRIMARY'", "conflict"),
            (500, "sql: no rows in result set", "unknown"),
            (500, "database is locked", "failed"),
            (500, "invalid character '<' looking for beginning of value", "failed"),
            (500, "Get \"https://git.example.org/api/v1\": dial tcp: connection refused", "failed"),
        ];
        for (status, text, expected) in table {
            assert_eq!(kind(status, PLAIN, text.trim()), expected, "{status} {text}");
        }
    }

    #[test]
    fn an_answer_of_a_proxy_is_none_of_drones() {
        let table = [
            (404, PLAIN, "404 page not found"),
            (404, None, ""),
            (502, PLAIN, "Bad Gateway"),
            (503, PLAIN, "no available server"),
            (504, PLAIN, "Gateway Timeout"),
            (500, PLAIN, "Internal Server Error"),
            (500, PLAIN, ""),
            (500, Some("text/html"), "sql: no rows in result set"),
            (500, None, "<html><title>Error</title>"),
            (500, Some("application/json"), "{\"message\":\"no upstream\"}"),
            (409, Some("text/html"), "<h1>Optimistic Lock Error</h1>"),
            (409, None, ""),
            (401, Some("text/html"), "<title>Log in</title>"),
            (403, PLAIN, "Forbidden"),
            (301, None, ""),
            (302, Some("text/html"), "<a href=\"/login\">Found</a>."),
            (308, None, "Permanent Redirect"),
            (429, PLAIN, "Too Many Requests"),
            (413, Some("text/html"), "<title>413 Request Entity Too Large</title>"),
        ];
        for (status, content_type, text) in table {
            assert_eq!(kind(status, content_type, text), "not Drone", "{status} {text}");
        }
    }

    #[test]
    fn a_page_is_shown_by_its_title() {
        let error = of_status(StatusCode::BAD_GATEWAY, Some("text/html"), "<html><title>502 at\nedge</title>");
        assert_eq!(error.to_string(), "another server than Drone answers at its address: 502, 502 at edge");
        let error = of_status(StatusCode::NOT_FOUND, PLAIN, "404 page not found");
        assert_eq!(error.to_string(), "another server than Drone answers at its address: 404, 404 page not found");
    }
}
