use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::parse::MOST_ENTRIES;
use super::read::LARGEST;
use super::{
    Artefact, Base, Customisation, Fault, Finding, Results, RunIdentity, RunKind, Rung, RungName, RungStatus, Runs,
    Test, Unreadable, UpgradeDiff, Verdict, parse, read,
};

const COMMIT: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

fn run(build: i64) -> RunIdentity<'static> {
    RunIdentity { build, commit: COMMIT, pull: 7, recipe: "hedgedoc", quick: false }
}

fn third() -> Value {
    json!({
        "schema": 3, "run_id": "42", "recipe": "hedgedoc", "version": "3.1.0+1.10.2", "ref": COMMIT, "pr": "7", "src": "recipes/hedgedoc",
        "kind": "pull", "attempts": 2, "timings": {"install": 41.4, "backup": 0},
        "customisation": {"overlay": true, "hooks": ["pre_backup"], "untestable": []},
        "findings": [{"check": "healthcheck", "severity": "warning", "where": "compose.yml", "text": "app has none", "hint": null}],
        "upgrade_diff": {"images": ["app 1 -> 2"], "env_keys": []},
        "mode": "full", "state": "done", "phase": "teardown", "started": "2026-11-21T12:00:00Z", "finished": "2026-11-21T12:03:00Z",
        "verdict": "fail", "level": 1,
        "rungs": {
            "install": {"status": "pass", "reason": null, "seconds": 41.4},
            "upgrade": {"status": "fail", "reason": "it did not answer", "seconds": 312},
            "backup": {"status": "unver", "reason": "not run", "seconds": 0},
            "later": {"status": "pass"},
        },
        "tests": [
            {"rung": "install", "name": "test_serving", "status": "pass", "seconds": 1, "output_tail": ""},
            {"rung": "upgrade", "name": "test_moved", "status": "fail", "seconds": 3, "output_tail": "502"},
        ],
        "base": {"version": "3.0.2", "why": "newest before"},
        "flags": {"clean_teardown": true, "no_secret_leak": null},
        "artefacts": [{"name": "badge.svg", "bytes": 3, "media_type": "image/svg+xml"}],
        "error": null, "unheard_of": [[{}]],
    })
}

fn parsed(value: &Value) -> Option<Results> {
    parse(value.to_string().as_bytes())
}

/// A directory of runs with one file in it.
fn runs(content: &[u8]) -> tempfile::TempDir {
    let runs = tempfile::tempdir().unwrap();
    fs::create_dir(runs.path().join("42")).unwrap();
    fs::write(runs.path().join("42/results.json"), content).unwrap();
    runs
}

#[test]
fn the_side_at_fault_is_one_of_two_words() {
    for (fault, expected) in [
        (json!("server"), Some(Fault::Server)),
        (json!("recipe"), Some(Fault::Recipe)),
        (json!("Server"), None),
        (json!(null), None),
        (json!({"server": true}), None),
    ] {
        let mut file = third();
        file["fault"] = fault.clone();
        assert_eq!(parsed(&file).unwrap().fault, expected, "{fault}");
    }
    assert_eq!(parsed(&third()).unwrap().fault, None);
}

#[test]
fn the_third_schema_is_read() {
    let results = parsed(&third()).unwrap();
    assert_eq!(results.rungs.len(), 3);
    assert_eq!(
        results.rungs[0],
        Rung { name: RungName::Install, status: RungStatus::Pass, reason: None, seconds: Some(41) }
    );
    assert_eq!(results.failed_tests().count(), 1);
    assert_eq!(
        results.tests[1],
        Test {
            rung: Some(RungName::Upgrade),
            name: "test_moved".into(),
            status: RungStatus::Fail,
            duration: Some(Duration::from_secs(3)),
            output: "502".into(),
        }
    );
    assert_eq!((results.source.as_deref(), results.kind), (Some("recipes/hedgedoc"), Some(RunKind::Pull)));
    assert_eq!(results.base, Base { version: Some("3.0.2".into()), why: Some("newest before".into()) });
    assert_eq!(
        (results.verdict, results.done, results.quick, results.pull),
        (Some(Verdict::Fail), true, Some(false), Some(7))
    );
    assert_eq!(
        (results.clean_teardown, results.no_secret_leak, results.level(), results.passed()),
        (Some(true), None, Some(1), false)
    );
    assert_eq!(
        results.artefacts,
        [Artefact { name: "badge.svg".into(), bytes: 3, media_type: "image/svg+xml".into() }]
    );
    assert_eq!((results.attempts, results.left_out), (Some(2), 0));
    assert_eq!(
        results.customisation,
        Customisation { overlay: true, install_steps: false, hooks: vec!["pre_backup".into()], untestable: vec![] }
    );
    assert_eq!(
        results.findings,
        [Finding {
            check: "healthcheck".into(),
            severity: "warning".into(),
            place: "compose.yml".into(),
            text: "app has none".into(),
            hint: None,
        }]
    );
    assert_eq!(results.upgrade_diff, Some(UpgradeDiff { images: vec!["app 1 -> 2".into()], ..UpgradeDiff::default() }));
    assert_eq!(results.finished.unwrap().as_second() - results.started.unwrap().as_second(), 180);
}

