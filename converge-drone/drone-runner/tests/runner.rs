//! The program `drone-runner` without a systemd: flags, exit codes, messages.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn run(folder: &TempDir, settings: &Value, words: &[&str]) -> Output {
    let path = folder.path().join("drone-runner.json");
    fs::write(&path, settings.to_string()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_drone-runner"))
        .arg("--config")
        .arg(path)
        .args(words)
        .env_clear()
        .env("CREDENTIALS_DIRECTORY", folder.path())
        .env("RUNTIME_DIRECTORY", folder.path())
        .env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={}/no-bus", folder.path().display()))
        .output()
        .unwrap()
}

fn settings(folder: &TempDir) -> Value {
    json!({
        "server": "http://127.0.0.1:1", "name": "ci", "repositories": ["recipes/ci"],
        "steps": { "directory": folder.path().join("state") },
    })
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_configuration_is_checked_without_host_or_secret() {
    let folder = tempfile::tempdir().unwrap();
    let right = run(&folder, &settings(&folder), &["--check-config"]);
    assert_eq!(right.status.code(), Some(0), "{}", said(&right));
    let mut wrong = settings(&folder);
    wrong["repositories"] = json!([]);
    wrong["capacity"] = json!(0);
    let wrong = run(&folder, &wrong, &["--check-config"]);
    assert_eq!(wrong.status.code(), Some(2));
    for word in ["repositories is empty", "capacity is 0", "hint: "] {
        assert!(said(&wrong).contains(word), "{}", said(&wrong));
    }
    let mut unknown = settings(&folder);
    unknown["steps"]["user"] = json!("nobody");
    let unknown = run(&folder, &unknown, &["--check-config"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(said(&unknown).contains("is wrong at steps"), "{}", said(&unknown));
}

#[test]
fn the_schema_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let schema = run(&folder, &settings(&folder), &["--schema"]);
    let schema: Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert!(schema["properties"]["repositories"].is_object());
}

#[test]
fn a_missing_requirement_is_named_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let without_secret = run(&folder, &settings(&folder), &[]);
    assert_eq!(without_secret.status.code(), Some(2));
    assert!(said(&without_secret).contains("LoadCredential=rpc-secret:"), "{}", said(&without_secret));

    fs::write(folder.path().join("rpc-secret"), "canary-rpc-secret").unwrap();
    let without_bus = run(&folder, &settings(&folder), &[]);
    assert_eq!(without_bus.status.code(), Some(1));
    assert!(said(&without_bus).contains("systemd cannot be reached over D-Bus"), "{}", said(&without_bus));
    assert!(!said(&without_bus).contains("canary"));
}
