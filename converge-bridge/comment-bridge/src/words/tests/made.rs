//! A pull request with made-up triggers and results.

use std::collections::BTreeMap;

use crate::settings::Settings;
use crate::trigger::{BuildRecord, Command, Order, Outcome, Progress, State, Trigger};
use crate::words::{CommentText, Facts, comment, statuses};
use http::names::Pull;
use results::{Results, RunError, Rung, RungName, RungStatus, Test, Verdict};
use serde_json::json;

pub const HEAD: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
pub const OTHER: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c";

/// The owned facts of a comment.
#[derive(Debug)]
pub struct Made {
    pub settings: Settings,
    pub pull: Pull,
    pub triggers: Vec<Trigger>,
    pub results: BTreeMap<i64, Results>,
    pub head: Option<String>,
}

/// A pull request with these triggers, oldest first.
pub fn made(triggers: impl IntoIterator<Item = Trigger>) -> Made {
    let mut triggers: Vec<Trigger> = triggers.into_iter().collect();
    triggers.reverse();
    let settings = serde_json::from_value(json!({
        "gitea": "https://git.example.org", "bot": "ci-bot", "drone": "https://drone.ci.example.org/",
        "repository": "recipes/ci", "poll_seconds": 5, "catch_up_hours": 24, "give_up_hours": 24,
    }))
    .unwrap();
    let pull = Pull { repository: "recipes/hedgedoc".parse().unwrap(), number: 7 };
    Made { settings, pull, triggers, results: BTreeMap::new(), head: None }
}

impl Made {
    pub fn facts(&self) -> Facts<'_> {
        let Self { settings, pull, triggers, results, head } = self;
        Facts { settings, pull, triggers, results, head: head.as_deref() }
    }

    pub fn comment(&self) -> Option<CommentText> {
        comment(self.facts())
    }

    /// The comment, and the statuses, as a snapshot shows them.
    pub fn shown(&self) -> String {
        let Some(comment) = self.comment() else { return "(nothing)".into() };
        let statuses = statuses(self.facts()).into_iter().map(|(commit, status)| {
            format!(
                "{} {:?}: {} → {}",
                &commit[..8],
                status.state,
                status.description,
                status.target_url.unwrap_or_default()
            )
        });
        let statuses: Vec<String> = statuses.collect();
        format!("{}\n\ntopic: {}\n{}", comment.body, comment.topic, statuses.join("\n"))
    }

    pub fn with(mut self, build: i64, results: Results) -> Self {
        self.results.insert(build, results);
        self
    }

    pub fn now_at(mut self, head: &str) -> Self {
        self.head = Some(head.into());
        self
    }

    pub fn with_dashboard(mut self) -> Self {
        self.settings.dashboard = Some("https://ci.example.org".into());
        self
    }
}

pub fn order(quick: bool) -> Order {
    Order::new(HEAD.into(), quick)
}

pub fn trigger(comment: i64, command: Command, state: State) -> Trigger {
    let created = "2026-11-21T12:00:00Z".parse().unwrap();
    let pull = Pull { repository: "recipes/hedgedoc".parse().unwrap(), number: 7 };
    Trigger { comment, pull, author: "maintainer".into(), command, created, state, changed: created, problem: None }
}

pub fn test(comment: i64, state: State) -> Trigger {
    let quick = state.order().is_some_and(|order| order.quick);
    trigger(comment, Command::Test { quick }, state)
}

pub fn waiting(quick: bool) -> State {
    State::Authorised {
        order: order(quick),
        authorised_at: "2026-11-21T12:00:01Z".parse().unwrap(),
        requested_at: None,
    }
}

pub fn building(number: i64, progress: Progress) -> State {
    let build = BuildRecord { number, progress, started: None, finished: None };
    State::Building { order: order(false), build }
}

pub fn ended(number: i64, outcome: Outcome, quick: bool) -> State {
    let started = "2026-11-21T12:00:05Z".parse().ok();
    let finished = "2026-11-21T12:03:17Z".parse().ok();
    let build = BuildRecord { number, progress: Progress::Over, started, finished };
    State::Ended { order: order(quick), build, outcome }
}

pub fn rung(name: RungName, status: RungStatus, reason: Option<&str>, seconds: u64) -> Rung {
    Rung { name, status, reason: reason.map(str::to_owned), seconds: Some(seconds) }
}

/// Results of a run that passed all rungs except the custom tests, which do not exist.
pub fn results(run: i64) -> Results {
    Results {
        run: run.to_string(),
        version: Some("3.1.0+1.10.2".into()),
        quick: Some(false),
        done: true,
        verdict: Some(Verdict::Pass),
        claimed_level: Some(5),
        rungs: vec![
            rung(RungName::Install, RungStatus::Pass, None, 41),
            rung(RungName::Upgrade, RungStatus::Pass, Some("from 3.0.2+1.9.9"), 38),
            rung(RungName::Backup, RungStatus::Pass, None, 12),
            rung(RungName::Restore, RungStatus::Pass, None, 75),
            rung(RungName::Custom, RungStatus::Pass, Some("4 tests"), 20),
            rung(RungName::Lint, RungStatus::Pass, None, 2),
        ],
        clean_teardown: Some(true),
        no_secret_leak: Some(true),
        ..Results::default()
    }
}

fn failed_test(name: &str, output: &str) -> Test {
    let (rung, status) = (Some(RungName::Upgrade), RungStatus::Fail);
    Test { rung, name: name.into(), status, duration: None, output: output.into() }
}

/// Results of a run with a failed upgrade.
pub fn failed(run: i64) -> Results {
    let output = "== test_upgrade_converged\nGET https://hedg-c95a69.ci.example.org/ -> 502\nGET https://hedg-c95a69.ci.example.org/ -> 502\n\u{1b}[31mE       AssertionError: the app did not answer within 300 s\u{1b}[0m\n";
    Results {
        verdict: Some(Verdict::Fail),
        claimed_level: Some(1),
        rungs: vec![
            rung(RungName::Install, RungStatus::Pass, None, 41),
            rung(RungName::Upgrade, RungStatus::Fail, Some("the app did not answer within 300 s"), 312),
            rung(RungName::Backup, RungStatus::Unverified, Some("not run: upgrade failed"), 0),
            rung(RungName::Restore, RungStatus::Unverified, Some("not run: upgrade failed"), 0),
            rung(RungName::Custom, RungStatus::Unverified, Some("not run: upgrade failed"), 0),
            rung(RungName::Lint, RungStatus::Pass, None, 2),
        ],
        tests: vec![failed_test("test_upgrade_converged", output), failed_test("test_upgrade_moved", "")],
        ..results(run)
    }
}

/// Results of a run without a verdict.
pub fn troubled(run: i64) -> Results {
    Results {
        verdict: Some(Verdict::Error),
        rungs: Vec::new(),
        error: Some(RunError {
            message: "the recipe cannot be fetched".into(),
            causes: vec!["git fetch: exit status 128".into(), "could not resolve host: git.example.org".into()],
            hint: Some("check that the host reaches git.example.org".into()),
        }),
        ..results(run)
    }
}
