//! Every state of a pull request, as its comment tells of it.

use super::made::*;
use crate::problem::{DroneProblem, GiteaProblem, Problem};
use crate::trigger::{BuildRecord, Command, Order, Outcome, Progress, Refusal, State, Trigger};
use http::gitea::Head;
use results::{Artefact, Results, RungName, RungStatus, Verdict};

/// Compares the comment with its reviewed snapshot.
fn is(name: &str, made: &Made) {
    let shown = made.shown();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(name, shown);
    });
}

fn troubled_by(mut trigger: Trigger, trouble: impl Into<Problem>) -> Trigger {
    trigger.problem = Some(trouble.into());
    trigger
}

#[test]
fn without_an_authorised_command_there_is_no_comment() {
    let refused = |reason| State::Refused { reason };
    for state in [
        State::found(None),
        refused(Refusal::Stranger),
        refused(Refusal::TooOld),
        State::Forgotten,
        State::Failed { order: None, reason: Problem::Late },
    ] {
        assert_eq!(made([test(11, state.clone())]).comment(), None);
        assert_eq!(made([trigger(11, Command::Help, state)]).comment(), None);
    }
    assert_eq!(made([]).comment(), None);
}

#[test]
fn a_stranger_changes_nothing() {
    let run = test(11, ended(42, Outcome::Passed, false));
    let before = made([run.clone()]).with(42, results(42)).comment();
    let strangers = (12..40).map(|comment| test(comment, State::Refused { reason: Refusal::Stranger }));
    assert_eq!(made([run].into_iter().chain(strangers)).with(42, results(42)).comment(), before);
}

#[test]
fn before_it_runs() {
    is("waiting", &made([test(11, waiting(false))]));
    is("waiting-in-trouble", &made([troubled_by(test(11, waiting(false)), DroneProblem::Unreachable)]));
    let again = test(11, State::unauthorised(&order(false)));
    is("asked-again-in-trouble", &made([troubled_by(again, GiteaProblem::Failing(500))]));
    is("asked-again", &made([test(11, State::unauthorised(&order(false)))]));
    is("queued-next", &made([test(11, building(42, Progress::Queued { builds_ahead: 0 }))]));
    is("queued-behind-one", &made([test(11, building(42, Progress::Queued { builds_ahead: 1 }))]));
    is("queued-behind-three", &made([test(11, building(42, Progress::Queued { builds_ahead: 3 }))]));
    is(
        "unbuilt",
        &made([test(11, State::Failed { order: Some(order(false)), reason: DroneProblem::Unreachable.into() })]),
    );
}

#[test]
fn while_it_runs() {
    let running = || made([test(11, building(42, Progress::Running))]);
    is("running", &running());
    let results = Results {
        done: false,
        phase: Some("upgrade".into()),
        verdict: None,
        rungs: vec![
            rung(RungName::Install, RungStatus::Pass, None, 41),
            rung(RungName::Upgrade, RungStatus::Unverified, None, 0),
            rung(RungName::Lint, RungStatus::Fail, None, 0),
        ],
        ..results(42)
    };
    is("running-a-phase", &running().with(42, results));
    let lost = troubled_by(test(11, building(42, Progress::Running)), DroneProblem::Failing(502));
    is("running-in-trouble", &made([lost]));
    let second = Order { repeats: Some(42), ..order(false) };
    is("repeated-waiting", &made([test(11, State::unauthorised(&second))]));
    let build = BuildRecord { number: 43, progress: Progress::Running, started: None, finished: None };
    is("repeated", &made([test(11, State::Building { order: second.clone(), build: build.clone() })]));
    let build = BuildRecord { progress: Progress::Over, ..build };
    is("repeated-passed", &made([test(11, State::Ended { order: second, build, outcome: Outcome::Passed })]));
    let again = test(12, State::Joined { joined_trigger: 11 });
    is("joined", &made([test(11, building(42, Progress::Running)), again]));
}

#[test]
fn when_it_passed() {
    let passed = || made([test(11, ended(42, Outcome::Passed, false))]).now_at(HEAD);
    is("passed", &passed().with(42, results(42)));
    let file = |name: &str| Artefact { name: name.into(), bytes: 3, media_type: String::new() };
    let drawn = Results { artefacts: vec![file("badge.svg"), file("summary.png")], ..results(42) };
    is("passed-with-dashboard", &passed().with_dashboard().with(42, drawn));
    is("passed-without-results", &passed());
    is("passed-and-moved-on", &passed().with(42, results(42)).now_at(OTHER));
    let mut lint = results(42);
    lint.rungs[5] = rung(RungName::Lint, RungStatus::Fail, Some("R014 and 2 more"), 2);
    lint.rungs[4] = rung(RungName::Custom, RungStatus::Skip, Some("no custom tests"), 0);
    is(
        "passed-but-for-lint",
        &passed().with(42, Results { clean_teardown: Some(false), no_secret_leak: Some(false), ..lint }),
    );
    let quick = made([test(11, ended(42, Outcome::Passed, true))]);
    let ran =
        vec![rung(RungName::Install, RungStatus::Pass, None, 41), rung(RungName::Custom, RungStatus::Pass, None, 20)];
    is(
        "passed-quick",
        &quick.with(42, Results { quick: Some(true), claimed_level: Some(4), rungs: ran, ..results(42) }),
    );
}

