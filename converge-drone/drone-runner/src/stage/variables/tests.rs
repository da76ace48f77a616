use serde_json::json;

use super::*;
use crate::pipeline::Pipeline;

/// The variables of the clone and of a step, for a build with these parameters, commit message and environment of the step.
fn environments(parameters: &serde_json::Value, message: &str, environment: &str) -> (Environment, Environment) {
    let details = json!({
        "build": {"number": 7, "params": parameters, "message": message, "author_name": "A. U. Thor", "after": "0123"},
        "stage": {"id": 1, "name": "default"}, "config": {"Data": ""}, "repository": {"slug": "recipes/ci"},
        "secrets": [{"name": "token", "data": "line one\r\nline two\r\n"}],
    });
    let details: Details = serde_json::from_value(details).unwrap();
    let settings = json!({
        "server": "https://drone.ci.example.org", "repositories": ["recipes/ci"],
        "steps": {"environment": {"ABRA_DIR": "/var/lib/abra", "https_proxy": "http://proxy.example.org"}},
    });
    let settings: Settings = serde_json::from_value(settings).unwrap();
    let text =
        format!("kind: pipeline\ntype: exec\nsteps:\n- {{name: a, commands: [b], environment: {environment}}}\n");
    let pipeline = Pipeline::read(&text, "default", &settings.steps.environment).unwrap();
    let folder = Folder::of(std::path::Path::new("/var/lib/drone-runner"), 1);
    let variables = StageVariables::new(&settings, &details, "ci", &folder);
    let secrets = BuildSecrets::new(&details);
    let of = |index: usize| variables.of_step(&pipeline.steps[index], index, &folder, &secrets, false);
    (of(0), of(1))
}

#[test]
fn the_clone_gets_no_parameter_of_the_build() {
    let parameters = json!({
        "GIT_SSH_COMMAND": "sh -c 'cat ~/.netrc'", "http_proxy": "http://evil.example.org", "ALL_PROXY": "x",
        "GIT_TRACE_CURL": "1", "GIT_SSL_NO_VERIFY": "1", "GIT_PROXY_COMMAND": "x", "GIT_ASKPASS": "x", "GIT_DIR": "/tmp",
        "GIT_EXEC_PATH": "/tmp", "SSH_ASKPASS": "x", "CURL_HOME": "/tmp", "RECIPE": "hedgedoc", "https_proxy": "x",
    });
    let (clone, step) = environments(&parameters, "", "{}");
    for name in parameters.as_object().unwrap().keys().filter(|name| *name != "https_proxy") {
        assert!(!clone.variables.contains_key(name), "{name}");
        assert_eq!(step.variables[name], parameters[name], "{name}");
    }
    assert_eq!(clone.variables["https_proxy"], "http://proxy.example.org", "the operator's own");
    assert_eq!(clone.variables["HOME"], "/var/lib/drone-runner/stages/1/clone");
    assert_eq!(clone.notes, [""; 0]);
    assert_eq!(step.notes, ["parameter https_proxy was not passed on: it is set by this runner's configuration"]);
}

#[test]
fn a_value_that_would_be_refused_is_left_out_and_named() {
    let parameters = json!({"GOOD": "x", "BAD": "a\u{fdd0}b", "LARGE": "x".repeat(131_072), "PATH": "/tmp"});
    let (clone, step) = environments(&parameters, "fix\u{1ffff}", "{ESC: \"\\e[31m\", TOKEN: {from_secret: TOKEN}}");
    let of_commit = |name: &str| {
        format!(
            "variable {name} was not passed on: it holds U+1FFFF, which is no character, and systemd takes no such value"
        )
    };
    assert_eq!(clone.notes, ["CI_COMMIT_MESSAGE", "DRONE_COMMIT_MESSAGE"].map(of_commit));
    assert_eq!(
        step.notes,
        [
            "variable BAD was not passed on: it holds U+FDD0, which is no character, and systemd takes no such value"
                .into(),
            of_commit("CI_COMMIT_MESSAGE"),
            of_commit("DRONE_COMMIT_MESSAGE"),
            "variable ESC was not passed on: it holds control characters".into(),
            "variable LARGE was not passed on: it has more than 131071 bytes, the limit of Linux for a variable".into(),
            "parameter PATH was not passed on: it is set by the runner itself".into(),
        ]
    );
    assert_eq!(step.variables["GOOD"], "x");
    assert_eq!(step.variables["DRONE_COMMIT_AUTHOR_NAME"], "A. U. Thor");
}

#[test]
fn carriage_returns_are_kept() {
    let (clone, step) =
        environments(&json!({"BODY": "one\r\ntwo"}), "Merge\r\n\r\nit's done", "{TOKEN: {from_secret: token}}");
    assert!(clone.notes.is_empty() && step.notes.is_empty(), "{:?} {:?}", clone.notes, step.notes);
    assert_eq!(
        step.exports(),
        "export BODY='one\r\ntwo'\nexport CI_COMMIT_MESSAGE='Merge\r\n\r\nit'\\''s done'\nexport \
         DRONE_COMMIT_MESSAGE='Merge\r\n\r\nit'\\''s done'\nexport TOKEN='line one\r\nline two\r\n'\n"
    );
    assert!(!step.file().contains('\r') && !step.file().contains("BODY="));
}
