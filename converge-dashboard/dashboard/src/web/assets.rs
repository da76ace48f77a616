//! The style sheet and the script, part of the program.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

const STYLE: &str = include_str!("../../assets/style.css");
const SCRIPT: &str = include_str!("../../assets/script.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// Answers `/assets/<name>`.
pub async fn answer(Path(name): Path<String>) -> Response {
    match name.as_str() {
        "style.css" => ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response(),
        "script.js" => ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response(),
        "icon.svg" => ([(CONTENT_TYPE, "image/svg+xml")], ICON).into_response(),
        _ => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
    }
}
