//! Subnets that overlap: named before anything is created.

use converger_kit::{Piece, Run};
use serde_json::json;

use crate::World;

#[track_caller]
fn assert_blocked(run: &Run, reason: &str) {
    run.assert_outcome(1, "blocked");
    run.assert_no_writes();
    let seen = run.report["blocked"][0]["reason"].as_str().unwrap();
    assert!(seen.contains(reason), "{seen}");
}

#[test]
fn a_bridge_that_overlaps_is_named_before_the_swarm_is_made() {
    let Some(world) = World::bare("a_bridge_that_overlaps_is_named_before_the_swarm_is_made") else { return };
    world.daemon.docker(&["network", "create", "--subnet=10.10.4.0/24", "shop"]);
    assert_blocked(&world.run(), "its subnet 10.10.0.0/16 overlaps 10.10.4.0/24 of network shop");
    assert_eq!(world.daemon.get("/info").unwrap()["Swarm"]["LocalNodeState"], "inactive");
    world.daemon.docker(&["network", "rm", "shop"]);
    world.run().assert_outcome(0, "changed");
    world.assert_state();
}

/// Docker rejects every task on `proxy` then: "Pool overlaps with other one on this address space".
#[test]
fn a_bridge_that_overlaps_a_right_network_is_named() {
    let Some(world) = World::converged("a_bridge_that_overlaps_a_right_network_is_named") else { return };
    world.daemon.docker(&["network", "create", "--subnet=10.10.4.0/24", "shop"]);
    assert_blocked(&world.run(), "its subnet 10.10.0.0/16 overlaps 10.10.4.0/24 of network shop");
    world.daemon.docker(&["network", "rm", "shop"]);
    world.assert_converged();
}

#[test]
fn a_subnet_that_swarm_takes_for_itself_is_named_before_the_swarm_is_made() {
    let test = "a_subnet_that_swarm_takes_for_itself_is_named_before_the_swarm_is_made";
    let Some(world) = World::bare(test) else { return };
    for (pools, ingress) in
        [(json!(null), "10.0.0.0/24"), (json!({ "pools": ["10.20.0.0/16"], "subnet_size": 20 }), "10.20.0.0/20")]
    {
        let declare = |subnet: &str| {
            world.declare(|configuration| {
                configuration["address_pools"] = pools.clone();
                configuration["networks"]["proxy"]["subnet"] = json!(subnet);
            });
        };
        world.wipe();
        declare(ingress);
        assert_blocked(&world.run(), &format!("overlaps {ingress}, which Swarm gives to its own network ingress"));
        declare("10.10.0.0/16");
        world.run().assert_outcome(0, "changed");
        // Swarm took what was foretold.
        let ids = world.network_ids("ingress");
        let seen = world.daemon.get(&format!("/networks/{}", ids[0])).unwrap();
        assert_eq!(seen["IPAM"]["Config"][0]["Subnet"], ingress);
        world.assert_converged();
    }
}

/// Swarm accepts a network that overlaps another one, and allocates it only after the other one is gone.
#[test]
fn a_network_that_swarm_has_not_allocated_is_neither_wrong_nor_right() {
    let Some(world) = World::converged("a_network_that_swarm_has_not_allocated_is_neither_wrong_nor_right") else {
        return;
    };
    world.daemon.docker(&["network", "rm", "proxy"]);
    world.daemon.docker(&["network", "create", "--driver=overlay", "--subnet=10.10.4.0/24", "shop"]);
    let overlaps = "its subnet 10.10.0.0/16 overlaps 10.10.4.0/24 of network shop";
    assert_blocked(&world.run(), overlaps);

    let proxy = ["--driver=overlay", "--attachable", "--subnet=10.10.0.0/16", "--label=converge.managed=swarm"];
    let id = world.daemon.docker(&[&["network", "create"], &proxy[..], &["proxy"]].concat());
    let seen = world.daemon.get(&format!("/networks/{id}")).unwrap();
    assert_eq!((&seen["Driver"], &seen["Attachable"]), (&json!(""), &json!(true)), "{seen:#?}");
    assert_blocked(&world.run(), overlaps);

    world.daemon.docker(&["network", "rm", "shop"]);
    let run = world.run();
    run.assert_outcome(0, "unchanged");
    run.assert_no_writes();
    assert_eq!(world.network_ids("proxy"), [id]);
    world.assert_state();
}
