//! Another token, another image, one that does not work; and back.

use crate::World;
use crate::images;
use crate::world::SERVICE;

fn images_there(world: &World) -> Vec<String> {
    world.list(&["images", "--format", "{{.Tag}} {{.ID}}", "localhost/comment-bridge"])
}

/// What the service answers, through Traefik.
fn page(world: &World) -> String {
    let mut curl = world.daemon.command("curl");
    curl.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(world.path("authority.pem"));
    let domain = crate::world::DOMAIN;
    curl.args(["--resolve", &format!("{domain}:443:{}", dockerd::ADDRESS), &format!("https://{domain}/healthz")]);
    let output = curl.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn another_token_is_another_secret_and_the_old_one_goes() {
    let Some(world) = World::converged("another_token_is_another_secret_and_the_old_one_goes") else { return };
    world.give("drone-token", "another-token-0123456789\n");
    let ran = world.run();
    ran.ends_as(0, "changed");
    assert_eq!(
        ran.changes(),
        [
            "create secret comment-bridge_drone_token_v2",
            "update service comment-bridge (Secrets.drone_token differs)",
            "remove superseded secret comment-bridge_drone_token_v1",
        ]
    );
    assert_eq!(world.secrets(), ["comment-bridge_drone_token_v2", "comment-bridge_gitea_token_v1"]);
    world.is_converged();
    // Back to the first content: it is not remembered.
    world.give("drone-token", "drone-token-0123456789");
    world.run().ends_as(0, "changed");
    assert_eq!(world.secrets(), ["comment-bridge_drone_token_v3", "comment-bridge_gitea_token_v1"]);
    world.is_converged();
}

#[test]
fn webhooks_bring_a_secret_and_take_it_away_again() {
    let Some(world) = World::converged("webhooks_bring_a_secret_and_take_it_away_again") else { return };
    world.declare(|desired| desired["webhook"] = true.into());
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("credential `webhook-secret` is missing"), "{}", ran.said);
    ran.changed_nothing();
    world.give("webhook-secret", "0123456789abcdef");
    let ran = world.run();
    ran.ends_as(0, "changed");
    assert!(world.secrets().contains(&"comment-bridge_webhook_secret_v1".to_owned()));
    world.is_converged();
    world.declare(|_| ());
    world.run().ends_as(0, "changed");
    assert_eq!(world.secrets(), ["comment-bridge_drone_token_v1", "comment-bridge_gitea_token_v1"]);
    world.is_converged();
}

#[test]
fn another_archive_is_another_image_and_back() {
    let Some(world) = World::converged("another_archive_is_another_image_and_back") else { return };
    let first = images_there(&world);
    images::well(&world.path("comment-bridge.tar"), "well, and newer");
    let ran = world.run();
    ran.ends_as(0, "changed");
    assert_eq!(ran.changes()[1], "update service comment-bridge (Image differs)");
    assert!(ran.changes()[0].starts_with("load image") && ran.changes()[2].starts_with("remove superseded image"));
    assert_eq!(page(&world), "well, and newer");
    world.is_converged();
    assert_eq!(images_there(&world).len(), 1);
    // The same content in another file is the same.
    let elsewhere = world.path("elsewhere.tar");
    std::fs::copy(world.path("comment-bridge.tar"), &elsewhere).unwrap();
    world.declare(|desired| desired["image"] = elsewhere.to_string_lossy().into());
    world.is_converged();
    // And compressed.
    let script = format!("gzip --keep {}", elsewhere.display());
    world.sh(&script);
    world.declare(|desired| desired["image"] = format!("{}.gz", elsewhere.display()).into());
    world.is_converged();

    world.declare(|_| ());
    images::well(&world.path("comment-bridge.tar"), "well");
    world.run().ends_as(0, "changed");
    assert_eq!((images_there(&world), page(&world)), (first, "well".to_owned()));
    world.is_converged();
}

/// An image whose program is this script is told, and what ran before runs again with everything it needs.
fn is_taken_back(test: &str, script: &str, says: &str) {
    let Some(world) = World::converged(test) else { return };
    let secrets = world.secrets();
    world.declare(|desired| desired["limits"] = serde_json::json!({ "wait_seconds": 75, "run_seconds": 150 }));
    images::script(&world.path("comment-bridge.tar"), "/bin/comment-bridge", script, "");
    let ran = world.run();
    ran.ends_as(1, "failed");
    println!("{}", ran.said.lines().filter(|line| !line.contains("INFO")).collect::<Vec<_>>().join(" | "));
    assert!(ran.said.contains("Swarm rolled back") && ran.said.contains(says), "{}", ran.said);
    assert!(ran.said.contains("docker service ps"), "{}", ran.said);
    assert_eq!((world.secrets(), page(&world)), (secrets, "well".to_owned()));
    images::well(&world.path("comment-bridge.tar"), "well");
    world.run();
    world.is_converged();
}

#[test]
fn an_image_whose_program_ends_is_told_with_its_own_words_and_taken_back() {
    let test = "an_image_whose_program_ends_is_told_with_its_own_words_and_taken_back";
    is_taken_back(test, images::ENDS, "its log ends: error: the ledger is made of cheese");
}

#[test]
fn an_image_that_is_never_well_is_told_and_taken_back() {
    is_taken_back("an_image_that_is_never_well_is_told_and_taken_back", images::UNWELL, "Docker says: ");
}

#[test]
fn a_first_image_that_does_not_work_fails_with_its_own_words() {
    let Some(world) = World::bare("a_first_image_that_does_not_work_fails_with_its_own_words") else { return };
    images::script(&world.path("comment-bridge.tar"), "/bin/comment-bridge", images::ENDS, "");
    world.declare(|desired| desired["limits"] = serde_json::json!({ "wait_seconds": 15, "run_seconds": 60 }));
    let ran = world.run();
    ran.ends_as(1, "failed");
    assert!(ran.said.contains("the ledger is made of cheese"), "{}", ran.said);
    world.declare(|_| ());
    images::well(&world.path("comment-bridge.tar"), "well");
    world.run().ends_as(0, "changed");
    world.is_converged();
}

#[test]
fn an_update_that_somebody_paused_goes_on() {
    let Some(world) = World::converged("an_update_that_somebody_paused_goes_on") else { return };
    // Somebody's own update fails and is paused; the service then says what is declared, and nothing runs of it.
    let good =
        world.daemon.docker(&["service", "inspect", SERVICE, "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}"]);
    let pause =
        ["service", "update", "--quiet", "--detach=false", "--update-failure-action=pause", "--image=none:none"];
    drop(world.daemon.try_docker(&[&pause[..], &["--no-resolve-image", SERVICE]].concat()));
    world.run().ends_as(0, "changed");
    world.is_converged();
    let image =
        world.daemon.docker(&["service", "inspect", SERVICE, "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}"]);
    assert_eq!(image, good);
}
