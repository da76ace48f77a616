//! Killed at each mutating call in turn; then one run converges.

use converger_kit::{Piece, kills};
use serde_json::json;

use crate::World;
use crate::world::DOMAIN;

/// A release, and a later one that never becomes healthy.
const GOOD: &str = "3.9.0+v3.7.15";
const BAD: &str = "3.9.1+v3.7.15";

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    kills::killed_at_every_write(&world, "first run", |world, _| world.wipe());
}

#[test]
fn killed_at_any_call_of_a_rotation() {
    let Some(world) = World::converged("killed_at_any_call_of_a_rotation") else { return };
    let make = |world: &World, _| world.new_certificate(&[DOMAIN, "*.ci.localhost"]);
    kills::killed_at_every_write(&world, "rotation", make);
}

#[test]
fn killed_at_any_call_of_a_try_and_of_going_back() {
    let Some(world) = World::bare("killed_at_any_call_of_a_try_and_of_going_back") else { return };
    std::fs::remove_dir_all(world.path("catalogue")).unwrap();
    // The newest release never becomes healthy: a run tries it, rejects it, and goes back.
    world.publish(Some(BAD));
    // The records of a try: its rejection, and its version of Traefik's configuration.
    let forget_attempts = "docker config ls --quiet --filter name=traefik_ci_localhost_rejected_ \
        --filter name=traefik_ci_localhost_traefik_yml_v3 | xargs --no-run-if-empty docker config rm";
    let make = || {
        world.sh(forget_attempts);
        world.declare(|desired| desired["recipe"]["version"] = json!({ "pin": GOOD }));
        let run = world.run();
        assert_eq!(run.exit_code, Some(0), "{}", run.stderr);
        world.declare(|desired| {
            desired["recipe"]["version"] = json!("latest");
            desired["limits"]["wait_seconds"] = json!(90);
        });
    };
    make();
    let run = world.run();
    run.assert_outcome(1, "failed");
    let calls = run.all_writes().len();
    run.assert_says("went back to");
    for nth in 1..=calls {
        make();
        let killed = world.run_killed("Docker", nth);
        assert_eq!(killed.exit_code, None, "killed at call {nth}: {}", killed.stderr);
        // The next run goes on; if it is the one that goes back, it fails.
        let mut run = world.run();
        if run.exit_code != Some(0) {
            run.assert_outcome(1, "failed");
            run = world.run();
        }
        assert_eq!(run.exit_code, Some(0), "after a kill at call {nth}: {}", run.stderr);
        assert_eq!(world.version(), GOOD, "after a kill at call {nth}");
        world.assert_converged();
    }
    println!("going back: killed at each mutating call, {calls} of {calls} converged");
}
