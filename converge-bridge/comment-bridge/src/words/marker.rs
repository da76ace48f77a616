//! The hidden marker: finds the bot's comment again after the ledger is lost.

use std::fmt;

use serde::{Deserialize, Serialize};

use http::names::Pull;

const BEFORE: &str = "<!-- converge-ci: ";
const AFTER: &str = " -->";

/// The hidden marker in the last line of a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The pull request.
    pub pull: Pull,
    /// The newest trigger in the comment.
    pub trigger: i64,
}

impl Marker {
    /// Returns the marker of a comment. It counts only in the last line, so a quoted one is ignored.
    pub fn find(body: &str) -> Option<Self> {
        let last = body.trim_end().lines().next_back()?.trim_end();
        serde_json::from_str(last.strip_prefix(BEFORE)?.strip_suffix(AFTER)?).ok()
    }

    /// True if the marker is of this pull request, whose repository may have been renamed since.
    pub fn is_of(&self, pull: &Pull) -> bool {
        self.pull.number == pull.number
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some HTML parsers end a comment at two hyphens.
        let json = serde_json::json!(self).to_string().replace("--", "-\\u002d");
        write!(f, "{BEFORE}{json}{AFTER}")
    }
}
