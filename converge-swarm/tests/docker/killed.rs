//! Killed, or cut off from the daemon, at each mutating call in turn.

use std::time::Duration;

use converger_kit::{Piece, kills};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::World;

/// A state that runs begin from, whatever the state before.
struct Start {
    name: &'static str,
    make: fn(&World),
}

/// A swarm made by hand, with every difference that a run repairs.
fn everything_wrong(world: &World) {
    world.wipe();
    world.daemon.docker(&["network", "create", "second"]);
    world.daemon.docker(&[
        "swarm",
        "init",
        "--advertise-addr",
        dockerd::ADDRESS,
        "--default-addr-pool",
        "10.20.0.0/16",
        "--default-addr-pool-mask-length",
        "24",
        "--task-history-limit",
        "1",
    ]);
    world.daemon.docker(&["network", "create", "--driver=overlay", "--subnet=10.11.0.0/16", "proxy"]);
}

const STARTS: &[Start] =
    &[Start { name: "nothing there", make: World::wipe }, Start { name: "everything wrong", make: everything_wrong }];

/// A world whose configuration declares a second network.
fn with_two_networks(test: &str) -> Option<World> {
    let world = World::bare(test)?;
    world.declare(|configuration| configuration["networks"]["second"] = json!({ "attachable": false }));
    Some(world)
}

#[test]
fn killed_after_each_mutating_call_the_next_run_converges() {
    let Some(world) = with_two_networks("killed_after_each_mutating_call_the_next_run_converges") else { return };
    for start in STARTS {
        kills::killed_at_every_write(&world, start.name, |world, _| (start.make)(world));
    }
}

#[test]
fn an_answer_lost_at_any_call_is_no_failure() {
    let Some(world) = with_two_networks("an_answer_lost_at_any_call_is_no_failure") else { return };
    for start in STARTS {
        kills::disconnected_at_every_write(
            &world,
            start.name,
            |world, _| (start.make)(world),
            |world, cut| {
                assert_eq!(cut.exit_code, Some(0), "{cut:#?}");
                world.assert_state();
                world.assert_converged();
            },
        );
    }
}

#[test]
fn docker_killed_after_each_mutating_call() {
    let Some(mut world) = World::bare("docker_killed_after_each_mutating_call") else { return };
    let start = "nothing there";
    kills::docker_ended_at_every_write(
        &mut world,
        start,
        Signal::SIGKILL,
        |world, _| world.wipe(),
        |cut, is_last| {
            if is_last {
                // The answer of the last call was lost, and no daemon can tell its effect.
                assert_eq!(cut.exit_code, Some(1), "{cut:#?}");
            } else {
                cut.assert_clear_failure(Duration::from_secs(40));
                cut.assert_says("docker.service");
            }
        },
    );
}
