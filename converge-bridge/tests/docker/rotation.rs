//! Other tokens and images, images that do not work, and the way back.

use converger_kit::Piece;
use converger_kit::service::{ENDS, UNHEALTHY, write_image};

use crate::World;
use crate::images;
use crate::world::{DOMAIN, SERVICE};

#[test]
fn another_token_is_another_secret_and_the_old_one_goes() {
    let Some(world) = World::converged("another_token_is_another_secret_and_the_old_one_goes") else { return };
    world.write_credential("drone-token", "another-token-0123456789\n");
    let run = world.run();
    run.assert_outcome(0, "changed");
    assert_eq!(
        run.changes(),
        [
            "create secret comment-bridge_drone_token_v2",
            "update service comment-bridge (Secrets.drone_token differs)",
            "remove superseded secret comment-bridge_drone_token_v1",
        ]
    );
    assert_eq!(world.secrets(), ["comment-bridge_drone_token_v2", "comment-bridge_gitea_token_v1"]);
    world.assert_converged();
    // Back to the first content, as another version.
    world.write_credential("drone-token", "drone-token-0123456789");
    world.run().assert_outcome(0, "changed");
    assert_eq!(world.secrets(), ["comment-bridge_drone_token_v3", "comment-bridge_gitea_token_v1"]);
    world.assert_converged();
}

#[test]
fn another_bundle_of_authorities_reaches_the_container() {
    let Some(world) = World::converged("another_bundle_of_authorities_reaches_the_container") else { return };
    let bundle = world.path("authority.pem");
    let mounted = || {
        let task = world.daemon.docker(&[
            "ps",
            "--quiet",
            "--filter",
            &format!("label=com.docker.swarm.service.name={SERVICE}"),
        ]);
        world.daemon.docker(&["exec", task.trim(), "/bin/busybox", "cat", &bundle.display().to_string()])
    };
    let text = std::fs::read_to_string(&bundle).unwrap();
    assert_eq!(mounted().trim(), text.trim());
    // As NixOS does: another file in the place of the old one, which a running container keeps.
    let newer = format!("# newer\n{text}");
    std::fs::write(world.path("newer.pem"), &newer).unwrap();
    std::fs::rename(world.path("newer.pem"), &bundle).unwrap();
    assert_eq!(mounted().trim(), text.trim());
    let run = world.run();
    run.assert_outcome(0, "changed");
    let label = format!("ContainerSpec.Labels.converge.content.{}", bundle.display());
    assert_eq!(run.changes(), [format!("update service comment-bridge ({label} differs)")]);
    assert_eq!(mounted().trim(), newer.trim());
    world.assert_converged();
}

#[test]
fn webhooks_bring_a_secret_and_take_it_away_again() {
    let Some(world) = World::converged("webhooks_bring_a_secret_and_take_it_away_again") else { return };
    world.declare(|desired| desired["webhook"] = true.into());
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("credential `webhook-secret` is missing");
    run.assert_no_writes();
    world.write_credential("webhook-secret", "0123456789abcdef");
    let run = world.run();
    run.assert_outcome(0, "changed");
    assert!(world.secrets().contains(&"comment-bridge_webhook_secret_v1".to_owned()));
    world.assert_converged();
    world.declare(|_| ());
    world.run().assert_outcome(0, "changed");
    assert_eq!(world.secrets(), ["comment-bridge_drone_token_v1", "comment-bridge_gitea_token_v1"]);
    world.assert_converged();
}

