//! A daemon that is not there, slow, silent, or talks rubbish: a clear error, in time.

use std::time::Duration;

use dockerd::{Fault, Rubbish};
use serde_json::json;

use crate::{World, declared};

/// Enough for a run that has to give up by itself, and far less than anybody would call hanging.
const IN_TIME: Duration = Duration::from_secs(15);

fn impatient(world: &World) {
    let mut configuration = declared();
    configuration["limits"] = json!({ "run_seconds": 10, "wait_seconds": 1, "call_seconds": 1, "lock_seconds": 1 });
    world.declare(&configuration);
}

#[test]
fn docker_not_running_is_said_in_time() {
    let Some(mut world) = World::converged("docker_not_running_is_said_in_time") else { return };
    world.daemon.stop();
    let socket = world.daemon.socket();
    let ran = world.ran(&mut world.program_on(&socket));
    ran.fails_clearly(IN_TIME);
    assert!(ran.said.contains("docker.service"), "{}", ran.said);
    world.daemon.start_again();
    world.is_converged();
}

#[test]
fn a_daemon_that_comes_back_within_the_retries_is_no_failure() {
    let test = "a_daemon_that_comes_back_within_the_retries_is_no_failure";
    let Some(mut world) = World::converged(test) else { return };
    world.daemon.stop();
    let socket = world.daemon.socket();
    let child = world.program_on(&socket).spawn().unwrap();
    world.daemon.start_again();
    let ran = world.ended(child, std::time::Instant::now());
    ran.ends_as(0, "unchanged");
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
    assert!(ran.said.contains("did not answer within 1 s"), "{}", ran.said);
}

#[test]
fn a_silent_daemon_is_given_up_in_time() {
    let Some(world) = World::converged("a_silent_daemon_is_given_up_in_time") else { return };
    impatient(&world);
    let mut given_up = 0;
    for part in ["", "/info", "/networks"] {
        world.proxy.set_fault_on(part, Fault::Hang);
        let ran = world.run();
        ran.fails_clearly(IN_TIME);
        ran.changed_nothing();
        assert!(ran.said.contains("did not answer within 1 s"), "{part}: {}", ran.said);
        given_up += 1;
    }
    world.proxy.clear_fault();
    world.is_converged();
    println!("silent daemon: {given_up} of {given_up} runs gave up in time");
}

#[test]
fn a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run() {
    let test = "a_change_that_is_never_answered_is_given_up_and_mended_by_the_next_run";
    let Some(world) = World::converged(test) else { return };
    impatient(&world);
    world.daemon.docker(&["network", "rm", "proxy"]);
    world.proxy.set_fault_on("/networks/create", Fault::Hang);
    let ran = world.run();
    ran.fails_clearly(IN_TIME);
    assert!(ran.report["error"]["message"].as_str().unwrap().contains("create network proxy"), "{ran:#?}");
    world.proxy.clear_fault();
    world.run().ends_as(0, "changed");
    world.is_converged();
}

#[test]
fn rubbish_is_an_error_not_a_state() {
    let Some(world) = World::converged("rubbish_is_an_error_not_a_state") else { return };
    impatient(&world);
    let mut refused = 0;
    for rubbish in [Rubbish::Json, Rubbish::Shape, Rubbish::Http, Rubbish::Half] {
        for part in ["", "/_ping", "/info", "/networks"] {
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
    impatient(&world);
    for (status, part) in [(500, "/info"), (503, "/networks"), (403, "")] {
        world.proxy.set_fault_on(part, Fault::Refuse(status, "the disk is full of sand".to_owned()));
        let ran = world.run();
        ran.ends_as(1, "failed");
        ran.changed_nothing();
        assert!(ran.said.contains("the disk is full of sand"), "{status} on {part:?}: {}", ran.said);
        assert!(ran.took < IN_TIME);
    }
    world.daemon.docker(&["network", "rm", "proxy"]);
    world.proxy.set_fault_on("/networks/create", Fault::Refuse(500, "no more overlays today".to_owned()));
    let ran = world.run();
    ran.ends_as(1, "failed");
    assert!(ran.said.contains("no more overlays today"), "{}", ran.said);
}
