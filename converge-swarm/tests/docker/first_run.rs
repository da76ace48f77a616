//! From nothing to the declared state, and no further change.

use std::collections::BTreeSet;

use converger_kit::Piece;
use serde_json::json;

use crate::World;

#[test]
fn first_run_makes_the_swarm_and_its_network() {
    let Some(world) = World::bare("first_run_makes_the_swarm_and_its_network") else { return };
    let plan = world.plan();
    assert_eq!(plan.exit_code, Some(3), "{plan:#?}");
    plan.assert_no_writes();

    let run = world.run();
    run.assert_outcome(0, "changed");
    assert_eq!(run.all_writes(), ["POST /swarm/init", "POST /networks/create"]);
    world.assert_state();
    let info = world.daemon.get("/info").unwrap();
    assert_eq!(info["Swarm"]["LocalNodeState"], "active");
    assert_eq!(info["Swarm"]["NodeAddr"], dockerd::ADDRESS);
    let swarm = world.daemon.get("/swarm").unwrap();
    assert_eq!(swarm["DefaultAddrPool"], json!(["10.20.0.0/16"]));
    assert_eq!(swarm["SubnetSize"], 24);
    assert_eq!(swarm["Spec"]["Orchestration"]["TaskHistoryRetentionLimit"], 5);
}

#[test]
fn second_run_writes_nothing() {
    let Some(world) = World::converged("second_run_writes_nothing") else { return };
    let before = world.daemon.indices();
    let run = world.run();
    run.assert_outcome(0, "unchanged");
    run.assert_no_writes();
    assert!(!run.calls.is_empty(), "the calls did not go through the proxy");
    assert_eq!(world.daemon.indices(), before);
    println!("second run: 0 mutating calls of {}, 0 of {} indices moved", run.calls.len(), before.len());

    let plan = world.plan();
    assert_eq!(plan.exit_code, Some(0), "{plan:#?}");
    plan.assert_no_writes();
}

#[test]
fn services_and_networks_of_others_are_left_alone() {
    let Some(world) = World::converged("services_and_networks_of_others_are_left_alone") else { return };
    world.load_idle();
    world.daemon.docker(&["network", "create", "--driver", "overlay", "internal"]);
    world.daemon.docker(&["network", "create", "proxy-of-others"]);
    for network in ["proxy", "internal"] {
        let name = format!("on-{network}");
        world.daemon.docker(&[
            "service",
            "create",
            "--quiet",
            "--no-resolve-image",
            "--endpoint-mode",
            "dnsrr",
            "--name",
            &name,
            "--network",
            network,
            "idle:1",
        ]);
    }
    world.assert_converged();
}

#[test]
fn settings_that_are_not_declared_are_not_compared() {
    let Some(world) = World::bare("settings_that_are_not_declared_are_not_compared") else { return };
    let bare_minimum = json!({ "advertise_address": dockerd::ADDRESS });
    world.configure(&bare_minimum);
    world.run().assert_outcome(0, "changed");
    world.daemon.docker(&["swarm", "update", "--task-history-limit", "2", "--dispatcher-heartbeat", "7s"]);
    world.daemon.docker(&["network", "create", "--driver", "overlay", "proxy"]);
    world.assert_converged();
}

#[test]
fn settings_of_others_survive_a_change_of_ours() {
    let Some(world) = World::converged("settings_of_others_survive_a_change_of_ours") else { return };
    world.daemon.docker(&["swarm", "update", "--task-history-limit", "2", "--dispatcher-heartbeat", "7s"]);
    let mut expected = world.daemon.get("/swarm").unwrap()["Spec"].clone();
    expected["Orchestration"]["TaskHistoryRetentionLimit"] = json!(5);
    world.run().assert_outcome(0, "changed");
    assert_eq!(world.daemon.get("/swarm").unwrap()["Spec"], expected);
}

#[test]
fn two_runs_at_once_do_the_work_once() {
    let Some(world) = World::bare("two_runs_at_once_do_the_work_once") else { return };
    let both = [world.start_run(&mut world.command()), world.start_run(&mut world.command())];
    for running in both {
        let run = world.finish(running);
        assert_eq!(run.exit_code, Some(0), "{run:#?}");
    }
    let mutating: Vec<String> = world.proxy.mutating().iter().map(ToString::to_string).collect();
    assert_eq!(mutating, ["POST /swarm/init -> 200", "POST /networks/create -> 201"]);
    world.assert_converged();
}

/// Two runs with a lock each: only Docker keeps them apart.
#[test]
fn two_runs_that_share_no_lock_both_converge() {
    let Some(world) = World::bare("two_runs_that_share_no_lock_both_converge") else { return };
    let mut other = world.command();
    other.env("RUNTIME_DIRECTORY", world.path("other"));
    let both = [world.start_run(&mut world.command()), world.start_run(&mut other)];
    for running in both {
        let run = world.finish(running);
        assert_eq!(run.exit_code, Some(0), "{run:#?}");
    }
    world.assert_state();
    world.assert_converged();
}

#[test]
fn the_fill_of_a_network_is_reported() {
    let Some(world) = World::bare("the_fill_of_a_network_is_reported") else { return };
    // Five addresses for endpoints.
    world.declare(|configuration| configuration["networks"]["proxy"]["subnet"] = json!("10.10.0.0/29"));
    world.run().assert_outcome(0, "changed");
    world.load_idle();
    let mut warned = BTreeSet::new();
    let mut percents = Vec::new();
    for container in ["one", "two", "three", "four"] {
        world.daemon.docker(&["run", "--detach", "--name", container, "--network", "proxy", "idle:1"]);
        let run = world.run();
        run.assert_outcome(0, "unchanged");
        let facts = run.report["facts"].as_array().unwrap().clone();
        let fill = facts.into_iter().find(|fact| fact["name"] == "network_proxy").unwrap();
        let percent = fill["value"]["percent"].as_u64().unwrap();
        assert_eq!(fill["warning"].is_null(), percent <= 80, "{fill:#?}");
        if percent > 80 {
            warned.insert(container);
        }
        percents.push(percent);
    }
    assert!(percents.is_sorted() && percents[0] > 0, "{percents:?}");
    assert!(!warned.is_empty() && !warned.contains("one"), "{percents:?}");
}
