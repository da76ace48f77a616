//! What is said when something goes wrong.

use std::time::Duration;

use doubles::Fault;

use super::world::{World, pull};
use crate::trigger::{Outcome, StateKind};

const CREATE: &str = "POST issues/1/comments";

#[tokio::test(start_paused = true)]
async fn every_outcome_of_the_creation_leaves_one_comment() {
    for fault in [Fault::Refused, Fault::AnswerLost, Fault::Says(500), Fault::Late(12), Fault::Late(25), Fault::Hangs] {
        for kills in [false, true] {
            let world = World::new();
            world.forge.fault(CREATE, fault);
            world.test(11);
            if kills {
                // It dies within the call, and begins anew.
                world.run(1).await;
            }
            world.run(120).await;
            assert!(world.one().contains("Waiting"), "{fault:?}");
            assert!(world.is_silent(), "{fault:?}");
            world.running(11);
            world.ended(11, Outcome::Passed);
            world.run(30).await;
            assert!(world.one().contains("Passed"), "{fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_text_that_comes_late_is_mended() {
    for kills in [false, true] {
        let world = World::new();
        world.test(11);
        world.run(1).await;
        world.forge.fault("PATCH", Fault::Late(15));
        world.running(11);
        world.run(if kills { 3 } else { 12 }).await;
        world.ended(11, Outcome::Passed);
        world.run(60).await;
        assert!(world.one().contains("Passed"), "{}", world.one());
        assert!(world.is_silent());
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_status_that_comes_late_is_mended() {
    let world = World::new();
    world.test(11);
    world.run(1).await;
    world.forge.fault("POST statuses", Fault::Late(15));
    world.running(11);
    world.run(12).await;
    world.ended(11, Outcome::Passed);
    world.run(60).await;
    assert_eq!(world.forge.network().gitea.statuses.last().unwrap().sent["state"], "success");
    assert!(world.is_silent());
}

#[tokio::test(start_paused = true)]
async fn a_second_comment_of_ours_goes() {
    let world = World::new();
    world.test(11);
    world.run(1).await;
    let body = world.one();
    let mut comments = std::mem::take(&mut world.forge.network().gitea.comments);
    comments.retain(|_, comment| comment.author != "ci-bot");
    let again = World::new();
    let [first, ..] = [(); 3].map(|()| again.forge.write(1, "ci-bot", &body));
    again.forge.fault("DELETE", Fault::Refused);
    again.test(11);
    again.run(60).await;
    assert_eq!(*again.forge.network().gitea.comments.keys().next().unwrap(), first, "the oldest stays");
    assert!(again.one().contains("Waiting"));
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_forbidden_is_tried_once_a_commit_and_noted_once() {
    let world = World::new();
    world.forge.always("POST statuses", Fault::Says(403));
    for comment in [11, 12] {
        world.test(comment);
        world.run(2).await;
        world.running(comment);
        world.run(2).await;
        world.ended(comment, Outcome::Passed);
        world.run(20).await;
    }
    assert_eq!((world.kind(12), world.is_silent()), (StateKind::Reported, true));
    assert_eq!(world.forge.calls("POST statuses"), 1);
    assert_eq!(world.bridge.health.notes().len(), 1);
    assert!(world.bridge.health.problems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_comment_that_stays_forbidden_is_given_up() {
    for status in [403, 423, 404] {
        let world = World::new();
        world.forge.always("POST issues", Fault::Says(status));
        world.test(11);
        world.running(11);
        world.ended(11, Outcome::Passed);
        world.run(3600).await;
        assert_eq!(world.kind(11), StateKind::Ended);
        let tries = world.forge.calls("POST issues");
        assert!((3..20).contains(&tries), "{tries} tries in an hour");
        world.run(26 * 3600).await;
        assert_eq!((world.kind(11), world.is_silent()), (StateKind::Reported, true), "{status}");
        let tries = world.forge.network().calls.len();
        world.run(3600).await;
        assert_eq!(world.forge.network().calls.len(), tries);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_waited_for_however_long_it_is() {
    let world = World::new();
    world.forge.always("", Fault::Says(503));
    for number in 1..=20 {
        world.test_of(pull(number), 10 + number, super::world::HEAD);
        world.running(10 + number);
        world.ended(10 + number, Outcome::Failed);
    }
    world.run(30 * 3600).await;
    let calls = world.forge.network().calls.len();
    assert!(calls < 30 * 3600 / 30, "{calls} calls");
    assert_eq!(world.bridge.health.problems().len(), 1);
    world.forge.network().faults.clear();
    world.run(120).await;
    for number in 1..=20 {
        assert_eq!((world.kind(10 + number), world.forge.said(number).len()), (StateKind::Reported, 1));
    }
    assert!(world.bridge.health.problems().is_empty() && world.is_silent());
}

#[tokio::test(start_paused = true)]
async fn the_trouble_of_one_keeps_no_other_waiting() {
    let world = World::new();
    world.forge.always("POST issues/1/", Fault::Hangs);
    world.forge.always("POST issues/2/", Fault::Says(500));
    world.forge.always("POST issues/3/", Fault::Says(403));
    for number in 1..=3 {
        world.test_of(pull(number), 10 + number, super::world::HEAD);
    }
    world.run(30).await;
    let mut slowest = Duration::ZERO;
    for number in 4..=9 {
        world.test_of(pull(number), 10 + number, super::world::HEAD);
        let begun = tokio::time::Instant::now();
        while world.forge.said(number).is_empty() {
            world.run(1).await;
            assert!(begun.elapsed() < Duration::from_mins(1), "pull request {number} waits");
        }
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest <= Duration::from_secs(2), "{slowest:?}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_within_one_call() {
    let world = World::new();
    world.forge.fault(CREATE, Fault::Refused);
    world.test(11);
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        world.bridge.stop();
    };
    tokio::join!(crate::report::run(&world.bridge), stopping);
    assert_eq!(world.forge.network().calls.len(), 1, "no call is begun after that");
    assert!(!world.is_silent());
}
