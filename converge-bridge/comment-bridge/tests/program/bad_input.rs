//! Everything that can be wrong with what it is given: one sentence with its place, a hint, exit 2.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::running::{PROGRAM, Place, free_port, settings};

fn good() -> Value {
    settings("https://git.example.org", "https://drone.ci.example.org")
}

/// A change of the settings, and what is said of it.
type Wrong = (&'static str, Value, &'static str);

fn wrong() -> Vec<Wrong> {
    vec![
        ("/gitea", json!("git.example.org"), "gitea is `git.example.org`"),
        ("/gitea", json!("ftp://git.example.org"), "gitea is `ftp://git.example.org`, which begins neither"),
        ("/gitea", json!("https://bot:canary@git.example.org"), "gitea is `https://…@git.example.org`"),
        ("/gitea", json!("https://git.example.org/api"), "gitea is `https://git.example.org/api`, which has a path"),
        ("/gitea", json!(1), "wrong at gitea"),
        ("/drone", json!(""), "drone is ``"),
        ("/drone", json!("https://drone.example.org/?a=b"), "drone is"),
        ("/dashboard", json!("ci.example.org"), "dashboard is `ci.example.org`"),
        ("/repository", json!("ci"), "wrong at repository: `ci` is no repository's name (owner/name)"),
        ("/repository", json!("recipes/../ci"), "wrong at repository"),
        ("/bot", json!(""), "bot is ``, which is no name at Gitea"),
        ("/bot", json!("ci/bot"), "bot is `ci/bot`, which is no name at Gitea"),
        ("/branch", json!("two words"), "branch is no branch"),
        ("/allow", json!(["sam", "@mara"]), "allow[1] is `@mara`, which is no name at Gitea"),
        ("/allow", json!("sam"), "wrong at allow"),
        ("/poll_seconds", json!(0), "poll_seconds is 0"),
        ("/poll_seconds", json!(3601), "poll_seconds is 3601"),
        ("/poll_seconds", json!(-1), "wrong at poll_seconds"),
        ("/poll_seconds", json!(1.5), "wrong at poll_seconds"),
        ("/poll_seconds", json!("5"), "wrong at poll_seconds"),
        ("/catch_up_hours", json!(0), "catch_up_hours is 0"),
        ("/catch_up_hours", json!(25), "catch_up_hours is 25, more than give_up_hours (24)"),
        ("/give_up_hours", json!(u64::MAX), "give_up_hours is 18446744073709551615"),
        ("/call_seconds", json!(0), "call_seconds is 0"),
        ("/webhook", json!("yes"), "wrong at webhook"),
        ("/organisations", json!([]), "organisations is empty, and so is repositories"),
        ("/organisations", json!([{"name": "a/b"}]), "organisations[0].name is `a/b`"),
        (
            "/organisations",
            json!([{"name": "recipes"}, {"name": "Recipes"}]),
            "organisations[1].name is `Recipes` once",
        ),
        ("/organisations/0/include", json!([]), "organisations[0].include is empty"),
        ("/organisations/0/include", json!(["recipes/*"]), "organisations[0].include[0] is `recipes/*`"),
        ("/organisations/0/exclude", json!(["a", ""]), "organisations[0].exclude[1] is ``"),
        ("/organisations/0/exclude", json!(["a\u{1b}[31m"]), r"exclude[0] is `a\u{1b}[31m`"),
        ("/organisations/0/includes", json!(["*"]), "wrong at organisations[0].includes: unknown field `includes`"),
        ("/repositories", json!(["hello"]), "wrong at repositories[0]: `hello` is no repository's name"),
        ("/repositories", json!(["recipes/CI"]), "repositories[0] is the CI repository"),
        ("/repositories", json!(["mara/a", "Mara/A"]), "repositories[1] is `Mara/A` once more"),
        (
            "/repositories",
            json!(["recipes/hello"]),
            "repositories[0] is `recipes/hello`, whose organisation is watched",
        ),
        ("/token", json!("x"), "unknown field `token`"),
    ]
}

#[track_caller]
fn refused(output: &Output, says: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{says}: {error}");
    assert!(error.contains(says), "`{says}` is not said by: {error}");
    assert!(error.lines().filter(|line| line.starts_with("hint: ")).count() == 1, "{says}: {error}");
    assert!(!error.contains("canary") && !error.contains('\u{1b}'), "{error}");
    assert!(output.stdout.is_empty(), "{says}");
}

fn run(place: &Place, flags: &[&str]) -> Output {
    place.command().args(flags).output().unwrap()
}

