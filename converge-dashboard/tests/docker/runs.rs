//! First run, second run, and the piece's own drift.

use std::fs;

use converger_kit::Piece;
use serde_json::{Value, json};

use crate::World;
use crate::world::{DOMAIN, READ, SERVICE};

#[test]
fn from_bare_to_a_service_that_answers_and_back_from_every_drift() {
    let Some(world) = World::bare("from_bare_to_a_service_that_answers_and_back_from_every_drift") else { return };
    let run = world.run();
    run.assert_outcome(0, "changed").print_changes();
    assert_eq!(run.changes().len(), 2, "an image and a service: {:?}", run.changes());
    let facts = run.report["facts"].as_array().unwrap();
    assert!(facts.contains(&json!({ "name": "address", "value": format!("https://{DOMAIN}") })), "{facts:?}");
    assert_eq!((world.page(DOMAIN), world.secrets()), ("well".to_owned(), Vec::new()));
    world.assert_converged();

    // Mounts, the rule, the settings and a secret, all by hand: one update.
    world.sh("printf x | docker secret create others -");
    let update = ["service", "update", "--quiet", "--detach=true"];
    let flags = [
        "--mount-rm=/runs",
        "--mount-rm=/index",
        "--mount-add=type=bind,source=/var/run/docker.sock,target=/docker.sock",
        "--label-add=traefik.http.routers.dashboard.rule=Host(`others.ci.localhost`)",
        "--env-add=DASHBOARD_SETTINGS={}",
        "--secret-add=source=others,target=others",
    ];
    world.daemon.docker(&[&update[..], &flags, &[SERVICE]].concat());
    let plan: Value = serde_json::from_str(&world.plan().stdout).unwrap();
    let because = plan["plan"]["sequences"][0]["changes"][0]["update_service"]["because"].to_string();
    for reason in [
        "Mounts./runs is missing",
        "Mounts./index is missing",
        "Mounts./docker.sock is extra",
        "Labels.traefik.http.routers.dashboard.rule differs",
        "Env.DASHBOARD_SETTINGS differs",
        "Secrets is extra",
    ] {
        assert!(because.contains(reason), "{reason}: {because}");
    }
    let run = world.run();
    assert_eq!(run.assert_outcome(0, "changed").changes().len(), 1, "{:?}", run.changes());
    assert_eq!(world.page(DOMAIN), "well");
    world.assert_converged();

    // Another image: the old one goes.
    world.write_image("well, and newer");
    world.run().assert_outcome(0, "changed");
    assert_eq!((world.page(DOMAIN), world.images_of(SERVICE).len()), ("well, and newer".to_owned(), 1));
    world.assert_converged();
}

#[test]
fn a_directory_that_only_an_operator_can_repair_is_blocked() {
    let Some(world) = World::bare("a_directory_that_only_an_operator_can_repair_is_blocked") else { return };
    let blocked = |texts: &[&str]| {
        let run = world.run();
        run.assert_outcome(1, "blocked");
        for text in texts {
            run.assert_says(text);
        }
        assert!(run.all_writes().iter().all(|call| call.contains("/images/")), "{:?}", run.all_writes());
    };
    for (folder, _) in READ {
        let (path, moved) = (world.path(folder), world.path("moved"));
        fs::rename(&path, &moved).unwrap();
        blocked(&[&format!("there is no directory {}", path.display()), "install --directory --mode=0755"]);
        fs::rename(&moved, &path).unwrap();
    }
    world.own_index(0, 0o700);
    blocked(&["belongs to 0:0, and the service runs as 60991:60991", "chown --recursive 60991:60991"]);
    world.own_index(60991, 0o755);
    blocked(&["has mode 755, not 700", "chmod 0700"]);
    world.own_index(60991, 0o700);
    world.run().assert_outcome(0, "changed");
    world.assert_converged();
}
