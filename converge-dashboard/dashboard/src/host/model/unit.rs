//! A unit of the host, and the problem that its state tells of.

use jiff::Timestamp;

use super::{Condition, Piece, Problem, unit_of};
use crate::host::units::Unit;
use crate::host::words::When;

/// The units without which nothing runs.
const NEEDED: [&str; 2] = ["docker.service", "converge.target"];
/// The unit that runs builds.
const RUNNER: &str = "drone-runner.service";

/// A unit in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    /// The name.
    pub name: String,
    /// The state in systemd's words.
    pub state: String,
    /// The condition.
    pub condition: Condition,
    /// The last change.
    pub since: Option<When>,
    /// The end of the process, unless it was a success.
    pub result: Option<String>,
    /// The status line. Private.
    pub texts: Vec<String>,
}

impl UnitRow {
    /// The row of a unit. A converger's problem is not told twice.
    pub fn new(unit: &Unit, is_current: bool, now: Timestamp, pieces: &[Piece], problems: &mut Vec<Problem>) -> Self {
        let (condition, what) = if is_current { judge(unit) } else { (Condition::Unknown, None) };
        let is_told = pieces.iter().any(|piece| unit_of(piece.name) == unit.name && piece.condition == Condition::Bad);
        let is_new = !is_told || !unit.missing_credentials.is_empty();
        if let Some(what) = what.filter(|_| is_new) {
            let mut problem = Problem::new(condition, what, vec![format!("journalctl -u {}", unit.name)]);
            problem.texts.extend(unit.texts.iter().cloned());
            if !unit.missing_credentials.is_empty() {
                problem.texts.push(format!("missing credentials: {}", unit.missing_credentials.join(", ")));
            }
            problems.push(problem);
        }
        let state = if unit.is_loaded() { format!("{} ({})", unit.active, unit.sub) } else { unit.load.clone() };
        Self {
            name: unit.name.clone(),
            state,
            condition,
            since: unit.since.map(|time| When::new(time, now)),
            result: unit.result.clone(),
            texts: unit.texts.clone(),
        }
    }
}

fn judge(unit: &Unit) -> (Condition, Option<String>) {
    let name = &unit.name;
    let result = unit.result.as_ref().map(|result| format!(" ({result})")).unwrap_or_default();
    let is_needed = NEEDED.contains(&name.as_str());
    match (unit.load.as_str(), unit.active.as_str(), unit.sub.as_str()) {
        ("loaded", "failed", _) => (Condition::Bad, Some(format!("{name} has failed{result}"))),
        ("loaded", _, "auto-restart") => {
            let restarts = unit.restarts;
            (Condition::Bad, Some(format!("{name} exits by itself and is restarted, {restarts} times so far{result}")))
        }
        ("loaded", "inactive", _) if is_needed && !unit.has_job => {
            (Condition::Bad, Some(format!("{name} does not run")))
        }
        ("loaded", "inactive", _) if name == RUNNER && !unit.has_job => {
            (Condition::Warning, Some(format!("{name} does not run: runs wait in the queue")))
        }
        ("loaded", "active", _) => (Condition::Good, None),
        ("loaded" | "unknown", ..) => (Condition::Unknown, None),
        ("not-found", ..) if !is_needed => (Condition::Unknown, None),
        (load, ..) => (Condition::Bad, Some(format!("{name} cannot be loaded: {load}"))),
    }
}
