//! A bridge whose task that speaks works alone, beside a Gitea in memory.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use doubles::{GITEA_TOKEN, Wire};
use http::Connect;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::forge::Forge;
use crate::ledger::{Found, Ledger};
use crate::secrets::Tokens;
use crate::settings::Settings;
use crate::trigger::{BuildRecord, Command, Order, Outcome, Progress, Refusal, State, StateKind, Trigger};
use crate::{Bridge, report};
use http::names::Pull;

pub const HEAD: &str = "1111111111111111111111111111111111111111";
pub const OTHER: &str = "2222222222222222222222222222222222222222";

pub struct World {
    pub bridge: Arc<Bridge>,
    pub forge: Forge,
    runs: tempfile::TempDir,
}

/// A pull request of `recipes/hello`.
pub fn pull(number: i64) -> Pull {
    Pull { repository: "recipes/hello".parse().unwrap(), number }
}

impl World {
    pub fn new() -> Self {
        let settings: Settings = serde_json::from_value(json!({
            "gitea": "http://git.test", "bot": "ci-bot", "drone": "http://drone.test", "repository": "recipes/ci",
            "poll_seconds": 5, "catch_up_hours": 24, "give_up_hours": 24,
        }))
        .unwrap();
        let forge = Forge::new();
        let mut connect = Connect::within(Duration::from_secs(10));
        connect.transport = Some(Arc::new(Wire::of(&forge.0)));
        let tokens = Tokens { gitea: GITEA_TOKEN.into(), drone: "b".into() };
        let (start, then) = (Instant::now(), Timestamp::from_second(1_795_262_400).unwrap());
        let clock = base::clock::Clock::from_fn(move || then + SignedDuration::try_from(start.elapsed()).unwrap());
        let ledger = Ledger::of(Connection::open_in_memory().unwrap()).unwrap();
        let runs = tempfile::tempdir().unwrap();
        let bridge = Bridge::new(settings, ledger, &tokens, runs.path().into(), clock, &connect).unwrap();
        Self { bridge, forge, runs }
    }

    /// Lets the task work for so long, and kills it then.
    pub async fn run(&self, seconds: u64) {
        let ended = timeout(Duration::from_secs(seconds), report::run(&self.bridge)).await;
        assert!(ended.is_err(), "the task ended by itself");
    }

    pub fn found(&self, pull: Pull, comment: i64, command: Command) {
        let now = self.bridge.clock.now();
        let found = Found { comment, pull, author: "ada".into(), command, created: now, delivered_head: None };
        self.bridge.ledger.insert_found(&[found], None, now).unwrap();
    }

    pub fn trigger(&self, comment: i64) -> Trigger {
        self.bridge.ledger.trigger(comment).unwrap().unwrap()
    }

    pub fn becomes(&self, comment: i64, state: State) {
        self.bridge.ledger.advance(&self.trigger(comment), state, self.bridge.clock.now()).unwrap();
        self.bridge.wakers.report.notify_one();
    }

    /// Adds an authorised test of pull request 1.
    pub fn test(&self, comment: i64) {
        self.test_of(pull(1), comment, HEAD);
    }

    pub fn test_of(&self, pull: Pull, comment: i64, head: &str) {
        self.found(pull, comment, Command::Test { quick: false });
        let order = Order::new(head.into(), false);
        self.becomes(comment, State::Authorised { order, authorised_at: self.bridge.clock.now(), requested_at: None });
    }

    pub fn stranger(&self, comment: i64) {
        self.found(pull(1), comment, Command::Test { quick: false });
        self.becomes(comment, State::Refused { reason: Refusal::Stranger });
    }

    fn order(&self, comment: i64) -> Order {
        self.trigger(comment).state.order().unwrap().clone()
    }

    pub fn queued(&self, comment: i64, builds_ahead: u32) {
        let build =
            BuildRecord { number: comment, progress: Progress::Queued { builds_ahead }, started: None, finished: None };
        self.becomes(comment, State::Building { order: self.order(comment), build });
    }

    pub fn running(&self, comment: i64) {
        let started = Some(self.bridge.clock.now());
        let build = BuildRecord { number: comment, progress: Progress::Running, started, finished: None };
        self.becomes(comment, State::Building { order: self.order(comment), build });
    }

    pub fn ended(&self, comment: i64, outcome: Outcome) {
        let mut build = self.trigger(comment).state.build().unwrap().clone();
        build.progress = Progress::Over;
        self.becomes(comment, State::Ended { order: self.order(comment), build, outcome });
    }

    /// A run writes down what it is at.
    pub fn phase(&self, comment: i64, phase: &str) {
        let folder = self.runs.path().join(comment.to_string());
        fs::create_dir_all(&folder).unwrap();
        let results: Value = json!({"schema": 3, "run_id": comment.to_string(), "state": "running", "phase": phase});
        fs::write(folder.join("results.json"), results.to_string()).unwrap();
    }

    pub fn kind(&self, comment: i64) -> StateKind {
        self.trigger(comment).state.kind()
    }

    /// The one comment of pull request 1.
    pub fn one(&self) -> String {
        let said = self.forge.said(1);
        assert_eq!(said.len(), 1, "{said:#?}");
        said[0].clone()
    }

    pub fn is_silent(&self) -> bool {
        self.bridge.ledger.dirty_pulls().unwrap().is_empty()
    }
}