#[test]
fn the_first_two_schemas_are_read() {
    let second = json!({
        "schema": 2, "recipe": "hedgedoc", "version": "3.1.0", "pr": 7, "ref": COMMIT, "run_id": 42, "finished": 1_763_726_400.5,
        "stages": [{"stage": "custom", "name": "test_login", "status": "failed", "output": "no"}],
        "level": 3, "rungs": {"install": "pass", "upgrade": "pass", "backup": "pass", "restore": "pass", "custom": "fail", "lint": "pass"},
        "flags": {"clean_teardown": true, "no_secret_leak": true},
    });
    let results = parsed(&second).unwrap();
    assert!(results.done && results.belongs_to(run(42)) && !results.passed());
    assert_eq!(
        (results.verdict, results.level(), results.failed_tests().next().unwrap().rung),
        (None, Some(3), Some(RungName::Custom))
    );
    let first = json!({"schema": 1, "run_id": "42", "level": 4, "level_cap_reason": "x"});
    assert_eq!(parsed(&first).unwrap().level(), None, "nothing bears it out");
}

#[test]
fn an_incomplete_file_is_read_as_missing() {
    for text in [
        "",
        "null",
        "[]",
        "{",
        "{}",
        "\u{feff}{}",
        r#"{"schema":3}"#,
        r#"{"schema":4,"run_id":"42"}"#,
        r#"{"schema":"3","run_id":"42"}"#,
        r#"{"schema":3,"run_id":null}"#,
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }
    let whole = third().to_string();
    for end in 0..whole.len() {
        assert_eq!(parse(&whole.as_bytes()[..end]), None);
    }
    assert_eq!(parse("[".repeat(100_000).as_bytes()), None);
    assert_eq!(parse(b"\xff\xfe"), None);
}

#[test]
fn an_odd_value_is_read_as_absent() {
    let mut odd = third();
    for key in [
        "recipe",
        "version",
        "ref",
        "pr",
        "src",
        "mode",
        "state",
        "phase",
        "started",
        "finished",
        "level",
        "rungs",
        "tests",
        "base",
        "flags",
        "artefacts",
        "kind",
        "attempts",
        "timings",
        "customisation",
        "findings",
        "upgrade_diff",
    ] {
        odd[key] = json!([1]);
    }
    let results = parsed(&odd).unwrap();
    // The 1 in tests, findings and artefacts.
    let expected = Results { run: "42".into(), verdict: Some(Verdict::Fail), left_out: 3, ..Results::default() };
    assert_eq!(results, expected);
    for (key, value) in [("verdict", json!("perfect")), ("verdict", Value::Null), ("state", json!("over"))] {
        let mut odd = third();
        odd["verdict"] = json!("pass");
        odd["rungs"]["upgrade"]["status"] = json!("pass");
        assert!(parsed(&odd).unwrap().passed());
        odd[key] = value;
        assert!(!parsed(&odd).unwrap().passed(), "{key}");
    }
    odd["error"] = json!(7);
    assert!(parsed(&odd).unwrap().error.is_some());
}

#[test]
fn another_runs_results_are_not_this_ones() {
    let own = parsed(&third()).unwrap();
    assert!(own.belongs_to(run(42)));
    assert!(!own.belongs_to(run(43)));
    assert!(!own.belongs_to(RunIdentity { commit: "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c", ..run(42) }));
    assert!(!own.belongs_to(RunIdentity { pull: 8, ..run(42) }));
    assert!(!own.belongs_to(RunIdentity { recipe: "plausible", ..run(42) }));
    assert!(!own.belongs_to(RunIdentity { quick: true, ..run(42) }));
    let branch = Results { commit: Some("main".into()), ..own };
    assert!(branch.belongs_to(run(42)), "a name is no commit");
}

