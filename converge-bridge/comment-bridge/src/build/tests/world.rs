//! A bridge whose build task alone works, beside a Drone in memory.

use std::sync::Arc;
use std::time::Duration;

use doubles::{DRONE_TOKEN, Wire};
use http::Connect;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use tokio::time::{Instant, timeout};

use super::drone::{BEGIN, Drone};
use crate::Bridge;
use crate::build;
use crate::ledger::{Found, Ledger};
use crate::secrets::Tokens;
use crate::settings::Settings;
use crate::trigger::{Command, Order, Outcome, State, StateKind, Trigger};
use http::names::Pull;

pub const HEAD: &str = "1111111111111111111111111111111111111111";

pub struct World {
    pub bridge: Arc<Bridge>,
    pub drone: Drone,
}

impl World {
    pub fn new() -> Self {
        Self::on(Ledger::of(Connection::open_in_memory().unwrap()).unwrap())
    }

    pub fn on(ledger: Ledger) -> Self {
        let settings: Settings = serde_json::from_value(serde_json::json!({
            "gitea": "http://git.test", "bot": "ci-bot", "drone": "http://drone.test", "repository": "recipes/ci",
            "branch": "stable", "poll_seconds": 5, "catch_up_hours": 24, "give_up_hours": 24,
        }))
        .unwrap();
        let drone = Drone::new();
        let mut connect = Connect::within(Duration::from_secs(10));
        connect.transport = Some(Arc::new(Wire::of(&drone.0)));
        let tokens = Tokens { gitea: "a".into(), drone: DRONE_TOKEN.into() };
        let (start, then) = (Instant::now(), Timestamp::from_second(BEGIN).unwrap());
        let clock = base::clock::Clock::from_fn(move || then + SignedDuration::try_from(start.elapsed()).unwrap());
        let bridge = Bridge::new(settings, ledger, &tokens, "/nowhere".into(), clock, &connect).unwrap();
        Self { bridge, drone }
    }

    /// Lets the task work for so long, and kills it then.
    pub async fn run(&self, seconds: u64) {
        let ended = timeout(Duration::from_secs(seconds), build::run(&self.bridge)).await;
        assert!(ended.is_err(), "the task ended by itself");
    }

    /// A comment on pull request 1.
    pub fn comment(&self, comment: i64, command: Command) -> Trigger {
        let pull = Pull { repository: "recipes/hello".parse().unwrap(), number: 1 };
        self.comment_on(pull, comment, command)
    }

    pub fn comment_on(&self, pull: Pull, comment: i64, command: Command) -> Trigger {
        let now = self.bridge.clock.now();
        let found = Found { comment, pull, author: "ada".into(), command, created: now, delivered_head: None };
        self.bridge.ledger.insert_found(&[found], None, now).unwrap();
        self.trigger(comment)
    }

    /// A comment that is to be built.
    pub fn test(&self, comment: i64) {
        self.comment(comment, Command::Test { quick: false });
        self.authorise(comment);
    }

    pub fn authorise(&self, comment: i64) {
        let now = self.bridge.clock.now();
        let order = Order::new(HEAD.into(), self.trigger(comment).command == Command::Test { quick: true });
        self.become_(comment, State::Authorised { order, authorised_at: now, requested_at: None });
    }

    pub fn cancel(&self, comment: i64) {
        self.comment(comment, Command::Cancel);
        self.become_(comment, State::Cancelling);
    }

    pub fn become_(&self, comment: i64, state: State) {
        self.bridge.ledger.advance(&self.trigger(comment), state, self.bridge.clock.now()).unwrap();
        self.bridge.wakers.build.notify_one();
    }

    pub fn trigger(&self, comment: i64) -> Trigger {
        self.bridge.ledger.trigger(comment).unwrap().unwrap()
    }

    pub fn kind(&self, comment: i64) -> StateKind {
        self.trigger(comment).state.kind()
    }

    /// How it ended, and as which build.
    pub fn outcome(&self, comment: i64) -> (i64, Outcome) {
        match self.trigger(comment).state {
            State::Ended { build, outcome, .. } => (build.number, outcome),
            other => panic!("{other:?}"),
        }
    }

    pub fn number(&self, comment: i64) -> i64 {
        self.trigger(comment).state.build().unwrap().number
    }
}
