//! Steps of an app: deploy, deploy again, undeploy, remove.

use std::path::Path;

use recipe::env_file::EnvFile;
use serde_json::json;

use crate::swarm::Swarm;

const DOMAIN: &str = "hello.ci.localhost";
const STACK: &str = "hello_ci_localhost";
const APP: &str = "hello_ci_localhost_app";

#[test]
fn an_app_lives_and_goes() {
    let Some(swarm) = Swarm::start("an_app_lives_and_goes", &["hello"], &["hello:1.0.0", "hello:1.1.0"]) else {
        return;
    };
    life(&swarm);
}

#[test]
fn an_app_lives_with_an_older_docker_command_line() {
    let test = "an_app_lives_with_an_older_docker_command_line";
    if !Path::new("/usr/bin/docker").exists() {
        return println!("skipped: {test}: no /usr/bin/docker");
    }
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0", "hello:1.1.0"]) else { return };
    life(&swarm.with_docker_of(Path::new("/usr/bin")));
}

fn life(swarm: &Swarm) {
    swarm.new_hello(DOMAIN);
    swarm.abra(&["app", "undeploy", DOMAIN, "-n", "-o"]).fatal("not deployed");
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).ok();
    assert_first_deploy(swarm);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).fatal("already deployed");
    assert_update(swarm);
    let ps = swarm.abra(&["app", "ps", DOMAIN, "-n", "-o"]).ok();
    assert!(ps.all.contains("1.1.0+1.1.0"), "{}", ps.all);
    swarm.abra(&["app", "volume", "rm", DOMAIN, "-n", "-o", "-f"]).fatal("deployed");
    swarm.abra(&["app", "undeploy", DOMAIN, "-n", "-o"]).ok();
    assert_eq!(swarm.daemon.docker(&["service", "ls", "--quiet"]), "");
    assert_eq!(swarm.daemon.docker(&["volume", "ls", "--format", "{{.Name}}"]), format!("{STACK}_data"));
    assert_eq!(swarm.daemon.docker(&["secret", "ls", "--format", "{{.Name}}"]), format!("{STACK}_token_v1"));
    swarm.abra(&["app", "volume", "rm", DOMAIN, "-n", "-o", "-f"]).ok();
    assert_eq!(swarm.daemon.docker(&["volume", "ls", "--quiet"]), "");
    swarm.abra(&["app", "rm", DOMAIN, "-n", "-o", "-f"]).ok();
    assert_eq!(swarm.daemon.docker(&["secret", "ls", "--quiet"]), "");
    assert!(!swarm.bench.env_path(DOMAIN).exists());
}

fn assert_first_deploy(swarm: &Swarm) {
    let label = |name: &str| swarm.label(APP, &format!("coop-cloud.{STACK}.{name}"));
    assert_eq!(label("recipe"), json!("hello"));
    assert_eq!(label("version"), json!("1.0.0+1.0.0"));
    assert_eq!(label("chaos"), json!("false"));
    assert_eq!(label("timeout"), json!("60"));
    assert!(swarm.exec(APP, "wget -qO- http://127.0.0.1/").contains("hello 1.0.0"));
    assert!(swarm.exec(APP, "cat /srv/greeting.html").contains("hello from hello.ci.localhost"));
    assert_eq!(swarm.exec(APP, "cat /run/secrets/token").len(), 32);
    let environment = swarm.environment(APP);
    for exposed in ["TYPE=hello:1.0.0+1.0.0", "TIMEOUT=60", "SECRET_TOKEN_VERSION=v1", "DOMAIN=hello.ci.localhost"] {
        assert!(environment.contains(&exposed.to_owned()), "{exposed} in {environment:?}");
    }
}

/// The version on the command line wins over the one in the `.env`, and is written there.
fn assert_update(swarm: &Swarm) {
    let before = swarm.bench.env(DOMAIN);
    swarm.abra(&["app", "deploy", DOMAIN, "1.1.0+1.1.0", "-n", "-o", "-f"]).ok();
    let after = swarm.bench.env(DOMAIN);
    assert_eq!(after, before.replacen("TYPE=hello:1.0.0+1.0.0", "TYPE=hello:1.1.0+1.1.0", 1));
    assert_eq!(swarm.label(APP, &format!("coop-cloud.{STACK}.version")), json!("1.1.0+1.1.0"));
    assert!(swarm.exec(APP, "wget -qO- http://127.0.0.1/").contains("hello 1.1.0"));
    assert_eq!(swarm.bench.git_in("hello", &["describe", "--exact-match"]), "1.1.0+1.1.0");
}

#[test]
fn a_changed_config_needs_a_new_version() {
    let test = "a_changed_config_needs_a_new_version";
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0"]) else { return };
    swarm.new_hello(DOMAIN);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c"]).ok();
    swarm.bench.edit("hello", "greeting.html.tmpl", "<h1>", "<h1>Oh, ");
    let refused = swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c", "-C"]);
    assert_eq!(refused.code, Some(1), "{}", refused.all);
    assert!(refused.all.contains("only updates to Labels are allowed"), "{}", refused.all);
    swarm.bench.edit("hello", "abra.sh", "=v1", "=v2");
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c", "-C"]).ok();
}

#[test]
fn a_service_that_the_recipe_drops_stays() {
    let test = "a_service_that_the_recipe_drops_stays";
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0"]) else { return };
    swarm.new_hello(DOMAIN);
    let more = "version: \"3.8\"\nservices:\n  more:\n    image: hello:1.0.0\n    deploy: {endpoint_mode: dnsrr}\n";
    swarm.bench.write("hello", "compose.more.yml", more);
    let env = swarm.bench.env(DOMAIN);
    swarm.bench.write_env(DOMAIN, &format!("{env}COMPOSE_FILE=\"$COMPOSE_FILE:compose.more.yml\"\n"));
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c", "-C"]).ok();
    assert!(swarm.service(&format!("{STACK}_more")).is_object());
    swarm.bench.write_env(DOMAIN, &env);
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o", "-c", "-C"]).ok();
    assert!(swarm.service(&format!("{STACK}_more")).is_object());
}

/// Holds abra's own fork of godotenv to what the converger writes, where the real abra is given.
#[test]
fn values_of_the_env_reach_the_app_as_they_were_meant() {
    let test = "values_of_the_env_reach_the_app_as_they_were_meant";
    let Some(swarm) = Swarm::start(test, &["hello"], &["hello:1.0.0", "hello:1.1.0"]) else { return };
    swarm.new_hello(DOMAIN);
    let mut env = EnvFile::parse(swarm.bench.env(DOMAIN).as_bytes());
    let values = [
        ("BACKSLASH", "C:\\dir\\"),
        ("QUOTES", "\"it's\""),
        ("LINES", "one\ntwo"),
        ("COMMENT", "a #b"),
        ("HASH", "#a"),
        ("BLANKS", " a "),
    ];
    for (key, value) in values {
        env.set(key, value).unwrap();
    }
    swarm.bench.write_env(DOMAIN, &String::from_utf8(env.to_bytes()).unwrap());
    swarm.abra(&["app", "deploy", DOMAIN, "-n", "-o"]).ok();
    let environment = swarm.environment(APP);
    for (key, value) in values {
        assert!(environment.contains(&format!("{key}={value}")), "{key} in {environment:?}");
    }
}
