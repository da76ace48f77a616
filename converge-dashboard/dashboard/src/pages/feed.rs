//! Atom feeds of verdicts: of all recipes, and of one.

use std::sync::Arc;

use askama::Template;
use jiff::Timestamp;
use results::Verdict;

use crate::store::Run;

/// The newest verdicts in a feed.
const ENTRIES: usize = 50;

/// A feed.
#[derive(Debug, Template)]
#[template(path = "feed.xml", escape = "html")]
pub struct Feed {
    title: String,
    address: String,
    path: String,
    updated: Timestamp,
    entries: Vec<Entry>,
}

/// A verdict.
#[derive(Debug)]
struct Entry {
    id: String,
    title: String,
    time: Timestamp,
}

impl Feed {
    /// The feed of these runs, newest first; `path` is its own below the dashboard's address.
    pub fn new(title: &str, address: &str, path: &str, runs: &[Arc<Run>]) -> Self {
        let entries: Vec<Entry> = runs.iter().filter_map(|run| entry(run)).take(ENTRIES).collect();
        Self {
            title: printable(title),
            address: address.trim_end_matches('/').to_owned(),
            path: path.to_owned(),
            updated: entries.iter().map(|entry| entry.time).max().unwrap_or_default(),
            entries,
        }
    }
}

fn entry(run: &Run) -> Option<Entry> {
    let verdict = match run.verdict? {
        Verdict::Pass => "passed",
        Verdict::Fail => "failed",
        Verdict::Error => "ended without a verdict",
    };
    let version = run.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let pull = run.pull.map(|pull| format!(" (#{pull})")).unwrap_or_default();
    let title = printable(&format!("{}{version}{pull} {verdict}", run.recipe));
    Some(Entry { id: run.id.to_string(), title, time: run.finished? })
}

/// The characters that XML 1.0 allows.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}
