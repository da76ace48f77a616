//! What is remembered of telling of a pull request, in memory only.

use std::time::Duration;

use tokio::time::Instant;

use super::obstacle;
use super::work::Done;
use crate::patience::Patience;

/// How long a call of unknown outcome may still have an effect.
const SETTLE: Duration = Duration::from_secs(30);
/// The least time between two edits that tell the same kind of thing.
const CALM: Duration = Duration::from_secs(5);
/// How long the head of a pull request is taken to be the same.
const HEAD: Duration = Duration::from_secs(10);
/// How long to wait at least after Gitea refused, once, twice, and from then on.
const REFUSED: [Duration; 3] = [Duration::from_secs(10), Duration::from_mins(1), Duration::from_mins(10)];

/// The number of the news that the ledger has of a pull request; nothing when it has none.
pub type News = Option<i64>;

/// What is remembered of telling of a pull request.
#[derive(Debug, Default)]
pub struct Voice {
    /// Of its comment.
    pub comment: Unclear,
    /// Of the status of its commits.
    pub commits: Unclear,
    patience: Patience,
    refusals: usize,
    not_before: Option<Instant>,
    /// Which news is put off till then, where other news is not.
    put_off: Option<News>,
    edited: Option<Instant>,
    head: Option<(Instant, String)>,
}

/// Since when a call may still have an effect, though it failed.
#[derive(Debug, Default)]
pub struct Unclear(Option<Instant>);

impl Unclear {
    /// A call failed, and may still have an effect.
    pub fn begins(&mut self) {
        self.0 = Some(Instant::now());
    }

    /// Until when it may. One that was `noted` before this process began is waited for as if it were new.
    pub fn until(&mut self, noted: bool) -> Option<Instant> {
        if noted && self.0.is_none() {
            self.begins();
        }
        self.0.map(|since| since + SETTLE)
    }

    /// Whether it may.
    pub fn is_so(&self) -> bool {
        self.0.is_some()
    }

    /// It may not any more.
    pub fn ends(&mut self) {
        self.0 = None;
    }
}

impl Voice {
    /// When these news may be told; nothing, when they were never put off.
    pub fn due(&self, news: News) -> Option<Instant> {
        self.not_before.filter(|_| self.put_off.is_none_or(|put_off| put_off == news))
    }

    /// Whether any of this still matters when there is nothing to tell.
    pub fn is_remembered(&self, now: Instant) -> bool {
        let last = [self.edited.map(|at| at + CALM), self.head.as_ref().map(|(at, _)| *at + HEAD), self.not_before];
        self.comment.is_so() || self.commits.is_so() || last.into_iter().flatten().any(|until| until > now)
    }

    /// It went well, for these news.
    pub fn succeeded(&mut self, news: News, done: Done) {
        self.patience = Patience::default();
        self.refusals = 0;
        self.not_before = done.more;
        self.put_off = done.more.map(|_| news);
    }

    /// It failed.
    pub fn failed(&mut self, error: &http::Error) {
        let mut pause = self.patience.failed(error.wait());
        if !obstacle::is_of_the_server(error) && obstacle::is_certain(error) {
            pause = pause.max(REFUSED[self.refusals.min(REFUSED.len() - 1)]);
            self.refusals += 1;
        }
        self.not_before = Some(Instant::now() + pause);
        self.put_off = None;
    }

    /// How often in a row it failed.
    pub fn failures(&self) -> u32 {
        self.patience.failures()
    }

    /// When the next edit may be that tells the same kind of thing; nothing, when at once.
    pub fn calm(&self) -> Option<Instant> {
        self.edited.map(|at| at + CALM).filter(|until| *until > Instant::now())
    }

    /// The comment was written.
    pub fn was_edited(&mut self) {
        self.edited = Some(Instant::now());
    }

    /// The pull request's head, where it was read a moment ago.
    pub fn head(&self) -> Option<&str> {
        self.head.as_ref().filter(|(at, _)| at.elapsed() < HEAD).map(|(_, head)| head.as_str())
    }

    /// The pull request's head was read.
    pub fn read_head(&mut self, head: &str) {
        self.head = Some((Instant::now(), head.to_owned()));
    }
}