#[test]
fn when_it_did_not() {
    let over = |outcome| made([test(11, ended(42, outcome, false))]).now_at(HEAD);
    is("failed", &over(Outcome::Failed).with_dashboard().with(42, failed(42)));
    is("failed-without-results", &over(Outcome::Failed));
    is("failed-quick", &made([test(11, ended(42, Outcome::Failed, true))]));
    is("contradicted", &over(Outcome::Passed).with(42, failed(42)));
    is("contradicted-half-written", &over(Outcome::Passed).with(42, Results { done: false, ..results(42) }));
    is("error", &over(Outcome::Failed).with(42, troubled(42)));
    is("error-without-results", &over(Outcome::Error));
    is("cancelled", &over(Outcome::Cancelled));
    is("deleted", &over(Outcome::Deleted));
    is("lost", &over(Outcome::Lost));
    is("cancelled-before-a-build", &made([test(11, State::Cancelled { order: Some(order(false)) })]));
}

#[test]
fn notices_beside_runs() {
    let run = || test(11, ended(42, Outcome::Passed, false));
    let beside = |command, state| made([run(), trigger(12, command, state)]).with(42, results(42));
    is("help-alone", &made([trigger(11, Command::Help, State::Answered)]));
    is("help", &beside(Command::Help, State::Answered));
    is("unknown", &made([trigger(11, Command::Unknown, State::Answered)]));
    is(
        "cancelling",
        &made([test(11, building(42, Progress::Running)), trigger(12, Command::Cancel, State::Cancelling)]),
    );
    let stuck = troubled_by(trigger(12, Command::Cancel, State::Cancelling), DroneProblem::Unreachable);
    is("cancelling-in-trouble", &made([test(11, building(42, Progress::Running)), stuck]));
    is("nothing-to-cancel", &beside(Command::Cancel, State::Answered));
    is("closed", &made([test(11, State::Refused { reason: Refusal::Closed })]));
    let moved = Refusal::Moved(Head { commit: OTHER.into(), read: "2026-11-21T12:00:01Z".parse().unwrap() });
    is("moved", &made([test(11, State::Refused { reason: moved.clone() })]));
    is("moved-quick", &beside(Command::Test { quick: true }, State::Refused { reason: moved }));
    is("archived", &beside(Command::Test { quick: false }, State::Refused { reason: Refusal::Archived }));
    let cancelled = test(11, ended(42, Outcome::Cancelled, false));
    let answered = trigger(12, Command::Cancel, State::Answered);
    assert_eq!(
        made([cancelled.clone(), answered]).comment().unwrap().body.replace(":12}", ":11}"),
        made([cancelled]).comment().unwrap().body
    );
}

#[test]
fn runs_before_are_one_line() {
    let runs = (1..=6).map(|n| {
        let outcome = [Outcome::Passed, Outcome::Failed, Outcome::Cancelled][n % 3];
        let number = i64::try_from(n).unwrap();
        test(10 + number, ended(40 + number, outcome, n == 5))
    });
    is("many-runs", &made(runs).with(46, results(46)).with(43, results(43)).now_at(HEAD));
}

#[test]
fn lines_beyond_one_screen_are_left_out() {
    let mut long = failed(42);
    for rung in &mut long.rungs {
        rung.reason = Some("|*_`".repeat(400));
    }
    long.tests[0].output = "`````\n".repeat(3000) + &"x".repeat(100_000);
    long.tests[0].name = "`".repeat(5000);
    let made = made([test(11, ended(42, Outcome::Failed, false)), trigger(12, Command::Help, State::Answered)]);
    let made = made.with(
        42,
        Results { verdict: Some(Verdict::Fail), clean_teardown: Some(false), no_secret_leak: Some(false), ..long },
    );
    let body = made.now_at(OTHER).comment().unwrap().body;
    assert!(body.chars().count() < 6_000 && body.lines().count() <= 40, "{body}");
    assert!(body.contains("**Failed**"), "{body}");
}
