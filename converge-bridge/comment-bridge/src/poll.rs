//! Finds comments: one request a source while nothing changes.
//!
//! The cursor of a source is Gitea's own time. It moves only after everything that changed until then was read. Each read
//! begins a little before the cursor, because Gitea's times have whole seconds and its clock may be set. Each source has
//! its own backoff, so a failing one does not delay the others.

mod choose;
mod listing;
mod pace;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::backoff::Retries;
use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use self::choose::New;
use super::Bridge;
use super::held_up::HeldUp;
use super::ledger::{Cursor, Reading};
use super::metrics::Task;
use super::problem::GiteaProblem;
use super::stop::{LEDGER_SUBJECT, LedgerRetry, RETRIES, SEVERAL, Stop, is_of_the_server};
use base::error::one_line;
use http::gitea::Entry;
use http::names::Pull;
use pace::Pace;
use source::Source;

/// Works until the shutdown.
pub async fn run(bridge: &Arc<Bridge>) {
    join_all(source::all(&bridge.settings).into_iter().map(|source| Watch::new(bridge, source).work())).await;
}

/// The problem of a source whose list is not whole.
const UNSTEADY: &str =
    "the list of pull requests is not whole: it changed on every read, or lacks entries that Gitea counts";

/// The interval of the settings.
fn interval(bridge: &Bridge) -> Duration {
    Duration::from_secs(bridge.settings.poll_seconds.max(1))
}

/// A watched source.
#[derive(Debug)]
struct Watch<'a> {
    bridge: &'a Bridge,
    source: Source,
    /// The source's key in the ledger and the status.
    name: String,
    retries: Retries,
    pace: Pace,
    /// The time of Gitea's first answer in the last poll.
    took: Duration,
    ledger: LedgerRetry,
    /// True if the next read looks back far: after a start or an outage, Gitea's clock may have been set.
    wide: bool,
    /// Pull requests whose comments could not be read.
    unread: BTreeMap<Pull, Retries>,
    /// The same pull requests, for the health report.
    held_up: HeldUp<'a, Pull>,
    /// The pull requests in a row that found Gitea down.
    in_a_row: usize,
}

impl<'a> Watch<'a> {
    fn new(bridge: &'a Bridge, source: Source) -> Self {
        let name = source.to_string();
        Self {
            bridge,
            source,
            held_up: HeldUp::new(bridge, Task::Poll, format!("poll {name}")),
            name,
            retries: RETRIES,
            pace: Pace::new(interval(bridge)),
            took: Duration::ZERO,
            ledger: LedgerRetry::new(LEDGER_SUBJECT),
            wide: true,
            unread: BTreeMap::new(),
            in_a_row: 0,
        }
    }

    async fn work(mut self) {
        let interval = interval(self.bridge);
        loop {
            let began = Instant::now();
            let result = self.read().await;
            self.bridge.metrics.poll(matches!(result, Ok(true)));
            let pause = match result {
                Ok(true) => {
                    self.retries.succeeded();
                    self.bridge.health.resolve(&format!("poll {}", self.name));
                    self.pace.after(self.took).saturating_sub(began.elapsed())
                }
                Ok(false) => self.failed(UNSTEADY, None).max(interval),
                Err(Stop::Gitea(error)) => {
                    if error.is_rate_limit() {
                        self.pace.stretch();
                    }
                    self.failed(&source::problem(&self.source, &error), error.wait()).max(interval)
                }
                Err(Stop::Ledger(error)) => {
                    // The other sources may write before this one reads again.
                    let pause = self.failed("comments that are found cannot be recorded", None);
                    self.ledger.failed(&self.bridge.health, &error).max(pause).max(interval)
                }
                Err(Stop::Shutdown) => return,
            };
            if !self.bridge.wait(None, pause).await {
                return;
            }
        }
    }

    /// Raises the problem and returns the time to wait.
    fn failed(&mut self, problem: &str, asked: Option<Duration>) -> Duration {
        self.wide = true;
        self.bridge.health.raise(&format!("poll {}", self.name), problem);
        let pause = self.retries.failed(asked);
        if asked.is_some() {
            self.bridge.metrics.waited(pause);
        }
        pause
    }

