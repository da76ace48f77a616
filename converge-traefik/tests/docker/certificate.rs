//! Rotation, and a certificate that cannot be used.

use crate::World;
use crate::world::{DOMAIN, SERVICE};

#[test]
fn a_changed_certificate_rolls_and_an_unusable_one_blocks_only_itself() {
    let Some(world) = World::converged("a_changed_certificate_rolls_and_an_unusable_one_blocks_only_itself") else {
        return;
    };
    world.new_certificate(&[DOMAIN, "*.ci.localhost"]);
    let ran = world.run();
    ran.ends_as(0, "changed");
    let deploys = ran.report["changes"].as_array().unwrap().iter().filter(|change| change["object"] == "stack/traefik");
    assert_eq!(deploys.count(), 1, "both roll in one deploy");
    let second = ["traefik_ci_localhost_ssl_cert_v2", "traefik_ci_localhost_ssl_key_v2"];
    assert_eq!(world.secrets(), second);
    world.is_converged();

    world.new_certificate(&["other.example.org"]);
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("does not cover ci.localhost and *.ci.localhost"), "{}", ran.said);
    assert_eq!(ran.mutating, [""; 0]);

    world.daemon.docker(&["service", "rm", SERVICE]);
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert_eq!(world.secrets(), second, "the pair that ran is kept");
    assert!(ran.report["waits"].as_array().unwrap().is_empty(), "and is served again: {}", ran.said);
}
