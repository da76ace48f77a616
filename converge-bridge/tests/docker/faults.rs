//! A daemon that is not there, slow, silent, gone in the middle, or talks rubbish; somebody who is faster: a clear error, in
//! time, and one run mends it.

use std::sync::Arc;
use std::time::Duration;

use dockerd::{Fault, Rubbish};
use serde_json::json;

use crate::World;
use crate::world::SERVICE;

/// Enough for a run that has to give up by itself, and far less than anybody would call hanging.
const IN_TIME: Duration = Duration::from_secs(20);

fn impatient(world: &World) {
    world.declare(|desired| {
        desired["limits"] = json!({ "run_seconds": 15, "wait_seconds": 2, "call_seconds": 1, "lock_seconds": 1 });
    });
}

#[test]
fn docker_not_running_is_said_in_time() {
    let Some(mut world) = World::converged("docker_not_running_is_said_in_time") else { return };
    world.daemon.stop();
    let ran = world.run_without_proxy();
    ran.fails_clearly(IN_TIME);
    assert!(ran.said.contains("docker.service"), "{}", ran.said);
    world.daemon.start_again();
    world.daemon.docker(&["start", "traefik"]);
    let ran = world.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    world.is_converged();
}

#[test]
fn a_slow_daemon_is_waited_for_within_the_deadline() {
    let Some(world) = World::bare("a_slow_daemon_is_waited_for_within_the_deadline") else { return };
    world.proxy.set_fault(Fault::Delay(Duration::from_millis(200)));
    world.run().ends_as(0, "changed");
    world.is_converged();
    impatient(&world);
    world.proxy.set_fault(Fault::Delay(Duration::from_secs(3)));
    let ran = world.run();
    ran.fails_clearly(IN_TIME);
    ran.changed_nothing();
    assert!(ran.said.contains("did not answer within 1 s"), "{}", ran.said);
}

#[test]
fn a_silent_daemon_is_given_up_in_time() {
    let Some(world) = World::converged("a_silent_daemon_is_given_up_in_time") else { return };
    let questions = world.questions();
    impatient(&world);
    for part in &questions {
        world.proxy.set_fault_on(part, Fault::Hang);
        let ran = world.run();
        ran.fails_clearly(IN_TIME);
        ran.changed_nothing();
        assert!(ran.said.contains("did not answer within 1 s"), "{part}: {}", ran.said);
    }
    world.proxy.clear_fault();
    world.is_converged();
    println!("silent daemon: {0} of {0} runs gave up in time", questions.len());
}

#[test]
fn rubbish_is_an_error_not_a_state() {
    let Some(world) = World::converged("rubbish_is_an_error_not_a_state") else { return };
    let mut questions = world.questions();
    questions.push(String::new());
    impatient(&world);
    let mut refused = 0;
    for rubbish in [Rubbish::Json, Rubbish::Shape, Rubbish::Http, Rubbish::Half] {
        for part in &questions {
            world.proxy.set_fault_on(part, Fault::Garbage(rubbish));
            let ran = world.run();
            println!("{rubbish:?} on {part:?}: {}", ran.said.trim().replace('\n', " | "));
            ran.fails_clearly(IN_TIME);
            ran.changed_nothing();
            refused += 1;
        }
    }
    world.proxy.clear_fault();
    world.is_converged();
    println!("rubbish: {refused} of {refused} runs failed clearly and changed nothing");
}

#[test]
fn a_refusal_is_passed_on_in_dockers_words() {
    let Some(world) = World::converged("a_refusal_is_passed_on_in_dockers_words") else { return };
    let questions = world.questions();
    impatient(&world);
    let mut refused = 0;
    for status in [403, 500, 503] {
        for part in &questions {
            world.proxy.set_fault_on(part, Fault::Refuse(status, "the disk is full of sand".to_owned()));
            let ran = world.run();
            ran.ends_as(1, "failed");
            ran.changed_nothing();
            assert!(ran.said.contains("the disk is full of sand"), "{status} on {part:?}: {}", ran.said);
            assert!(ran.took < IN_TIME, "{:?}", ran.took);
            refused += 1;
        }
    }
    world.declare(|_| ());
    for part in ["/images/load", "/secrets/create", "/services/create"] {
        world.wipe();
        world.proxy.set_fault_on(part, Fault::Refuse(500, "no more room for it today".to_owned()));
        let ran = world.run();
        ran.ends_as(1, "failed");
        assert!(ran.said.contains("no more room for it today"), "{part}: {}", ran.said);
        refused += 1;
    }
    world.proxy.clear_fault();
    world.run().ends_as(0, "changed");
    world.is_converged();
    println!("refusals: {refused} of {refused} passed on in Docker's words");
}

#[test]
fn a_connection_lost_at_any_change_is_mended_by_the_next_run() {
    let Some(world) = World::bare("a_connection_lost_at_any_change_is_mended_by_the_next_run") else { return };
    let calls = world.run().ends_as(0, "changed").mutating.len();
    let mut mended = 0;
    for nth in 1..=calls {
        for fault in [Fault::CloseBefore { nth }, Fault::CloseAfter { nth }] {
            world.wipe();
            world.proxy.set_fault(fault.clone());
            let cut = world.run();
            world.proxy.clear_fault();
            let ran = world.run();
            assert_eq!(ran.code, Some(0), "after {fault:?}, {}: {}", cut.said, ran.said);
            world.is_converged();
            mended += 1;
        }
    }
    println!("connection lost at each mutating call: {mended} of {mended} converged");
}

#[test]
fn somebody_who_is_faster_makes_it_look_again() {
    let Some(world) = World::converged("somebody_who_is_faster_makes_it_look_again") else { return };
    world.daemon.docker(&["service", "update", "--quiet", "--detach=true", "--env-add=DEBUG=1", SERVICE]);
    // Between what it looked at and its update somebody else updates the service: its own is then of another version.
    let socket = world.daemon.socket();
    let action = Arc::new(move || {
        let host = format!("unix://{}", socket.display());
        let update = ["service", "update", "--quiet", "--detach=true", "--env-add=MORE=1", SERVICE];
        std::process::Command::new("docker").args(["--host", &host]).args(update).output().unwrap();
    });
    // A secret is created before the service is updated.
    world.give("gitea-token", "another-token-0123456789");
    world.proxy.set_fault(Fault::KillAfter { nth: 1, action });
    let ran = world.run();
    world.proxy.clear_fault();
    ran.ends_as(0, "changed");
    assert!(ran.changes().iter().any(|change| change.contains("Env.MORE is extra")), "{:?}", ran.changes());
    world.is_converged();
}
