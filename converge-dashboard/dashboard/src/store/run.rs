//! A run as lists show it: a small part of its results.

use std::fmt;

use jiff::Timestamp;
use results::{Fault, Results, RungName, RungStatus, Verdict};
use serde::Serialize;

/// The longest name of a run's directory, in bytes.
const LONGEST_ID: usize = 100;

/// The name of a run's directory: the number of its build, or another plain name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RunId(String);

impl RunId {
    /// An id that is safe as the name of a directory and as a part of a URL; `None` for another text.
    pub fn new(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_id =
            !text.is_empty() && text.len() <= LONGEST_ID && !text.starts_with('.') && text.bytes().all(is_plain);
        is_id.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A run with readable results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The id.
    pub id: RunId,
    /// The recipe.
    pub recipe: String,
    /// The recipe's version.
    pub version: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The pull request's number.
    pub pull: Option<i64>,
    /// True for the quick mode.
    pub is_quick: bool,
    /// True if the run has ended.
    pub is_done: bool,
    /// The phase.
    pub phase: Option<String>,
    /// The start.
    pub started: Option<Timestamp>,
    /// The end.
    pub finished: Option<Timestamp>,
    /// The verdict, as far as the rungs support it; `None` while the run goes on.
    pub verdict: Option<Verdict>,
    /// The level.
    pub level: Option<u8>,
    /// The rungs that the file names.
    pub rungs: Vec<(RungName, RungStatus)>,
    /// The side that is at fault for a run without success.
    pub fault: Option<Fault>,
}

impl Run {
    /// The list's part of these results; `None` without a recipe.
    pub fn of(id: RunId, results: &Results) -> Option<Self> {
        let verdict = results.done.then(|| match results.verdict {
            _ if results.passed() => Verdict::Pass,
            Some(Verdict::Error) => Verdict::Error,
            _ if results.error.is_some() => Verdict::Error,
            _ => Verdict::Fail,
        });
        Some(Self {
            id,
            recipe: results.recipe.clone()?,
            version: results.version.clone(),
            commit: results.commit.clone(),
            pull: results.pull,
            is_quick: results.quick == Some(true),
            is_done: results.done,
            phase: results.phase.clone(),
            started: results.started,
            finished: results.finished,
            verdict,
            level: results.level(),
            rungs: results.rungs.iter().map(|rung| (rung.name, rung.status)).collect(),
            fault: results.fault,
        })
    }

    /// The time by which runs are sorted: the end, else the start.
    pub fn time(&self) -> Option<Timestamp> {
        self.finished.or(self.started)
    }
}

/// A run whose results cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The id.
    pub id: RunId,
    /// The reason.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_plain_name() {
        for good in ["1", "4711", "2026-11-28_a.b"] {
            assert_eq!(RunId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", ".hidden", "a/b", "a b", "a\0", "ä", "%2e", &"1".repeat(101)] {
            assert_eq!(RunId::new(bad), None, "{bad}");
        }
    }
}
