//! A run as lists show it: a small part of its results.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use results::{Fault, Results, RunKind, RungName, RungStatus, Verdict};
use serde::{Serialize, Serializer};

use super::names::Names;

/// The longest name of a run's directory, in bytes.
const LONGEST_ID: usize = 100;
/// The most phases whose durations are kept.
const MOST_PHASES: usize = 16;

/// The name of a run's directory: the number of its build, or another plain name. Numbers are ordered as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(Arc<str>);

impl RunId {
    /// An id that is safe as the name of a directory and as a part of a URL; `None` for another text.
    pub fn new(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_id =
            !text.is_empty() && text.len() <= LONGEST_ID && !text.starts_with('.') && text.bytes().all(is_plain);
        is_id.then(|| Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for RunId {
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |id: &Self| id.0.parse::<u64>().map_or((1, 0), |number| (0, number));
        number(self).cmp(&number(other)).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for RunId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A run with readable results. Texts that repeat are shared between runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The id.
    pub id: RunId,
    /// The recipe.
    pub recipe: Arc<str>,
    /// The recipe's version.
    pub version: Option<Arc<str>>,
    /// The commit.
    pub commit: Option<Box<str>>,
    /// The repository.
    pub source: Option<Arc<str>>,
    /// The kind of the commit. Schemas 1 and 2 do not say it: a pull request where they name one, else a branch.
    pub kind: RunKind,
    /// The pull request's number.
    pub pull: Option<i64>,
    /// True for the quick mode.
    pub is_quick: bool,
    /// True if the run has ended.
    pub is_done: bool,
    /// The phase.
    pub phase: Option<Arc<str>>,
    /// The start.
    pub started: Option<Timestamp>,
    /// The end.
    pub finished: Option<Timestamp>,
    /// The verdict, as far as the rungs support it; `None` while the run goes on.
    pub verdict: Option<Verdict>,
    /// The level.
    pub level: Option<u8>,
    /// The rungs that the file names.
    pub rungs: Box<[(RungName, RungStatus)]>,
    /// The side that is at fault for a run without success.
    pub fault: Option<Fault>,
    /// The duration of each phase, in their order.
    pub timings: Box<[(Arc<str>, Duration)]>,
}

impl Run {
    /// The list's part of these results; `None` without a recipe.
    pub fn of(id: RunId, results: &Results, names: &mut Names) -> Option<Self> {
        let verdict = results.done.then(|| match results.verdict {
            _ if results.passed() => Verdict::Pass,
            Some(Verdict::Error) => Verdict::Error,
            _ if results.error.is_some() => Verdict::Error,
            _ => Verdict::Fail,
        });
        let by_pull = if results.pull.is_some() { RunKind::Pull } else { RunKind::Branch };
        let timings = results.timings.iter().take(MOST_PHASES);
        Some(Self {
            recipe: names.share(results.recipe.as_ref()?),
            version: results.version.as_ref().map(|version| names.share(version)),
            commit: results.commit.as_deref().map(Box::from),
            source: results.source.as_ref().map(|source| names.share(source)),
            kind: results.kind.unwrap_or(by_pull),
            pull: results.pull,
            is_quick: results.quick == Some(true),
            is_done: results.done,
            phase: results.phase.as_ref().map(|phase| names.share(phase)),
            started: results.started,
            finished: results.finished,
            verdict,
            level: results.level(),
            rungs: results.rungs.iter().map(|rung| (rung.name, rung.status)).collect(),
            fault: results.fault,
            timings: timings.map(|(phase, time)| (names.share(phase), *time)).collect(),
            id,
        })
    }

    /// A run of which nothing but id and recipe is known.
    pub fn empty(id: RunId, recipe: Arc<str>) -> Self {
        Self {
            id,
            recipe,
            version: None,
            commit: None,
            source: None,
            kind: RunKind::Branch,
            pull: None,
            is_quick: false,
            is_done: false,
            phase: None,
            started: None,
            finished: None,
            verdict: None,
            level: None,
            rungs: Box::default(),
            fault: None,
            timings: Box::default(),
        }
    }

    /// The time by which runs are sorted: the end, else the start.
    pub fn time(&self) -> Option<Timestamp> {
        self.finished.or(self.started)
    }

    /// The duration from start to end.
    pub fn duration(&self) -> Option<Duration> {
        // A clock that was set back gives none.
        Duration::try_from(self.finished?.duration_since(self.started?)).ok()
    }

    /// The order from the oldest to the newest; runs of one time by their id.
    pub fn age_order(&self, other: &Self) -> Ordering {
        self.time().cmp(&other.time()).then_with(|| self.id.cmp(&other.id))
    }
}

/// A run whose results cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The id.
    pub id: RunId,
    /// The reason.
    pub reason: Arc<str>,
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

    #[test]
    fn ids_are_ordered_as_numbers() {
        let mut ids: Vec<RunId> = ["a", "10", "9", "09", "b1"].iter().filter_map(|id| RunId::new(id)).collect();
        ids.sort();
        assert_eq!(ids.iter().map(RunId::as_str).collect::<Vec<_>>(), ["09", "9", "10", "a", "b1"]);
    }
}
