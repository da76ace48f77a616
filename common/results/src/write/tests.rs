//! The writer, with the reader as its counterpart.

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::*;
use crate::{Results, RunIdentity, parse, read};

fn status() -> impl Strategy<Value = RungStatus> {
    prop::sample::select(vec![RungStatus::Pass, RungStatus::Fail, RungStatus::Skip, RungStatus::Unverified])
}

/// Text that the reader takes over as it is: not blank.
fn text() -> impl Strategy<Value = String> {
    "[ -~ä\n]{0,30}x"
}

fn rungs() -> impl Strategy<Value = BTreeMap<RungName, RungReport>> {
    let rung = (status(), prop::option::of(text()), 0..10_000_u32);
    let rung = rung.prop_map(|(status, reason, seconds)| RungReport { status, reason, seconds: seconds.into() });
    prop::collection::btree_map(prop::sample::select(RungName::ALL.to_vec()), rung, 0..6)
}

fn tests() -> impl Strategy<Value = Vec<TestReport>> {
    let test = (prop::sample::select(RungName::ALL.to_vec()), text(), status(), text());
    let test =
        test.prop_map(|(rung, name, status, output_tail)| TestReport { rung, name, status, seconds: 1.5, output_tail });
    prop::collection::vec(test, 0..5)
}

fn error() -> impl Strategy<Value = RunError> {
    (text(), prop::collection::vec(text(), 0..3), prop::option::of(text()))
        .prop_map(|(message, causes, hint)| RunError { message, causes, hint })
}

fn reports() -> impl Strategy<Value = Report> {
    let verdicts = prop::sample::select(vec![Verdict::Pass, Verdict::Fail, Verdict::Error]);
    let ends = (any::<bool>(), any::<bool>(), verdicts, prop::option::weighted(0.2, error()));
    let names = (text(), prop::option::of(text()), prop::option::of(1..1000_i64), prop::option::of(text()));
    (ends, names, rungs(), tests()).prop_map(|((done, quick, verdict, error), names, rungs, tests)| {
        let (recipe, version, pull, base) = names;
        let at = |second| Timestamp::from_second(1_763_726_400_i64 + second).unwrap();
        Report {
            run_id: "42".into(),
            recipe,
            version,
            commit: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".into(),
            pull,
            source: "recipes/hedgedoc".into(),
            kind: RunKind::Pull,
            mode: if quick { Mode::Quick } else { Mode::Full },
            state: if done { State::Done } else { State::Running },
            phase: "teardown".into(),
            started: at(0),
            finished: done.then(|| at(90)),
            verdict: done.then_some(verdict),
            rungs,
            tests,
            base: Base { version: base, why: None },
            customisation: Customisation { hooks: vec!["pre_backup".into()], ..Customisation::default() },
            flags: Flags { clean_teardown: done.then_some(true), no_secret_leak: None },
            findings: vec![Finding {
                check: "healthcheck".into(),
                severity: "warning".into(),
                place: "compose.yml".into(),
                text: "app has none".into(),
                hint: None,
            }],
            upgrade_diff: Some(UpgradeDiff::default()),
            fault: Some(Fault::Server),
            attempts: 1,
            timings: vec![("install".into(), 41.5), ("backup".into(), 12.25)],
            artefacts: vec![Artefact { name: "badge.svg".into(), bytes: 3, media_type: "image/svg+xml".into() }],
            error,
        }
    })
}

proptest! {
    #[test]
    fn the_reader_reads_what_the_writer_writes(report in reports()) {
        let results = parse(&report.to_json().unwrap()).unwrap();
        prop_assert_eq!(results.level(), report.level().filter(|_| !report.rungs.is_empty()));
        prop_assert_eq!(results.tests.len(), report.tests.len());
        for (read, written) in results.tests.iter().zip(&report.tests) {
            prop_assert_eq!((read.rung, &read.name, &read.output), (Some(written.rung), &written.name, &written.output_tail));
            prop_assert_eq!((read.status, read.duration), (written.status, Some(Duration::from_millis(1500))));
        }
        prop_assert_eq!(results.rungs.len(), report.rungs.len());
        for rung in &results.rungs {
            let written = &report.rungs[&rung.name];
            prop_assert_eq!((rung.status, &rung.reason), (written.status, &written.reason));
            prop_assert_eq!(rung.seconds.map(|seconds| seconds.to_string()), Some(written.seconds.to_string()));
        }
        let expected = Results {
            run: report.run_id.clone(),
            commit: Some(report.commit.clone()),
            pull: report.pull,
            recipe: Some(report.recipe.clone()),
            version: report.version.clone(),
            source: Some(report.source.clone()),
            kind: Some(report.kind),
            quick: Some(report.mode == Mode::Quick),
            done: report.state == State::Done,
            phase: Some(report.phase.clone()),
            started: Some(report.started),
            finished: report.finished,
            verdict: report.verdict,
            claimed_level: report.level(),
            base: report.base.clone(),
            customisation: report.customisation.clone(),
            findings: report.findings.clone(),
            upgrade_diff: report.upgrade_diff.clone(),
            attempts: Some(report.attempts),
            timings: vec![
                ("install".into(), Duration::from_millis(41_500)),
                ("backup".into(), Duration::from_millis(12_250)),
            ],
            left_out: 0,
            clean_teardown: report.flags.clean_teardown,
            no_secret_leak: report.flags.no_secret_leak,
            artefacts: report.artefacts.clone(),
            fault: report.fault,
            error: report.error.clone(),
            rungs: results.rungs.clone(),
            tests: results.tests.clone(),
        };
        prop_assert_eq!(results, expected);
    }
}

#[test]
fn a_report_is_written_into_the_directory_of_its_run() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let report = reports().new_tree(&mut runner).unwrap().current();
    let runs = tempfile::tempdir().unwrap();
    report.write(&runs.path().join("42")).unwrap();
    let run = RunIdentity {
        build: 42,
        commit: &report.commit,
        pull: report.pull.unwrap_or(7),
        recipe: &report.recipe,
        quick: report.mode == Mode::Quick,
    };
    assert_eq!(read(runs.path(), run).unwrap(), parse(&report.to_json().unwrap()));
    assert!(read(runs.path(), run).unwrap().is_some());
    assert_eq!(read(runs.path(), RunIdentity { build: 43, ..run }).unwrap(), None);
}