    /// Reads everything that changed, once. Returns false if the list changed during the read.
    async fn read(&mut self) -> Result<bool, Stop> {
        let bridge = self.bridge;
        bridge.check_running()?;
        self.ledger.recover(&bridge.ledger, &bridge.health)?;
        let Some(cursor) = bridge.ledger.cursor(&self.name)? else { return self.read_first().await };
        let overlap = if self.wide { choose::WIDE_OVERLAP } else { choose::OVERLAP };
        let mut since = choose::before(cursor.read, overlap);
        let Some(mut listing) = listing::read(bridge, &self.source, since, self.wide).await? else { return Ok(false) };
        self.took = listing.took;
        if listing.date < cursor.read {
            // Gitea's clock was set back: later changes have earlier times.
            since = choose::before(listing.date, overlap);
            match listing::read(bridge, &self.source, since, self.wide).await? {
                Some(earlier) => listing = earlier,
                None => return Ok(false),
            }
        }
        bridge.note_left_out(&self.name, &listing.left_out);
        // What is missing in the list is read later, as long as it could still count.
        self.in_a_row = 0;
        let mut held = (!listing.is_complete).then_some(cursor.read);
        for entry in listing.entries.values() {
            bridge.check_running()?;
            if bridge.settings.source_of(&entry.pull.repository).as_deref() == Some(&self.name)
                && !self.is_read(entry, since, &cursor, listing.date).await?
            {
                // An unread comment may be older than the last change, but not than the cursor.
                held = Some(cursor.read);
            }
        }
        self.unread.retain(|pull, _| listing.entries.contains_key(pull));
        self.held_up.keep(|pull| listing.entries.contains_key(pull));
        let catch_up = bridge.settings.catch_up();
        let moved = choose::moved(cursor, listing.date, held, catch_up);
        if moved != cursor {
            bridge.ledger.move_cursor(&self.name, moved)?;
        }
        self.wide &= held.is_some();
        Ok(listing.is_complete)
    }

    /// The first read takes Gitea's time only.
    async fn read_first(&mut self) -> Result<bool, Stop> {
        let bridge = self.bridge;
        let date = bridge.gitea.changed(self.source.scope(), bridge.clock.now(), 1, 1).await?.date;
        bridge.ledger.move_cursor(&self.name, Cursor { baseline: date, read: date })?;
        tracing::info!("{}: comments count from {date} on", self.name);
        self.wide = false;
        Ok(true)
    }

    /// Reads the comments of a pull request if there may be new ones. Returns false if that failed.
    async fn is_read(
        &mut self,
        entry: &Entry,
        since: Timestamp,
        cursor: &Cursor,
        date: Timestamp,
    ) -> Result<bool, Stop> {
        let bridge = self.bridge;
        if !choose::is_unread(entry, bridge.ledger.reading(&entry.pull)?) {
            return Ok(true);
        }
        if self.unread.get(&entry.pull).is_some_and(|retries| !retries.is_due()) {
            return Ok(false);
        }
        let comments = match bridge.gitea.comments(&entry.pull, Some(since)).await {
            Ok(comments) => comments,
            // Deleted, or hidden from the bot.
            Err(error) if error.is_not_found() => return Ok(true),
            Err(error) => return self.could_not_read(entry, error).map(|()| false),
        };
        self.in_a_row = 0;
        bridge.note_left_out(&format!("the comments of {}", entry.pull), &comments.left_out);
        let from = choose::before(cursor.read.min(date), choose::OVERLAP);
        let new = New { baseline: cursor.baseline, meanwhile: (from, date) };
        let reading = Reading { updated: entry.updated, comments: entry.comments, read: date };
        // A list that is not whole is read again.
        let reading = (comments.missing == 0).then_some((&entry.pull, reading));
        let (read, whole) = comments.into_parts();
        let found = choose::commands(&entry.pull, read, &bridge.settings, new);
        if bridge.ledger.insert_found(&found, reading, bridge.clock.now())? > 0 {
            bridge.wakers.decide.notify_one();
        }
        if let Err(error) = whole {
            return self.could_not_read(entry, error).map(|()| false);
        }
        self.unread.remove(&entry.pull);
        self.held_up.succeeded(&entry.pull);
        Ok(true)
    }

    /// Records a failure of one pull request. Several in a row of Gitea as a whole end the read.
    fn could_not_read(&mut self, entry: &Entry, error: http::Error) -> Result<(), Stop> {
        self.in_a_row = if is_of_the_server(&error) { self.in_a_row + 1 } else { 0 };
        if error.wait().is_some() || self.in_a_row >= SEVERAL {
            return Err(error.into());
        }
        let why = format!("{}: {}", entry.pull, one_line(&error));
        self.held_up.failed(entry.pull.clone(), GiteaProblem::from(&error), &why);
        self.unread.entry(entry.pull.clone()).or_insert(RETRIES).failed(None);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
