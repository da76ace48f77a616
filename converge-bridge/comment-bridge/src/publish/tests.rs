//! The files follow the ledger and the health report.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{METRICS, OLDEST, TRIGGERS};
use crate::Bridge;
use crate::ledger::Found;
use crate::tests::fake::{bridge, settings};
use crate::trigger::{Command, Refusal, State};
use http::names::Pull;
use http::testing::{Fake, at, not_found};

fn found(comment: i64) -> Found {
    let pull = Pull { repository: "recipes/hello".parse().unwrap(), number: 7 };
    Found { comment, pull, author: "mara".into(), command: Command::Help, created: at(comment), delivered_head: None }
}

async fn publish(bridge: &Arc<Bridge>, directory: &Path, until: impl Fn() -> bool) {
    let published = async {
        while !until() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = super::run(bridge, directory) => {}
        () = published => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("not published"),
    }
}

fn triggers(directory: &Path) -> Value {
    serde_json::from_slice(&fs::read(directory.join(TRIGGERS)).unwrap_or_default()).unwrap_or_default()
}

#[tokio::test]
async fn the_files_are_written_at_the_start_and_after_each_change() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path();
    let bridge = bridge(&Fake::new(|_, _| not_found()), settings());
    publish(&bridge, directory, || directory.join(METRICS).exists()).await;
    let shown = triggers(directory);
    assert_eq!((&shown["schema"], &shown["triggers"]), (&1.into(), &Value::Array(Vec::new())));
    for file in [TRIGGERS, METRICS] {
        assert_eq!(fs::metadata(directory.join(file)).unwrap().permissions().mode() & 0o777, 0o644, "{file}");
    }
    bridge.ledger.insert_found(&[found(1)], None, at(0)).unwrap();
    publish(&bridge, directory, || triggers(directory)["triggers"][0]["state"] == "seen").await;
    bridge.health.raise("poll org:recipes", "Gitea cannot be reached");
    bridge.health.note("statuses", "not permitted");
    let metrics = || fs::read_to_string(directory.join(METRICS)).unwrap_or_default();
    publish(&bridge, directory, || metrics().contains("comment_bridge_notes 1")).await;
    let (shown, metrics) = (triggers(directory), metrics());
    assert_eq!(shown["problems"]["poll org:recipes"], "Gitea cannot be reached");
    assert_eq!(shown["notes"]["statuses"], "not permitted");
    for line in ["comment_bridge_problems 1", "comment_bridge_notes 1", "comment_bridge_triggers{state=\"seen\"} 1"] {
        assert!(metrics.lines().any(|it| it == line), "{line}: {metrics}");
    }
    assert!(!metrics.contains("process_"), "a node exporter has metrics of these names: {metrics}");
    assert_eq!(fs::read_dir(directory).unwrap().count(), 2, "no draft is left");
}

#[tokio::test]
async fn an_open_trigger_is_shown_however_many_came_after_it() {
    let bridge = bridge(&Fake::new(|_, _| not_found()), settings());
    let all: Vec<Found> = (1..=300).map(found).collect();
    bridge.ledger.insert_found(&all, None, at(0)).unwrap();
    for comment in 2..=300 {
        let trigger = bridge.ledger.trigger(comment).unwrap().unwrap();
        bridge.ledger.advance(&trigger, State::Refused { reason: Refusal::Stranger }, at(1)).unwrap();
    }
    let shown: Value = serde_json::from_str(&super::triggers::text(&bridge).unwrap()).unwrap();
    let shown: Vec<i64> =
        shown["triggers"].as_array().unwrap().iter().map(|row| row["comment"].as_i64().unwrap()).collect();
    assert_eq!((shown.len(), shown[0], shown[99], shown[100]), (101, 300, 201, 1));
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_a_problem_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("published");
    fs::write(&directory, "a file").unwrap();
    let bridge = bridge(&Fake::new(|_, _| not_found()), settings());
    publish(&bridge, &directory, || !bridge.health.problems().is_empty()).await;
    let problem = &bridge.health.problems()["publish"];
    assert!(problem.contains("cannot write ") && problem.contains(TRIGGERS), "{problem}");
    assert!(bridge.health.unhealthy_reasons(OLDEST).is_empty(), "no restart helps");
    fs::remove_file(&directory).unwrap();
    publish(&bridge, &directory, || triggers(&directory)["problems"] == serde_json::json!({})).await;
    assert!(bridge.health.problems().is_empty());
}
