//! What happens in a schedule. An event names others by their key, so that each may be left out.

use std::fmt;

use crate::commits::CommitFault;
use doubles::ClockOf;
use doubles::FaultRule;

/// An event of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A user comments on a pull request.
    Comments {
        key: u8,
        pull: usize,
        by: &'static str,
        body: &'static str,
    },
    Edits {
        key: u8,
    },
    Deletes {
        key: u8,
    },
    /// A webhook tells of a comment.
    Hook {
        key: u8,
    },
    /// A push moves the head.
    Pushes {
        pull: usize,
    },
    /// Gitea notes the last push in the timeline.
    NotesPush {
        pull: usize,
    },
    Closes {
        pull: usize,
    },
    /// The bridge dies here, and is there again a moment later.
    Dies,
    /// The bridge is told to end, and is there again a moment later.
    Stops,
    /// The ledger is copied, and later the newest copy takes its place.
    Copies,
    Restores,
    Fault(FaultRule),
    CommitFault {
        after: u32,
        times: u32,
        fault: CommitFault,
    },
    /// A server cannot be reached for so many seconds.
    Down {
        what: &'static str,
        seconds: u64,
    },
    /// No room for the ledger for so many seconds.
    Full {
        seconds: u64,
    },
    Steps {
        clock: ClockOf,
        seconds: i64,
    },
}

/// An event, and when it happens, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    pub at: u64,
    pub event: Event,
}

/// All that happens, in order. The seed decides how long things take, and how builds end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub seed: u64,
    pub events: Vec<Timed>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comments { key, pull, by, body } => {
                write!(f, "{by} comments on pull request {pull}: {body} (#{key})")
            }
            Self::Edits { key } => write!(f, "#{key} is edited"),
            Self::Deletes { key } => write!(f, "#{key} is deleted"),
            Self::Hook { key } => write!(f, "a webhook tells of #{key}"),
            Self::Pushes { pull } => write!(f, "a push to pull request {pull}"),
            Self::NotesPush { pull } => write!(f, "the push to pull request {pull} is noted"),
            Self::Closes { pull } => write!(f, "pull request {pull} is closed"),
            Self::Dies => f.write_str("the bridge dies"),
            Self::Stops => f.write_str("the bridge is stopped"),
            Self::Copies => f.write_str("the ledger is copied"),
            Self::Restores => f.write_str("the newest copy of the ledger takes its place"),
            Self::Fault(FaultRule { what, after, times, fault }) => {
                write!(f, "`{what}`: {after} go well, then {times} meet {fault:?}")
            }
            Self::CommitFault { after, times, fault } => {
                write!(f, "commits: {after} go well, then {times} meet {fault:?}")
            }
            Self::Down { what, seconds } => write!(f, "{what} is down for {seconds} s"),
            Self::Full { seconds } => write!(f, "the disk is full for {seconds} s"),
            Self::Steps { clock, seconds } => write!(f, "the clock of {clock:?} is set by {seconds} s"),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "SEED={}", self.seed)?;
        for Timed { at, event } in &self.events {
            writeln!(f, "  {:3}.{:03} s  {event}", at / 1000, at % 1000)?;
        }
        Ok(())
    }
}
