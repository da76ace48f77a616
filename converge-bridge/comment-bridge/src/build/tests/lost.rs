//! A build of which Drone tells no end.

use std::time::Duration;

use doubles::Fault;
use tokio::time::sleep;

use super::world::{HEAD, World};
use crate::trigger::{Order, State, StateKind};

const MINUTE: u64 = 60;

/// The state of comment 1 after its first run is given up.
fn again() -> State {
    State::unauthorised(&Order { repeats: Some(1), ..Order::new(HEAD.into(), false) })
}

/// A world with a running build of comment 1, in a repository with a timeout of one hour.
async fn running() -> World {
    let world = World::new();
    world.test(1);
    world.run(5).await;
    world.drone.set(1, "running");
    world.run(5).await;
    assert_eq!(world.kind(1), StateKind::Building);
    world
}

#[tokio::test(start_paused = true)]
async fn a_build_without_news_is_ended_after_its_timeout_and_a_margin() {
    let world = running().await;
    world.run(74 * MINUTE).await;
    assert_eq!((world.kind(1), world.drone.statuses()), (StateKind::Building, vec!["running"]));
    // A new process waits for the margin again: the runner may report the end now.
    world.run(14 * MINUTE).await;
    assert_eq!(world.kind(1), StateKind::Building);
    world.run(16 * MINUTE).await;
    assert_eq!((world.trigger(1).state, world.drone.statuses()), (again(), vec!["killed"]));
}

#[tokio::test(start_paused = true)]
async fn the_timeout_is_the_one_that_drone_has() {
    let world = running().await;
    world.drone.network().drone.timeout = Duration::from_mins(10);
    world.run(26 * MINUTE).await;
    assert_eq!(world.trigger(1).state, again());
    let asked = world.drone.network().calls.iter().filter(|(_, line, _)| line.ends_with("/repos/recipes/ci")).count();
    assert!((1..=4).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn an_end_within_the_margin_counts() {
    let world = running().await;
    world.run(70 * MINUTE).await;
    world.drone.set(1, "success");
    world.run(5).await;
    assert_eq!(world.outcome(1), (1, crate::trigger::Outcome::Passed));
}

#[tokio::test(start_paused = true)]
async fn the_margin_begins_anew_after_an_outage_of_drone() {
    let world = running().await;
    let task = async {
        sleep(Duration::from_mins(70)).await;
        world.drone.fault("GET builds", Fault::Says(502), 10);
        sleep(Duration::from_mins(10)).await;
        assert_eq!(world.kind(1), StateKind::Building);
        sleep(Duration::from_mins(9)).await;
        assert_eq!(world.trigger(1).state, again());
    };
    tokio::select! {
        () = crate::build::run(&world.bridge) => {},
        () = task => {},
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_that_drone_cannot_cancel_is_ended_all_the_same() {
    for status in [400, 404, 500] {
        let world = running().await;
        world.drone.fault("DELETE", Fault::SaysBody(status, "{\"message\": \"no\"}"), 1000);
        world.run(76 * MINUTE).await;
        assert_eq!(world.trigger(1).state, again(), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_of_zero_is_the_default_of_one_hour() {
    let world = running().await;
    world.drone.network().drone.timeout = Duration::ZERO;
    world.run(76 * MINUTE).await;
    assert_eq!(world.trigger(1).state, again());
}