#[test]
fn a_level_is_never_more_than_its_rungs_bear_out() {
    use RungStatus::{Fail, Pass, Skip, Unverified};
    let with = |statuses: [RungStatus; 6], claimed| {
        let rungs = RungName::ALL.into_iter().zip(statuses).map(|(name, status)| Rung {
            name,
            status,
            reason: None,
            seconds: None,
        });
        Results { done: true, claimed_level: claimed, rungs: rungs.collect(), ..Results::default() }.level()
    };
    assert_eq!(with([Pass; 6], None), Some(5));
    assert_eq!(with([Pass; 6], Some(2)), Some(2));
    assert_eq!(with([Pass, Fail, Pass, Pass, Pass, Pass], Some(5)), Some(1));
    assert_eq!(with([Pass, Skip, Skip, Skip, Pass, Fail], Some(4)), Some(4));
    assert_eq!(with([Pass, Skip, Skip, Skip, Skip, Unverified], Some(5)), Some(1));
    assert_eq!(with([Pass, Pass, Pass, Unverified, Pass, Pass], Some(5)), Some(2));
    assert_eq!(with([Unverified; 6], Some(5)), Some(0));
    assert_eq!(with([Skip; 6], Some(5)), Some(0));
    let quick = Results { quick: Some(true), ..Results { done: true, claimed_level: Some(4), ..Results::default() } };
    assert_eq!(quick.level(), None);
}

#[test]
fn a_file_is_read_and_nothing_else() {
    let whole = runs(third().to_string().as_bytes());
    assert!(read(whole.path(), run(42)).unwrap().is_some());
    assert_eq!(read(whole.path(), run(43)).unwrap(), None);
    assert_eq!(read(Path::new("/nonexistent"), run(42)).unwrap(), None);

    let linked = tempfile::tempdir().unwrap();
    symlink(whole.path().join("42"), linked.path().join("42")).unwrap();
    assert!(matches!(read(linked.path(), run(42)), Err(Unreadable::Io(_))), "a run's directory is no link");
    fs::create_dir(linked.path().join("43")).unwrap();
    symlink(whole.path().join("42/results.json"), linked.path().join("43/results.json")).unwrap();
    assert!(matches!(Runs::open(linked.path()).unwrap().results("43"), Err(Unreadable::Io(_))), "nor is its file");
    fs::create_dir_all(linked.path().join("44/results.json")).unwrap();
    assert!(matches!(Runs::open(linked.path()).unwrap().results("44"), Err(Unreadable::NotAFile)), "nor a directory");
    fs::create_dir(linked.path().join("45")).unwrap();
    let pipe = linked.path().join("45/results.json");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(
        matches!(Runs::open(linked.path()).unwrap().results("45"), Err(Unreadable::NotAFile)),
        "nor a pipe, which is not waited for"
    );

    let all = tempfile::tempdir().unwrap();
    symlink(whole.path(), all.path().join("runs")).unwrap();
    assert!(read(&all.path().join("runs"), run(42)).unwrap().is_some(), "where they all are is the operator's");
}

#[test]
fn a_file_that_says_nothing_is_told_apart_from_none() {
    let mut large = third();
    large["padding"] = json!("x".repeat(usize::try_from(LARGEST).unwrap()));
    let large = read(runs(large.to_string().as_bytes()).path(), run(42));
    assert!(matches!(large, Err(Unreadable::TooLarge)), "{large:?}");
    for odd in ["", "{", "null", r#"{"schema": 4, "run_id": "42"}"#] {
        let odd = read(runs(odd.as_bytes()).path(), run(42));
        assert!(matches!(odd, Err(Unreadable::NotUnderstood)), "{odd:?}");
    }
}

#[test]
fn odd_entries_hide_no_others() {
    let mut odd = third();
    let failed = |number| json!({"rung": "custom", "name": format!("test {number}"), "status": "failed"});
    let mut tests: Vec<Value> = (0..40).map(failed).collect();
    tests.insert(7, Value::Null);
    tests.insert(9, json!({"status": ["failed"], "name": 7}));
    odd["tests"] = json!(tests);
    let names = (0..40).map(|number| json!({"name": format!("{number}.log")}));
    odd["artefacts"] = names.chain([json!("card.png"), json!({"name": "badge.svg"})]).collect();
    let results = parsed(&odd).unwrap();
    assert_eq!((results.failed_tests().count(), results.tests.len()), (40, 41), "one has no status");
    assert_eq!(results.artefacts.len(), 41);
    assert_eq!(results.artefacts[40].name, "badge.svg");
    assert_eq!(results.left_out, 2);
    odd["findings"] = json!([7, {"text": 1}, {"text": "kept"}]);
    odd["timings"] = json!({"install": "long", "upgrade": -1, "backup": 1e300, "restore": 2});
    odd["upgrade_diff"] = json!({"images": [1, "kept"], "notes": {}});
    odd["customisation"] = json!({"overlay": "yes", "hooks": [null, "kept"]});
    let results = parsed(&odd).unwrap();
    assert_eq!((results.findings.len(), results.timings.len(), results.left_out), (1, 1, 9));
    assert_eq!(results.upgrade_diff.unwrap().images, ["kept"]);
    assert_eq!(results.customisation.hooks, ["kept"]);
}

