//! Killed, or cut off from the daemon, after each mutating call in turn.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use dockerd::Fault;
use serde_json::json;

use crate::{World, declared};

/// A state a run begins from; it must not depend on what was there before.
struct Start {
    name: &'static str,
    make: fn(&World),
}

fn nothing(world: &World) {
    // Refused when there is none.
    let _ = world.daemon.try_docker(&["swarm", "leave", "--force"]);
    for network in ["proxy", "second"] {
        for id in world.network_ids(network) {
            world.daemon.docker(&["network", "rm", &id]);
        }
    }
}

/// A swarm by hand, with everything on it that can be wrong and mended.
fn everything_wrong(world: &World) {
    nothing(world);
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
    &[Start { name: "nothing there", make: nothing }, Start { name: "everything wrong", make: everything_wrong }];

fn two_networks() -> serde_json::Value {
    let mut configuration = declared();
    configuration["networks"]["second"] = json!({ "attachable": false });
    configuration
}

/// Runs once with the fault at each mutating call in turn, until a run makes fewer calls than that.
fn at_every_call(world: &World, start: &Start, mut broken_run: impl FnMut(usize)) -> usize {
    (start.make)(world);
    let calls = world.run().mutating().len();
    assert!(calls > 1, "{}: {calls} mutating calls", start.name);
    for nth in 1..=calls {
        (start.make)(world);
        broken_run(nth);
        world.proxy.clear_fault();
    }
    calls
}

#[test]
fn killed_after_each_mutating_call_the_next_run_converges() {
    let Some(world) = World::bare("killed_after_each_mutating_call_the_next_run_converges") else { return };
    world.declare(&two_networks());
    for start in STARTS {
        let mut converged = 0;
        let calls = at_every_call(&world, start, |nth| {
            let victim = Arc::new(Mutex::new(None));
            world.proxy.set_fault(Fault::kill_after(nth, &victim));
            // The proxy waits for this slot before it kills.
            let mut slot = victim.lock().unwrap();
            let child = world.program().spawn().unwrap();
            *slot = Some(child.id());
            drop(slot);
            let killed = world.ended(child, Instant::now());
            assert_eq!(killed.code, None, "call {nth}: {killed:#?}");
            assert_eq!(killed.report["outcome"], "running");
            world.proxy.clear_fault();
            let ran = world.run();
            assert_eq!(ran.code, Some(0), "call {nth}: {ran:#?}");
            world.network_is_right();
            world.is_converged();
            converged += 1;
        });
        assert_eq!(converged, calls);
        println!("killed after each mutating call, {}: {converged} of {calls} converged", start.name);
    }
}

#[test]
fn an_answer_lost_at_any_call_is_no_failure() {
    let Some(world) = World::bare("an_answer_lost_at_any_call_is_no_failure") else { return };
    world.declare(&two_networks());
    for (what, fault) in [
        ("before it is heard", (|nth| Fault::CloseBefore { nth }) as fn(usize) -> Fault),
        ("before it is answered", |nth| Fault::CloseAfter { nth }),
    ] {
        for start in STARTS {
            let mut converged = 0;
            let calls = at_every_call(&world, start, |nth| {
                world.proxy.set_fault(fault(nth));
                let ran = world.run();
                assert_eq!(ran.code, Some(0), "call {nth}, {what}: {ran:#?}");
                world.proxy.clear_fault();
                world.network_is_right();
                world.is_converged();
                converged += 1;
            });
            println!("connection closed {what}, {}: {converged} of {calls} converged within the run", start.name);
        }
    }
}

#[test]
fn docker_killed_after_each_mutating_call() {
    let Some(mut world) = World::bare("docker_killed_after_each_mutating_call") else { return };
    let calls = 2;
    for nth in 1..=calls {
        nothing(&world);
        let daemon = Arc::new(Mutex::new(world.daemon.pid().and_then(|pid| u32::try_from(pid.as_raw()).ok())));
        world.proxy.set_fault(Fault::kill_after(nth, &daemon));
        let ran = world.run();
        if nth < calls {
            ran.fails_clearly(std::time::Duration::from_secs(40));
            assert!(ran.said.contains("docker.service"), "{}", ran.said);
        } else {
            // Even the last call's answer was lost, and nobody is left to ask whether it worked.
            assert_eq!(ran.code, Some(1), "{ran:#?}");
        }
        world.proxy.clear_fault();
        world.daemon.kill();
        world.daemon.start_again();
        let ran = world.run();
        assert_eq!(ran.code, Some(0), "call {nth}: {ran:#?}");
        world.network_is_right();
        world.is_converged();
    }
    println!("Docker killed after each mutating call: {calls} of {calls} converged once it was back");
}
