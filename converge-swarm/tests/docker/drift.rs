//! Every difference, one by one, on networks that are not in use.

use converger_kit::Piece;
use serde_json::json;

use crate::World;

/// A difference of a converged swarm, and the calls that repair it.
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
        name: "internal",
        breaks: |world| {
            remove(world);
            create(world, &["--driver=overlay", "--attachable", "--subnet=10.10.0.0/16", "--internal"]);
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
fn every_drift_is_repaired_by_one_run() {
    let Some(world) = World::converged("every_drift_is_repaired_by_one_run") else { return };
    for case in CASES {
        println!("case: {}", case.name);
        (case.breaks)(&world);
        let plan = world.plan();
        assert_eq!(plan.exit_code, Some(3), "{}: {plan:#?}", case.name);
        plan.assert_no_writes();
        let run = world.run();
        run.assert_outcome(0, "changed");
        let calls: Vec<String> = run.all_writes().into_iter().map(without_id).collect();
        assert_eq!(calls, case.mends, "{}", case.name);
        world.assert_state();
        world.assert_converged();
    }
    println!("{n} of {n} drifts repaired, each by one run", n = CASES.len());
}

/// The call without the id of a network and the version of an update.
fn without_id(call: &str) -> String {
    if call.starts_with("DELETE /networks/") {
        "DELETE /networks/*".to_owned()
    } else {
        call.split('?').next().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_network_without_our_label_is_accepted() {
    let Some(world) = World::converged("a_network_without_our_label_is_accepted") else { return };
    remove(&world);
    create(&world, &RIGHT[..3]);
    world.assert_converged();
}

#[test]
fn a_second_subnet_of_ipv6_is_left_alone() {
    let Some(world) = World::converged("a_second_subnet_of_ipv6_is_left_alone") else { return };
    remove(&world);
    create(&world, &[&RIGHT[..3], &["--ipv6", "--subnet=fd00:10::/64"]].concat());
    world.assert_converged();
}