#[test]
fn timings_keep_the_order_of_the_file() {
    let file = br#"{"schema": 3, "run_id": "42", "timings": {"checkout": 1.25, "install": 41.4, "backup": 0}}"#;
    let timings = parse(file).unwrap().timings;
    let phases: Vec<(&str, u128)> = timings.iter().map(|(phase, time)| (phase.as_str(), time.as_millis())).collect();
    assert_eq!(phases, [("checkout", 1250), ("install", 41_400), ("backup", 0)]);
}

#[test]
fn a_hostile_file_is_kept_small() {
    let mut hostile = third();
    hostile["tests"] = json!(vec![json!({"name": "x"}); 100_000]);
    hostile["recipe"] = json!("x".repeat(10_000));
    hostile["error"] = json!({"message": "ä".repeat(1_000_000)});
    let results = parsed(&hostile).unwrap();
    assert_eq!((results.tests.len(), results.left_out), (MOST_ENTRIES, 100_000 - MOST_ENTRIES));
    assert_eq!((results.recipe, results.error.unwrap().message.len()), (None, 16 * 1024));
    let deep = format!(r#"{{"schema":3,"run_id":"42","unheard_of":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(deep.as_bytes()).is_some(), "an unknown field is skipped however deep it is");
}

#[test]
fn a_value_that_is_no_number_or_text_spoils_its_field_alone() {
    let odd =
        br#"{"schema":3,"run_id":"42","phase":"install","later":1e999,"version":"\ud800","recipe":"a","recipe":"b"}"#;
    let results = parse(odd).unwrap();
    assert_eq!((results.phase.as_deref(), results.version), (Some("install"), None));
    assert_eq!(results.recipe.as_deref(), Some("b"), "the last of two");
}

/// JSON that is nearly what is expected.
fn nearly() -> impl Strategy<Value = Value> {
    let keys = vec![
        "schema",
        "run_id",
        "recipe",
        "version",
        "ref",
        "pr",
        "mode",
        "state",
        "phase",
        "started",
        "finished",
        "verdict",
        "level",
        "rungs",
        "tests",
        "stages",
        "base",
        "flags",
        "artefacts",
        "error",
        "status",
        "seconds",
        "reason",
        "name",
        "install",
        "lint",
        "clean_teardown",
        "message",
        "causes",
    ];
    let words = vec![
        "pass",
        "fail",
        "skip",
        "done",
        "running",
        "full",
        "quick",
        "42",
        "",
        "2026-11-21T12:00:00Z",
        "install",
        "\u{0}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..6_u64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let key = prop::sample::select(keys);
    leaf.prop_recursive(3, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(String::from), inner, 0..10)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60_000, ..ProptestConfig::default() })]

    #[test]
    fn rubbish_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(parse(&bytes), None);
    }

    #[test]
    fn a_damaged_file_is_survived(at in 0..900_usize, byte in any::<u8>()) {
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| third().to_string().into_bytes());
        let mut bytes = WHOLE.clone();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Some(results) = parse(&bytes) {
            prop_assert!(results.level().is_none_or(|level| level <= 1), "{:?}", results);
            prop_assert!(!results.passed());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_results_never_overstate_the_level(mut value in nearly(), right in any::<bool>()) {
        if let (Value::Object(said), true) = (&mut value, right) {
            said.insert("schema".into(), json!(3));
            said.insert("run_id".into(), json!("42"));
        }
        if let Some(results) = parsed(&value) {
            let passed = results.rungs.iter().filter(|rung| rung.status == RungStatus::Pass).count();
            prop_assert!(usize::from(results.level().unwrap_or(0)) <= 5 && (results.level().unwrap_or(0) == 0 || passed > 0));
            if results.passed() {
                prop_assert!(value.get("error").is_none_or(Value::is_null));
                prop_assert!(value.get("verdict").is_none_or(|verdict| verdict.is_null() || verdict == "pass"));
            }
        }
    }
}
