//! Changes by hand in Docker, Gitea and Drone: repaired by one run, or blocked with a command.

use converger_kit::Piece;
use converger_kit::drift::{self, Drift};
use serde_json::json;

use crate::World;
use crate::world::{DOMAIN, REPOSITORY, SERVICE};

const REPAIRED: &[Drift<World>] = &[
    ("the service is deleted", |world| drop(world.daemon.docker(&["service", "rm", SERVICE])), "deploy drone"),
    (
        "the service is scaled to 0",
        |world| drop(world.daemon.docker(&["service", "scale", &format!("{SERVICE}=0")])),
        "deploy drone",
    ),
    ("registration is opened", |world| set(world, "DRONE_REGISTRATION_CLOSED=false"), "deploy drone"),
    ("the repository filter is removed", |world| set(world, "DRONE_REPOSITORY_FILTER="), "deploy drone"),
    (
        "the repository is deactivated",
        |world| drop(world.ask_drone("DELETE", &repository(), "")),
        "activate recipes/ci",
    ),
    (
        "the timeout is changed",
        |world| drop(world.ask_drone("PATCH", &repository(), r#"{"timeout": 5}"#)),
        "set recipes/ci to a timeout of 70 min, trusted",
    ),
    (
        "trust is removed",
        |world| drop(world.ask_drone("PATCH", &repository(), r#"{"trusted": false}"#)),
        "set recipes/ci to a timeout of 70 min, trusted",
    ),
    ("the API token is lost", |world| remove(world, "api-token"), "log ci-bot in at Drone (there is no API token)"),
    (
        "the API token is garbage",
        |world| write(world, "api-token", "0123456789abcdef0123456789abcdef"),
        "log ci-bot in at Drone (Drone refuses the API token)",
    ),
    ("the RPC secret is lost", |world| remove(world, "rpc-secret"), "generate the RPC secret"),
    ("the RPC secret is garbage", |world| write(world, "rpc-secret", "\n"), "generate the RPC secret"),
    ("the client secret is lost", |world| remove(world, "oauth-application"), "in Gitea (its secret is lost)"),
    ("the client secret is garbage", |world| write(world, "oauth-application", "{"), "in Gitea (its secret is lost)"),
    ("the grant is revoked", World::revoke_grants, "log ci-bot in at Drone (Gitea refuses the token that Drone has)"),
    (
        "the client secret is regenerated and the grant revoked",
        |world| {
            world.regenerate_client_secret();
            world.revoke_grants();
        },
        "in Gitea (Gitea refuses its secret)",
    ),
    (
        "the OAuth application is deleted",
        |world| {
            for application in world.applications() {
                world.bot().delete(&format!("/user/applications/oauth2/{}", application["id"])).unwrap();
            }
        },
        "create the OAuth application",
    ),
    (
        "Drone's database is reset",
        |world| {
            drop(world.daemon.docker(&["service", "rm", SERVICE]));
            world.sh("timeout 60 sh -c 'while docker ps --quiet | grep -q .; do :; done' && \
                 docker ps --quiet --all | xargs --no-run-if-empty docker rm --force >/dev/null; \
                 docker volume ls --quiet | xargs docker volume rm");
        },
        "log ci-bot in at Drone (Drone refuses the API token)",
    ),
    (
        "the .env is deleted",
        |world| drop(std::fs::remove_file(world.path(&format!("abra/servers/default/{DOMAIN}.env")))),
        "set ",
    ),
];

fn repository() -> String {
    format!("/api/repos/{REPOSITORY}")
}

fn set(world: &World, variable: &str) {
    world.daemon.docker(&["service", "update", "--quiet", "--detach=false", "--env-add", variable, SERVICE]);
}

fn remove(world: &World, name: &str) {
    std::fs::remove_file(world.path("state").join(name)).unwrap();
}

fn write(world: &World, name: &str, content: &str) {
    std::fs::write(world.path("state").join(name), content).unwrap();
}

#[test]
fn every_drift_is_repaired_by_one_run() {
    let Some(world) = World::converged("every_drift_is_repaired_by_one_run") else { return };
    drift::assert_each_repaired(&world, REPAIRED);
}

#[test]
fn a_state_that_only_an_operator_can_repair_is_blocked_with_a_hint() {
    let test = "a_state_that_only_an_operator_can_repair_is_blocked_with_a_hint";
    let Some(world) = World::converged(test) else { return };
    let site = world.administrator();
    let password = |password: &str| {
        let change =
            json!({ "source_id": 0, "login_name": "ci-bot", "password": password, "must_change_password": false });
        site.patch("/admin/users/ci-bot", &change).unwrap();
    };

    println!("case: the bot's password is changed");
    password("another-password-0123456789");
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("does not accept its password");
    run.assert_says("credential `gitea-password`");
    assert_eq!(run.writes_to("Docker").len() + run.writes_to("Drone").len(), 0, "{run:?}");
    // A run tries the password once, in however many rounds.
    world.daemon.docker(&["service", "rm", SERVICE]);
    let run = world.run();
    run.assert_outcome(1, "blocked");
    assert!(run.changes().iter().any(|change| change.starts_with("deploy drone")), "{:?}", run.changes());
    assert_eq!(run.writes_to("Gitea"), ["POST /user/login"]);
    world.write_credential("gitea-password", "another-password-0123456789\n");
    world.assert_converged();

    println!("case: there is no such repository");
    world.declare(|desired| desired["repository"]["name"] = json!("recipes/none"));
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("there is no repository recipes/none in Gitea");
    run.assert_no_writes();
    world.declare(|_| ());

    println!("case: the repository is renamed");
    site.patch(&format!("/repos/{REPOSITORY}"), &json!({ "name": "ci-renamed" })).unwrap();
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("recipes/ci was renamed to recipes/ci-renamed");
    world.declare(|desired| desired["repository"]["name"] = json!("recipes/ci-renamed"));
    let run = world.run();
    assert_eq!(run.exit_code, Some(0), "{}", run.stderr);
    world.assert_converged();
    site.patch("/repos/recipes/ci-renamed", &json!({ "name": "ci" })).unwrap();
    world.declare(|_| ());
    assert_eq!(world.run().exit_code, Some(0));

    println!("case: a second OAuth application");
    let twin = json!({
        "name": "twin", "redirect_uris": [format!("https://{DOMAIN}/login")], "confidential_client": true,
    });
    world.bot().post("/user/applications/oauth2", &twin).unwrap();
    let run = world.run();
    run.assert_outcome(1, "drifted");
    assert!(
        run.stderr.contains("--request DELETE http://10.99.0.1:3000/api/v1/user/applications/oauth2/"),
        "{}",
        run.stderr
    );
    let twin = world.applications().into_iter().find(|application| application["name"] == "twin").unwrap();
    world.bot().delete(&format!("/user/applications/oauth2/{}", twin["id"])).unwrap();
    world.assert_converged();

    println!("case: the bot no longer administers an inactive repository");
    world.ask_drone("DELETE", &repository(), "");
    site.put(&format!("/repos/{REPOSITORY}/collaborators/ci-bot"), &json!({ "permission": "read" })).unwrap();
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("ci-bot is no administrator of recipes/ci");
    site.put(&format!("/repos/{REPOSITORY}/collaborators/ci-bot"), &json!({ "permission": "admin" })).unwrap();
    world.run().assert_outcome(0, "changed");
    world.assert_converged();

    println!("case: a pin below what runs, over a migration of Drone's database");
    world.declare(|desired| desired["recipe"]["version"] = json!({ "pin": "1.8.0+2.25.0" }));
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("may not read the database");
    run.assert_no_writes();
}

#[test]
fn an_rpc_secret_from_a_credential_replaces_the_generated_one() {
    let test = "an_rpc_secret_from_a_credential_replaces_the_generated_one";
    let Some(world) = World::converged(test) else { return };
    world.write_credential("rpc-secret", "0123456789abcdef0123456789abcdef\n");
    let run = world.run();
    run.assert_outcome(0, "changed");
    assert!(run.changes().iter().any(|change| change.starts_with("create secret")), "{:?}", run.changes());
    world.assert_converged();
    world.write_credential("rpc-secret", "too short");
    let run = world.run();
    run.assert_outcome(1, "blocked");
    run.assert_says("openssl rand -hex 32");
    run.assert_no_writes();
}
