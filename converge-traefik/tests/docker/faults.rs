//! A daemon that is not there, slow, silent, gone in the middle, or talks rubbish: a clear error, in time, and one run
//! mends it.

use std::sync::Arc;
use std::time::Duration;

use dockerd::{Fault, Rubbish};
use nix::sys::signal::{Signal, kill};
use serde_json::json;

use crate::World;

/// Enough for a run that has to give up by itself, and far less than anybody would call hanging.
const IN_TIME: Duration = Duration::from_secs(20);

fn impatient(world: &World) {
    world.declare(|desired| {
        desired["limits"] = json!({ "run_seconds": 15, "wait_seconds": 2, "call_seconds": 1, "lock_seconds": 1 });
    });
}

fn patient(world: &World) {
    world.declare(|_| ());
}

#[test]
fn docker_not_running_is_said_in_time() {
    let Some(mut world) = World::converged("docker_not_running_is_said_in_time") else { return };
    world.daemon.stop();
    let ran = world.run_without_proxy();
    ran.fails_clearly(IN_TIME);
    assert!(ran.said.contains("docker.service"), "{}", ran.said);
    world.daemon.start_again();
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
    patient(&world);
    world.wipe();
    for part in ["/secrets/create", "/services/create"] {
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
fn a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run() {
    let test = "a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run";
    let Some(world) = World::bare(test) else { return };
    for part in ["/secrets/create", "/services/create"] {
        world.wipe();
        impatient(&world);
        world.proxy.set_fault_on(part, Fault::Hang);
        let ran = world.run();
        ran.fails_clearly(IN_TIME);
        world.proxy.clear_fault();
        patient(&world);
        world.run().ends_as(0, "changed");
        world.is_converged();
    }
}

#[test]
fn a_connection_lost_at_any_change_is_mended_by_the_next_run() {
    let Some(world) = World::bare("a_connection_lost_at_any_change_is_mended_by_the_next_run") else { return };
    let calls = world.run().mutating.len();
    let mut mended = 0;
    for nth in 1..=calls {
        for fault in [Fault::CloseBefore { nth }, Fault::CloseAfter { nth }] {
            world.wipe();
            world.proxy.set_fault(fault.clone());
            let cut = world.run();
            world.proxy.clear_fault();
            if cut.code != Some(0) {
                cut.fails_clearly(IN_TIME);
            }
            let ran = world.run();
            assert_eq!(ran.code, Some(0), "after {fault:?}, {}: {}", cut.said, ran.said);
            world.is_converged();
            mended += 1;
        }
    }
    println!("connection lost at each mutating call: {mended} of {mended} converged");
}

#[test]
fn a_daemon_stopped_at_any_change_is_mended_by_the_next_run() {
    let Some(mut world) = World::bare("a_daemon_stopped_at_any_change_is_mended_by_the_next_run") else { return };
    let calls = world.run().mutating.len();
    for nth in 1..=calls {
        world.wipe();
        let daemon = world.daemon.pid().unwrap();
        let action = Arc::new(move || kill(daemon, Signal::SIGTERM).unwrap());
        world.proxy.set_fault(Fault::KillAfter { nth, action });
        let cut = world.run();
        world.proxy.clear_fault();
        cut.fails_clearly(IN_TIME);
        world.daemon.stop();
        world.daemon.start_again();
        let ran = world.run();
        assert_eq!(ran.code, Some(0), "stopped at call {nth}, {}: {}", cut.said, ran.said);
        world.is_converged();
    }
    println!("Docker stopped at each mutating call: {calls} of {calls} converged");
}
