//! The report of a converger, as `common/converge` writes it. Read entry by entry.

use jiff::Timestamp;
use serde_json::Value;

use super::json;

/// The schema of the report.
const SCHEMA: u64 = 1;

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The run goes on, or was killed.
    Running,
    /// The desired state held already.
    Unchanged,
    /// The desired state holds now.
    Changed,
    /// A difference that only an operator may repair.
    Drifted,
    /// Only an operator can go on.
    Blocked,
    /// A change, a call or a wait failed.
    Failed,
}

/// The report of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The outcome.
    pub outcome: Outcome,
    /// The line of `systemctl status`.
    pub status: Option<String>,
    /// The start.
    pub started: Option<Timestamp>,
    /// The end.
    pub finished: Option<Timestamp>,
    /// The seconds it took.
    pub seconds: Option<u64>,
    /// The changes.
    pub changes: Vec<Change>,
    /// The waits that remained: the expected state and the seen one.
    pub waits: Vec<String>,
    /// Drift.
    pub drift: Vec<Drift>,
    /// Blocks.
    pub blocked: Vec<Finding>,
    /// Facts.
    pub facts: Vec<Fact>,
    /// The error of a failed run.
    pub error: Option<Finding>,
    /// The number of entries that cannot be read.
    pub odd: usize,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The change in one line.
    pub text: String,
    /// `done`, `failed` or `running`.
    pub result: String,
}

/// Drift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The object and the difference.
    pub text: String,
    /// The commands that would repair it.
    pub commands: Vec<String>,
}

/// A text with what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The text.
    pub text: String,
    /// The remedy.
    pub hint: Option<String>,
}

/// A fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The name.
    pub name: String,
    /// The value.
    pub value: Value,
    /// The warning.
    pub warning: Option<Finding>,
}

impl Outcome {
    /// The word of the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Drifted => "drifted",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
        }
    }

    fn of(word: &str) -> Option<Self> {
        let all = [Self::Running, Self::Unchanged, Self::Changed, Self::Drifted, Self::Blocked, Self::Failed];
        all.into_iter().find(|outcome| outcome.word() == word)
    }

    /// True if the desired state holds.
    pub fn holds(self) -> bool {
        matches!(self, Self::Unchanged | Self::Changed)
    }
}

impl Report {
    /// Reads the report of the converger of this name.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let report = json::document(bytes, SCHEMA)?;
        if report.get("converger").and_then(Value::as_str) != Some(name) {
            return Err("is the report of another converger".into());
        }
        let word = report.get("outcome").and_then(Value::as_str).unwrap_or_default();
        let outcome = Outcome::of(word).ok_or("has an unknown outcome")?;
        let mut odd = 0;
        Ok(Self {
            outcome,
            status: json::text(&report, "status"),
            started: json::time(&report, "started"),
            finished: json::time(&report, "finished"),
            seconds: seconds(&report),
            changes: entries(&report, "changes", &mut odd, |entry| {
                Some(Change { text: json::text(entry, "change")?, result: json::name(entry, "result")? })
            }),
            waits: entries(&report, "waits", &mut odd, |entry| {
                Some(format!("{}: {}", json::text(entry, "for")?, json::text(entry, "seen")?))
            }),
            drift: entries(&report, "drift", &mut odd, |entry| {
                let text = format!("{}: {}", json::text(entry, "object")?, json::text(entry, "reason")?);
                Some(Drift { text, commands: json::texts(entry, "commands") })
            }),
            blocked: entries(&report, "blocked", &mut odd, |entry| {
                let text = format!("{}: {}", json::text(entry, "object")?, json::text(entry, "reason")?);
                Some(Finding { text, hint: json::text(entry, "hint") })
            }),
            facts: entries(&report, "facts", &mut odd, |entry| {
                let warning = entry.get("warning").filter(|warning| !warning.is_null());
                let warning = match warning {
                    Some(warning) => Some(finding(warning)?),
                    None => None,
                };
                Some(Fact { name: json::name(entry, "name")?, value: entry.get("value")?.clone(), warning })
            }),
            error: report.get("error").and_then(finding),
            odd,
        })
    }

    /// The facts of this name.
    pub fn facts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Fact> {
        self.facts.iter().filter(move |fact| fact.name == name)
    }
}

