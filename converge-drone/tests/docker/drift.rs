//! What somebody changes by hand, in Docker, in Gitea and in Drone: mended by one run, or blocked with what to do.

use serde_json::json;

use crate::World;
use crate::world::{DOMAIN, REPOSITORY, SERVICE};

type Case = (&'static str, fn(&World), &'static str);

/// (what happens, how, a change that mends it)
const MENDED: &[Case] = &[
    ("the service is deleted", |world| drop(world.daemon.docker(&["service", "rm", SERVICE])), "deploy drone"),
    (
        "the service is scaled to 0",
        |world| drop(world.daemon.docker(&["service", "scale", &format!("{SERVICE}=0")])),
        "deploy drone",
    ),
    ("registration is opened", |world| set(world, "DRONE_REGISTRATION_CLOSED=false"), "deploy drone"),
    ("the repository filter is taken away", |world| set(world, "DRONE_REPOSITORY_FILTER="), "deploy drone"),
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
        "trust is taken away",
        |world| drop(world.ask_drone("PATCH", &repository(), r#"{"trusted": false}"#)),
        "set recipes/ci to a timeout of 70 min, trusted",
    ),
    ("the API token is lost", |world| remove(world, "api-token"), "log ci-bot in at Drone (there is no API token)"),
    (
        "the API token is rubbish",
        |world| write(world, "api-token", "0123456789abcdef0123456789abcdef"),
        "log ci-bot in at Drone (Drone refuses the API token)",
    ),
    ("the RPC secret is lost", |world| remove(world, "rpc-secret"), "generate the RPC secret"),
    ("the RPC secret is rubbish", |world| write(world, "rpc-secret", "\n"), "generate the RPC secret"),
    ("the client secret is lost", |world| remove(world, "oauth-application"), "a new secret (ours is lost)"),
    ("the client secret is rubbish", |world| write(world, "oauth-application", "{"), "a new secret (ours is lost)"),
    (
        "the grant is revoked",
        World::revoke_grants,
        "log ci-bot in at Drone (Gitea refuses the token Drone asks it with)",
    ),
    (
        "the client secret is regenerated and the grant revoked",
        |world| {
            world.regenerate_client_secret();
            world.revoke_grants();
        },
        "a new secret (Gitea refuses ours)",
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
fn every_drift_is_mended_by_one_run() {
    let Some(world) = World::converged("every_drift_is_mended_by_one_run") else { return };
    for (what, happens, mended_by) in MENDED {
        println!("case: {what}");
        happens(&world);
        let ran = world.run();
        ran.ends_as(0, "changed");
        assert!(ran.changes().iter().any(|change| change.contains(mended_by)), "{what}: {:?}", ran.changes());
        world.is_converged();
        let there = world.repository();
        assert_eq!([&there["active"], &there["trusted"], &there["timeout"]], [&json!(true), &json!(true), &json!(70)]);
    }
    println!("{n} of {n} drifts mended, each by one run", n = MENDED.len());
}

#[test]
fn what_only_an_operator_can_mend_is_blocked_with_what_to_do() {
    let test = "what_only_an_operator_can_mend_is_blocked_with_what_to_do";
    let Some(world) = World::converged(test) else { return };
    let site = world.administrator();
    let password = |password: &str| {
        let change =
            json!({ "source_id": 0, "login_name": "ci-bot", "password": password, "must_change_password": false });
        site.patch("/admin/users/ci-bot", &change).unwrap();
    };

    println!("case: the bot's password is changed");
    password("another-password-0123456789");
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("does not accept its password"), "{}", ran.said);
    assert!(ran.said.contains("credential `gitea-password`"), "{}", ran.said);
    assert_eq!(ran.mutating[0].len() + ran.mutating[2].len(), 0, "{ran:?}");
    // However often such a run looks, it tries the password once.
    world.daemon.docker(&["service", "rm", SERVICE]);
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.changes().iter().any(|change| change.starts_with("deploy drone")), "{:?}", ran.changes());
    assert_eq!(ran.mutating[1], ["POST /user/login"]);
    world.give("gitea-password", "another-password-0123456789\n");
    world.is_converged();

    println!("case: there is no such repository");
    world.declare(|desired| desired["repository"]["name"] = json!("recipes/none"));
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("there is no repository recipes/none in Gitea"), "{}", ran.said);
    assert_eq!(ran.mutating.concat(), [""; 0]);
    world.declare(|_| ());

    println!("case: the repository is renamed");
    site.patch(&format!("/repos/{REPOSITORY}"), &json!({ "name": "ci-renamed" })).unwrap();
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("recipes/ci was renamed to recipes/ci-renamed"), "{}", ran.said);
    world.declare(|desired| desired["repository"]["name"] = json!("recipes/ci-renamed"));
    let ran = world.run();
    assert_eq!(ran.code, Some(0), "{}", ran.said);
    world.is_converged();
    site.patch("/repos/recipes/ci-renamed", &json!({ "name": "ci" })).unwrap();
    world.declare(|_| ());
    assert_eq!(world.run().code, Some(0));

    println!("case: a second OAuth application");
    let twin = json!({
        "name": "twin", "redirect_uris": [format!("https://{DOMAIN}/login")], "confidential_client": true,
    });
    world.bot().post("/user/applications/oauth2", &twin).unwrap();
    let ran = world.run();
    ran.ends_as(1, "drifted");
    assert!(
        ran.said.contains("--request DELETE http://10.99.0.1:3000/api/v1/user/applications/oauth2/"),
        "{}",
        ran.said
    );
    let twin = world.applications().into_iter().find(|application| application["name"] == "twin").unwrap();
    world.bot().delete(&format!("/user/applications/oauth2/{}", twin["id"])).unwrap();
    world.is_converged();

    println!("case: the bot no longer administers an inactive repository");
    world.ask_drone("DELETE", &repository(), "");
    site.put(&format!("/repos/{REPOSITORY}/collaborators/ci-bot"), &json!({ "permission": "read" })).unwrap();
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("ci-bot is no administrator of recipes/ci"), "{}", ran.said);
    site.put(&format!("/repos/{REPOSITORY}/collaborators/ci-bot"), &json!({ "permission": "admin" })).unwrap();
    world.run().ends_as(0, "changed");
    world.is_converged();

    println!("case: a pin below what runs, over a migration of Drone's database");
    world.declare(|desired| desired["recipe"]["version"] = json!({ "pin": "1.8.0+2.25.0" }));
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("may not read the database"), "{}", ran.said);
    assert_eq!(ran.mutating.concat(), [""; 0]);
}

#[test]
fn an_rpc_secret_from_a_credential_takes_the_place_of_the_generated_one() {
    let test = "an_rpc_secret_from_a_credential_takes_the_place_of_the_generated_one";
    let Some(world) = World::converged(test) else { return };
    world.give("rpc-secret", "0123456789abcdef0123456789abcdef\n");
    let ran = world.run();
    ran.ends_as(0, "changed");
    assert!(ran.changes().iter().any(|change| change.starts_with("create secret")), "{:?}", ran.changes());
    world.is_converged();
    world.give("rpc-secret", "too short");
    let ran = world.run();
    ran.ends_as(1, "blocked");
    assert!(ran.said.contains("openssl rand -hex 32"), "{}", ran.said);
    assert_eq!(ran.mutating.concat(), [""; 0]);
}
