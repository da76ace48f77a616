//! Secrets: external ones must exist before a deploy, and generated ones are printed.

use std::fs;

use crate::bench::text;
use crate::swarm::Swarm;

const DOMAIN: &str = "hello.ci.localhost";

#[test]
fn secrets_come_before_the_deploy() {
    let Some(swarm) = Swarm::start("secrets_come_before_the_deploy", &["hello"], &["hello:1.0.0"]) else { return };
    swarm.bench.new_hello(DOMAIN);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c"]).fatal("secret not generated: token");
    assert_eq!(swarm.daemon.docker(&["service", "ls", "--quiet"]), "", "nothing is half deployed");
    let listed = || swarm.abra(&["app", "secret", "ls", DOMAIN, "-n", "-o", "-m"]).ok().json();
    // Keys and booleans differ between versions.
    let created = |row: &serde_json::Value| {
        let key = |key: &str| key.replace([' ', '_'], "-") == "created-on-server";
        let value = row.as_object().unwrap().iter().find(|(name, _)| key(name)).unwrap().1.clone();
        value.as_bool().unwrap_or(value == "true")
    };
    assert!(!created(&listed()[0]));
    let generated = swarm.abra(&["app", "secret", "generate", DOMAIN, "--all", "-n", "-o", "-m"]).ok();
    assert!(generated.stdout.contains("token"), "{}", generated.all);
    assert!(created(&listed()[0]));
    assert_eq!(swarm.daemon.docker(&["secret", "ls", "--format", "{{.Name}}"]), "hello_ci_localhost_token_v1");
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).ok();
    let value = swarm.exec("hello_ci_localhost_app", "cat /run/secrets/token");
    assert_eq!(value.len(), 32, "as the modifier says");
    assert!(generated.stdout.contains(&value), "-m prints the value");
    swarm.abra(&["app", "undeploy", DOMAIN, "-n", "-o"]).ok();
    swarm.abra(&["app", "secret", "rm", DOMAIN, "token", "-n", "-o"]).ok();
    assert_eq!(swarm.daemon.docker(&["secret", "ls", "--quiet"]), "");
}

#[test]
fn an_app_without_secrets_is_an_error() {
    let Some(swarm) = Swarm::start("an_app_without_secrets_is_an_error", &["hello"], &[]) else { return };
    swarm.new_hello(DOMAIN);
    let again = swarm.abra(&["app", "secret", "generate", DOMAIN, "--all", "-n", "-o", "-m"]);
    assert_eq!(again.code, Some(1), "{}", again.all);
}

#[test]
fn secrets_of_other_sources_are_not_generated() {
    let test = "secrets_of_other_sources_are_not_generated";
    let Some(swarm) = Swarm::start(test, &["hello"], &[]) else { return };
    swarm.bench.new_hello(DOMAIN);
    let env = swarm.bench.env(DOMAIN).replace("# length=32", "# generate=false");
    swarm.bench.write_env(DOMAIN, &env);
    let _ = swarm.abra(&["app", "secret", "generate", DOMAIN, "--all", "-n", "-o", "-m"]);
    assert_eq!(swarm.daemon.docker(&["secret", "ls", "--quiet"]), "");
    let refused = swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c"]);
    refused.fatal("secret not inserted (#generate=false): token");
}

#[test]
fn a_secret_is_inserted_from_a_file_under_its_name() {
    let test = "a_secret_is_inserted_from_a_file_under_its_name";
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0"]) else { return };
    swarm.bench.new_hello(DOMAIN);
    let file = swarm.bench.directory().join("token");
    fs::write(&file, "a secret\nof two lines\n").unwrap();
    swarm.abra(&["app", "secret", "insert", DOMAIN, "token", "v1", &text(&file), "-f", "-n", "-o"]).ok();
    let again = swarm.abra(&["app", "secret", "insert", DOMAIN, "token", "v1", &text(&file), "-f", "-n", "-o"]);
    assert_eq!(again.code, Some(1), "{}", again.all);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).ok();
    assert_eq!(swarm.exec("hello_ci_localhost_app", "cat /run/secrets/token"), "a secret\nof two lines");
}
