//! Drone fails, forgets, and is another server; the ledger cannot be written.

use jiff::Timestamp;
use rusqlite::Connection;

use doubles::Fault;

use super::drone::BEGIN;
use super::world::World;
use crate::ledger::Ledger;
use crate::problem::DroneProblem;
use crate::trigger::{Command, Order, Outcome, State, StateKind};
use http::names::Pull;

#[tokio::test(start_paused = true)]
async fn drone_may_be_down_for_hours() {
    let world = World::new();
    world.test(1);
    world.run(1).await;
    world.drone.fault("", Fault::Refused, u32::MAX);
    world.test(2);
    let before = world.drone.network().calls.len();
    world.run(4 * 3600).await;
    let calls = world.drone.network().calls.len() - before;
    // A look a minute, of several attempts each.
    assert!((1000..4 * 3600).contains(&calls), "{calls}");
    for comment in [1, 2] {
        assert_eq!(world.trigger(comment).problem, Some(DroneProblem::Unreachable.into()));
    }
    assert!(world.bridge.health.problems()["drone"].contains("cannot be reached"));
    world.drone.network().faults.clear();
    world.drone.set(1, "success");
    world.run(61).await;
    assert_eq!(world.outcome(1), (1, Outcome::Passed));
    assert!(world.bridge.health.problems().is_empty());
    // Four hours later the author is looked at again first.
    assert_eq!(world.trigger(2).state, State::unauthorised(&Order::new(super::world::HEAD.into(), false)));
    world.authorise(2);
    world.run(5).await;
    assert_eq!((world.number(2), world.drone.asked("POST")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_failing_drone_is_seen_to_be_well_when_nothing_is_to_be_done() {
    let world = World::new();
    world.test(1);
    world.drone.fault("GET", Fault::SaysBody(401, "{\"message\": \"Unauthorized\"}"), 1);
    // Cancelled elsewhere while Drone fails.
    let ended = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(!world.bridge.health.problems().is_empty());
        world.become_(1, State::Cancelled { order: None });
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    };
    tokio::select! {
        () = crate::build::run(&world.bridge) => panic!("it ended"),
        () = ended => {}
    }
    assert!(world.bridge.health.problems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_made_does_not_hold_up_the_next() {
    let world = World::new();
    for comment in 1..=9 {
        let pull = Pull { repository: "recipes/hello".parse().unwrap(), number: comment };
        world.comment_on(pull, comment, Command::Test { quick: false });
        world.authorise(comment);
    }
    for _ in 0..4 {
        world.drone.fault("POST", Fault::SaysBody(500, "{\"message\": \"no\"}"), 1);
    }
    world.run(5).await;
    let kinds: Vec<StateKind> = (1..=9).map(|comment| world.kind(comment)).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == StateKind::Building).count(), 5, "{kinds:?}");
    world.run(40).await;
    assert!((1..=9).all(|comment| world.kind(comment) == StateKind::Building));
    assert_eq!(world.drone.network().drone.builds.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_is_authorised_again_and_then_given_up() {
    let world = World::new();
    world.drone.fault("POST", Fault::SaysBody(200, "null"), u32::MAX);
    world.test(1);
    let (mut hours, mut doubts) = (0, 0);
    while world.kind(1) != StateKind::Failed {
        world.run(3600 / 4).await;
        hours += 1;
        if world.kind(1) == StateKind::Seen {
            doubts += 1;
            world.authorise(1);
        }
        assert!(hours < 200);
    }
    assert!((24 * 4..25 * 4).contains(&hours), "{hours}");
    assert!(doubts > 10, "{doubts}");
    let State::Failed { reason, .. } = world.trigger(1).state else { panic!() };
    assert_eq!(reason, DroneProblem::NoPipeline.into());
    assert_eq!(world.drone.network().drone.builds.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_build_is_created_when_too_many_must_be_searched() {
    let world = World::new();
    for _ in 0..5001 {
        world.drone.add(&[]);
    }
    world.test(1);
    world.run(30).await;
    assert_eq!((world.kind(1), world.drone.asked("POST")), (StateKind::Authorised, 0));
    assert_eq!(world.trigger(1).problem, Some(DroneProblem::Unprovable.into()));
    for build in world.drone.network().drone.builds.values_mut() {
        build.created = Timestamp::from_second(BEGIN - 3600).unwrap();
    }
    world.run(3).await;
    assert_eq!((world.kind(1), world.drone.asked("POST")), (StateKind::Building, 1));
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_deleted_is_an_end_but_a_hidden_repository_is_none() {
    let world = World::new();
    world.test(1);
    world.test(2);
    world.run(1).await;
    world.drone.fault("GET", Fault::SaysBody(404, "{\"message\": \"Not Found\"}"), 50);
    world.run(30).await;
    assert_eq!((world.kind(1), world.kind(2)), (StateKind::Building, StateKind::Building));
    world.drone.network().faults.clear();
    world.drone.network().drone.builds.remove(&1);
    world.run(61).await;
    assert_eq!((world.outcome(1), world.kind(2)), ((1, Outcome::Deleted), StateKind::Building));
}

#[tokio::test(start_paused = true)]
async fn a_drone_that_began_anew_has_no_build_of_ours() {
    let world = World::new();
    world.test(1);
    world.run(1).await;
    world.drone.network().drone.reset();
    world.drone.add(&[("TRIGGER", "99")]);
    world.run(5).await;
    assert_eq!((world.outcome(1), world.drone.asked("DELETE")), ((1, Outcome::Deleted), 0));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_none_is_no_proof() {
    for body in ["null", "{}", "[{}]", "[null]", "[{\"number\": 0, \"status\": \"\", \"created\": 0}]", "<html>", ""] {
        let world = World::new();
        world.drone.fault("GET builds", Fault::SaysBody(200, body), u32::MAX);
        world.test(1);
        world.run(30).await;
        assert_eq!((world.kind(1), world.drone.asked("POST")), (StateKind::Authorised, 0), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_action_is_skipped_when_the_ledger_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let world = World::on(Ledger::open(&path, std::time::Duration::ZERO).unwrap());
    world.test(1);
    let aside = Connection::open(&path).unwrap();
    let full = "BEGIN SELECT RAISE(ABORT, 'full'); END";
    let all = [("one", "triggers"), ("two", "write_probe")];
    for (name, table) in all {
        aside.execute_batch(&format!("CREATE TRIGGER {name} BEFORE UPDATE ON {table} {full}")).unwrap();
    }
    world.run(120).await;
    assert_eq!((world.kind(1), world.drone.asked("POST")), (StateKind::Authorised, 0));
    assert!(world.bridge.health.problems().contains_key("ledger"));
    for (name, _) in all {
        aside.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    world.run(61).await;
    world.authorise(1);
    world.run(3).await;
    assert_eq!((world.kind(1), world.drone.asked("POST")), (StateKind::Building, 1));
}

#[tokio::test(start_paused = true)]
async fn killed_again_and_again_it_makes_one_build() {
    for (seconds, fault) in (1..20).flat_map(|seconds| [(seconds, Fault::Late(5)), (seconds, Fault::Refused)]) {
        let world = World::new();
        world.drone.fault("POST", fault, 1);
        world.test(1);
        for _ in 0..80 / seconds {
            world.run(seconds).await;
            if world.kind(1) == StateKind::Seen {
                world.authorise(1);
            }
        }
        assert_eq!((world.number(1), world.drone.statuses()), (1, vec!["pending"]), "killed every {seconds} s");
    }
}
