//! What Drone has: its newest builds, back to before anything that is open was asked for.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::trigger::{StateKind, Trigger};
use http::drone::{Build, Builds, Page, Status};

/// How many pages are read before it is given up to reach back far enough.
const PAGES: usize = 50;

/// How far Gitea's clock and Drone's may be apart.
const APART: SignedDuration = SignedDuration::from_mins(10);

/// A server that does not take the size of a page that it is asked for has a round one of its own.
const ROUND: usize = 25;

/// How far back a snapshot has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Before this time.
    since: Timestamp,
    /// And below this number.
    number: i64,
}

impl Reach {
    /// Before everything that was asked for by what is open.
    pub fn of<'a>(open: impl IntoIterator<Item = &'a Trigger>) -> Self {
        let mut reach = Self { since: Timestamp::MAX, number: i64::MAX };
        for trigger in open.into_iter().filter(|trigger| trigger.state.kind() != StateKind::Seen) {
            let since = trigger.created.checked_sub(APART).unwrap_or(Timestamp::MIN);
            reach.since = reach.since.min(since);
            reach.number = reach.number.min(trigger.state.build().map_or(i64::MAX, |build| build.number));
        }
        reach
    }

    fn is_reached(self, page: &Page) -> bool {
        let last = page.builds.last();
        last.is_none_or(|last| last.created < self.since.as_second() && last.number < self.number)
            || !page.builds.len().is_multiple_of(ROUND)
    }
}

/// The newest builds of the CI repository.
#[derive(Debug, Clone)]
pub struct Snapshot {
    builds: BTreeMap<i64, Build>,
    /// Whether it reaches back far enough: what is not in it is not in Drone either.
    pub whole: bool,
    /// When it was taken, by Drone's clock where Drone says it.
    pub time: Timestamp,
    /// When it was complete.
    pub taken: Instant,
}

impl Snapshot {
    /// Asks Drone, page after page.
    pub async fn take(drone: &Builds, reach: Reach, now: Timestamp) -> Result<Self, http::Error> {
        let mut snapshot = Self { builds: BTreeMap::new(), whole: false, time: now, taken: Instant::now() };
        for number in 1..=PAGES {
            let page = drone.newest(number).await?;
            snapshot.time = page.time.unwrap_or(snapshot.time);
            snapshot.whole = reach.is_reached(&page);
            // A build that moved on to a later page meanwhile is as it was said last.
            snapshot.builds.extend(page.builds.into_iter().map(|build| (build.number, build)));
            if snapshot.whole {
                break;
            }
        }
        snapshot.taken = Instant::now();
        Ok(snapshot)
    }

    /// A snapshot of these builds.
    #[cfg(test)]
    pub fn made(builds: impl IntoIterator<Item = Build>, whole: bool, time: Timestamp) -> Self {
        let builds = builds.into_iter().map(|build| (build.number, build)).collect();
        Self { builds, whole, time, taken: Instant::now() }
    }

    /// A build was made since.
    pub fn add(&mut self, build: Build) {
        self.builds.insert(build.number, build);
    }

    /// The build of this number.
    pub fn number(&self, number: i64) -> Option<&Build> {
        self.builds.get(&number)
    }

    /// All builds made for a comment, lowest number first.
    pub fn of(&self, comment: i64) -> impl Iterator<Item = &Build> {
        self.builds.values().filter(move |build| build.trigger() == Some(comment))
    }

    /// The build that counts among those made for a comment: one that came to its end by itself, else one that may,
    /// else one that was cancelled, perhaps by us for a twin; of equals the first.
    pub fn first(&self, comment: i64) -> Option<&Build> {
        self.of(comment).min_by_key(|build| match build.status {
            Status::Killed => (2, build.number),
            status if status.is_over() => (0, build.number),
            _ => (1, build.number),
        })
    }

    /// How many builds wait or run before this one.
    pub fn before(&self, number: i64) -> u32 {
        let open = self.builds.range(..number).filter(|(_, build)| build.status.can_be_cancelled());
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    }
}
