use std::fmt::Write as _;

use super::*;
use http::drone::Status;

fn read(text: &str) -> Result<Pipeline, Error> {
    let settings = BTreeMap::from([("ABRA_DIR".to_owned(), "/var/lib/abra".to_owned())]);
    Pipeline::read(text, "default", &settings)
}

/// A pipeline with these lines below its kind and type.
fn pipeline(rest: &str) -> String {
    format!("kind: pipeline\ntype: exec\nname: default\n{rest}")
}

#[test]
fn every_known_key_is_read() {
    let text = pipeline(
        r#"
platform: { os: linux }
clone: { depth: 1 }
workspace: { path: below/src }
trigger: { event: [custom] }
concurrency: { limit: 1 }
depends_on: [other]
steps:
- name: build
  commands: [make, "echo 'a: b'", true]
  environment:
    RECIPE: hedgedoc
    PORT: 8080
    ON: yes
    QUICK: false
    VERSION: "1.10"
    EMPTY:
    TOKEN: { from_secret: token }
- name: notify
  commands:
  - |
    if true; then
      echo done
    fi
  when: { status: [success, failure] }
  failure: ignore
- name: mend
  commands: [x]
  when: { status: failure }
  detach: true
"#,
    );
    let found = read(&text).unwrap();
    assert_eq!(found.workspace, PathBuf::from("below/src"));
    let names: Vec<&str> = found.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["clone", "build", "notify", "mend"]);
    assert_eq!(found.steps[0].kind, StepKind::Clone(Some(1)));
    let StepKind::Commands(commands) = &found.steps[1].kind else { panic!() };
    assert_eq!(commands, &["make", "echo 'a: b'", "true"]);
    let value = |name: &str| match &found.steps[1].environment[name] {
        Value::Text(text) => text.clone(),
        Value::Secret(secret) => format!("secret {secret}"),
    };
    let values = ["RECIPE", "PORT", "ON", "QUICK", "VERSION", "EMPTY", "TOKEN"].map(value);
    assert_eq!(values, ["hedgedoc", "8080", "yes", "false", "1.10", "", "secret token"]);
    let flags = |step: &Step| (step.on_success, step.on_failure, step.is_ignored, step.is_detached);
    assert_eq!(flags(&found.steps[1]), (true, false, false, false));
    assert_eq!(flags(&found.steps[2]), (true, true, true, false));
    assert_eq!(flags(&found.steps[3]), (false, true, false, true));
    assert_eq!(found.steps[3].after, [0, 1, 2]);
}

#[test]
fn the_pipeline_is_found_by_its_name_among_others() {
    let text = "---\nkind: secret\nname: x\nget: {path: y}\n---\nkind: pipeline\ntype: docker\nname: other\nsteps: \
                [{name: a, image: b}]\n---\nkind: pipeline\ntype: exec\nclone: {disable: true}\nsteps:\n- name: a\n  \
                commands: [b]\n...\n";
    assert_eq!(read(text).unwrap().steps.len(), 1);
    let docker = Pipeline::read(text, "other", &BTreeMap::new()).unwrap_err();
    assert_eq!(docker, Error::Type { pipeline_type: "docker".into() });
    assert_eq!(Pipeline::read(text, "none", &BTreeMap::new()).unwrap_err(), Error::Missing { name: "none".into() });
}

