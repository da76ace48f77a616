//! Which pull requests to read, which comments count, and how far a source has been read: no calls, no clock.

use jiff::{SignedDuration, Timestamp};

use crate::grammar;
use crate::ledger::{Cursor, Found, Reading};
use crate::settings::Settings;
use http::gitea::{Comment, Entry};
use http::names::Pull;

/// How far before the cursor is looked: for moments in whole seconds, writes that take their time, small differences
/// between clocks.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(1);
/// How far before it is looked after a start or an outage: nobody saw whether the clock was set meanwhile.
pub const WIDE_OVERLAP: SignedDuration = SignedDuration::from_hours(1);
/// A change so soon after another one may have the same moment.
const SAME: SignedDuration = SignedDuration::from_secs(1);
/// A moment so far ahead was set by a clock that was wrong; the next change will have another one.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// A moment before another one.
pub fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH)
}

/// Whether a pull request may have comments that were not read.
pub fn is_unread(entry: &Entry, reading: Option<Reading>) -> bool {
    let Some(reading) = reading else { return true };
    if reading.updated != entry.updated || reading.comments != entry.comments {
        return true;
    }
    let since = reading.read.duration_since(entry.updated);
    (-AHEAD..=SAME).contains(&since)
}

/// Which comments are new enough to fire.
#[derive(Debug, Clone, Copy)]
pub struct New {
    /// Written since then.
    pub baseline: Timestamp,
    /// Or between these two, while Gitea's clock is set to before that.
    pub meanwhile: (Timestamp, Timestamp),
}

impl New {
    fn has(&self, created: Timestamp) -> bool {
        let (from, to) = self.meanwhile;
        created >= self.baseline || (to < self.baseline && (from..=to).contains(&created))
    }
}

/// The commands among comments, as far as they count: not ours, not edited, not older than the beginning.
pub fn commands(pull: &Pull, comments: Vec<Comment>, settings: &Settings, new: New) -> Vec<Found> {
    let counts = |comment: &Comment| {
        let is_somebody = !comment.author.is_empty() && !settings.is_bot(&comment.author);
        is_somebody && !comment.is_edited() && new.has(comment.created)
    };
    let command = |comment: Comment| {
        Some(Found {
            comment: comment.id,
            pull: pull.clone(),
            command: grammar::command(&comment.body)?,
            author: comment.author,
            created: comment.created,
        })
    };
    comments.into_iter().filter(counts).filter_map(command).collect()
}

/// Where the cursor is after everything was read that had changed until `date`, but for comments since `held`: those are
/// read again, as long as what was missed could still fire.
pub fn moved(cursor: Cursor, date: Timestamp, held: Option<Timestamp>, catch_up: SignedDuration) -> Cursor {
    let oldest = date.checked_sub(catch_up).unwrap_or(Timestamp::MIN);
    let read = held.map_or(date, |held| held.min(date)).max(oldest);
    // A clock that was set back takes the cursor with it.
    let read = if date < cursor.read { read } else { read.max(cursor.read) };
    Cursor { baseline: cursor.baseline, read }
}

#[cfg(test)]
mod tests;
