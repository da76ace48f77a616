//! Tests of the decision: what Gitea says, and what becomes of a comment.

mod authors;
mod builds;
mod comments;
mod failures;
mod heads;
mod pulls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::Bridge;
use crate::ledger::Found;
use crate::problem::{GiteaProblem, Problem};
use crate::settings::Settings;
use crate::tests::fake::{bridge, settings};
use crate::trigger::{BuildRecord, Command, Order, Progress, Refusal, State, StateKind, Trigger};
use http::names::Pull;
use http::testing::{Fake, Reply, at, comment, head, list, not_found, pull, push, raw, says};

const HEAD: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "f123456789abcdef0123456789abcdef01234567";

/// The answers of Gitea.
#[derive(Debug, Clone)]
struct Says {
    comment: fn(i64) -> Reply,
    member: fn() -> Reply,
    pull: fn() -> Reply,
    head: fn() -> Reply,
    /// The first page of the timeline; the second one is empty.
    pushes: fn() -> Reply,
}

const FINE: Says = Says {
    comment: |id| says(200, at(0), &comment(id, "mara", "!testme", 0)),
    member: || raw(204, &[], ""),
    pull: || says(200, at(0), &pull(7)),
    head: || says(200, at(0), &head(7, HEAD)),
    pushes: || says(200, at(0), &json!([push(0, -60, &[HEAD])])),
};

fn number(line: &str) -> i64 {
    line.rsplit('/').next().unwrap().parse().unwrap()
}

fn answers(line: &str, to: &Says) -> Reply {
    if line.contains("/issues/comments/") {
        (to.comment)(number(line))
    } else if line.contains("/git/refs/") {
        (to.head)()
    } else if line.contains("/timeline?") {
        if line.ends_with("page=1") { (to.pushes)() } else { list(at(0), 0, &[]) }
    } else if line.contains("/members/") {
        (to.member)()
    } else if line.contains("/pulls/") {
        (to.pull)()
    } else {
        panic!("nobody answers {line}")
    }
}

fn on(number: i64) -> Pull {
    Pull { repository: "recipes/hello".parse().unwrap(), number }
}

fn found(comment: i64, command: Command) -> Found {
    Found { comment, pull: on(7), author: "mara".into(), command, created: at(0), delivered_head: None }
}

const TEST: Command = Command::Test { quick: false };

struct Case {
    fake: Arc<Fake>,
    bridge: Arc<Bridge>,
    says: Arc<Mutex<Says>>,
}

fn case(to: Says) -> Case {
    case_with(to, settings())
}

fn case_with(to: Says, settings: Settings) -> Case {
    let says = Arc::new(Mutex::new(to));
    let fake = Fake::new({
        let says = says.clone();
        move |line, _| answers(line, &says.lock().unwrap().clone())
    });
    let bridge = bridge(&fake, settings);
    Case { fake, bridge, says }
}

impl Case {
    fn see(&self, found: &Found) -> i64 {
        self.bridge.ledger.insert_found(std::slice::from_ref(found), None, at(0)).unwrap();
        self.bridge.wakers.decide.notify_one();
        found.comment
    }

    fn trigger(&self, comment: i64) -> Trigger {
        self.bridge.ledger.trigger(comment).unwrap().unwrap()
    }

    /// Decides for so long.
    async fn for_seconds(&self, seconds: u64) {
        let _over = tokio::time::timeout(Duration::from_secs(seconds), super::run(&self.bridge)).await;
    }

    async fn becomes(&self, found: Found) -> State {
        let id = self.see(&found);
        self.for_seconds(1).await;
        self.trigger(id).state
    }

    fn build(&self, comment: i64, quick: bool) {
        let trigger = self.trigger(comment);
        let build = BuildRecord { number: 1, progress: Progress::Running, started: None, finished: None };
        let order = Order::new(HEAD.into(), quick);
        self.bridge.ledger.advance(&trigger, State::Building { order, build }, at(1)).unwrap();
    }
}

fn refused(reason: Refusal) -> State {
    State::Refused { reason }
}
