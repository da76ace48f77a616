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
platform: { os: linux, variant: v8, version: 1 }
clone: { depth: 1, retries: 3 }
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
  when: { status: failure, event: [push, custom], branch: { exclude: [x] }, paths: [docs/**] }
  detach: true
  shell: bash
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
fn values_are_those_of_drone() {
    let text = pipeline(
        "clone: { depth: 0x10, disable: no }\nsteps:\n- name: 0o17\n  commands: [1.10, ~, yes, 'echo $${A} ${B} $$ $C']\n  failure: IGNORE\n  detach: \
         On\n  environment:\n    PHONE: +49\n    MODE: 0755\n    VERSION: 1.10\n    SINCE: 2001-12-14\n    YES: True\n    LONG: \
         { value: 1_000 }\n    TOKEN: { from_secret: 0x1F }\n",
    );
    let found = read(&text).unwrap();
    assert_eq!(found.steps[0].kind, StepKind::Clone(Some(16)));
    let step = &found.steps[1];
    assert_eq!((step.name.as_str(), step.is_ignored, step.is_detached), ("0o17", true, true));
    assert_eq!(step.kind, StepKind::Commands(["1.10", "", "yes", "echo ${A} ${B} $$ $C"].map(str::to_owned).to_vec()));
    let text = |text: &str| Value::Text(text.into());
    let expected = [
        ("LONG", text("1_000")),
        ("MODE", text("0755")),
        ("PHONE", text("+49")),
        ("SINCE", text("2001-12-14")),
        ("TOKEN", Value::Secret("0x1F".into())),
        ("VERSION", text("1.10")),
        ("YES", text("True")),
    ];
    assert_eq!(step.environment, expected.map(|(name, value)| (name.to_owned(), value)).into());
}

#[test]
fn a_file_is_read_as_far_as_drone_reads_it() {
    let own = "kind: pipeline\ntype: exec\nname: default\nsteps:\n- {name: a, commands: [b]}\n";
    let table = [
        format!("%YAML 1.1\n---\n{own}"),
        format!("\u{feff}{own}"),
        format!("# a comment\n--- # another\n{own}"),
        format!("----\n{own}"),
        format!("{own}...\nno: [yaml\n"),
        format!("---\n---\n{own}---\n"),
        // Another pipeline, with a key twice or with an error, hides none.
        format!("kind: pipeline\nkind: pipeline\nname: other\nname: another\ntrigger: {{a: b, a: c}}\n---\n{own}"),
        format!("kind: [\n---\n{own}"),
        format!("{own}---\nkind: [\n"),
        format!("kind: pipeline\ntype: docker\nname: default\nsteps: []\n---\n{own}"),
        format!("a list of\n---\n- nothing\n---\n{own}"),
        // Places of anchors.
        format!("x-common: &common {{A: b}}\n{own}"),
        format!(".common: [one, two]\n{own}"),
        format!("common: &common {{A: b}}\n{own}"),
        format!("definitions:\n  env: &env {{A: b}}\n{own}"),
        format!("{own}trigger: {{event: [custom], event: [push]}}\n"),
        format!("{own}version: 1\n"),
        own.replace('\n', "\r\n"),
    ];
    for text in table {
        assert_eq!(read(&text).map(|pipeline| pipeline.steps.len()), Ok(2), "{text}");
    }
}

#[test]
fn anchors_are_resolved() {
    let text = pipeline(
        "x-environment: &environment\n  A: base\n  B: base\n.commands: &commands\n- one\n- two\nsteps:\n- &first\n  name: \
         first\n  commands: *commands\n  environment:\n    <<: *environment\n    B: own\n- <<: *first\n  name: second\n",
    );
    let found = read(&text).unwrap();
    assert_eq!(found.steps.len(), 3);
    assert_eq!(found.steps[1].environment, found.steps[2].environment);
    assert_eq!(found.steps[1].environment["B"], Value::Text("own".into()));
    assert_eq!(found.steps[2].kind, StepKind::Commands(vec!["one".into(), "two".into()]));
}

#[test]
fn a_pipeline_without_a_type_is_taken_for_drones_default() {
    let error = read("kind: pipeline\nname: default\nsteps: []\n").unwrap_err();
    assert_eq!(error, Error::NoType);
    assert!(error.to_string().contains("Drone takes it for one of type docker"), "{error}");
    assert_eq!(read("kind: pipeline\ntype:\nsteps: []\n").unwrap_err(), Error::NoType);
}

#[test]
fn no_step_waits_for_a_disabled_clone() {
    let steps =
        "steps:\n- {name: a, commands: [x], depends_on: [clone]}\n- {name: b, commands: [x], depends_on: [clone, a]}\n";
    let after = |text: &str| -> Result<Vec<Vec<usize>>, Error> {
        Ok(read(&pipeline(text))?.steps.into_iter().map(|step| step.after).collect())
    };
    assert_eq!(after(&format!("clone: {{disable: true}}\n{steps}")), Ok(vec![vec![], vec![0]]));
    assert_eq!(after(steps), Ok(vec![vec![], vec![0], vec![0, 1]]));
    let named = "clone: {disable: true}\nsteps:\n- {name: a, commands: [x], depends_on: [clone]}\n- {name: clone, commands: [x]}\n";
    assert_eq!(after(named), Ok(vec![vec![1], vec![]]), "a step of this name is a step");
}

#[test]
fn keys_of_the_clone_are_variables_of_git() {
    let text = pipeline(
        "clone: {skip_verify: true, trace: yes}\nsteps:\n- {name: a, commands: [x], environment: {GIT_TRACE: no}}\n",
    );
    let found = read(&text).unwrap();
    let text = |name: &str, value: &str| (name.to_owned(), Value::Text(value.into()));
    let clone = [text("GIT_SSL_NO_VERIFY", "true"), text("GIT_TRACE", "true")];
    assert_eq!(found.steps[0].environment, clone.into());
    assert_eq!(found.steps[1].environment, [text("GIT_SSL_NO_VERIFY", "true"), text("GIT_TRACE", "no")].into());
    let plain = read(&pipeline("steps:\n- {name: a, commands: [x]}\n")).unwrap();
    assert!(plain.steps.iter().all(|step| step.environment.is_empty()));
}

#[test]
fn steps_for_other_builds_are_left_out() {
    let details = serde_json::json!({
        "build": {"event": "custom"}, "stage": {"id": 1}, "config": {"Data": ""}, "repository": {},
    });
    let details: Details = serde_json::from_value(details).unwrap();
    let of_build = |text: &str| -> Vec<(String, Vec<usize>)> {
        let steps = read(&pipeline(text)).unwrap().of_build(&details).steps;
        steps.into_iter().map(|step| (step.name, step.after)).collect()
    };
    let named = |steps: &[(&str, &[usize])]| -> Vec<(String, Vec<usize>)> {
        steps.iter().map(|(name, after)| ((*name).to_owned(), after.to_vec())).collect()
    };
    let row = "steps:\n- {name: a, commands: [x]}\n- {name: b, commands: [x], when: {event: push}}\n- {name: c, commands: [x]}\n";
    assert_eq!(of_build(row), named(&[("clone", &[]), ("a", &[0]), ("c", &[0, 1])]));
    let graph = "steps:\n- {name: a, commands: [x]}\n- {name: b, commands: [x], depends_on: [a], when: {event: push}}\n- \
                 {name: c, commands: [x], depends_on: [b], when: {event: {exclude: [custom]}}}\n- {name: d, commands: [x], \
                 depends_on: [c]}\n- {name: e, commands: [x], depends_on: [b, a]}\n";
    assert_eq!(of_build(graph), named(&[("clone", &[]), ("a", &[0]), ("d", &[1]), ("e", &[1])]));
    let none = "clone: {disable: true}\nsteps:\n- {name: a, commands: [x], when: {event: push}}\n";
    assert_eq!(of_build(none), []);
}

#[test]
fn everything_else_is_refused_with_a_reason() {
    let step = |rest: &str| format!("steps:\n- name: a\n  commands: [b]\n{rest}");
    let table = [
        (step("  image: alpine"), "unknown field `image`"),
        (step("  privileged: true"), "unknown field `privileged`"),
        (step("  when: { branches: main }"), "unknown field `branches`"),
        (step("  when: { matrix: { A: b } }"), "unknown field `matrix`"),
        (step("  when: { branch: { only: main } }"), "unknown field `only`"),
        (step("  when: { branch: { include: main } }"), "expected a sequence"),
        (step("  when: main"), "expected struct"),
        (step("  when: { status: [sometimes] }"), "`sometimes` is neither success nor failure"),
        (step("  failure: retry"), "only `ignore` is known"),
        (step("  environment: { PATH: /tmp }"), "cannot set `PATH`: it is set by the runner itself"),
        (step("  environment: { LD_PRELOAD: x }"), "cannot set `LD_PRELOAD`"),
        (step("  environment: { ABRA_DIR: x }"), "is set by this runner's configuration"),
        (step("  environment: { A: { value: x, other: y } }"), "unknown field `other`"),
        (step("  environment: { A: b, A: c }"), "key `A` occurs twice"),
        (step("  detach: maybe"), "`maybe` is not true or false"),
        ("steps: [{name: a, commands: [[x]]}]".into(), "a list is not a text"),
        (step("services: &s []"), "unknown field `services`"),
        (step("environment: &e { A: b }"), "unknown field `environment`"),
        (step("step: []"), "unknown field `step`"),
        (step("  x-of-step: 1"), "unknown field `x-of-step`"),
        (step("clone: { depth: one }"), "`one` is not a whole number"),
        (step("workspace: { path: \"a\u{fdd0}\" }"), "must lie below the stage's own folder"),
        ("steps: [{name: \"a\\uffff\", commands: [b]}]".into(), "is no name of a step"),
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
        (step("clone: { skip_verify: maybe }"), "`maybe` is not true or false"),
        (step("clone: { tags: true }"), "unknown field `tags`"),
        (step("platform: { kernel: 6 }"), "unknown field `kernel`"),
        (step("workspace: { base: /drone }"), "unknown field `base`"),
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
