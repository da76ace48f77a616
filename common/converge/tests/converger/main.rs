//! The loop, on a made-up converger.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod made_up;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use base::error::Class;
use base::limits::Limits;
use base::lock::Lock;
use converge::{ChangeResult, Outcome, load};
use made_up::{Desired, MadeUp, desired, run, shelves, world};

#[tokio::test(start_paused = true)]
async fn an_empty_plan_changes_nothing() {
    let world = world(|world| world.shelves = shelves(&[("top", "book")]));
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!(report.outcome, Outcome::Unchanged);
    assert_eq!((report.rounds, world.borrow().calls), (0, 0));
    assert_eq!(report.status, "unchanged · 1 shelves");
}

#[tokio::test(start_paused = true)]
async fn differences_are_changed_once_and_the_second_run_is_empty() {
    let world = world(|_| {});
    let wanted = desired(&[("top", "book"), ("low", "box")]);
    let report = run(wanted.clone(), &world).await;
    assert_eq!(report.outcome, Outcome::Changed);
    assert_eq!(report.changes.len(), 2);
    assert_eq!(report.status, "changed · 2 changes · 2 shelves");
    let again = run(wanted, &world).await;
    assert_eq!((again.outcome, world.borrow().calls), (Outcome::Unchanged, 2));
}

#[tokio::test(start_paused = true)]
async fn a_late_difference_takes_another_round() {
    let world = world(|world| {
        world.unfolds.insert("top".into(), ("middle".into(), "cup".into()));
        world.unfolds.insert("middle".into(), ("low".into(), "box".into()));
    });
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!((report.outcome, report.rounds), (Outcome::Changed, 3));
}

