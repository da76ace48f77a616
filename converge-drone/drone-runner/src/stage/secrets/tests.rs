use serde_json::{Value as Json, json};

use super::*;

fn details(secrets: &Json) -> Details {
    let details = json!({
        "build": {}, "stage": {"id": 1}, "config": {"Data": ""}, "repository": {}, "secrets": secrets,
        "netrc": {"machine": "git.example.org", "login": "bot", "password": "netrc-password"},
    });
    serde_json::from_value(details).unwrap()
}

fn pipeline(environment: &str) -> Pipeline {
    let text = format!(
        "kind: pipeline\ntype: exec\nclone: {{disable: true}}\nsteps:\n- {{name: a, commands: [b], environment: {environment}}}\n"
    );
    Pipeline::read(&text, "default", &BTreeMap::new()).unwrap()
}

fn settings(credentials: &Json) -> Settings {
    let settings = json!({
        "server": "https://drone.ci.example.org", "repositories": ["recipes/ci"], "steps": {"credentials": credentials},
    });
    serde_json::from_value(settings).unwrap()
}

#[test]
fn a_secret_is_found_without_regard_to_case() {
    let details = details(&json!([
        {"name": "Token", "data": "of the repository"},
        {"name": "TOKEN", "data": "of the organisation"},
        {"name": "registry-\u{dc}", "data": "x"},
    ]));
    let secrets = BuildSecrets::new(&details);
    for name in ["token", "TOKEN", "Token", "tOKEN"] {
        assert_eq!(secrets.get(name), Some("of the repository"), "{name}");
        assert_eq!(secrets.check(&pipeline(&format!("{{T: {{from_secret: {name}}}}}"))), Ok(()));
    }
    assert_eq!(secrets.get("REGISTRY-\u{fc}"), Some("x"));
    for name in ["tokens", "toke", " token", "token "] {
        assert_eq!(secrets.get(name), None, "{name:?}");
    }
}

#[test]
fn a_secret_that_cannot_be_masked_is_named_in_the_log_of_a_step_that_has_it() {
    let details = details(&json!([
        {"name": "PIN", "data": "1234"},
        {"name": "unused", "data": "12"},
        {"name": "token", "data": "long enough"},
        {"name": "empty", "data": ""},
    ]));
    let secrets = BuildSecrets::new(&details);
    let step = pipeline("{A: {from_secret: pin}, B: {from_secret: token}, C: {from_secret: empty}, D: unused}");
    assert_eq!(secrets.notes(&step.steps[0]), ["secret pin is not masked in this log: it has fewer than 8 characters"]);
}

#[test]
fn every_secret_of_a_stage_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        fs::write(folder.path().join(name), content).unwrap();
        folder.path().join(name)
    };
    let credentials = json!({
        "key": write("key", b"\xff\xfebinary-key"),
        "large": write("large", "x".repeat(65 * 1024).as_bytes()),
        "short": write("short", b"1234\n"),
        "text": write("text", b"credential-text\n"),
        "folder": folder.path(),
    });
    let rpc = SecretString::from("rpc-secret-of-runners");
    let details = details(&json!([{"name": "token", "data": "drone-token"}]));
    let hidden = Hidden::new(&settings(&credentials), &details, &rpc).unwrap();
    let text = "drone-token netrc-password rpc-secret-of-runners credential-text";
    assert_eq!(hidden.values.hide(text), "****** ****** ****** ******");
    assert_eq!(
        hidden.notes,
        [
            "credential folder is not masked in this log: it is no file of at most 65536 bytes",
            "credential large is not masked in this log: it is no file of at most 65536 bytes",
            "credential short is not masked in this log: it has fewer than 8 characters",
        ]
    );
}

#[test]
fn no_stage_runs_with_a_credential_that_cannot_be_read() {
    let rpc = SecretString::from("rpc-secret-of-runners");
    let settings = settings(&json!({"registry": "/no/such/credential"}));
    let error = Hidden::new(&settings, &details(&Json::Null), &rpc).unwrap_err();
    assert!(error.starts_with("credential registry of the steps cannot be read and masked: "), "{error}");
}
