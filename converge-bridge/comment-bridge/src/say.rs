//! Keeps the one comment of each pull request right, and the status of its commits.
//!
//! What has something to say is marked in the ledger. Each pull request is one piece of [`work`], a few at a time, so that
//! the trouble of one keeps no other waiting. Everything is said from the ledger and from what runs leave: what is said
//! twice is the same, and whoever starts after a crash says it again.

mod comment;
mod commits;
mod obstacle;
mod said;
mod voice;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use base::error::chain;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::trigger::{Progress, State, StateKind};
use super::{Bridge, ledger};
use crate::patience::Patience;
use base::error::one_line;
use http::names::Pull;
use obstacle::Obstacle;
use voice::{News, Voice};
use work::Done;

/// How often runs are looked at for how far they are.
const LOOK: Duration = Duration::from_secs(10);
/// How often the ledger is looked at, should a bell have been missed.
const IDLE: Duration = Duration::from_mins(1);
/// How many pull requests are told of at a time.
const FEW: usize = 4;
/// How many pull requests must find no Gitea for it to be left alone.
const SEVERAL: usize = 2;

/// Under what the status tells of it.
const GITEA: &str = "say";
const LEDGER: &str = "ledger (say)";

/// Works until the bridge is to end, and what was begun by then is written down.
pub async fn run(bridge: &Arc<Bridge>) {
    let mut mouth = Mouth::new(bridge);
    let mut flying = FuturesUnordered::new();
    loop {
        let pause = mouth.begin(&flying);
        for (pull, until, voice) in mouth.begun.drain(..) {
            flying.push(one(bridge, pull, until, voice));
        }
        tokio::select! {
            biased;
            Some(flown) = flying.next(), if !flying.is_empty() => mouth.heard(flown),
            on = bridge.wait(Some(&bridge.bells.say), pause) => if !on { break },
        }
    }
    while flying.next().await.is_some() {}
}

/// Which pull request was told of, what news, by whom, and what came of it.
type Flown = (Pull, News, Voice, Result<Done, Obstacle>);
type Flight<'a> = BoxFuture<'a, Flown>;

fn one(bridge: &Bridge, pull: Pull, until: News, mut voice: Voice) -> Flight<'_> {
    Box::pin(async move {
        let done = work::work(bridge, &pull, until, &mut voice).await;
        (pull, until, voice, done)
    })
}

/// Who speaks when: in memory only.
struct Mouth<'a> {
    bridge: &'a Bridge,
    /// With Gitea as a whole.
    gitea: Patience,
    /// The pull requests that found no Gitea since it last answered.
    failing: BTreeSet<Pull>,
    /// With the ledger.
    ledger: Patience,
    /// Of each pull request that was told of lately.
    voices: BTreeMap<Pull, Voice>,
    /// Those that are being told of.
    speaking: BTreeSet<Pull>,
    /// Those to begin with now.
    begun: Vec<(Pull, News, Voice)>,
    /// When runs were last looked at.
    looked: Option<Instant>,
}

impl<'a> Mouth<'a> {
    fn new(bridge: &'a Bridge) -> Self {
        Self {
            bridge,
            gitea: Patience::default(),
            failing: BTreeSet::new(),
            ledger: Patience::default(),
            voices: BTreeMap::new(),
            speaking: BTreeSet::new(),
            begun: Vec::new(),
            looked: None,
        }
    }

    /// Chooses whom to tell of now; says for how long there is nothing else to do.
    fn begin(&mut self, flying: &FuturesUnordered<Flight<'_>>) -> Duration {
        let now = Instant::now();
        if let Some(until) = self.gitea.until().or(self.ledger.until()) {
            return until - now;
        }
        let (mut due, later) = match self.due(now) {
            Ok(due) => due,
            Err(error) => return self.unwritten(&error),
        };
        // One is enough to find out whether Gitea is there again: the one that was let wait longest.
        let few = if self.gitea.failures() > 0 { 1 } else { FEW };
        due.sort_by_key(|(_, _, since)| *since);
        for (pull, until, _) in due.into_iter().take(few.saturating_sub(flying.len())) {
            let voice = self.voices.remove(&pull).unwrap_or_default();
            self.speaking.insert(pull.clone());
            self.begun.push((pull, until, voice));
        }
        later.map_or(IDLE, |later| later.saturating_duration_since(now)).min(IDLE)
    }

