//! The newest builds in Drone, back to before the oldest open trigger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::trigger::{StateKind, Trigger};
use http::drone::{Build, Builds, Page, Status};

/// The greatest number of pages of a snapshot.
const PAGES: usize = 50;

/// The greatest difference between Gitea's clock and Drone's.
const APART: SignedDuration = SignedDuration::from_mins(10);

/// A server that ignores the page size uses a multiple of this; any other length is the last page.
const ROUND: usize = 25;

/// The point back to which a snapshot must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// A time before the oldest open trigger.
    since: Timestamp,
    /// The lowest number of an open build.
    number: i64,
}

impl Reach {
    /// The point before all open triggers and their builds.
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
            || !(page.builds.len() + page.left_out.len()).is_multiple_of(ROUND)
    }
}

/// The parameter of a second run; a first one has none.
pub const ATTEMPT: (&str, &str) = ("ATTEMPT", "2");

/// True for the build of a second run.
pub fn is_second_run(build: &Build) -> bool {
    build.params.get(ATTEMPT.0).is_some_and(|attempt| attempt == ATTEMPT.1)
}

/// The newest builds of the CI repository.
#[derive(Debug, Clone)]
pub struct Snapshot {
    builds: BTreeMap<i64, Build>,
    /// The comments of builds that cannot be understood.
    odd: BTreeSet<i64>,
    /// The builds that cannot be understood, each with the reason.
    pub left_out: BTreeSet<String>,
    /// True if it reaches back far enough: a build that is missing here is missing in Drone.
    pub is_complete: bool,
    /// The time of the snapshot: Drone's clock, or ours if Drone does not tell it.
    pub time: Timestamp,
    /// The time at which the last page arrived.
    pub taken: Instant,
}

impl Snapshot {
    /// Asks Drone, page by page.
    pub async fn take(drone: &Builds, reach: Reach, now: Timestamp) -> Result<Self, http::Error> {
        let mut snapshot = Self::made([], false, now);
        for number in 1..=PAGES {
            let page = drone.newest(number).await?;
            snapshot.time = page.time.unwrap_or(snapshot.time);
            snapshot.is_complete = reach.is_reached(&page);
            // A build that moves to a later page meanwhile appears twice; the later one counts.
            snapshot.builds.extend(page.builds.into_iter().map(|build| (build.number, build)));
            for odd in page.left_out {
                snapshot.odd.extend(odd.trigger);
                snapshot.left_out.insert(odd.why);
            }
            if snapshot.is_complete {
                break;
            }
        }
        snapshot.taken = Instant::now();
        Ok(snapshot)
    }

    /// Makes a snapshot of these builds.
    pub fn made(builds: impl IntoIterator<Item = Build>, is_complete: bool, time: Timestamp) -> Self {
        let builds = builds.into_iter().map(|build| (build.number, build)).collect();
        let (odd, left_out) = (BTreeSet::new(), BTreeSet::new());
        Self { builds, odd, left_out, is_complete, time, taken: Instant::now() }
    }

    /// True if a build that is missing here is missing in Drone: a build that cannot be understood may be this comment's.
    pub fn is_complete_for(&self, comment: i64) -> bool {
        self.is_complete && !self.odd.contains(&comment)
    }

    /// Adds a build that was made since.
    pub fn add(&mut self, build: Build) {
        self.builds.insert(build.number, build);
    }

    /// The build with this number.
    pub fn number(&self, number: i64) -> Option<&Build> {
        self.builds.get(&number)
    }

    /// All builds for a comment, lowest number first.
    pub fn of(&self, comment: i64) -> impl Iterator<Item = &Build> {
        self.builds.values().filter(move |build| build.trigger() == Some(comment))
    }

    /// The build that counts for the first or the second run of a comment: one that ended by itself, else an open one, else a
    /// cancelled one (perhaps cancelled as a twin); the lowest number among equals.
    pub fn first(&self, comment: i64, is_second: bool) -> Option<&Build> {
        self.of(comment).filter(|build| is_second_run(build) == is_second).min_by_key(|build| match build.status {
            Status::Killed => (2, build.number),
            status if status.is_over() => (0, build.number),
            _ => (1, build.number),
        })
    }

    /// The number of queued and running builds before this one.
    pub fn builds_ahead(&self, number: i64) -> u32 {
        let open = self.builds.range(..number).filter(|(_, build)| build.status.can_be_cancelled());
        u32::try_from(open.count()).unwrap_or(u32::MAX)
    }
}
