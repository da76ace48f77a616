//! One build for each comment.

use serde_json::json;

use super::world::{HEAD, World};
use crate::trigger::{Command, Outcome, Progress, State, StateKind};
use doubles::Fault;
use http::names::Pull;

#[tokio::test(start_paused = true)]
async fn a_build_is_made_with_its_parameters_and_followed_to_its_end() {
    let world = World::new();
    world.test(17);
    world.run(1).await;
    let build = world.drone.network().drone.builds[&1].clone();
    assert_eq!(build.branch, "stable");
    assert_eq!(
        json!(build.params),
        json!({
            "RECIPE": "hello", "REF": HEAD, "PR": "1", "SRC": "recipes/hello", "TRIGGER": "17",
            "STAGES": "install,upgrade,backup,restore,custom", "CCCI_QUICK": "0",
        })
    );
    world.drone.set(1, "running");
    world.run(3).await;
    assert_eq!(world.trigger(17).state.build().unwrap().progress, Progress::Running);
    world.drone.set(1, "failure");
    world.run(3).await;
    assert_eq!(world.outcome(17), (1, Outcome::Failed));
    assert_eq!(world.drone.asked("POST"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_quick_one_is_short() {
    let world = World::new();
    world.comment(17, Command::Test { quick: true });
    world.authorise(17);
    world.run(1).await;
    let params = world.drone.network().drone.builds[&1].params.clone();
    assert_eq!((params["STAGES"].as_str(), params["CCCI_QUICK"].as_str()), ("install,custom", "1"));
}

#[tokio::test(start_paused = true)]
async fn the_position_in_the_queue_is_told() {
    let world = World::new();
    for comment in 1..=3 {
        world.comment_on(
            Pull { repository: "recipes/hello".parse().unwrap(), number: comment },
            comment,
            Command::Test { quick: false },
        );
        world.authorise(comment);
    }
    world.run(1).await;
    let before = |comment| world.trigger(comment).state.build().unwrap().progress;
    assert_eq!([1, 2, 3].map(before), [0, 1, 2].map(|builds_ahead| Progress::Queued { builds_ahead }));
    world.drone.set(1, "success");
    world.run(3).await;
    assert_eq!([2, 3].map(before), [0, 1].map(|builds_ahead| Progress::Queued { builds_ahead }));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_makes_no_second_build() {
    for fault in [
        Fault::AnswerLost,
        Fault::DoesAndSaysBody(500, "{\"message\": \"database is locked\"}"),
        Fault::DoesAndSaysBody(502, "<html>"),
        Fault::DoesAndSaysBody(200, "null"),
        Fault::DoesAndSaysBody(200, "{\"number\": 1, \"sta"),
        Fault::DoesAndSaysBody(200, "{\"number\": 0, \"status\": \"pending\", \"created\": 1}"),
        Fault::DoesAndSaysBody(404, "{\"message\": \"Not Found\"}"),
        Fault::Late(15),
    ] {
        let world = World::new();
        world.drone.fault("POST", fault, 1);
        world.test(17);
        world.run(40).await;
        assert_eq!((world.number(17), world.drone.asked("POST")), (1, 1), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_not_made_is_made_after_a_while() {
    for fault in [Fault::Refused, Fault::SaysBody(500, "{}"), Fault::SaysBody(200, "null"), Fault::SaysBody(404, "{}")]
    {
        let world = World::new();
        world.drone.fault("POST", fault, 1);
        world.test(17);
        world.run(1).await;
        assert_eq!((world.kind(17), world.trigger(17).problem.is_some()), (StateKind::Authorised, true), "{fault:?}");
        world.run(40).await;
        assert_eq!((world.number(17), world.drone.asked("POST")), (1, 2), "{fault:?}");
        assert_eq!(world.trigger(17).problem, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_twin_that_comes_late_is_cancelled() {
    let world = World::new();
    world.drone.fault("POST", Fault::Late(60), 1);
    world.test(17);
    world.run(50).await;
    // Settled after 10 s without an answer and 20 s of waiting.
    assert_eq!((world.number(17), world.drone.asked("POST")), (1, 2));
    world.run(30).await;
    assert_eq!(world.drone.statuses(), ["pending", "killed"]);
    world.drone.set(1, "success");
    world.run(5).await;
    assert_eq!(world.outcome(17), (1, Outcome::Passed));
}

#[tokio::test(start_paused = true)]
async fn a_short_build_is_not_let_go_of_while_a_twin_may_come() {
    let world = World::new();
    world.drone.fault("POST", Fault::Late(12), 1);
    world.drone.fault("POST", Fault::Late(50), 1);
    // The first is not found in the meantime, so that it is asked for again.
    world.drone.fault("GET builds", Fault::SaysBody(200, "[]"), 16);
    world.test(17);
    let over = async {
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        assert_eq!((world.drone.statuses(), world.drone.asked("POST")), (vec!["pending"], 2));
        world.drone.set(1, "success");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = over => {}
        () = world.run(150) => {}
    }
    assert_eq!((world.outcome(17), world.drone.statuses()), ((1, Outcome::Passed), vec!["success", "killed"]));
}

#[tokio::test(start_paused = true)]
async fn a_twin_is_cancelled_even_when_the_first_has_just_ended() {
    let world = World::new();
    world.test(17);
    world.run(1).await;
    world.drone.add(&[("TRIGGER", "17")]);
    world.drone.set(1, "success");
    world.drone.fault("DELETE", Fault::SaysBody(500, "{}"), 2);
    world.run(3).await;
    assert_eq!(world.kind(17), StateKind::Building);
    world.run(10).await;
    assert_eq!((world.outcome(17), world.drone.statuses()), ((1, Outcome::Passed), vec!["success", "killed"]));
}

#[tokio::test(start_paused = true)]
async fn of_two_builds_one_runs_to_its_end_whatever_the_ledger_forgot() {
    // As if the first had been cancelled for a twin, and the ledger were of before that.
    for (builds, left, outcome) in [
        (["killed", "running"], "success", (2, Outcome::Passed)),
        (["running", "success"], "killed", (2, Outcome::Passed)),
        (["success", "pending"], "killed", (1, Outcome::Passed)),
        (["killed", "killed"], "killed", (1, Outcome::Cancelled)),
        (["error", "killed"], "killed", (1, Outcome::Error)),
    ] {
        let world = World::new();
        world.test(17);
        for status in builds {
            let number = world.drone.add(&[("TRIGGER", "17")]);
            world.drone.set(number, status);
        }
        world.run(3).await;
        if builds[1] == "running" {
            world.drone.set(2, "success");
            world.run(3).await;
        }
        assert_eq!((world.outcome(17), world.drone.asked("POST")), (outcome, 0), "{builds:?}");
        assert!(world.drone.statuses().contains(&left));
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_is_told_as_what_it_was_made_of() {
    let world = World::new();
    let other = "2".repeat(40);
    let params = [("TRIGGER", "17"), ("REF", other.as_str()), ("CCCI_QUICK", "1")];
    world.drone.add(&params);
    world.test(17);
    world.run(1).await;
    let trigger = world.trigger(17);
    let order = trigger.state.order().unwrap();
    assert_eq!((order.head.as_str(), order.quick), (other.as_str(), true));
}

#[tokio::test(start_paused = true)]
async fn a_broken_pipeline_is_an_end() {
    let world = World::new();
    let error = "{\"number\": 1, \"status\": \"error\", \"created\": 1800000000, \"error\": \"yaml: no\"}";
    world.drone.fault("POST", Fault::DoesAndSaysBody(200, error), 1);
    world.test(17);
    world.run(1).await;
    world.drone.set(1, "error");
    world.drone.network().drone.builds.get_mut(&1).unwrap().params.clear();
    world.run(3).await;
    assert_eq!((world.outcome(17), world.drone.asked("POST")), ((1, Outcome::Error), 1));
}

#[tokio::test(start_paused = true)]
async fn a_build_that_was_made_long_ago_is_found_on_a_later_page() {
    let world = World::new();
    world.test(17);
    world.drone.add(&[("TRIGGER", "17")]);
    for _ in 0..250 {
        world.drone.add(&[]);
    }
    world.run(1).await;
    assert_eq!((world.number(17), world.drone.asked("POST")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn five_hundred_are_made_within_half_a_minute() {
    let world = World::new();
    for comment in 1..=500 {
        let pull = Pull { repository: "recipes/hello".parse().unwrap(), number: comment };
        world.comment_on(pull, comment, Command::Test { quick: false });
        world.authorise(comment);
    }
    world.run(30).await;
    assert_eq!((world.drone.asked("POST"), world.drone.network().drone.builds.len()), (500, 500));
    assert!((1..=500).all(|comment| matches!(world.trigger(comment).state, State::Building { .. })));
}
