//! Every difference, one by one, while nothing is in the way of mending it.

use serde_json::json;

use crate::{World, declared};

/// One way a converged swarm comes to differ, and the calls that mend it.
struct Case {
    name: &'static str,
    breaks: fn(&World),
    mends: &'static [&'static str],
}

fn remove(world: &World) {
    world.daemon.docker(&["network", "rm", "proxy"]);
}

fn create(world: &World, arguments: &[&str]) {
    world.daemon.docker(&[&["network", "create"], arguments, &["proxy"]].concat());
}

const RIGHT: [&str; 4] =
    ["--driver=overlay", "--attachable", "--subnet=10.10.0.0/16", "--label=converge.managed=swarm"];

const CASES: &[Case] = &[
    Case { name: "network missing", breaks: remove, mends: &["POST /networks/create"] },
    Case {
        name: "a bridge named proxy instead",
        breaks: |world| {
            remove(world);
            create(world, &["--driver=bridge"]);
        },
        mends: &["DELETE /networks/*", "POST /networks/create"],
    },
    Case {
        name: "a bridge of swarm scope instead",
        breaks: |world| {
            remove(world);
            create(world, &["--driver=bridge", "--scope=swarm", "--attachable"]);
        },
        mends: &["DELETE /networks/*", "POST /networks/create"],
    },
    Case {
        name: "not attachable",
        breaks: |world| {
            remove(world);
            create(world, &["--driver=overlay", "--subnet=10.10.0.0/16"]);
        },
        mends: &["DELETE /networks/*", "POST /networks/create"],
    },
    Case {
        name: "another subnet",
        breaks: |world| {
            remove(world);
            create(world, &["--driver=overlay", "--attachable", "--subnet=10.11.0.0/16"]);
        },
        mends: &["DELETE /networks/*", "POST /networks/create"],
    },
    Case {
        name: "the same name in both scopes, the wrong one first",
        breaks: both_scopes,
        mends: &["DELETE /networks/*"],
    },
    Case {
        name: "the same name in both scopes, neither right",
        breaks: |world| {
            remove(world);
            create(world, &["--driver=bridge"]);
            create_beside(world, "10.11.0.0/16");
        },
        mends: &["DELETE /networks/*", "DELETE /networks/*", "POST /networks/create"],
    },
    Case {
        name: "task history changed by hand",
        breaks: |world| {
            world.daemon.docker(&["swarm", "update", "--task-history-limit", "1"]);
        },
        mends: &["POST /swarm/update"],
    },
    Case {
        name: "task history and network at once",
        breaks: |world| {
            world.daemon.docker(&["swarm", "update", "--task-history-limit", "1"]);
            remove(world);
        },
        mends: &["POST /swarm/update", "POST /networks/create"],
    },
];

fn both_scopes(world: &World) {
    remove(world);
    create(world, &["--driver=bridge"]);
    create_beside(world, "10.10.0.0/16");
}

/// Creates an overlay network named proxy beside another of that name: the command line would refuse to.
fn create_beside(world: &World, subnet: &str) {
    let network = json!({
        "Name": "proxy", "Driver": "overlay", "Attachable": true, "CheckDuplicate": false,
        "IPAM": { "Config": [{ "Subnet": subnet }] }, "Labels": { "converge.managed": "swarm" },
    });
    world.daemon.post("/v1.41/networks/create", &network).unwrap();
    assert_eq!(world.network_ids("proxy").len(), 2);
}

#[test]
fn every_drift_is_mended_by_one_run() {
    let Some(world) = World::converged("every_drift_is_mended_by_one_run") else { return };
    for case in CASES {
        println!("case: {}", case.name);
        (case.breaks)(&world);
        let plan = world.plan();
        assert_eq!(plan.code, Some(3), "{}: {plan:#?}", case.name);
        plan.changed_nothing();
        let ran = world.run();
        ran.ends_as(0, "changed");
        let calls: Vec<String> = ran.mutating().iter().map(|call| without_id(call)).collect();
        assert_eq!(calls, case.mends, "{}", case.name);
        world.network_is_right();
        world.is_converged();
    }
    println!("{n} of {n} drifts mended, each by one run", n = CASES.len());
}

/// `DELETE /networks/<id>` is the same whatever the id, and updates whatever their version.
fn without_id(call: &str) -> String {
    if call.starts_with("DELETE /networks/") {
        "DELETE /networks/*".to_owned()
    } else {
        call.split('?').next().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_network_without_a_label_of_ours_is_as_good() {
    let Some(world) = World::converged("a_network_without_a_label_of_ours_is_as_good") else { return };
    remove(&world);
    create(&world, &RIGHT[..3]);
    world.is_converged();
}

#[test]
fn what_is_fixed_when_a_swarm_is_made_is_told_not_forced() {
    let Some(world) = World::converged("what_is_fixed_when_a_swarm_is_made_is_told_not_forced") else { return };
    let mut other_address = declared();
    other_address["advertise_address"] = json!("127.0.0.1");
    let mut other_pools = declared();
    other_pools["address_pools"]["pools"] = json!(["10.30.0.0/16"]);
    let mut other_size = declared();
    other_size["address_pools"]["subnet_size"] = json!(25);
    for (configuration, told) in [(other_address, "10.99.0.1"), (other_pools, "10.30.0.0/16"), (other_size, "/25s")] {
        world.declare(&configuration);
        let before = world.daemon.indices();
        let ran = world.run();
        ran.ends_as(1, "drifted");
        ran.changed_nothing();
        assert_eq!(world.daemon.indices(), before);
        let drift = &ran.report["drift"][0];
        assert!(drift["reason"].as_str().unwrap().contains(told), "{drift:#?}");
        let commands = json!(["docker swarm leave --force", "systemctl restart converge.target"]);
        assert_eq!(drift["commands"], commands);
        assert!(ran.said.contains("docker swarm leave --force"), "{}", ran.said);
    }
    world.declare(&declared());
    world.is_converged();
}
