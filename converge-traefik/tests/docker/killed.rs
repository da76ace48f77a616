//! Killed after each mutating call in turn; then one run converges.

use std::process::Stdio;
use std::sync::{Arc, Mutex};

use dockerd::Fault;
use serde_json::json;

use crate::World;
use crate::world::{DOMAIN, Ran};

/// A release, and a later one that never becomes healthy.
const GOOD: &str = "3.9.0+v3.7.15";
const BAD: &str = "3.9.1+v3.7.15";

/// A run killed after its nth mutating call.
fn killed_after(world: &World, nth: usize) -> Ran {
    world.proxy.forget();
    let victim = Arc::new(Mutex::new(None));
    world.proxy.set_fault(Fault::kill_after(nth, &victim));
    let child = world.start();
    *victim.lock().unwrap() = Some(child.id());
    let ran = world.ended(child);
    world.proxy.clear_fault();
    ran
}

/// Runs once killed after each mutating call in turn, each from a state that `make` makes.
fn killed_at_every_call(world: &World, what: &str, make: impl Fn()) {
    make();
    let calls = world.run().mutating.len();
    assert!(calls > 1, "{what}: {calls} mutating calls");
    for nth in 1..=calls {
        make();
        let killed = killed_after(world, nth);
        assert_eq!(killed.code, None, "{what}: killed after call {nth}: {}", killed.said);
        let ran = world.run();
        assert_eq!(ran.code, Some(0), "{what}: after a kill at call {nth}: {}", ran.said);
        world.is_converged();
    }
    println!("{what}: killed after each mutating call, {calls} of {calls} converged");
}

#[test]
fn killed_at_any_call_of_a_first_run() {
    let Some(world) = World::bare("killed_at_any_call_of_a_first_run") else { return };
    killed_at_every_call(&world, "first run", || world.wipe());
}

#[test]
fn killed_at_any_call_of_a_rotation() {
    let Some(world) = World::converged("killed_at_any_call_of_a_rotation") else { return };
    killed_at_every_call(&world, "rotation", || world.new_certificate(&[DOMAIN, "*.ci.localhost"]));
}

#[test]
fn killed_at_any_call_of_a_try_and_of_going_back() {
    let Some(world) = World::bare("killed_at_any_call_of_a_try_and_of_going_back") else { return };
    std::fs::remove_dir_all(world.path("catalogue")).unwrap();
    // The newest release never becomes healthy, so a run tries it, rejects it, and goes back.
    world.publish(Some(BAD));
    // What a try leaves behind: that it was rejected, and its own version of Traefik's configuration.
    let forget_tries = "docker config ls --quiet --filter name=traefik_ci_localhost_rejected_ \
        --filter name=traefik_ci_localhost_traefik_yml_v3 | xargs --no-run-if-empty docker config rm";
    let make = || {
        let status = world.daemon.command("/bin/sh").args(["-c", forget_tries]).stdout(Stdio::null()).status();
        assert!(status.unwrap().success());
        world.declare(|desired| desired["recipe"]["version"] = json!({ "pin": GOOD }));
        let ran = world.run();
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        world.declare(|desired| {
            desired["recipe"]["version"] = json!("latest");
            desired["limits"]["wait_seconds"] = json!(90);
        });
    };
    make();
    let ran = world.run();
    ran.ends_as(1, "failed");
    let calls = ran.mutating.len();
    assert!(ran.said.contains("went back to"), "{}", ran.said);
    for nth in 1..=calls {
        make();
        let killed = killed_after(&world, nth);
        assert_eq!(killed.code, None, "killed after call {nth}: {}", killed.said);
        // The next run goes on with it, which ends as failed where it is the one that goes back.
        let mut ran = world.run();
        if ran.code != Some(0) {
            ran.ends_as(1, "failed");
            ran = world.run();
        }
        assert_eq!(ran.code, Some(0), "after a kill at call {nth}: {}", ran.said);
        assert_eq!(world.version(), GOOD, "after a kill at call {nth}");
        world.is_converged();
    }
    println!("going back: killed after each mutating call, {calls} of {calls} converged");
}
