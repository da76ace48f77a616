//! Pins, `latest`, going back, and a git server that does not answer.

use std::fs;

use serde_json::json;

use converger_kit::Piece;

use crate::World;
use crate::world::FIRST;

const NEXT: &str = "3.9.0+v3.7.15";
const BAD: &str = "3.9.1+v3.7.15";
const MENDED: &str = "3.9.2+v3.7.15";

#[test]
fn latest_goes_forward_and_back_and_holds_a_release_that_needs_an_operator() {
    let Some(world) = World::bare("latest_goes_forward_and_back_and_holds_a_release_that_needs_an_operator") else {
        return;
    };
    let latest = || {
        world.declare(|desired| {
            desired["recipe"]["version"] = json!("latest");
            desired["limits"]["wait_seconds"] = json!(90);
        });
    };
    fs::remove_dir_all(world.path("catalogue")).unwrap();
    world.publish(Some(NEXT));
    world.run().assert_outcome(0, "changed");
    latest();
    // Every run fetches, as after refresh_hours.
    let refreshed = || {
        drop(fs::remove_file(world.path("abra/recipes/traefik/.git/FETCH_HEAD")));
        world.run()
    };
    refreshed().assert_outcome(0, "changed");
    assert_eq!(world.version(), NEXT);

    world.publish(Some(BAD));
    let run = refreshed();
    run.assert_outcome(1, "failed");
    run.assert_says("did not become healthy");
    assert_eq!(world.version(), NEXT);
    let run = world.run();
    assert_eq!(run.exit_code, Some(0), "{}", run.stderr);
    run.assert_says("is held: it was tried and did not become healthy");
    assert_eq!(world.version(), NEXT);

    world.publish(None);
    let run = refreshed();
    run.assert_outcome(0, "changed");
    assert_eq!(world.version(), MENDED);
    run.assert_says("its release notes ask for work by hand");
    run.assert_says("it is a major step of the recipe");
    world.assert_converged();
}

/// The container is healthy and serves the certificate: only the routers are missing.
#[test]
fn latest_goes_back_from_a_release_that_routes_nothing() {
    let Some(world) = World::bare("latest_goes_back_from_a_release_that_routes_nothing") else { return };
    fs::remove_dir_all(world.path("catalogue")).unwrap();
    world.publish(Some(NEXT));
    world.declare(|desired| {
        desired["recipe"]["version"] = json!("latest");
        desired["limits"]["wait_seconds"] = json!(60);
    });
    world.run().assert_outcome(0, "changed");
    assert_eq!(world.version(), NEXT);

    world.release("3.9.3+v3.7.15", "traefik.yml.tmpl", "unix:///var/run/docker.sock", "tcp://127.0.0.1:9");
    drop(fs::remove_file(world.path("abra/recipes/traefik/.git/FETCH_HEAD")));
    let run = world.run();
    run.assert_outcome(1, "failed");
    run.assert_says("3.9.3+v3.7.15 did not become healthy");
    run.assert_says("Traefik has no router for this host");
    assert_eq!(world.version(), NEXT);
    world.run().assert_outcome(0, "unchanged");
}

#[test]
fn a_pin_that_never_becomes_healthy_fails_in_place() {
    let Some(world) = World::converged("a_pin_that_never_becomes_healthy_fails_in_place") else { return };
    world.declare(|desired| {
        desired["recipe"]["version"] = json!({ "pin": BAD });
        desired["limits"]["wait_seconds"] = json!(30);
    });
    let run = world.run();
    run.assert_outcome(1, "failed");
    run.assert_says("waited 30 s for");
    run.assert_says("non-zero exit");
    run.assert_says("its log ends: ");
    run.assert_says("drainTimeout");
}

#[test]
fn without_the_git_server_the_running_version_stays() {
    let Some(world) = World::bare("without_the_git_server_the_running_version_stays") else { return };
    fs::rename(world.path("catalogue"), world.path("away")).unwrap();
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("the recipe cannot be had");
    run.assert_no_writes();
    fs::rename(world.path("away"), world.path("catalogue")).unwrap();
    world.run().assert_outcome(0, "changed");
    assert_eq!(world.version(), FIRST);

    fs::rename(world.path("catalogue"), world.path("away")).unwrap();
    fs::remove_dir_all(world.path("abra/recipes")).unwrap();
    let run = world.run();
    assert_eq!(run.exit_code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("could not be asked for"), "a warning: {}", run.stderr);
}
