//! Rotation, and an unusable certificate.

use converger_kit::Piece;

use crate::World;
use crate::world::{DOMAIN, SERVICE};

#[test]
fn a_changed_certificate_rolls_and_an_unusable_one_blocks_only_itself() {
    let Some(world) = World::converged("a_changed_certificate_rolls_and_an_unusable_one_blocks_only_itself") else {
        return;
    };
    world.new_certificate(&[DOMAIN, "*.ci.localhost"]);
    let run = world.run();
    run.assert_outcome(0, "changed");
    let deploys = run.report["changes"].as_array().unwrap().iter().filter(|change| change["object"] == "stack/traefik");
    assert_eq!(deploys.count(), 1, "both roll in one deploy");
    let second = ["traefik_ci_localhost_ssl_cert_v2", "traefik_ci_localhost_ssl_key_v2"];
    assert_eq!(world.secrets(), second);
    world.assert_converged();

    world.new_certificate(&["other.example.org"]);
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("does not cover ci.localhost and *.ci.localhost");
    run.assert_no_writes();

    world.daemon.docker(&["service", "rm", SERVICE]);
    let run = world.run();
    run.assert_outcome(1, "blocked");
    assert_eq!(world.secrets(), second, "the running pair is kept");
    assert!(run.report["waits"].as_array().unwrap().is_empty(), "and served again: {}", run.stderr);
}

#[test]
fn a_superseded_secret_that_another_service_uses_stays_with_a_warning() {
    let Some(world) = World::converged("a_superseded_secret_that_another_service_uses_stays_with_a_warning") else {
        return;
    };
    let first = "traefik_ci_localhost_ssl_cert_v1";
    let image = world.daemon.docker(&["image", "ls", "--quiet"]);
    let image = image.lines().next().unwrap();
    world.daemon.docker(&[
        "service",
        "create",
        "--detach",
        "--replicas=0",
        "--name=backup",
        &format!("--secret={first}"),
        image,
    ]);
    world.new_certificate(&[DOMAIN, "*.ci.localhost"]);
    let run = world.run();
    run.assert_outcome(0, "changed");
    run.assert_says("secret traefik_ci_localhost_ssl_cert_v1 is superseded and stays, as backup uses it");
    let kept = [first, "traefik_ci_localhost_ssl_cert_v2", "traefik_ci_localhost_ssl_key_v2"];
    assert_eq!(world.secrets(), kept);
    world.assert_converged();

    world.daemon.docker(&["service", "rm", "backup"]);
    world.run().assert_outcome(0, "changed");
    assert_eq!(world.secrets(), kept[1..]);
}
