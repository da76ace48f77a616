//! The recipe's clone: damaged, of another source, with files of the operator; and services without replicas.

use std::fs;

use converger_kit::Piece;
use serde_json::json;

use crate::World;
use crate::world::FIRST;

#[test]
fn a_clone_that_cannot_be_used_is_made_again() {
    let Some(world) = World::converged("a_clone_that_cannot_be_used_is_made_again") else { return };
    let clone = world.path("abra/recipes/traefik/.git");
    let damages: [(&str, &dyn Fn()); 4] = [
        ("its HEAD is missing or empty", &|| fs::write(clone.join("HEAD"), "").unwrap()),
        ("left .git/index.lock", &|| fs::write(clone.join("index.lock"), "").unwrap()),
        ("clone the recipe again (", &|| {
            fs::remove_dir_all(clone.join("objects")).unwrap();
            fs::create_dir(clone.join("objects")).unwrap();
        }),
        ("it is a clone of file:", &|| {
            fs::rename(world.path("catalogue"), world.path("moved")).unwrap();
            let source = format!("file://{}", world.path("moved/traefik.git").display());
            world.declare(|desired| desired["recipe"]["source"] = json!(source));
        }),
    ];
    for (says, make) in damages {
        make();
        let run = world.run();
        run.assert_outcome(0, "changed");
        run.assert_says(says);
        world.assert_converged();
    }
}

#[test]
fn a_file_in_the_clone_is_named_and_stops_the_next_deploy_only() {
    let Some(world) = World::converged("a_file_in_the_clone_is_named_and_stops_the_next_deploy_only") else { return };
    let file = world.path("abra/recipes/traefik/mine.yml");
    fs::write(&file, "").unwrap();
    let run = world.run();
    run.assert_outcome(0, "unchanged");
    run.assert_says("files that are not the recipe's: mine.yml");

    let catalogue = world.path("catalogue/traefik.git");
    let commit = world.sh(&format!("git -C {} rev-parse '{FIRST}^{{commit}}'", catalogue.display()));
    world.declare(|desired| desired["recipe"]["version"] = json!({ "commit": commit.trim() }));
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("files that are not the recipe's: mine.yml");
    run.assert_no_writes();

    fs::remove_file(file).unwrap();
    world.run().assert_outcome(0, "changed");
    world.assert_converged();
}

#[test]
fn a_service_that_the_recipe_declares_without_replicas_stays_so() {
    let Some(world) = World::bare("a_service_that_the_recipe_declares_without_replicas_stays_so") else { return };
    let (catalogue, work) = (world.path("catalogue/traefik.git"), world.path("work"));
    world.sh(&format!("git clone --quiet --branch '{FIRST}' {} {}", catalogue.display(), work.display()));
    let job = "version: \"3.8\"\nservices:\n  job:\n    image: traefik\n    deploy:\n      replicas: 0\n";
    fs::write(work.join("compose.job.yml"), job).unwrap();
    world.sh(&format!(
        "cd {} && git config user.name test && git config user.email test@example.org && git add . && \
         git commit --quiet -m job && git tag -a -m job 3.8.1+v3.6.15 && git push --quiet origin 3.8.1+v3.6.15",
        work.display()
    ));
    world.declare(|desired| {
        desired["recipe"]["version"] = json!({ "pin": "3.8.1+v3.6.15" });
        desired["compose_files"] = json!(["compose.yml", "compose.wildcard.yml", "compose.job.yml"]);
    });
    world.run().assert_outcome(0, "changed");
    let format = "{{.Spec.Mode.Replicated.Replicas}}";
    let replicas = world.daemon.docker(&["service", "inspect", "traefik_ci_localhost_job", "--format", format]);
    assert_eq!(replicas.trim(), "0");
    world.assert_converged();
}