#[test]
fn everything_else_is_refused_with_a_reason() {
    let step = |rest: &str| format!("steps:\n- name: a\n  commands: [b]\n{rest}");
    let table = [
        (step("  image: alpine"), "unknown field `image`"),
        (step("  privileged: true"), "unknown field `privileged`"),
        (step("  when: { branch: main }"), "unknown field `branch`"),
        (step("  when: { status: [sometimes] }"), "`sometimes` is neither success nor failure"),
        (step("  failure: retry"), "only `ignore` is known"),
        (step("  environment: { PATH: /tmp }"), "cannot set `PATH`: it is set by the runner itself"),
        (step("  environment: { LD_PRELOAD: x }"), "cannot set `LD_PRELOAD`"),
        (step("  environment: { ABRA_DIR: x }"), "is set by this runner's configuration"),
        (step("  environment: { VERSION: 1.10 }"), "must be in quotes"),
        (step("  environment: { A: { from_file: x } }"), "unknown field `from_file`"),
        (step("  environment: { A: [x] }"), "a text or from_secret"),
        (step("  depends_on: [z]"), "depends on `z`, and there is no such step"),
        (step("  depends_on: [a]"), "in a circle: a"),
        (step("- name: a\n  commands: [c]"), "two steps are named `a`"),
        (step("- name: clone\n  commands: [c]"), "two steps are named `clone`"),
        (step("services: []"), "unknown field `services`"),
        (step("server: { image: x }"), "unknown field `server`"),
        (step("environment: { A: b }"), "unknown field `environment`"),
        (step("workspace: { path: /etc }"), "must lie below the stage's own folder"),
        (step("workspace: { path: ../x }"), "must lie below the stage's own folder"),
        (step("platform: { os: windows }"), "the pipeline asks for windows/any"),
        (step("platform: { arch: riscv64 }"), "the pipeline asks for any/riscv64"),
        (step("clone: { skip_verify: true }"), "unknown field `skip_verify`"),
        ("steps: []".into(), "has no steps"),
        ("steps: [{name: a}]".into(), "has no commands"),
        ("steps: [{name: ' ', commands: [b]}]".into(), "is no name of a step"),
        ("steps: [{commands: [b]}]".into(), "missing field `name`"),
        ("steps: {".into(), "the pipeline file is wrong"),
        ("name: default\nsteps: []".into(), "the pipeline file is wrong"),
    ];
    for (rest, expected) in table {
        let error = read(&pipeline(&rest)).expect_err(&rest).to_string();
        assert!(error.contains(expected), "{rest}\n{error}");
        assert!(error.len() < 500, "Drone keeps 500 bytes of it: {error}");
    }
}

#[test]
fn an_error_names_the_line_in_the_file() {
    let text = format!("kind: secret\n---\n{}", pipeline("steps:\n- name: a\n  image: b\n"));
    let error = read(&text).unwrap_err().to_string();
    assert!(error.contains("line 8"), "{error}");
}

#[test]
fn a_bomb_does_not_go_off() {
    let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for level in 1..12 {
        let below = [format!("*a{}", level - 1).as_str(); 9].join(",");
        writeln!(text, "a{level}: &a{level} [{below}]").unwrap();
    }
    assert!(read(&pipeline(&text)).is_err());
    assert!(read(&"[".repeat(100_000)).is_err());
}

fn actions(pipeline: &Pipeline, statuses: &[Status]) -> String {
    let mut text = String::new();
    for (index, status) in statuses.iter().enumerate() {
        text.push(match (status, pipeline.action(index, statuses)) {
            (Status::Pending, StepAction::Start) => 's',
            (Status::Pending, StepAction::Skip) => 'x',
            (Status::Pending, StepAction::Wait) => '.',
            _ => '-',
        });
    }
    text
}

#[test]
fn steps_run_in_their_order() {
    use Status::{Failure, Pending, Running, Skipped, Success};
    let row = "clone: {disable: true}\nsteps:\n- {name: a, commands: [x]}\n- {name: b, commands: [x], detach: true}\n- \
               {name: c, commands: [x], failure: ignore}\n- {name: d, commands: [x], when: {status: [failure]}}\n";
    let row = read(&pipeline(row)).unwrap();
    let graph = "steps:\n- {name: a, commands: [x]}\n- {name: b, commands: [x]}\n- {name: c, commands: [x], depends_on: \
                 [a, b], when: {status: [success, failure]}}\n";
    let graph = read(&pipeline(graph)).unwrap();
    let table: [(&Pipeline, &[Status], &str); 11] = [
        (&row, &[Pending, Pending, Pending, Pending], "s..."),
        (&row, &[Running, Pending, Pending, Pending], "-..."),
        (&row, &[Success, Pending, Pending, Pending], "-s.."),
        (&row, &[Success, Running, Pending, Pending], "--s."),
        (&row, &[Success, Running, Failure, Pending], "---x"),
        (&row, &[Failure, Pending, Pending, Pending], "-x.."),
        (&row, &[Failure, Skipped, Skipped, Pending], "---s"),
        (&row, &[Success, Failure, Pending, Pending], "--x."),
        (&graph, &[Pending, Pending, Pending, Pending], "s..."),
        (&graph, &[Success, Pending, Pending, Pending], "-ss."),
        (&graph, &[Success, Failure, Success, Pending], "---s"),
    ];
    for (pipeline, statuses, expected) in table {
        assert_eq!(actions(pipeline, statuses), expected, "{statuses:?}");
    }
}
