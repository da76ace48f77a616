//! Damage to the machine is repaired, or reported with a hint.

use std::time::{Duration, Instant};

use lab::Seen;
use system::{TRAEFIK, report, status};

use crate::{change_by_hand, expect, machine, machine_with_hello, restart, run_again, sh, switch_with};

#[test]
fn changes_by_hand_are_repaired() {
    let Some((lab, hello, web)) = machine_with_hello("system-drift") else { return };
    let broken = [
        ("the service is deleted", format!("docker service rm {TRAEFIK}")),
        (
            "its environment is changed by hand",
            format!("docker service update --detach --env-add LETS_ENCRYPT_ENV=production {TRAEFIK}"),
        ),
        ("it is scaled down by hand", format!("docker service scale --detach {TRAEFIK}=0")),
    ];
    for (what, how) in broken {
        change_by_hand(&lab, &how);
        assert!(restart(&lab, "converge-traefik.service"), "{what}: {}", status(&lab, "traefik").unwrap());
        assert_eq!(report(&lab, "traefik").unwrap().outcome(), "changed", "{what}");
        hello.page(&web).unwrap();
    }

    // The network: Docker refuses its removal while it is in use; without users it can be removed, and Traefik restores it. Docker
    // lists it until the last task has left it.
    sh(&lab, "docker service rm $(docker service ls --quiet)");
    lab::wait_until("network proxy to go", Duration::from_mins(1), || {
        lab.exec(&["docker", "network", "rm", "proxy"])?;
        let there = lab.exec(&["docker", "network", "ls", "--quiet", "--filter", "name=proxy"])?.text()?;
        Ok(if there.is_empty() { Seen::Yes(()) } else { Seen::NotYet(there) })
    })
    .unwrap();
    run_again(&lab, || assert!(restart(&lab, "converge.target")));
    expect(&lab, "changed");
    assert_eq!(sh(&lab, "docker network inspect proxy --format '{{.Scope}} {{.Driver}}'"), "swarm overlay");
    lab.down().unwrap();
}

#[test]
fn a_traefik_that_never_gets_healthy_is_never_green() {
    let Some((lab, _, _)) = machine_with_hello("system-crash") else { return };
    let switched = switch_with(
        &lab,
        "{ lib, ... }: { services.converge.traefik.settings = { recipe.version = lib.mkForce { pin = \"3.9.1+v3.7.15\"; }; \
           limits.wait_seconds = lib.mkForce 40; }; }",
    );
    assert_eq!(switched.failed, ["converge-traefik.service"]);
    let report = report(&lab, "traefik").unwrap();
    assert_eq!(report.outcome(), "failed");
    assert!(report.0["error"]["message"].as_str().unwrap().contains("seen:"), "{:#}", report.0);
    lab.down().unwrap();
}

#[test]
fn without_docker_the_pieces_say_so_within_their_deadline() {
    let Some(lab) = machine("system-docker", |_| ()) else { return };
    expect(&lab, "changed");
    sh(&lab, "systemctl mask --runtime --now docker.service docker.socket 2>&1");
    for piece in system::PIECES {
        let began = Instant::now();
        assert!(!restart(&lab, &format!("converge-{piece}.service")));
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
        let report = report(&lab, piece).unwrap();
        assert_eq!(report.outcome(), "failed");
        let error = report.0["error"].to_string();
        assert!(error.contains("Docker") && error.contains("docker.service"), "{error}");
    }
    run_again(&lab, || {
        sh(&lab, "systemctl unmask --runtime docker.service docker.socket 2>&1 && systemctl start docker.service");
    });
    expect(&lab, "unchanged");
    lab.down().unwrap();
}
