//! `triggers.json`, as the bridge publishes it: its age, its problems, and the number of open triggers.

use jiff::Timestamp;
use serde_json::Value;

use super::json;

/// The schema of the file.
const SCHEMA: u64 = 1;

/// The states of a trigger that is not at its end, in their order, with words for people.
const OPEN: [(&str, &str); 5] = [
    ("seen", "waiting for permission"),
    ("authorised", "waiting for Drone"),
    ("building", "building or queued"),
    ("cancelling", "being cancelled"),
    ("ended", "waiting for their comment"),
];

/// The state of the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// The time of the writing.
    pub written: Option<Timestamp>,
    /// The problems, subject and text.
    pub problems: Vec<String>,
    /// The notes, subject and text.
    pub notes: Vec<String>,
    /// The number of triggers in each open state that has some.
    pub open: Vec<(&'static str, u64)>,
}

impl Bridge {
    /// Reads the file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let document = json::document(bytes, SCHEMA)?;
        let counts = document.get("counts").unwrap_or(&Value::Null);
        let open = OPEN
            .into_iter()
            .filter_map(|(state, words)| Some((words, json::count(counts, state).filter(|count| *count > 0)?)));
        Ok(Self {
            written: json::time(&document, "now"),
            problems: by_subject(&document, "problems"),
            notes: by_subject(&document, "notes"),
            open: open.collect(),
        })
    }
}

/// The texts of a map. One that is no text is named by its subject.
fn by_subject(document: &Value, key: &str) -> Vec<String> {
    let all = document.get(key).and_then(Value::as_object).into_iter().flatten();
    all.map(|(subject, _)| {
        let text =
            document.get(key).and_then(|map| json::text(map, subject)).unwrap_or_else(|| "cannot be read".into());
        format!("{subject}: {text}")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_state_of_the_bridge_is_read_entry_by_entry() {
        let file = json!({
            "schema": 1, "version": "0.1.0", "now": "2026-11-28T03:00:00Z",
            "problems": { "poll org:recipes": "Gitea cannot be reached", "b": 7 }, "notes": [],
            "counts": { "reported": 12, "building": 2, "seen": "x", "authorised": 0, "ended": 1 },
            "triggers": 7,
        });
        let bridge = Bridge::parse(file.to_string().as_bytes()).unwrap();
        assert!(bridge.written.is_some());
        assert_eq!(bridge.problems, ["b: cannot be read", "poll org:recipes: Gitea cannot be reached"]);
        assert_eq!(bridge.notes, [""; 0]);
        assert_eq!(bridge.open, [("building or queued", 2), ("waiting for their comment", 1)]);
    }
}