#[tokio::test(start_paused = true)]
async fn a_round_that_changes_nothing_ends_the_run_and_names_what_remains() {
    let world = world(|world| world.forgetful = vec!["top".into()]);
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!((report.outcome, report.rounds), (Outcome::Failed, 1));
    let error = report.error.unwrap();
    assert_eq!(error.message, "the changes were made, but the same ones are needed again: put book on top");
    assert!(error.hint.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_sixth_round_with_changes_ends_the_run() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let world = world(|world| {
        for pair in names.windows(2) {
            world.unfolds.insert(pair[0].into(), (pair[1].into(), "x".into()));
        }
    });
    let report = run(desired(&[("a", "x")]), &world).await;
    assert_eq!((report.outcome, report.rounds), (Outcome::Failed, 5));
    assert!(report.error.unwrap().message.ends_with("left: put x on f"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_well_is_a_success() {
    let world = world(|world| world.settles_after = 20);
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!(report.outcome, Outcome::Changed);
    assert!(report.waits.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wait_past_its_deadline_fails_with_what_was_seen_and_what_to_do() {
    let world = world(|world| world.settles_after = u32::MAX);
    let began = tokio::time::Instant::now();
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(began.elapsed() >= Limits::default().wait() && began.elapsed() < Limits::default().run());
    let error = report.error.unwrap();
    assert_eq!(error.message, "waited 180 s for the things to lie still; seen: they wobble");
    assert_eq!(error.hint.as_deref(), Some("hold them"));
    assert_eq!(report.waits.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn drift_is_told_and_left_alone_while_the_rest_is_changed() {
    let world = world(|world| world.in_use = Some("top".into()));
    let report = run(desired(&[("top", "book"), ("low", "box")]), &world).await;
    assert_eq!(report.outcome, Outcome::Drifted);
    assert_eq!(report.drift[0].commands, ["clear top"]);
    assert_eq!(world.borrow().shelves, shelves(&[("low", "box")]));
}

#[tokio::test(start_paused = true)]
async fn blocked_says_what_to_do() {
    let world = world(|world| world.blocked = Some("the door is locked".into()));
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!(report.outcome, Outcome::Blocked);
    assert_eq!(report.blocked[0].hint, "ask an operator");
    assert_eq!(report.status, "blocked · the door is locked · 0 shelves");
}

#[tokio::test(start_paused = true)]
async fn a_sequence_that_fails_does_not_stop_the_others() {
    let world = world(|world| {
        world.stuck.insert("low".into(), Class::Failed);
    });
    let report = run(desired(&[("low", "box"), ("top", "book")]), &world).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(world.borrow().shelves, shelves(&[("top", "book")]));
    let results: Vec<_> = report.changes.iter().map(|change| change.result).collect();
    assert_eq!(results, [ChangeResult::Failed, ChangeResult::Done]);
    assert_eq!(world.borrow().calls, 2, "what failed is not tried again in this run");
    assert_eq!(report.error.unwrap().message, "shelf low cannot be changed");
}

#[tokio::test(start_paused = true)]
async fn transient_errors_are_tried_again() {
    let world = world(|world| {
        world.stuck.insert("top".into(), Class::Transient);
        world.blind_looks = 3;
    });
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(world.borrow().calls, 6);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_planned_anew_and_does_not_go_on_for_ever() {
    let world = world(|world| {
        world.stuck.insert("top".into(), Class::Conflict);
    });
    let report = run(desired(&[("top", "book")]), &world).await;
    assert_eq!((report.outcome, report.rounds), (Outcome::Failed, 5));
}

#[tokio::test(start_paused = true)]
async fn killed_between_any_two_calls_the_next_run_converges() {
    let wanted = desired(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
    let mut converged = 0;
    for polls in 0..200 {
        let world = world(|world| {
            world.unfolds.insert("b".into(), ("e".into(), "5".into()));
        });
        // A future that is polled so often and then dropped was killed at its next await.
        let killed = drop_after(polls, run(wanted.clone(), &world)).await;
        let report = run(wanted.clone(), &world).await;
        assert!(report.outcome.holds(), "killed after {polls} steps: {:?}", report.error);
        assert_eq!(world.borrow().shelves.len(), 5);
        converged += 1;
        if !killed {
            break;
        }
    }
    assert!(converged > 5, "five changes have more places to be killed at than {converged}");
}

/// Polls a future `polls` times and drops it; says whether it was still under way.
async fn drop_after<T>(polls: u32, future: impl Future<Output = T>) -> bool {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let ready = std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready()));
        if ready.await {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

#[tokio::test]
async fn one_converger_runs_once_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("madeup.lock");
    let first = Lock::take(&path, "converge-madeup", Duration::from_secs(1)).await.unwrap();
    let error = Lock::take(&path, "converge-madeup", Duration::from_millis(80)).await.unwrap_err();
    assert!(error.to_string().starts_with("converge-madeup is still held by another run"), "{error}");
    let (second, ()) = tokio::join!(Lock::take(&path, "converge-madeup", Duration::from_secs(5)), async {
        tokio::task::yield_now().await;
        drop(first);
    });
    assert!(second.is_ok(), "a second run goes on when the first has ended");
}

fn load_text(text: &str) -> Result<Desired, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("madeup.json");
    std::fs::write(&path, text).unwrap();
    load::<MadeUp>(&path).map(|loaded| loaded.desired).map_err(|error| base::error::chain(&error))
}

#[test]
fn a_configuration_is_loaded_whole_or_refused_with_the_place() {
    assert_eq!(load_text(r#"{"shelves":{"top":"book"}}"#).unwrap().shelves, shelves(&[("top", "book")]));
    let wrong: BTreeMap<&str, &str> = BTreeMap::from([
        (r#"{"shelves":{"top":3}}"#, "at shelves.top: invalid type: integer `3`, expected a string"),
        (r#"{"shelfs":{}}"#, "unknown field `shelfs`"),
        (r#"{"shelves":{}} more"#, "trailing characters"),
        (r#"{"shelves":{"top":""}}"#, "shelves.top is empty"),
        (r#"{"limits":{"run_seconds":0}}"#, "limits.run_seconds is 0"),
        (r#"{"limits":{"run_seconds":5}}"#, "longer than the whole run may take (5)"),
        ("", "EOF while parsing"),
    ]);
    for (text, expected) in wrong {
        let error = load_text(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    let error = load::<MadeUp>(Path::new("/nowhere/madeup.json")).unwrap_err();
    assert!(base::error::chain(&error).contains("/nowhere/madeup.json: No such file"), "{error}");
}
