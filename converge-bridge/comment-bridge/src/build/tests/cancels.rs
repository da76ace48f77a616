//! `!testme cancel`.

use super::world::World;
use crate::trigger::{Command, Outcome, State, StateKind};
use doubles::Fault;
use http::names::Pull;

#[tokio::test(start_paused = true)]
async fn waiting_and_running_builds_are_cancelled() {
    for status in ["pending", "running"] {
        let world = World::new();
        world.test(1);
        world.test(2);
        world.run(1).await;
        world.drone.set(1, status);
        world.cancel(3);
        world.run(1).await;
        assert_eq!(world.drone.statuses(), ["killed", "killed"]);
        assert_eq!((world.outcome(1).1, world.outcome(2).1), (Outcome::Cancelled, Outcome::Cancelled));
        assert_eq!(world.kind(3), StateKind::Answered);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_trigger_without_a_build_gets_none() {
    let world = World::new();
    world.test(1);
    world.cancel(2);
    world.run(1).await;
    assert_eq!((world.kind(1), world.kind(2)), (StateKind::Cancelled, StateKind::Answered));
    assert_eq!(world.drone.asked("POST"), 0);
}

#[tokio::test(start_paused = true)]
async fn later_triggers_and_other_pull_requests_go_on() {
    let world = World::new();
    let elsewhere = Pull { repository: "recipes/hello".parse().unwrap(), number: 2 };
    world.comment_on(elsewhere, 1, Command::Test { quick: false });
    world.authorise(1);
    world.cancel(2);
    world.test(3);
    world.run(1).await;
    assert_eq!(
        (world.kind(1), world.kind(2), world.kind(3)),
        (StateKind::Building, StateKind::Answered, StateKind::Building)
    );
    assert_eq!(world.drone.asked("DELETE"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_covers_triggers_found_after_its_answer() {
    let world = World::new();
    world.cancel(2);
    world.run(1).await;
    assert_eq!(world.kind(2), StateKind::Answered);
    world.test(1);
    world.run(1).await;
    assert_eq!((world.kind(1), world.drone.asked("POST")), (StateKind::Cancelled, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_during_a_call_to_drone_holds() {
    let world = World::new();
    world.test(1);
    let comes = async {
        // Within the list of builds.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        world.cancel(2);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = comes => {}
        () = world.run(3) => {}
    }
    assert_eq!((world.kind(1), world.kind(2)), (StateKind::Cancelled, StateKind::Answered));
    assert_eq!(world.drone.asked("POST"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_waits_for_undecided_triggers() {
    let world = World::new();
    world.comment(1, Command::Test { quick: false });
    world.cancel(2);
    world.run(5).await;
    assert_eq!(world.kind(2), StateKind::Cancelling);
    world.authorise(1);
    world.run(5).await;
    assert_eq!((world.kind(1), world.kind(2)), (StateKind::Cancelled, StateKind::Answered));
}

#[tokio::test(start_paused = true)]
async fn a_build_that_may_still_come_is_waited_for_and_cancelled() {
    let world = World::new();
    world.drone.fault("POST", Fault::Late(25), 1);
    world.test(1);
    world.run(12).await;
    world.cancel(2);
    world.run(5).await;
    assert_eq!((world.kind(1), world.kind(2)), (StateKind::Authorised, StateKind::Cancelling));
    // Let go of once no twin may come.
    world.run(70).await;
    assert_eq!((world.outcome(1), world.kind(2)), ((1, Outcome::Cancelled), StateKind::Answered));
    assert_eq!((world.drone.statuses(), world.drone.asked("POST")), (vec!["killed"], 1));
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_asked_for_in_vain_is_none() {
    let world = World::new();
    world.drone.fault("POST", Fault::Refused, 1);
    world.test(1);
    world.run(1).await;
    world.cancel(2);
    world.run(40).await;
    assert_eq!(world.kind(1), StateKind::Authorised);
    world.run(40).await;
    assert_eq!(
        (world.kind(1), world.kind(2), world.drone.asked("POST")),
        (StateKind::Cancelled, StateKind::Answered, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancel_is_retried_until_drone_confirms() {
    for fault in [
        Fault::Refused,
        Fault::AnswerLost,
        Fault::SaysBody(500, "{}"),
        Fault::SaysBody(409, "{}"),
        Fault::DoesAndSaysBody(200, "null"),
    ] {
        let world = World::new();
        world.test(1);
        world.run(1).await;
        world.drone.fault("DELETE", fault, 2);
        world.drone.network().drone.ignores_cancels = 2;
        world.cancel(2);
        world.run(60).await;
        assert_eq!((world.outcome(1), world.kind(2)), ((1, Outcome::Cancelled), StateKind::Answered), "{fault:?}");
        assert_eq!(world.drone.statuses(), ["killed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_ends_by_itself_meanwhile_ended_so() {
    let world = World::new();
    world.test(1);
    world.run(1).await;
    world.drone.set(1, "success");
    world.cancel(2);
    world.run(3).await;
    assert_eq!((world.outcome(1), world.kind(2)), ((1, Outcome::Passed), StateKind::Answered));
    assert_eq!(world.drone.asked("DELETE"), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_drone_never_says_is_over_is_let_go() {
    for status in ["blocked", "waiting_on_dependencies", "paused"] {
        let world = World::new();
        world.test(1);
        world.run(1).await;
        world.drone.set(1, status);
        world.run(5).await;
        assert!(matches!(world.trigger(1).state, State::Building { .. }), "{status} is not over");
        world.cancel(2);
        world.run(5).await;
        assert_eq!((world.outcome(1), world.kind(2)), ((1, Outcome::Cancelled), StateKind::Answered));
        assert_eq!(world.drone.asked("DELETE"), 1);
    }
}
