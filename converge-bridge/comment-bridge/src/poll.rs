//! Finds comments: one request a source when nothing happened.
//!
//! A source is read from a little before where its cursor is, for Gitea's moments have whole seconds and its clock may be
//! set. Its cursor is Gitea's own time, and moves only when everything that changed until then was read. Each source has
//! its own pace: one that fails keeps none of the others waiting.

mod choose;
mod listing;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::error::chain;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use self::choose::New;
use super::Bridge;
use super::bridge::LEDGER;
use super::ledger::{self, Cursor, Reading};
use crate::patience::Patience;
use crate::poll::source::Source;
use base::error::one_line;
use http::gitea::Entry;
use http::names::Pull;

/// Works until the bridge is to end.
pub async fn run(bridge: &Arc<Bridge>) {
    join_all(source::all(&bridge.settings).into_iter().map(|source| Watch::new(bridge, source).work())).await;
}

/// Why a source was not read.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Gitea(#[from] http::Error),
    #[error("the ledger")]
    Ledger(#[from] ledger::Error),
    #[error("what changed goes on changing while it is read")]
    Unsteady,
    #[error("it is to end")]
    Stopping,
}

/// A source that is watched.
#[derive(Debug)]
struct Watch<'a> {
    bridge: &'a Bridge,
    source: Source,
    /// Under which name the ledger and the status know it.
    name: String,
    patience: Patience,
    /// Whether to look back far: nobody knows what happened meanwhile.
    wide: bool,
    /// Whether the ledger could not be used.
    unwritten: bool,
    /// Pull requests whose comments could not be read.
    unread: BTreeMap<Pull, Patience>,
}

impl<'a> Watch<'a> {
    fn new(bridge: &'a Bridge, source: Source) -> Self {
        let name = source.to_string();
        Self {
            bridge,
            source,
            name,
            patience: Patience::default(),
            wide: true,
            unwritten: false,
            unread: BTreeMap::new(),
        }
    }

    async fn work(mut self) {
        let interval = Duration::from_secs(self.bridge.settings.poll_seconds.max(1));
        loop {
            let began = Instant::now();
            let settled = self.read().await;
            self.bridge.metrics.poll(settled.is_ok());
            let pause = match settled {
                Ok(()) => {
                    self.patience = Patience::default();
                    self.bridge.health.resolve(&format!("poll {}", self.name));
                    interval.saturating_sub(began.elapsed())
                }
                Err(Trouble::Stopping) => return,
                Err(trouble) => self.failed(&trouble).max(interval),
            };
            if !self.bridge.wait(None, pause).await {
                return;
            }
        }
    }

    /// Says what is in the way, and for how long to leave it.
    fn failed(&mut self, trouble: &Trouble) -> Duration {
        self.wide = true;
        let (problem, asked) = match trouble {
            Trouble::Gitea(error) => (source::problem(&self.source, error), error.wait()),
            Trouble::Ledger(error) => {
                self.unwritten = true;
                self.bridge.health.raise(LEDGER, &chain(error));
                // Others may write before this one reads on.
                ("what is found cannot be written down".into(), None)
            }
            trouble => (chain(trouble), None),
        };
        self.bridge.health.raise(&format!("poll {}", self.name), &problem);
        let pause = self.patience.failed(asked);
        if asked.is_some() {
            self.bridge.metrics.waited(pause);
        }
        pause
    }

    /// Reads what changed, once.
    async fn read(&mut self) -> Result<(), Trouble> {
        let bridge = self.bridge;
        if bridge.is_stopping() {
            return Err(Trouble::Stopping);
        }
        if self.unwritten {
            bridge.ledger.check()?;
            self.unwritten = false;
            bridge.health.resolve(LEDGER);
        }
        let Some(cursor) = bridge.ledger.cursor(&self.name)? else { return self.read_first().await };
        let overlap = if self.wide { choose::WIDE_OVERLAP } else { choose::OVERLAP };
        let mut since = choose::before(cursor.read, overlap);
        let mut listing = listing::read(bridge, &self.source, since, self.wide).await?;
        if listing.date < cursor.read {
            // The clock was set back: what happened since then has earlier moments.
            since = choose::before(listing.date, overlap);
            listing = listing::read(bridge, &self.source, since, self.wide).await?;
        }
        let mut held = None;
        for entry in listing.entries.values() {
            if bridge.is_stopping() {
                return Err(Trouble::Stopping);
            }
            if bridge.settings.source_of(&entry.pull.repository).as_deref() == Some(&self.name)
                && !self.is_read(entry, since, &cursor, listing.date).await?
            {
                // Its unread comments may be older than its last change: as old as anything that was not read.
                held = Some(cursor.read);
            }
        }
        self.unread.retain(|pull, _| {
            let is_listed = listing.entries.contains_key(pull);
            if !is_listed {
                bridge.health.resolve(&format!("poll {pull}"));
            }
            is_listed
        });
        if !listing.whole {
            return Err(Trouble::Unsteady);
        }
        let catch_up = bridge.settings.catch_up();
        let moved = choose::moved(cursor, listing.date, held, catch_up);
        if moved != cursor {
            bridge.ledger.move_cursor(&self.name, moved)?;
        }
        self.wide &= held.is_some();
        Ok(())
    }

    /// The first time, only Gitea's time is of interest.
    async fn read_first(&mut self) -> Result<(), Trouble> {
        let bridge = self.bridge;
        let date = bridge.gitea.changed(self.source.scope(), bridge.clock.now(), 1, 1).await?.date;
        bridge.ledger.move_cursor(&self.name, Cursor { baseline: date, read: date })?;
        tracing::info!("{}: comments count from {date} on", self.name);
        self.wide = false;
        Ok(())
    }

    /// Reads the comments of a pull request, if there may be new ones. False when they could not be read.
    async fn is_read(
        &mut self,
        entry: &Entry,
        since: Timestamp,
        cursor: &Cursor,
        date: Timestamp,
    ) -> Result<bool, Trouble> {
        let bridge = self.bridge;
        if !choose::is_unread(entry, bridge.ledger.reading(&entry.pull)?) {
            return Ok(true);
        }
        if self.unread.get(&entry.pull).is_some_and(|patience| patience.until().is_some()) {
            return Ok(false);
        }
        let comments = match bridge.gitea.comments(&entry.pull, Some(since)).await {
            Ok(comments) => comments,
            // It is gone, or nobody may see it any more.
            Err(error) if error.is_not_found() => return Ok(true),
            Err(error) => return self.could_not_read(entry, error).map(|()| false),
        };
        let from = choose::before(cursor.read.min(date), choose::OVERLAP);
        let new = New { baseline: cursor.baseline, meanwhile: (from, date) };
        let found = choose::commands(&entry.pull, comments, &bridge.settings, new);
        let reading = Reading { updated: entry.updated, comments: entry.comments, read: date };
        let new = bridge.ledger.insert_found(&found, Some((&entry.pull, reading)), bridge.clock.now())?;
        self.unread.remove(&entry.pull);
        bridge.health.resolve(&format!("poll {}", entry.pull));
        if new > 0 {
            bridge.bells.decide.notify_one();
        }
        Ok(true)
    }

    /// What fails for one pull request does not keep the others waiting; what fails for all of them ends the reading.
    fn could_not_read(&mut self, entry: &Entry, error: http::Error) -> Result<(), Trouble> {
        if error.is_unavailable() || error.wait().is_some() {
            return Err(error.into());
        }
        self.bridge.health.raise(&format!("poll {}", entry.pull), &one_line(&error));
        self.unread.entry(entry.pull.clone()).or_default().failed(None);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