    /// Whom there is something to tell of, since when it might be told, and when to look again.
    #[allow(clippy::type_complexity, reason = "it is a list and a time")]
    fn due(&mut self, now: Instant) -> Result<(Vec<(Pull, News, Option<Instant>)>, Option<Instant>), ledger::Error> {
        let unsaid = self.bridge.ledger.dirty_pulls()?;
        let building = self.bridge.ledger.of_kinds(&[StateKind::Building])?;
        let mut due: Vec<_> = unsaid.into_iter().map(|(pull, news)| (pull, Some(news))).collect();
        let mut later = None;
        let mut not_before = |time: Instant| later = Some(later.map_or(time, |later: Instant| later.min(time)));
        let runs = |state: &State| state.build().is_some_and(|build| build.progress == Progress::Running);
        let running: BTreeSet<Pull> = building.into_iter().filter(|run| runs(&run.state)).map(|run| run.pull).collect();
        if running.is_empty() {
            self.looked = None;
        } else {
            let next = self.looked.map_or(now, |looked| looked + LOOK);
            if next <= now {
                let known: BTreeSet<Pull> = due.iter().map(|(pull, _)| pull.clone()).collect();
                due.extend(running.into_iter().filter(|pull| !known.contains(pull)).map(|pull| (pull, None)));
                self.looked = Some(now);
            }
            not_before(self.looked.unwrap_or(now) + LOOK);
        }
        let pulls: BTreeSet<&Pull> = due.iter().map(|(pull, _)| pull).collect();
        self.voices.retain(|pull, voice| pulls.contains(pull) || voice.is_remembered(now));
        let mut ready = Vec::new();
        for (pull, news) in due {
            if self.speaking.contains(&pull) {
                continue;
            }
            match self.voices.get(&pull).and_then(|voice| voice.due(news)) {
                Some(time) if time > now => not_before(time),
                since => ready.push((pull, news, since)),
            }
        }
        Ok((ready, later))
    }

    /// What came of telling of a pull request.
    fn heard(&mut self, (pull, news, mut voice, done): Flown) {
        self.speaking.remove(&pull);
        match done {
            Ok(done) => {
                self.written();
                if done.asked {
                    self.answered();
                }
                voice.succeeded(news, done);
            }
            Err(Obstacle::Stopping) => {}
            Err(Obstacle::Ledger(error)) => drop(self.unwritten(&error)),
            Err(Obstacle::Gitea(error)) => {
                voice.failed(&error);
                if obstacle::is_of_the_server(&error) {
                    self.failing.insert(pull.clone());
                    // One alone may be the pull request's own trouble.
                    if self.failing.len() >= SEVERAL || error.wait().is_some() {
                        let pause = self.gitea.failed(error.wait());
                        if error.wait().is_some() {
                            self.bridge.metrics.waited(pause);
                        }
                    }
                    self.bridge.health.raise(GITEA, &one_line(&error));
                } else {
                    self.answered();
                    tracing::warn!(%pull, error = one_line(&error), "cannot say it; trying again");
                }
            }
        }
        self.voices.insert(pull, voice);
    }

    /// Gitea answers.
    fn answered(&mut self) {
        self.gitea = Patience::default();
        self.failing.clear();
        self.bridge.health.resolve(GITEA);
    }

    /// The ledger can be written to.
    fn written(&mut self) {
        self.ledger = Patience::default();
        self.bridge.health.resolve(LEDGER);
    }

    /// What cannot be written down is not said.
    fn unwritten(&mut self, error: &ledger::Error) -> Duration {
        self.bridge.health.raise(LEDGER, &chain(error));
        self.ledger.failed(None)
    }
}

#[cfg(test)]
mod tests;
