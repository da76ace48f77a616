//! No secret is ever shown: not in a log, not in an answer, whatever servers and clients send.

use std::fs;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::running::{DRONE_TOKEN, GITEA_TOKEN, Place, SECRET, comment};
use crate::server::{Reply, Request, Server};
use crate::wire::{deliver, get, post};

/// A Gitea in which a member comments; it says again what it was sent when it is to be written to.
fn lively() -> Server {
    Server::start(|request| {
        let head = "0123456789012345678901234567890123456789";
        let reply = match request.path.split('?').next().unwrap_or_default() {
            "/api/v1/repos/issues/search" => json!([]),
            "/api/v1/repos/recipes/hello/issues/comments/41" => comment(41, "!testme")["comment"].take(),
            "/api/v1/orgs/recipes/members/mara" => return Reply::Json(204, String::new()),
            "/api/v1/repos/recipes/hello/pulls/1" => json!({
                "number": 1, "title": "", "state": "open", "merged": false, "head": {"sha": head},
                "base": {"repo": {"full_name": "recipes/hello", "archived": false}},
            }),
            "/api/v1/repos/recipes/hello/git/refs/pull/1/head" => {
                json!([{"ref": "refs/pull/1/head", "object": {"type": "commit", "sha": head}}])
            }
            "/api/v1/repos/recipes/hello/issues/1/timeline" => {
                let pushed = json!({"is_force_push": false, "commit_ids": [head]}).to_string();
                let push = json!({"id": 1, "type": "pull_push", "created_at": "2026-01-01T00:00:00Z", "body": pushed});
                if request.path.contains("page=1") { json!([push]) } else { json!([]) }
            }
            _ => return again(request),
        };
        Reply::Json(200, reply.to_string())
    })
}

fn again(request: &Request) -> Reply {
    let said = format!("you sent {} {} {}", request.method, request.path, request.authorization);
    Reply::Json(if request.path.contains("search") { 403 } else { 500 }, json!({"message": said}).to_string())
}

/// Servers that say again whatever they were sent, as an error.
fn echo() -> Server {
    Server::start(again)
}

fn asked(server: &Server, with: &str) -> bool {
    server.seen().iter().any(|request| request.authorization.contains(with))
}

#[test]
fn no_secret_is_in_a_log_or_an_answer() {
    for (gitea, is_lively) in [(echo(), false), (lively(), true)] {
        let drone = echo();
        let place = Place::new(&gitea.address(), &drone.address());
        let mut running = if is_lively { place.start_and_poll() } else { place.start() };
        deliver(running.listen, SECRET, "issue_comment", &comment(41, "!testme").to_string());
        running.until("Gitea is asked", |_| asked(&gitea, GITEA_TOKEN));
        if is_lively {
            running.until("Drone is asked", |_| asked(&drone, DRONE_TOKEN));
            running.until("it says what Drone says", |running| running.said().contains("you sent"));
        }
        deliver(running.listen, "wrong", "issue_comment", &comment(42, SECRET).to_string());
        post(running.listen, &[("X-Gitea-Signature", SECRET), ("X-Gitea-Event", SECRET)], SECRET);
        let mut shown = Vec::new();
        for path in ["/healthz", "/hook", "/run/secrets/gitea_token"] {
            shown.push(get(running.listen, path).body);
        }
        running.signal(Signal::SIGTERM);
        assert_eq!(running.ended(), 0);
        shown.push(running.said());
        for folder in ["ledger", "published"] {
            for entry in fs::read_dir(place.path(folder)).unwrap() {
                shown.push(String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap()).into_owned());
            }
        }
        for secret in [GITEA_TOKEN, DRONE_TOKEN, SECRET] {
            assert!(shown.iter().all(|text| !text.contains(secret)), "{secret} is shown: {shown:?}");
        }
        assert!(running.said().contains("ready"), "{}", running.said());
    }
}

#[test]
fn details_of_problems_are_shown_only_inside_the_container() {
    let place = Place::new("http://127.0.0.1:1", "http://127.0.0.1:1");
    let mut running = place.start();
    running.until("Gitea is missed", |running| get(running.listen, "/healthz").body.contains("cannot be reached"));
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    let public = crate::wire::raw(running.listen, request.as_bytes());
    assert_eq!(public.status, 200);
    let shown = public.json();
    let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["healthy", "problems", "version"], "{shown}");
}

#[test]
fn a_client_cannot_write_log_lines() {
    let gitea = Server::start(|_| Reply::Json(500, "{\"message\":\"a\\nERROR forged \\u001b[31m\"}".into()));
    let place = Place::new(&gitea.address(), &gitea.address());
    let mut running = place.start();
    running.until("Gitea fails", |running| running.said().contains("forged"));
    assert!(!running.said().contains('\u{1b}') && !running.said().contains("\nERROR"), "{}", running.said());
}