#[test]
fn another_archive_is_another_image_and_back() {
    let Some(world) = World::converged("another_archive_is_another_image_and_back") else { return };
    let first = world.images_of(SERVICE);
    images::healthy(&world.path("comment-bridge.tar"), "well, and newer");
    let run = world.run();
    run.assert_outcome(0, "changed");
    assert_eq!(run.changes()[1], "update service comment-bridge (Image differs)");
    assert!(run.changes()[0].starts_with("load image") && run.changes()[2].starts_with("remove superseded image"));
    assert_eq!(world.page(DOMAIN), "well, and newer");
    world.assert_converged();
    assert_eq!(world.images_of(SERVICE).len(), 1);
    // Another file with the same content is no change.
    let elsewhere = world.path("elsewhere.tar");
    std::fs::copy(world.path("comment-bridge.tar"), &elsewhere).unwrap();
    world.declare(|desired| desired["image"] = elsewhere.to_string_lossy().into());
    world.assert_converged();
    // A compressed file is no change either.
    let script = format!("gzip --keep {}", elsewhere.display());
    world.sh(&script);
    world.declare(|desired| desired["image"] = format!("{}.gz", elsewhere.display()).into());
    world.assert_converged();

    world.declare(|_| ());
    images::healthy(&world.path("comment-bridge.tar"), "well");
    world.run().assert_outcome(0, "changed");
    assert_eq!((world.images_of(SERVICE), world.page(DOMAIN)), (first, "well".to_owned()));
    world.assert_converged();
}

/// Asserts that an image with this script fails the run, and that the service before runs again.
fn assert_rolled_back(test: &str, script: &str, message: &str) {
    let Some(world) = World::converged(test) else { return };
    let secrets = world.secrets();
    world.declare(|desired| desired["limits"] = serde_json::json!({ "wait_seconds": 75, "run_seconds": 150 }));
    write_image(&world.path("comment-bridge.tar"), SERVICE, script, "");
    let run = world.run();
    run.assert_outcome(1, "failed");
    println!("{}", run.stderr.lines().filter(|line| !line.contains("INFO")).collect::<Vec<_>>().join(" | "));
    assert!(run.stderr.contains("Swarm rolled back") && run.stderr.contains(message), "{}", run.stderr);
    run.assert_says("docker service ps");
    assert_eq!((world.secrets(), world.page(DOMAIN)), (secrets, "well".to_owned()));
    images::healthy(&world.path("comment-bridge.tar"), "well");
    world.run();
    world.assert_converged();
}

#[test]
fn an_image_whose_program_ends_is_reported_with_its_log_and_rolled_back() {
    let test = "an_image_whose_program_ends_is_reported_with_its_log_and_rolled_back";
    assert_rolled_back(test, ENDS, "its log ends: error: the ledger is made of cheese");
}

#[test]
fn an_image_that_is_never_healthy_is_reported_and_rolled_back() {
    assert_rolled_back("an_image_that_is_never_healthy_is_reported_and_rolled_back", UNHEALTHY, "Docker says: ");
}

#[test]
fn a_first_image_that_does_not_work_fails_with_its_log() {
    let Some(world) = World::bare("a_first_image_that_does_not_work_fails_with_its_log") else { return };
    write_image(&world.path("comment-bridge.tar"), SERVICE, ENDS, "");
    world.declare(|desired| desired["limits"] = serde_json::json!({ "wait_seconds": 15, "run_seconds": 60 }));
    let run = world.run();
    run.assert_outcome(1, "failed");
    run.assert_says("the ledger is made of cheese");
    world.declare(|_| ());
    images::healthy(&world.path("comment-bridge.tar"), "well");
    world.run().assert_outcome(0, "changed");
    world.assert_converged();
}

#[test]
fn a_paused_update_goes_on() {
    let Some(world) = World::converged("a_paused_update_goes_on") else { return };
    // An update by hand fails and is paused: its spec stays in the service, and no task of it runs.
    let good =
        world.daemon.docker(&["service", "inspect", SERVICE, "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}"]);
    let pause =
        ["service", "update", "--quiet", "--detach=false", "--update-failure-action=pause", "--image=none:none"];
    drop(world.daemon.try_docker(&[&pause[..], &["--no-resolve-image", SERVICE]].concat()));
    world.run().assert_outcome(0, "changed");
    world.assert_converged();
    let image =
        world.daemon.docker(&["service", "inspect", SERVICE, "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}"]);
    assert_eq!(image, good);
}
