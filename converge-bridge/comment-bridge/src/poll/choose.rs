//! Chooses the pull requests to read, the comments that count, and the new cursor: no calls, no clock.

use jiff::{SignedDuration, Timestamp};

use crate::grammar;
use crate::ledger::{Cursor, Found, Reading};
use crate::settings::Settings;
use http::gitea::{Comment, Entry};
use http::names::Pull;

/// The time before the cursor that is read again: times have whole seconds, writes take time, and clocks differ a little.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(1);
/// The same after a start or an outage: Gitea's clock may have been set meanwhile.
pub const WIDE_OVERLAP: SignedDuration = SignedDuration::from_hours(1);
/// Two changes within this time may have the same time stamp.
const SAME: SignedDuration = SignedDuration::from_secs(1);
/// A time further ahead comes from a wrong clock; the next change has another one.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// Returns an earlier time, at least the epoch.
pub fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH)
}

/// True if a pull request may have unread comments.
pub fn is_unread(entry: &Entry, reading: Option<Reading>) -> bool {
    let Some(reading) = reading else { return true };
    if reading.updated != entry.updated || reading.comments != entry.comments {
        return true;
    }
    let since = reading.read.duration_since(entry.updated);
    (-AHEAD..=SAME).contains(&since)
}

/// The times of comments that are new enough to count.
#[derive(Debug, Clone, Copy)]
pub struct New {
    /// The source's beginning: comments since then count.
    pub baseline: Timestamp,
    /// A second range, for comments written while Gitea's clock is set to before the beginning.
    pub meanwhile: (Timestamp, Timestamp),
}

impl New {
    fn has(&self, created: Timestamp) -> bool {
        let (from, to) = self.meanwhile;
        created >= self.baseline || (to < self.baseline && (from..=to).contains(&created))
    }
}

/// Returns the commands among comments: not the bot's, not edited, not older than the beginning.
pub fn commands(pull: &Pull, comments: Vec<Comment>, settings: &Settings, new: New) -> Vec<Found> {
    let counts = |comment: &Comment| {
        let has_author = !comment.author.is_empty() && !settings.is_bot(&comment.author);
        has_author && !comment.is_edited() && new.has(comment.created)
    };
    let command = |comment: Comment| {
        Some(Found {
            comment: comment.id,
            pull: pull.clone(),
            command: grammar::command(&comment.body)?,
            author: comment.author,
            created: comment.created,
            delivered_head: None,
        })
    };
    comments.into_iter().filter(counts).filter_map(command).collect()
}

/// Returns the cursor after everything that changed until `date` was read, except comments since `held`: those are read
/// again for as long as a missed one could still count.
pub fn moved(cursor: Cursor, date: Timestamp, held: Option<Timestamp>, catch_up: SignedDuration) -> Cursor {
    let oldest = date.checked_sub(catch_up).unwrap_or(Timestamp::MIN);
    let read = held.map_or(date, |held| held.min(date)).max(oldest);
    // The cursor follows a clock that was set back.
    let read = if date < cursor.read { read } else { read.max(cursor.read) };
    Cursor { baseline: cursor.baseline, read }
}

#[cfg(test)]
mod tests;
