//! Differences that only an operator may end: nothing is written, and the commands given end them.

use converger_kit::Piece;
use serde_json::json;

use crate::World;
use crate::world::{drifted, until};

/// A difference of a converged swarm, and a text of its reason.
struct Case {
    name: &'static str,
    breaks: fn(&World),
    reason: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "drained",
        breaks: |world| drop(world.sh("docker node update --availability drain $(docker node ls --quiet)")),
        reason: "this node is drained",
    },
    Case {
        name: "paused",
        breaks: |world| drop(world.sh("docker node update --availability pause $(docker node ls --quiet)")),
        reason: "this node is paused",
    },
    Case {
        name: "no ingress network",
        breaks: |world| {
            world.sh("yes | docker network rm ingress");
            until("the network stays", || world.network_ids("ingress").is_empty());
        },
        reason: "no network for ports published in ingress mode",
    },
];

#[test]
fn a_swarm_that_takes_no_apps_is_drift_and_the_commands_given_mend_it() {
    let test = "a_swarm_that_takes_no_apps_is_drift_and_the_commands_given_mend_it";
    let Some(world) = World::converged(test) else { return };
    for case in CASES {
        println!("case: {}", case.name);
        (case.breaks)(&world);
        let drift = drifted(&world);
        assert!(drift["reason"].as_str().unwrap().contains(case.reason), "{drift:#?}");
        world.follow(&drift["commands"]);
        world.assert_state();
        world.assert_converged();
    }
}

#[test]
fn another_advertised_address_is_drift_and_the_command_given_keeps_everything() {
    let test = "another_advertised_address_is_drift_and_the_command_given_keeps_everything";
    let Some(world) = World::converged(test) else { return };
    world.load_idle();
    world.sh("printf x | docker secret create secret - && printf x | docker config create config -");
    world.daemon.docker(&[
        "service",
        "create",
        "--quiet",
        "--no-resolve-image",
        "--endpoint-mode=dnsrr",
        "--name=app",
        "--network=proxy",
        "--secret=secret",
        "--config=config",
        "idle:1",
    ]);
    let objects = || world.daemon.indices().into_keys().collect::<Vec<_>>();
    let before = objects();
    for address in ["127.0.0.1", dockerd::ADDRESS] {
        world.declare(|configuration| configuration["advertise_address"] = json!(address));
        let drift = drifted(&world);
        assert!(drift["reason"].as_str().unwrap().ends_with(&format!("not {address}")), "{drift:#?}");
        world.follow(&drift["commands"]);
        world.assert_state();
        world.assert_converged();
        assert_eq!(objects(), before);
        assert_eq!(world.daemon.get("/info").unwrap()["Swarm"]["NodeAddr"], address);
    }
}

#[test]
fn other_address_pools_are_blocked_and_the_swarms_own_are_named_first() {
    let Some(world) = World::converged("other_address_pools_are_blocked_and_the_swarms_own_are_named_first") else {
        return;
    };
    for (setting, value) in [("pools", json!(["10.30.0.0/16"])), ("subnet_size", json!(25))] {
        world.declare(|configuration| configuration["address_pools"][setting] = value);
        let run = world.run();
        run.assert_outcome(1, "blocked");
        run.assert_no_writes();
        let hint = run.report["blocked"][0]["hint"].as_str().unwrap();
        assert!(hint.starts_with("declare 10.20.0.0/16 in /24s in address_pools"), "{hint}");
        assert!(hint.contains("which loses all services, secrets, configs and networks"), "{hint}");
    }
    // As the hint says first.
    world.declare(|_| ());
    world.assert_converged();
}
