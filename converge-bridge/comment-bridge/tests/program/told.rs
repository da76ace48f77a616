//! What a signed delivery does, and all that it does not.

use serde_json::{Value, json};

use crate::running::{Place, Running, SECRET, comment};
use crate::server::Server;
use crate::wire::deliver;

fn quiet() -> (Server, Place, Running) {
    let gitea = Server::quiet_but_slow();
    let place = Place::new(&gitea.address(), &gitea.address());
    let running = place.start_and_poll();
    (gitea, place, running)
}

fn say(running: &Running, payload: &Value) -> u16 {
    let answer = deliver(running.listen, SECRET, "issue_comment", &payload.to_string());
    assert_eq!(answer.body, "");
    answer.status
}

#[test]
fn a_command_is_taken_once_however_often_it_is_told() {
    let (gitea, _place, mut running) = quiet();
    let payload = comment(41, "!testme --quick");
    for _ in 0..3 {
        assert_eq!(say(&running, &payload), 200);
    }
    assert_eq!((running.deliveries("accepted"), running.deliveries("duplicate")), (1, 2));
    let triggers = running.triggers();
    assert_eq!(triggers.len(), 1);
    let expected = json!({"comment": 41, "repository": "recipes/hello", "pull": 1, "author": "mara",
        "command": "test", "quick": true, "state": "seen"});
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&triggers[0][key], value, "{key}");
    }
    // The bell rang: the comment is looked at, and not at the next turn of something.
    running.until("the comment is asked for", |_| {
        gitea.seen().iter().any(|request| request.path == "/api/v1/repos/recipes/hello/issues/comments/41")
    });
}

#[test]
fn other_events_are_accepted_and_ignored() {
    let (_gitea, _place, running) = quiet();
    let with = |at: &str, value: Value| {
        let mut payload = comment(41, "!testme");
        *payload.pointer_mut(at).unwrap() = value;
        payload
    };
    let ignored = [
        with("/action", json!("edited")),
        with("/action", json!("deleted")),
        with("/is_pull", json!(false)),
        with("/is_pull", json!("true")),
        with("/comment/body", json!("Looks good to me.")),
        with("/comment/body", json!("!testmexyz")),
        with("/comment/body", json!("> !testme")),
        with("/comment/id", json!(0)),
        with("/comment/id", json!(-41)),
        with("/comment/id", json!("41")),
        with("/comment/id", json!(1e300)),
        with("/comment/user", json!(null)),
        with("/comment/user/login", json!("ci-bot")),
        with("/comment/user/login", json!("CI-Bot")),
        with("/comment/user/login", json!("")),
        with("/comment/user/login", json!("mara/../x")),
        with("/comment/created_at", json!("2020-01-01T00:00:00Z")),
        with("/comment/created_at", json!("yesterday")),
        with("/comment/updated_at", json!("2026-01-01T00:00:00Z")),
        with("/issue/number", json!(0)),
        with("/repository/full_name", json!("recipes/ci")),
        with("/repository/full_name", json!("Recipes/CI")),
        with("/repository/full_name", json!("recipes/left-alone")),
        with("/repository/full_name", json!("others/hello")),
        with("/repository/full_name", json!("recipes/hello/../ci")),
        with("/repository/full_name", json!("../../admin")),
        json!(null),
        json!([]),
        json!({}),
        json!({"action": "created"}),
    ];
    for payload in &ignored {
        assert_eq!(say(&running, payload), 200, "{payload}");
    }
    // Of an account of before the first reading.
    let mut old = comment(41, "!testme");
    for key in ["created_at", "updated_at"] {
        old["comment"][key] = json!("2026-01-01T00:00:00Z");
    }
    assert_eq!(say(&running, &old), 200);
    let bodies = ["", "not json", "\u{0}", "{\"action\":", "[[[[[[[["];
    for body in bodies {
        assert_eq!(deliver(running.listen, SECRET, "issue_comment", body).status, 200, "{body:?}");
    }
    let deep = "[".repeat(500_000);
    assert_eq!(deliver(running.listen, SECRET, "issue_comment", &deep).status, 200);
    let events = ["push", "pull_request", "pull_request_comment", "issues", "ISSUE_COMMENT", "", "fork", "\u{e9}"];
    for event in events {
        let body = comment(41, "!testme").to_string();
        assert_eq!(deliver(running.listen, SECRET, event, &body).status, 200, "{event}");
    }
    assert_eq!(running.triggers(), Vec::<Value>::new());
    assert_eq!(running.deliveries("ignored"), ignored.len() + 1 + bodies.len() + 1 + events.len());
    assert_eq!(running.deliveries("accepted") + running.deliveries("duplicate"), 0);
}

#[test]
fn before_the_first_reading_nothing_counts() {
    let gitea = Server::hanging();
    let running = Place::new(&gitea.address(), &gitea.address()).start();
    assert_eq!(say(&running, &comment(41, "!testme")), 200);
    assert_eq!(running.triggers(), Vec::<Value>::new());
}
