//! Networks that differ while something is on them: nothing is taken away, and the commands given would do it.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{SHORT, World};

/// Makes a wrong network with something on it, and gives who that is as the drift must name it.
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
fn a_wrong_network_in_use_is_left_alone_and_the_commands_given_mend_it() {
    let test = "a_wrong_network_in_use_is_left_alone_and_the_commands_given_mend_it";
    let Some(world) = World::converged(test) else { return };
    world.load_idle();
    for case in CASES {
        println!("case: {}", case.name);
        remove(&world);
        let who = (case.make)(&world);
        let before = world.daemon.indices();
        let ran = world.run();
        ran.ends_as(1, "drifted");
        ran.changed_nothing();
        assert_eq!(world.daemon.indices(), before);
        let drift = ran.report["drift"].as_array().unwrap();
        assert_eq!(drift.len(), 1, "{drift:#?}");
        assert_eq!(drift[0]["object"], "network/proxy");
        assert!(drift[0]["reason"].as_str().unwrap().contains(who), "{drift:#?}");
        follow(&world, &drift[0]["commands"]);
        world.network_is_right();
        world.is_converged();
        // Whoever was on it is on the new one.
        let id = world.network_ids("proxy").remove(0);
        let (kind, name) = who.split_once(' ').unwrap();
        assert!(is_on(&world, kind, name, &id), "{}: {who} is not on the network again", case.name);
        world.daemon.docker(if kind == "service" { &["service", "rm", "app"] } else { &["rm", "--force", "box"] });
        until_nothing_runs(&world);
    }
    println!("{n} of {n} networks in use left alone, then mended by the commands given", n = CASES.len());
}

/// Does what the report tells an operator to do.
#[track_caller]
fn follow(world: &World, commands: &Value) {
    let commands: Vec<&str> = commands.as_array().unwrap().iter().map(|command| command.as_str().unwrap()).collect();
    println!("  {}", commands.join("\n  "));
    for command in commands {
        let mut words = command.split(' ');
        match words.next() {
            Some("docker") => {
                world.daemon.docker(&words.collect::<Vec<_>>());
            }
            _ if command == "systemctl restart converge-swarm.service" => world.run().ends_as(0, "changed"),
            _ => panic!("not a command an operator was promised: {command}"),
        }
    }
}

fn is_on(world: &World, kind: &str, name: &str, network: &str) -> bool {
    let seen = if kind == "service" {
        world.daemon.get(&format!("/services/{name}")).unwrap()["Spec"].to_string()
    } else {
        world.daemon.get(&format!("/containers/{name}/json")).unwrap()["NetworkSettings"].to_string()
    };
    // A container that does not run knows the network it will join by name.
    seen.contains(&network[..SHORT]) || seen.contains("\"proxy\"")
}

/// Removes the right network, and waits until the node has let go of it too: that comes a moment later.
fn remove(world: &World) {
    world.daemon.docker(&["network", "rm", "proxy"]);
    until("the network stays", || world.network_ids("proxy").is_empty());
}

/// Tasks are gone a moment after their service; only then can their network be removed.
fn until_nothing_runs(world: &World) {
    until("containers stay", || world.daemon.docker(&["ps", "--quiet", "--all"]).is_empty());
}

#[track_caller]
fn until(otherwise: &str, mut it_holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !it_holds() {
        assert!(Instant::now() < deadline, "{otherwise}");
    }
}

#[test]
fn the_wrong_one_of_two_in_use_is_told() {
    let Some(world) = World::bare("the_wrong_one_of_two_in_use_is_told") else { return };
    world.load_idle();
    world.daemon.docker(&["network", "create", "proxy"]);
    world.daemon.docker(&["run", "--detach", "--name", "box", "--network", "proxy", "idle:1"]);
    // The swarm is made all the same; only the network is left as it is.
    let ran = world.run();
    ran.ends_as(1, "drifted");
    assert_eq!(ran.mutating(), ["POST /swarm/init"]);
    assert_eq!(world.network_ids("proxy").len(), 1);
    follow(&world, &ran.report["drift"][0]["commands"]);
    world.network_is_right();
    world.is_converged();
}
