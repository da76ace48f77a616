//! Deliveries: a real one, and hundreds of thousands that are none.

use axum::http::HeaderMap;
use fastrand::Rng;
use secrecy::SecretString;
use serde_json::Value;

use super::command_in;
use super::signed::is_right;
use crate::trigger::Command;
use daemon::limit::Sender;
use http::names::is_login;

/// A delivery of Gitea 1.26.0 for a member's comment, byte by byte, and its signature with the secret `s`.
const REAL: &[u8] = include_bytes!("tests/delivery.json");
const SIGNATURE: &str = "bcaa98fa6a709586d0c1902cba862e27306df20e75029e9e8a62f1aa4b0861da";

const EVENT: &str = "issue_comment";
/// How many of each kind.
const CASES: usize = 100_000;

fn signed(signature: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(value) = signature.try_into() {
        headers.insert("x-gitea-signature", value);
    }
    headers
}

#[test]
fn a_real_delivery_is_right_and_tells_of_its_command() {
    assert!(is_right(&SecretString::from("s"), &signed(SIGNATURE.as_bytes()), REAL));
    assert!(!is_right(&SecretString::from("t"), &signed(SIGNATURE.as_bytes()), REAL));
    assert!(!is_right(&SecretString::from("s"), &signed(SIGNATURE.as_bytes()), &REAL[1..]));
    let found = command_in(EVENT, REAL).unwrap();
    assert_eq!((found.pull.to_string().as_str(), found.author.as_str()), ("recipes/hello#1", "mara"));
    assert_eq!(found.command, Command::Test { quick: false });
    assert_eq!(found.delivered_head.as_deref(), Some("48a9515da723ffbfcdeb0886904dcf29953e3fac"));
    assert_eq!(command_in("pull_request", REAL), None);
}

#[test]
fn a_delivery_with_another_head_tells_of_the_comment_alone() {
    let real: Value = serde_json::from_slice(REAL).unwrap();
    let none = [
        serde_json::json!(null),
        serde_json::json!(7),
        serde_json::json!({"head": null}),
        serde_json::json!({"head": {"sha": ""}}),
        serde_json::json!({"head": {"sha": "main"}}),
    ];
    for pull_request in none {
        let mut delivery = real.clone();
        delivery["pull_request"] = pull_request;
        let found = command_in(EVENT, delivery.to_string().as_bytes()).unwrap();
        assert_eq!(found.delivered_head, None, "{delivery}");
    }
    let mut delivery = real;
    delivery.as_object_mut().unwrap().remove("pull_request");
    assert_eq!(command_in(EVENT, delivery.to_string().as_bytes()).unwrap().delivered_head, None);
}

/// Whatever is found is what may be used as part of a path and a key.
fn look(body: &[u8]) -> bool {
    let Some(found) = command_in(EVENT, body) else { return false };
    assert!(found.comment > 0 && found.pull.number > 0);
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    assert!(is_login(&found.author) && plain(found.pull.repository.owner()) && plain(found.pull.repository.name()));
    true
}

#[test]
fn arbitrary_bytes_are_nothing() {
    let mut random = Rng::with_seed(5);
    for _ in 0..CASES {
        let bytes: Vec<u8> = (0..random.usize(..200)).map(|_| random.u8(..)).collect();
        assert!(!look(&bytes));
        let json: Vec<u8> = (0..random.usize(..200)).map(|_| *random.choice(br#"{}[]",:\0e-tfn u"#).unwrap()).collect();
        assert!(!look(&json));
        let headers = signed(&bytes);
        assert!(!is_right(&SecretString::from("s"), &headers, &json));
        let _ = Sender::new([10, 0, 0, 1].into(), Some(&String::from_utf8_lossy(&bytes)));
    }
    println!("{} cases", 2 * CASES);
}

#[test]
fn a_real_delivery_with_other_bytes_never_panics() {
    let mut random = Rng::with_seed(6);
    // Without what is not read, so that most changes hit what is.
    let read = small().to_string().into_bytes();
    let mut found = 0;
    for _ in 0..CASES {
        let mut bytes = read.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(..4) {
                0 => bytes[at] = random.u8(..),
                1 => bytes.truncate(at.max(1)),
                2 => drop(bytes.splice(at..at, [random.u8(..)])),
                _ => {
                    let end = (at + random.usize(..40)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
            }
        }
        found += usize::from(look(&bytes));
    }
    println!("{CASES} cases, {found} of them still a command");
    assert!(found > 0);
}

#[test]
fn a_real_delivery_with_other_values_never_panics() {
    let mut random = Rng::with_seed(7);
    let real = small();
    let places = places(&real, "");
    let mut found = 0;
    for _ in 0..CASES {
        let mut payload = real.clone();
        for _ in 0..random.usize(1..3) {
            let place = random.choice(&places).unwrap();
            if let Some(value) = payload.pointer_mut(place) {
                *value = any(&mut random);
            }
        }
        found += usize::from(look(payload.to_string().as_bytes()));
    }
    println!("{CASES} cases, {found} of them still a command");
    assert!(found > 0);
}

/// The real one, with the parts that are read and a few beside them.
fn small() -> Value {
    let mut real: Value = serde_json::from_slice(REAL).unwrap();
    real["repository"] = serde_json::json!({"full_name": "recipes/hello", "id": 2});
    real["issue"] = serde_json::json!({"number": 1, "state": "open"});
    real["pull_request"] = Value::Null;
    real["sender"] = Value::Null;
    real["comment"]["user"] = serde_json::json!({"login": "mara", "id": 3});
    real
}

fn places(value: &Value, at: &str) -> Vec<String> {
    let below = match value {
        Value::Object(fields) => fields.iter().flat_map(|(key, value)| places(value, &format!("{at}/{key}"))).collect(),
        _ => Vec::new(),
    };
    std::iter::once(at.to_owned()).chain(below).collect()
}

fn any(random: &mut Rng) -> Value {
    let texts =
        ["", "created", "!testme", "!testme cancel", "a/b", "../..", "2026-11-21T12:26:01Z", "+292277-01-01", "\0"];
    match random.u8(..8) {
        0 => Value::Null,
        1 => random.bool().into(),
        2 => random.i64(..).into(),
        3 => random.u64(..).into(),
        4 => (random.f64() * 1e30).into(),
        5 => (*random.choice(texts).unwrap()).into(),
        6 => std::iter::repeat_with(|| random.char(..)).take(8).collect::<String>().into(),
        _ => Value::Array(vec![Value::Null; random.usize(..3)]),
    }
}
