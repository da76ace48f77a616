//! Reports to servers that answer wrongly first.

use std::fs::File;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::tests::drone::{MACHINE, Server, answer, details, drone, failure, no_route, stage};

const HTML: &str = "text/html; charset=utf-8";

/// A report of a stage in a folder of its own.
fn report(server: &Server) -> (TempDir, Report) {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path(), 7);
    folder.create(&stage()).unwrap();
    (directory, Report::new(server.client.clone(), folder, stage()))
}

/// Answers of a proxy, or of another server, at Drone's address.
fn not_drones() -> Vec<String> {
    vec![
        no_route(),
        answer("404 Not Found", HTML, "<title>404</title>"),
        answer("502 Bad Gateway", "text/plain; charset=utf-8", "Bad Gateway"),
        answer("503 Service Unavailable", "text/plain; charset=utf-8", "no available server\n"),
        answer("504 Gateway Timeout", "", ""),
        answer("500 Internal Server Error", "text/plain", "Internal Server Error"),
        answer("500 Internal Server Error", HTML, "<h1>sql: no rows in result set</h1>"),
        answer("409 Conflict", "", ""),
        answer("401 Unauthorized", HTML, "<title>Log in</title>"),
        answer("403 Forbidden", "text/plain", "blocked"),
        answer("301 Moved Permanently\r\nLocation: /elsewhere", "", ""),
        answer(
            "302 Found\r\nLocation: https://sso.example.org/",
            HTML,
            "<a href=\"https://sso.example.org/\">Found</a>.",
        ),
        answer("308 Permanent Redirect\r\nLocation: /elsewhere", "", ""),
        answer("200 OK", HTML, "<!doctype html><title>Welcome</title>"),
        answer("200 OK", "application/json", "{}"),
        answer("200 OK", "application/json", "{\"id\":8,\"version\":1}"),
        answer("200 OK", "application/octet-stream", "\u{1}\u{2}"),
        answer("200 OK", "", ""),
        answer("204 No Content", "", ""),
        // Cut off.
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":7".into(),
        String::new(),
    ]
}

#[tokio::test]
async fn an_end_is_reported_until_drone_itself_takes_it() {
    let ends = not_drones().into_iter().map(async |wrong| {
        let server = Server::answering(&[wrong.clone(), drone(&json!({ "id": 7, "version": 4 }))]).await;
        let (_directory, report) = report(&server);
        report.close(Status::Failure, "");
        report.end().await;
        let asked = server.asked();
        assert_eq!(server.lines(), ["PUT /rpc/v2/stage/7"; 2], "{wrong}");
        assert_eq!((&asked[1].1["status"], &asked[1].1["version"]), (&json!("failure"), &json!(3)), "{wrong}");
        assert_eq!(asked[1].1["steps"][0]["status"], "killed");
    });
    join_all(ends).await;
}

#[tokio::test]
async fn a_start_and_a_log_wait_for_drone_itself() {
    let starts = not_drones().into_iter().map(async |wrong| {
        let begun =
            json!({ "id": 7, "version": 4, "steps": [{ "id": 70, "number": 1, "name": "test", "version": 1 }] });
        let nothing = answer("200 OK", "", "");
        let server = Server::answering(&[wrong.clone(), drone(&begun), no_route(), nothing]).await;
        let (_directory, report) = report(&server);
        report.start(stage()).await.unwrap();
        report.log(0, b"[]").await;
        let expected = ["PUT /rpc/v2/stage/7", "POST /rpc/v2/step/70/logs/upload"].map(|line| [line, line]).concat();
        assert_eq!(server.lines(), expected, "{wrong}");
    });
    join_all(starts).await;
}

#[tokio::test]
async fn a_log_that_a_proxy_refuses_does_not_hold_up_the_end() {
    for status in ["413 Request Entity Too Large", "403 Forbidden"] {
        let server = Server::answering(&[answer(status, HTML, "<title>refused</title>")]).await;
        let (_directory, report) = report(&server);
        report.log(0, b"[]").await;
        assert_eq!(server.asked().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_cancel_is_drones_own_answer_only() {
    let polls = not_drones().into_iter().filter(|wrong| *wrong != answer("200 OK", "", "")).map(async |wrong| {
        let server = Server::answering(&[wrong.clone(), answer("200 OK", "", "")]).await;
        assert!(!server.client.wait_for_end(3).await.is_ok_and(|ended| ended), "{wrong}");
        assert!(server.client.wait_for_end(3).await.unwrap());
    });
    join_all(polls).await;
}

#[tokio::test]
async fn drones_refusal_ends_a_report() {
    let gone = Server::answering(&[failure("500 Internal Server Error", "sql: no rows in result set")]).await;
    let (_directory, report_of_gone) = report(&gone);
    report_of_gone.end().await;
    assert_eq!(gone.asked().len(), 1, "its build was deleted");

    let old = failure("409 Conflict", "Optimistic Lock Error");
    for over in [
        json!({ "id": 7, "status": "killed", "machine": MACHINE }),
        json!({ "id": 7, "status": "running", "machine": "ci-2" }),
    ] {
        // Traefik may lose its route between the two requests.
        let server = Server::answering(&[old.clone(), no_route(), old.clone(), details(&over)]).await;
        let (_directory, report) = report(&server);
        report.end().await;
        let expected = ["PUT /rpc/v2/stage/7", "GET /rpc/v2/stage/7"].repeat(2);
        assert_eq!(server.lines(), expected, "{over}");
    }
}

#[tokio::test]
async fn a_stage_of_another_version_is_ended_after_its_steps() {
    let theirs = json!({ "id": 7, "status": "running", "machine": MACHINE, "version": 9, "name": "default" });
    let old_step = failure("500 Internal Server Error", "1 error occurred:\n\t* Optimistic Lock Error\n\n");
    let step = drone(&json!({ "id": 70, "number": 1, "name": "test", "version": 4 }));
    let answers = [
        failure("409 Conflict", "Optimistic Lock Error"),
        details(&theirs),
        old_step,
        step,
        drone(&json!({ "id": 7, "version": 10 })),
    ];
    let server = Server::answering(&answers).await;
    let (_directory, report) = report(&server);
    report.close(Status::Success, "");
    report.end().await;
    let asked = server.asked();
    let lines = [
        "PUT /rpc/v2/stage/7",
        "GET /rpc/v2/stage/7",
        "PUT /rpc/v2/step/70",
        "PUT /rpc/v2/step/70",
        "PUT /rpc/v2/stage/7",
    ];
    assert_eq!(server.lines(), lines);
    assert_eq!((&asked[3].1["version"], &asked[3].1["status"]), (&json!(3), &json!("killed")));
    assert_eq!((&asked[4].1["version"], &asked[4].1["status"]), (&json!(9), &json!("success")));
}

#[tokio::test]
async fn an_end_is_given_up_after_a_day() {
    let server = Server::answering(&[no_route()]).await;
    let (directory, report) = report(&server);
    report.close(Status::Success, "");
    let yesterday = SystemTime::now() - Duration::from_hours(25);
    File::open(directory.path().join("stages/7/stage.json")).unwrap().set_modified(yesterday).unwrap();
    report.end().await;
    assert_eq!(server.asked().len(), 1);
}
