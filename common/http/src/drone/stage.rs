//! Drone's answers on stages.

use serde::Deserialize;
use serde_json::Value;

/// A stage that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OpenStage {
    /// The id, unique on the server.
    pub id: i64,
    /// The name of the runner that has accepted it; empty before.
    #[serde(default)]
    pub machine: String,
}

impl OpenStage {
    /// Reads the queue. An entry that cannot be read hides no other.
    pub(super) fn all(queue: Option<Vec<Value>>) -> Vec<Self> {
        queue.unwrap_or_default().into_iter().filter_map(|stage| serde_json::from_value(stage).ok()).collect()
    }
}

/// The steps of a stage, in a build with all its stages.
pub(super) fn steps(mut build: Value, stage: i64) -> Vec<Value> {
    let stages = build.get_mut("stages").and_then(Value::as_array_mut);
    let stage = stages.into_iter().flatten().find(|found| found["id"] == stage);
    stage.map(|stage| stage["steps"].take()).and_then(|steps| steps.as_array().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_odd_entry_hides_no_other() {
        let queue = json!([{ "id": 1 }, null, { "id": "two" }, { "id": 3, "machine": "ci", "steps": null }]);
        let found = OpenStage::all(queue.as_array().cloned());
        let found: Vec<(i64, &str)> = found.iter().map(|stage| (stage.id, stage.machine.as_str())).collect();
        assert_eq!(found, [(1, ""), (3, "ci")]);
        assert!(OpenStage::all(None).is_empty());
    }

    #[test]
    fn the_steps_of_one_stage_are_found() {
        let build = json!({ "stages": [{ "id": 1, "steps": [{ "id": 4 }] }, { "id": 2, "steps": [{ "id": 5 }, { "id": 6 }] }] });
        assert_eq!(steps(build.clone(), 2), [json!({ "id": 5 }), json!({ "id": 6 })]);
        assert!(steps(build, 3).is_empty() && steps(Value::Null, 1).is_empty());
    }
}
