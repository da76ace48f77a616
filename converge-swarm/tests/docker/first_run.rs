//! From nothing to the declared state, and from there nowhere.

use std::collections::BTreeSet;

use serde_json::json;

use crate::{World, declared};

#[test]
fn first_run_makes_the_swarm_and_its_network() {
    let Some(world) = World::bare("first_run_makes_the_swarm_and_its_network") else { return };
    let plan = world.plan();
    assert_eq!(plan.code, Some(3), "{plan:#?}");
    plan.changed_nothing();

    let ran = world.run();
    ran.ends_as(0, "changed");
    assert_eq!(ran.mutating(), ["POST /swarm/init", "POST /networks/create"]);
    world.network_is_right();
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
    let ran = world.run();
    ran.ends_as(0, "unchanged");
    ran.changed_nothing();
    assert!(!ran.calls.is_empty(), "it went past the proxy");
    assert_eq!(world.daemon.indices(), before);
    println!("second run: 0 mutating calls of {}, 0 of {} indices moved", ran.calls.len(), before.len());

    let plan = world.plan();
    assert_eq!(plan.code, Some(0), "{plan:#?}");
    plan.changed_nothing();
}

#[test]
fn what_others_deploy_is_left_alone() {
    let Some(world) = World::converged("what_others_deploy_is_left_alone") else { return };
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
    world.is_converged();
}

#[test]
fn what_is_not_declared_is_not_compared() {
    let Some(world) = World::bare("what_is_not_declared_is_not_compared") else { return };
    let bare_minimum = json!({ "advertise_address": dockerd::ADDRESS });
    world.declare(&bare_minimum);
    world.run().ends_as(0, "changed");
    world.daemon.docker(&["swarm", "update", "--task-history-limit", "2", "--dispatcher-heartbeat", "7s"]);
    world.daemon.docker(&["network", "create", "--driver", "overlay", "proxy"]);
    world.is_converged();
}

#[test]
fn settings_of_others_survive_a_change_of_ours() {
    let Some(world) = World::converged("settings_of_others_survive_a_change_of_ours") else { return };
    world.daemon.docker(&["swarm", "update", "--task-history-limit", "2", "--dispatcher-heartbeat", "7s"]);
    let mut expected = world.daemon.get("/swarm").unwrap()["Spec"].clone();
    expected["Orchestration"]["TaskHistoryRetentionLimit"] = json!(5);
    world.run().ends_as(0, "changed");
    assert_eq!(world.daemon.get("/swarm").unwrap()["Spec"], expected);
}

#[test]
fn two_runs_at_once_do_the_work_once() {
    let Some(world) = World::bare("two_runs_at_once_do_the_work_once") else { return };
    let begun = std::time::Instant::now();
    let children = [world.program().spawn().unwrap(), world.program().spawn().unwrap()];
    for child in children {
        let ran = world.ended(child, begun);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    let mutating: Vec<String> = world.proxy.mutating().iter().map(ToString::to_string).collect();
    assert_eq!(mutating, ["POST /swarm/init -> 200", "POST /networks/create -> 201"]);
    world.is_converged();
}

/// Two hosts' worth of locks: nothing but Docker keeps these two apart.
#[test]
fn two_runs_that_share_no_lock_both_converge() {
    let Some(world) = World::bare("two_runs_that_share_no_lock_both_converge") else { return };
    let begun = std::time::Instant::now();
    let mut elsewhere = world.program();
    elsewhere.env("RUNTIME_DIRECTORY", world.path("elsewhere"));
    let children = [world.program().spawn().unwrap(), elsewhere.spawn().unwrap()];
    for child in children {
        let ran = world.ended(child, begun);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    world.network_is_right();
    world.is_converged();
}

#[test]
fn how_full_a_network_is_is_told() {
    let Some(world) = World::bare("how_full_a_network_is_is_told") else { return };
    let mut configuration = declared();
    // Five addresses for endpoints.
    configuration["networks"]["proxy"]["subnet"] = json!("10.10.0.0/29");
    world.declare(&configuration);
    world.run().ends_as(0, "changed");
    world.load_idle();
    let mut warned = BTreeSet::new();
    let mut percents = Vec::new();
    for container in ["one", "two", "three", "four"] {
        world.daemon.docker(&["run", "--detach", "--name", container, "--network", "proxy", "idle:1"]);
        let ran = world.run();
        ran.ends_as(0, "unchanged");
        let facts = ran.report["facts"].as_array().unwrap().clone();
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
