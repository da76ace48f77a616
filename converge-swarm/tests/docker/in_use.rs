//! Networks that differ while they are in use: nothing is removed, and the commands of the drift repair them.

use converger_kit::Piece;

use crate::World;
use crate::world::{drifted, until};

/// The length of a short id; a whole one has 64 letters.
const SHORT_ID: usize = 12;

/// A wrong network in use. `make` returns its user, by the name that the drift must have.
struct Case {
    name: &'static str,
    make: fn(&World) -> &'static str,
}

fn wrong(world: &World, arguments: &[&str]) {
    world.daemon.docker(&[&["network", "create"], arguments, &["proxy"]].concat());
}

fn service(world: &World, replicas: &str) {
    world.daemon.docker(&[
        "service",
        "create",
        "--quiet",
        "--stop-grace-period",
        "1s",
        "--update-monitor",
        "1s",
        "--no-resolve-image",
        "--endpoint-mode",
        "dnsrr",
        "--name",
        "app",
        "--replicas",
        replicas,
        "--network",
        "proxy",
        "idle:1",
    ]);
}

const CASES: &[Case] = &[
    Case {
        name: "a bridge with a running container",
        make: |world| {
            wrong(world, &["--driver=bridge"]);
            world.daemon.docker(&["run", "--detach", "--name", "box", "--network", "proxy", "idle:1"]);
            "container box"
        },
    },
    Case {
        name: "a bridge with a stopped container",
        make: |world| {
            wrong(world, &["--driver=bridge"]);
            world.daemon.docker(&["run", "--detach", "--name", "box", "--network", "proxy", "idle:1"]);
            world.daemon.docker(&["kill", "box"]);
            "container box"
        },
    },
    Case {
        name: "a bridge with a container that never ran",
        make: |world| {
            wrong(world, &["--driver=bridge"]);
            world.daemon.docker(&["create", "--name", "box", "--network", "proxy", "idle:1"]);
            "container box"
        },
    },
    Case {
        name: "another subnet with a running service",
        make: |world| {
            wrong(world, &["--driver=overlay", "--attachable", "--subnet=10.11.0.0/16"]);
            service(world, "1");
            "service app"
        },
    },
    Case {
        name: "not attachable, with a service of no tasks",
        make: |world| {
            wrong(world, &["--driver=overlay", "--subnet=10.10.0.0/16"]);
            service(world, "0");
            "service app"
        },
    },
    Case {
        name: "another subnet with a running container",
        make: |world| {
            wrong(world, &["--driver=overlay", "--attachable", "--subnet=10.11.0.0/16"]);
            world.daemon.docker(&["run", "--detach", "--name", "box", "--network", "proxy", "idle:1"]);
            "container box"
        },
    },
];

#[test]
fn a_wrong_network_in_use_is_left_alone_and_the_commands_given_repair_it() {
    let test = "a_wrong_network_in_use_is_left_alone_and_the_commands_given_repair_it";
    let Some(world) = World::converged(test) else { return };
    world.load_idle();
    for case in CASES {
        println!("case: {}", case.name);
        remove(&world);
        let user = (case.make)(&world);
        let drift = drifted(&world);
        assert_eq!(drift["object"], "network/proxy");
        assert!(drift["reason"].as_str().unwrap().contains(user), "{drift:#?}");
        world.follow(&drift["commands"]);
        world.assert_state();
        world.assert_converged();
        // Its user is on the new one.
        let id = world.network_ids("proxy").remove(0);
        let (kind, name) = user.split_once(' ').unwrap();
        assert!(is_on(&world, kind, name, &id), "{}: {user} is not on the network again", case.name);
        world.daemon.docker(if kind == "service" { &["service", "rm", "app"] } else { &["rm", "--force", "box"] });
        until_nothing_runs(&world);
    }
    println!("{n} of {n} networks in use left alone, then repaired by the commands given", n = CASES.len());
}

fn is_on(world: &World, kind: &str, name: &str, network: &str) -> bool {
    let seen = if kind == "service" {
        world.daemon.get(&format!("/services/{name}")).unwrap()["Spec"].to_string()
    } else {
        world.daemon.get(&format!("/containers/{name}/json")).unwrap()["NetworkSettings"].to_string()
    };
    // A stopped container has the name of its network.
    seen.contains(&network[..SHORT_ID]) || seen.contains("\"proxy\"")
}

/// Removes the right network, and waits until the node has removed it too.
fn remove(world: &World) {
    world.daemon.docker(&["network", "rm", "proxy"]);
    until("the network stays", || world.network_ids("proxy").is_empty());
}

/// Waits for the end of tasks, which comes after that of their service; then their network can be removed.
fn until_nothing_runs(world: &World) {
    until("containers stay", || world.daemon.docker(&["ps", "--quiet", "--all"]).is_empty());
}

#[test]
fn a_wrong_network_in_use_is_drift_while_the_swarm_is_made() {
    let Some(world) = World::bare("a_wrong_network_in_use_is_drift_while_the_swarm_is_made") else { return };
    world.load_idle();
    world.daemon.docker(&["network", "create", "proxy"]);
    world.daemon.docker(&["run", "--detach", "--name", "box", "--network", "proxy", "idle:1"]);
    // The swarm is made; only the network stays.
    let run = world.run();
    run.assert_outcome(1, "drifted");
    assert_eq!(run.all_writes(), ["POST /swarm/init"]);
    assert_eq!(world.network_ids("proxy").len(), 1);
    world.follow(&run.report["drift"][0]["commands"]);
    world.assert_state();
    world.assert_converged();
}