/// A message with its causes and its hint.
fn finding(value: &Value) -> Option<Finding> {
    let mut parts = vec![json::text(value, "message")?];
    parts.extend(json::texts(value, "causes"));
    Some(Finding { text: parts.join(": "), hint: json::text(value, "hint") })
}

/// The whole seconds it took.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn seconds(report: &Value) -> Option<u64> {
    let seconds = report.get("seconds")?.as_f64()?;
    (0.0..1e9).contains(&seconds).then_some(seconds.round() as u64)
}

/// The readable entries of a list; the others are counted. A value that is no list counts as one.
fn entries<T>(report: &Value, key: &str, odd: &mut usize, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    if report.get(key).is_some_and(|list| !list.is_array() && !list.is_null()) {
        *odd += 1;
    }
    let all = json::list(report, key);
    let readable: Vec<T> = all.iter().filter_map(read).collect();
    *odd += all.len() - readable.len();
    readable
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_odd_entry_hides_no_other() {
        let report = json!({
            "schema": 1, "converger": "swarm", "outcome": "drifted", "seconds": -4.5, "started": 7, "unknown": {},
            "changes": [7, { "change": "create network proxy", "result": "done" }, { "change": "x" }],
            "waits": "none", "blocked": null,
            "drift": [{ "object": "network/proxy", "reason": "another subnet", "commands": ["docker network rm proxy", 7] }, {}],
            "facts": [{ "name": "a b", "value": 1 }, { "name": "swarm", "value": 1 },
                { "name": "node", "value": 1, "warning": "x" }],
            "error": { "message": "m", "causes": ["c", "d"], "hint": "h" },
        });
        let report = Report::parse("swarm", report.to_string().as_bytes()).unwrap();
        assert_eq!(report.odd, 2 + 1 + 1 + 2);
        assert_eq!((report.seconds, report.started), (None, None));
        assert_eq!(report.changes, [Change { text: "create network proxy".into(), result: "done".into() }]);
        assert_eq!(report.drift[0].text, "network/proxy: another subnet");
        assert_eq!(report.drift[0].commands, ["docker network rm proxy"]);
        assert_eq!(report.facts.iter().map(|fact| fact.name.as_str()).collect::<Vec<_>>(), ["swarm"]);
        assert_eq!(report.error, Some(Finding { text: "m: c: d".into(), hint: Some("h".into()) }));
    }

    #[test]
    fn a_report_of_another_kind_is_refused_with_the_reason() {
        for (text, expected) in [
            (json!({ "schema": 1, "converger": "drone", "outcome": "changed" }), "is the report of another converger"),
            (json!({ "schema": 1, "converger": "swarm", "outcome": "<b>" }), "has an unknown outcome"),
            (json!({ "schema": 99 }), "has schema 99, and this dashboard knows 1"),
        ] {
            assert_eq!(Report::parse("swarm", text.to_string().as_bytes()).unwrap_err(), expected);
        }
    }

    #[test]
    fn the_report_of_a_converger_is_read_whole() {
        let mut written = converge::report::Report::begin("swarm", String::new(), Timestamp::UNIX_EPOCH);
        written.outcome = converge::report::Outcome::Blocked;
        written.blocked.push(base::plan::Block { object: "o".into(), reason: "r".into(), hint: "h".into() });
        written.facts.push(base::fact::Fact::new("network_proxy", 7).warn("full", "empty it"));
        let report = Report::parse("swarm", &serde_json::to_vec(&written).unwrap()).unwrap();
        assert_eq!((report.odd, report.outcome.word()), (0, "blocked"));
        assert_eq!(report.started, Some(Timestamp::UNIX_EPOCH));
        assert_eq!(report.blocked, [Finding { text: "o: r".into(), hint: Some("h".into()) }]);
        assert_eq!(report.facts[0].warning, Some(Finding { text: "full".into(), hint: Some("empty it".into()) }));
    }
}