#[test]
fn wrong_settings_are_refused_before_anything_is_done() {
    for (at, value, says) in wrong() {
        let mut place = Place::new("", "");
        place.settings = good();
        let (above, key) = at.rsplit_once('/').unwrap();
        place.settings.pointer_mut(above).unwrap()[key] = value;
        refused(&run(&place, &[]), says);
        refused(&run(&place, &["check"]), says);
        assert_eq!(fs::read_dir(place.path("ledger")).unwrap().count(), 0, "{says}");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut place = Place::new("", "");
    place.settings = good();
    place.settings["bot"] = json!("");
    place.settings["poll_seconds"] = json!(0);
    let said = String::from_utf8_lossy(&run(&place, &["check"]).stderr).into_owned();
    assert!(said.contains("bot is") && said.contains("poll_seconds is 0"), "{said}");
}

#[test]
fn invalid_json_is_refused() {
    for (text, says) in [
        ("", "there are no settings: $COMMENT_BRIDGE_SETTINGS is not set"),
        (" \n", "there are no settings"),
        ("{", "the settings $COMMENT_BRIDGE_SETTINGS are wrong"),
        ("null", "the settings $COMMENT_BRIDGE_SETTINGS are wrong"),
        ("[]", "the settings $COMMENT_BRIDGE_SETTINGS are wrong"),
    ] {
        let place = Place::new("", "");
        refused(&place.command().env("COMMENT_BRIDGE_SETTINGS", text).output().unwrap(), says);
    }
    let place = Place::new("", "");
    refused(&place.command().env_remove("COMMENT_BRIDGE_SETTINGS").output().unwrap(), "there are no settings");
    let twice = good().to_string() + "{}";
    refused(&place.command().env("COMMENT_BRIDGE_SETTINGS", twice).output().unwrap(), "trailing characters");
    let repeated = good().to_string().replacen('{', r#"{"bot": "other", "#, 1);
    refused(&place.command().env("COMMENT_BRIDGE_SETTINGS", repeated).output().unwrap(), "duplicate field `bot`");
}

#[test]
fn a_file_takes_the_place_of_the_variable() {
    let mut place = Place::new("", "");
    place.settings = json!("not read");
    let path = place.path("settings.json");
    let given = |text: &[u8]| {
        fs::write(&path, text).unwrap();
        place.command().arg("--settings").arg(&path).arg("check").output().unwrap()
    };
    let output = given(good().to_string().as_bytes());
    assert!(output.status.success() && output.stdout == b"the settings are valid\n", "{output:?}");
    refused(&given(b"\xff\xfe"), "cannot read the settings");
    refused(&given(b"{}"), "settings.json are wrong: missing field");
    fs::remove_file(&path).unwrap();
    let absent = place.command().arg("--settings").arg(&path).arg("check").output().unwrap();
    refused(&absent, "settings.json: No such file");
}

#[test]
fn secrets_are_needed_and_must_be_what_a_header_can_hold() {
    for (name, content, says) in [
        ("gitea_token", None, "secrets/gitea_token cannot be read"),
        ("drone_token", None, "secrets/drone_token cannot be read"),
        ("webhook_secret", None, "secrets/webhook_secret cannot be read"),
        ("gitea_token", Some(&b" \n"[..]), "is empty"),
        ("gitea_token", Some(b"\xff\xfe"), "is not UTF-8 text"),
        ("drone_token", Some(b"canary 1"), "secrets/drone_token is not a token"),
        ("drone_token", Some(b"canary\r\nX-Other: 1"), "secrets/drone_token is not a token"),
        ("drone_token", Some("canary-é".as_bytes()), "secrets/drone_token is not a token"),
    ] {
        let mut place = Place::new("", "");
        place.settings = good();
        let path = place.path("secrets").join(name);
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        refused(&run(&place, &[]), says);
    }
}

#[test]
fn without_a_webhook_its_secret_is_not_needed() {
    let gitea = crate::server::Server::quiet();
    let mut place = Place::new(&gitea.address(), &gitea.address());
    place.settings["webhook"] = json!(false);
    fs::remove_file(place.path("secrets").join("webhook_secret")).unwrap();
    let running = place.start();
    let answer = crate::wire::post(running.listen, &[("X-Gitea-Signature", "0")], "{}");
    assert_eq!(answer.status, 404, "{answer:?}");
}

#[test]
fn flags_and_levels_that_are_none_are_refused() {
    let place = Place::new("", "");
    for flags in [&["--listen", "8080"][..], &["--verbose"], &["serve", "twice"], &["unhealthy"]] {
        let output = Command::new(PROGRAM).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {output:?}");
    }
    refused(&place.command().env("COMMENT_BRIDGE_LOG", "loud").output().unwrap(), "$COMMENT_BRIDGE_LOG is `loud`");
    for (flag, says) in
        [("--help", "Check the health of the service on this machine"), ("--version", env!("CARGO_PKG_VERSION"))]
    {
        let output = Command::new(PROGRAM).arg(flag).output().unwrap();
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains(says), "{output:?}");
    }
}

#[test]
fn a_health_check_without_a_server_fails() {
    let output = Command::new(PROGRAM).args(["health", "--listen", &free_port().to_string()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be asked"), "{output:?}");
}
