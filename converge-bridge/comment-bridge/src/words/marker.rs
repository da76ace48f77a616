//! The line that nobody sees, by which our comment is found again without the ledger.

use std::fmt;

use serde::{Deserialize, Serialize};

use http::names::Pull;

const BEFORE: &str = "<!-- converge-ci: ";
const AFTER: &str = " -->";

/// Whose comment it is, in its last line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The pull request.
    pub pull: Pull,
    /// The newest trigger that it tells of.
    pub trigger: i64,
}

impl Marker {
    /// The marker in a comment's last line. A comment without one is not ours, whatever it quotes.
    pub fn find(body: &str) -> Option<Self> {
        let last = body.trim_end().lines().next_back()?.trim_end();
        serde_json::from_str(last.strip_prefix(BEFORE)?.strip_suffix(AFTER)?).ok()
    }

    /// Whether it is that pull request's. Its repository may have been renamed since.
    pub fn is_of(&self, pull: &Pull) -> bool {
        self.pull.number == pull.number
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two hyphens end a comment, to some.
        let json = serde_json::json!(self).to_string().replace("--", "-\\u002d");
        write!(f, "{BEFORE}{json}{AFTER}")
    }
}
