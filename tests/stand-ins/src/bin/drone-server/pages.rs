//! The pages for browsers: a build with its logs, and the error of a failed login.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::Uri;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::access::{Reader, Visitor};
use crate::answer::Refusal;
use crate::live::Line;
use crate::model::{Build, Step, is_done};
use crate::server::Server;

const STYLE: &str = "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
pre{background:#8882;padding:1rem;overflow:auto}";

/// Script that follows a running step's log from the end of the page.
const FOLLOW: &str = "\
document.querySelectorAll('pre[data-stream]').forEach(function (pre) {
  var source = new EventSource(pre.dataset.stream);
  source.onmessage = function (event) { pre.textContent += JSON.parse(event.data).out; };
  source.addEventListener('error', function (event) { if (event.data === 'eof') { source.close(); location.reload(); } });
});";

pub fn page(title: &str, body: &str) -> Html<String> {
    let title = escape(title);
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title} | Drone CI</title>\n\
         <style>{STYLE}</style>\n<h1>{title}</h1>\n{body}\n"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub async fn health() -> &'static str {
    "OK"
}

pub async fn version(State(server): State<Arc<Server>>) -> Response {
    axum::Json(serde_json::json!({"version": server.settings.version})).into_response()
}

/// The page for every other path; the real server fills it in the browser.
pub async fn index(Visitor(account): Visitor, uri: Uri) -> Response {
    match account {
        None if uri.path() == "/" => Redirect::to("/welcome").into_response(),
        None => page("Drone", "<p><a href=\"/login\">Log in</a></p>").into_response(),
        Some(account) => {
            let said = format!("<p>Logged in as {}.</p>", escape(&account.user.login));
            page("Drone", &said).into_response()
        }
    }
}

pub async fn login_error(Query(query): Query<HashMap<String, String>>) -> Html<String> {
    let said = query.get("message").map(String::as_str).unwrap_or_default();
    page("Login failed", &format!("<p>{}</p>\n<p><a href=\"/login\">Try again</a></p>", escape(said)))
}

pub async fn repository(State(server): State<Arc<Server>>, reader: Result<Reader, Refusal>) -> Html<String> {
    let Ok(Reader { kept, .. }) = reader else { return page("Not found", "<p><a href=\"/login\">Log in</a></p>") };
    let mut body = "<ul>".to_owned();
    let builds: Vec<Build> = server.read(|state| {
        state.builds.values().rev().filter(|it| it.repo_id == kept.repository.id).take(50).cloned().collect()
    });
    for build in builds {
        let (slug, number, status) = (&kept.repository.slug, build.number, escape(&build.status));
        let _ = writeln!(body, "<li><a href=\"/{slug}/{number}\">{number}</a> {status}");
    }
    page(&kept.repository.slug, &(body + "</ul>"))
}

pub async fn build(
    State(server): State<Arc<Server>>,
    reader: Result<Reader, Refusal>,
    Path((_, _, number)): Path<(String, String, String)>,
) -> Html<String> {
    let found = reader.ok().and_then(|Reader { kept, .. }| {
        let number = number.parse().ok()?;
        let build = server.read(|state| state.build(kept.repository.id, number).map(|it| state.whole(it)))?;
        Some((kept.repository, build))
    });
    let Some((repository, build)) = found else {
        return page("Not found", "<p><a href=\"/login\">Log in</a></p>");
    };
    let mut body = format!("<p>{} <code>{}</code> {}</p>\n", escape(&build.status), build.after, escape(&build.error));
    for (key, value) in &build.params {
        let _ = writeln!(body, "<code>{}={}</code><br>", escape(key), escape(value));
    }
    for stage in &build.stages {
        let (name, status, error) = (escape(&stage.name), escape(&stage.status), escape(&stage.error));
        let _ = writeln!(body, "<h2>{name}: {status}</h2>\n<p>{error}</p>");
        for step in &stage.steps {
            let place = format!("/api/stream/{}/{}/{}/{}", repository.slug, build.number, stage.number, step.number);
            body += &log(&server, step, &place);
        }
    }
    page(&format!("{} #{}", repository.slug, build.number), &format!("{body}<script>{FOLLOW}</script>"))
}

fn log(server: &Server, step: &Step, place: &str) -> String {
    let (name, status) = (escape(&step.name), escape(&step.status));
    let lines: Vec<Line> = std::fs::read(server.log_file(step.id))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let text: String = lines.iter().map(|line| escape(&line.out)).collect();
    let live = if is_done(&step.status) { String::new() } else { format!(" data-stream=\"{}\"", escape(place)) };
    format!("<h3>{name}: {status}</h3>\n<pre{live}>{text}</pre>\n")
}
