//! Whatever Drone answers.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{Body, Connect, Error, RawResponse, Transport, TransportError};
use base::backoff::Backoff;
use fastrand::Rng;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use reqwest::header::HeaderName;
use reqwest::{Method, Request, StatusCode};

use super::super::Status;
use super::{Build, Builds, Page, Stage};

/// Answers everything alike, at once.
struct Always {
    answer: Mutex<RawResponse>,
    asked: Mutex<Vec<String>>,
}

impl fmt::Debug for Always {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Always")
    }
}

impl Transport for Always {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<RawResponse, TransportError>> {
        self.asked.lock().unwrap().push(format!("{} {}", request.method(), request.url()));
        Box::pin(std::future::ready(Ok(self.answer.lock().unwrap().clone())))
    }
}

fn status(word: &str) -> Status {
    serde_json::from_value(word.into()).unwrap()
}

fn carried(status: u16, body: impl Into<Vec<u8>>, headers: &[(&'static str, &str)]) -> RawResponse {
    let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
    RawResponse { status: StatusCode::from_u16(status).unwrap(), headers: headers.collect(), body: body.into() }
}

fn always(status: u16, body: impl Into<Vec<u8>>) -> Arc<Always> {
    Arc::new(Always { answer: carried(status, body, &[]).into(), asked: Mutex::default() })
}

fn drone(transport: &Arc<Always>) -> Builds {
    let connect = Connect {
        transport: Some(transport.clone()),
        backoff: Backoff::ONCE,
        ..Connect::within(Duration::from_secs(10))
    };
    Builds::new("http://drone.test/below", &"recipes/ci".parse().unwrap(), &"token".into(), &connect).unwrap()
}

#[tokio::test]
async fn stages_and_the_timeout_are_read_and_null_is_none() {
    let stages = async |body: &'static str| drone(&always(200, body)).stages(4).await;
    let read = stages(
        r#"{"number": 4, "stages": [{"status": "error", "error": "the runner ended; start the build again", "steps": null},
            {"status": "error", "error": "systemd has lost the step's unit", "steps": [{"number": 1}, {"number": 2}]},
            {"status": "error", "error": "line 3: no steps"}, {"status": "failure", "steps": [{}]}]}"#,
    );
    let read = read.await.unwrap().unwrap();
    let ended: Vec<bool> = read.iter().map(Stage::was_ended_by_its_runner).collect();
    assert_eq!((ended, read[1].steps), (vec![true, true, false, false], 2));
    for none in [r#"{"number": 4}"#, r#"{"number": 4, "stages": null}"#, r#"{"number": 4, "stages": []}"#] {
        assert_eq!(stages(none).await.unwrap(), Some(vec![]));
    }
    assert!(stages("null").await.is_err() && stages(r#"{"stages": 7}"#).await.is_err());
    let timeout = async |body: &'static str| drone(&always(200, body)).timeout().await;
    assert_eq!(timeout(r#"{"timeout": 90}"#).await.unwrap(), Some(Duration::from_mins(90)));
    for default in [r#"{"timeout": 0}"#, r#"{"timeout": -5}"#] {
        assert_eq!(timeout(default).await.unwrap(), None);
    }
    assert!(timeout("{}").await.is_err());
}

const BUILD: &str = r#"{"id": 9, "number": 4, "status": "running", "created": 1800000000, "started": 1800000001,
    "finished": 0, "params": {"TRIGGER": "17"}, "unknown": [1]}"#;

#[tokio::test(start_paused = true)]
async fn calls_are_as_drone_has_them() {
    let server = always(200, BUILD);
    let drone = drone(&server);
    assert_eq!(drone.build(4).await.unwrap().unwrap().trigger(), Some(17));
    assert_eq!(drone.cancel(4).await.unwrap().unwrap().status, Status::Running);
    let parameters = [("RECIPE", "a b&c"), ("TRIGGER", "17")];
    assert_eq!(drone.create(Some("next/one"), &parameters).await.unwrap().unwrap().number, 4);
    drone.create(None, &parameters).await.unwrap();
    assert!(matches!(drone.newest(2).await.unwrap_err(), Error::NotUnderstood { .. }));
    let at = "http://drone.test/below/api/repos/recipes/ci/builds";
    assert_eq!(
        *server.asked.lock().unwrap(),
        [
            format!("GET {at}/4"),
            format!("DELETE {at}/4"),
            format!("POST {at}?branch=next%2Fone&RECIPE=a+b%26c&TRIGGER=17"),
            format!("POST {at}?RECIPE=a+b%26c&TRIGGER=17"),
            format!("GET {at}?page=2&per_page=100"),
        ]
    );
    assert!(matches!(drone.build(5).await.unwrap_err(), Error::NotUnderstood { .. }), "another build is none");
}

#[tokio::test(start_paused = true)]
async fn a_list_has_the_time_of_drone() {
    let server = always(200, "");
    let date = ("date", "Fri, 15 Jan 2027 08:00:00 GMT");
    *server.answer.lock().unwrap() = carried(200, format!("[{BUILD}]"), &[date]);
    let page = drone(&server).newest(1).await.unwrap();
    assert_eq!(page.time, Some(Timestamp::from_second(1_800_000_000).unwrap()));
    assert_eq!((page.builds.len(), page.builds[0].status), (1, Status::Running));
}

#[tokio::test(start_paused = true)]
async fn an_odd_build_hides_no_other() {
    for odd in [
        "null",
        r#"{"number": 5}"#,
        r#"{"number": 0, "status": "running", "created": 1800000000, "params": {"TRIGGER": "18"}}"#,
        r#"{"number": 5, "status": 7, "created": 1800000000, "params": {"TRIGGER": "18"}}"#,
        r#"{"number": 5, "status": "running", "created": null, "params": {"TRIGGER": "18", "X": 1}}"#,
    ] {
        let page = drone(&always(200, format!("[{odd},{BUILD}]"))).newest(1).await.unwrap();
        assert_eq!(page.builds.iter().map(|build| build.number).collect::<Vec<_>>(), [4], "{odd}");
        assert_eq!(page.left_out.len(), 1, "{odd}");
        assert_eq!(page.left_out[0].trigger, odd.contains("TRIGGER").then_some(18), "{odd}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_build_is_none() {
    let gone = always(404, "{\"message\": \"sql: no rows in result set\"}");
    assert_eq!(drone(&gone).build(1).await.unwrap(), None);
    assert_eq!(drone(&gone).cancel(1).await.unwrap(), None);
    assert!(drone(&gone).newest(1).await.unwrap_err().is_not_found());
    assert!(drone(&gone).create(None, &[]).await.unwrap_err().is_not_found());
    // By the proxy before it, it says nothing of the build.
    let proxy = always(404, "404 page not found\n");
    assert!(drone(&proxy).build(1).await.is_err());
    let null = always(200, "null");
    assert_eq!(drone(&null).create(None, &[]).await.unwrap(), None);
    assert!(drone(&null).newest(1).await.is_err());
    assert!(drone(&null).build(1).await.is_err());
}

#[test]
fn words_of_drone() {
    let over = ["success", "failure", "killed", "error", "skipped", "declined"];
    let open = ["pending", "running", "blocked", "waiting_on_dependencies", "", "SUCCESS", "done"];
    assert!(over.iter().all(|word| status(word).is_over()));
    assert!(open.iter().all(|word| !status(word).is_over()));
}

#[test]
fn a_comment_is_a_number() {
    let of = |trigger: &str| {
        let build: Build = serde_json::from_str(&BUILD.replace("17", trigger)).unwrap();
        build.trigger()
    };
    assert_eq!(of("9223372036854775807"), Some(i64::MAX));
    for odd in ["", "17x", "9223372036854775808", "1.0", " 17"] {
        assert_eq!(of(odd), None, "{odd}");
    }
}

/// A text that looks like Drone's, more or less.
fn odd(random: &mut Rng) -> Vec<u8> {
    const WORDS: &[&str] = &[
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "null",
        "true",
        "-1",
        "0",
        "1e999",
        "9223372036854775808",
        "\"number\"",
        "\"status\"",
        "\"created\"",
        "\"params\"",
        "\"TRIGGER\"",
        "\"17\"",
        "\"pending\"",
        "\"\\ud800\"",
        "\"",
        "<html>",
        "\u{0}",
        "é",
        BUILD,
    ];
    let mut text = match random.u8(..4) {
        0 => (0..random.usize(..40)).map(|_| random.u8(..)).collect(),
        1 => (0..random.usize(..30)).flat_map(|_| random.choice(WORDS).copied().unwrap_or_default().bytes()).collect(),
        2 => BUILD.as_bytes().to_vec(),
        _ => format!("[{BUILD},{BUILD}]").into_bytes(),
    };
    for _ in 0..random.usize(..4) {
        if text.is_empty() {
            break;
        }
        let at = random.usize(..text.len());
        match random.u8(..3) {
            0 => text[at] = random.u8(..),
            1 => text.truncate(at),
            _ => {
                let word = random.choice(WORDS).copied().unwrap_or_default();
                text.splice(at..at, word.bytes());
            }
        }
    }
    text
}

#[tokio::test(start_paused = true)]
async fn no_answer_makes_it_panic() {
    const CASES: u64 = 250_000;
    let server = always(200, "");
    let drone = drone(&server);
    let url = drone.client.url(&[], &[]);
    let request = crate::Request { method: Method::GET, url, identity: &drone.identity, body: Body::None };
    let mut understood = 0;
    for seed in 0..CASES {
        let mut random = Rng::with_seed(seed);
        let status = random.choice([200, 200, 200, 204, 302, 401, 404, 500]).unwrap();
        let headers = [("content-type", "application/json"), ("date", "Fri, 15 Foo")];
        *server.answer.lock().unwrap() = carried(status, odd(&mut random), &headers[..random.usize(..3)]);
        server.asked.lock().unwrap().clear();
        let answer = drone.client.ask(&request).await.unwrap();
        let parsed = [Page::of(&answer).is_ok(), Build::of(&answer, 4).is_ok(), Build::made(&answer).is_ok()];
        understood += u64::from(parsed.contains(&true));
        drop(answer.or_failure());
    }
    // Not all of it is nonsense.
    assert!((CASES / 50..CASES / 2).contains(&understood), "{understood}");
}
