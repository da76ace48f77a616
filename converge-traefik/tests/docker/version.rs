//! Pins, `latest`, going back, a git server that is gone.

use std::fs;

use serde_json::json;

use crate::World;
use crate::world::FIRST;

const NEXT: &str = "3.9.0+v3.7.15";
const BAD: &str = "3.9.1+v3.7.15";
const MENDED: &str = "3.9.2+v3.7.15";

#[test]
fn latest_goes_forward_and_back_and_holds_what_needs_an_operator() {
    let Some(world) = World::bare("latest_goes_forward_and_back_and_holds_what_needs_an_operator") else { return };
    let latest = || {
        world.declare(|desired| {
            desired["recipe"]["version"] = json!("latest");
            desired["limits"]["wait_seconds"] = json!(90);
        });
    };
    fs::remove_dir_all(world.path("catalogue")).unwrap();
    world.publish(Some(NEXT));
    world.run().ends_as(0, "changed");
    latest();
    // Every run asks again, as after refresh_hours.
    let refreshed = || {
        drop(fs::remove_file(world.path("abra/recipes/traefik/.git/FETCH_HEAD")));
        world.run()
    };
    refreshed().ends_as(0, "changed");
    assert_eq!(world.version(), NEXT);

    world.publish(Some(BAD));
    let ran = refreshed();
    ran.ends_as(1, "failed");
    assert!(ran.said.contains("did not become healthy"), "{}", ran.said);
    assert_eq!(world.version(), NEXT);
    let ran = world.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.said.contains("is held: it was tried and did not become healthy"), "{}", ran.said);
    assert_eq!(world.version(), NEXT);

    world.publish(None);
    let ran = refreshed();
    ran.ends_as(0, "changed");
    assert_eq!(world.version(), MENDED);
    assert!(ran.said.contains("its release notes ask for work by hand"), "{}", ran.said);
    assert!(ran.said.contains("it is a major step of the recipe"), "{}", ran.said);
    world.is_converged();
}

#[test]
fn a_pin_that_never_gets_healthy_fails_in_place() {
    let Some(world) = World::converged("a_pin_that_never_gets_healthy_fails_in_place") else { return };
    world.declare(|desired| {
        desired["recipe"]["version"] = json!({ "pin": BAD });
        desired["limits"]["wait_seconds"] = json!(30);
    });
    let ran = world.run();
    ran.ends_as(1, "failed");
    assert!(ran.said.contains("waited 30 s for"), "{}", ran.said);
    assert!(ran.said.contains("non-zero exit"), "{}", ran.said);
}

#[test]
fn without_the_git_server_what_runs_stays() {
    let Some(world) = World::bare("without_the_git_server_what_runs_stays") else { return };
    fs::rename(world.path("catalogue"), world.path("away")).unwrap();
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("the recipe cannot be had"), "{}", ran.said);
    fs::rename(world.path("away"), world.path("catalogue")).unwrap();
    world.run().ends_as(0, "changed");
    assert_eq!(world.version(), FIRST);

    fs::rename(world.path("catalogue"), world.path("away")).unwrap();
    fs::remove_dir_all(world.path("abra/recipes")).unwrap();
    let ran = world.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    assert!(ran.said.contains("could not be asked for"), "a warning: {}", ran.said);
}
