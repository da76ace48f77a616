//! The conditions of a step: the builds for which it runs, and the statuses of the stage.

use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::pattern;
use crate::rpc::wire::Details;

/// The conditions of a step, under Drone's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    action: Condition,
    branch: Condition,
    cron: Condition,
    event: Condition,
    instance: Condition,
    #[serde(rename = "ref")]
    reference: Condition,
    repo: Condition,
    target: Condition,
    status: Condition,
    // Accepted and not compared, as in Drone's runner: it has no list of changed files.
    #[serde(rename = "paths")]
    _paths: Condition,
}

impl When {
    /// True if the step runs in this build.
    pub fn has_build(&self, details: &Details) -> bool {
        let build = &details.build;
        [
            (&self.action, &build.action),
            (&self.branch, &build.target),
            (&self.cron, &build.cron),
            (&self.event, &build.event),
            (&self.instance, &details.system.host),
            (&self.reference, &build.reference),
            (&self.repo, &details.repository.slug),
            (&self.target, &build.deploy_to),
        ]
        .into_iter()
        .all(|(condition, value)| condition.matches(value))
    }

    /// Reads the flags for `success` and `failure`, the two statuses of a stage. The error is a pattern of neither.
    pub fn statuses(&self) -> Result<(bool, bool), String> {
        let Condition { include, exclude } = &self.status;
        let is_status = |word: &&String| ["success", "failure"].iter().any(|status| pattern::matches(word, status));
        if let Some(word) = include.iter().chain(exclude).find(|word| !is_status(word)) {
            return Err(word.clone());
        }
        if include.is_empty() && exclude.is_empty() {
            return Ok((true, false));
        }
        let on_failure = self.status.matches("failure");
        // With both excluded, Drone's runner runs the step on success.
        Ok((self.status.matches("success") || !on_failure, on_failure))
    }
}

/// The values of one property of a build: a pattern, a list of them, or those to include and to exclude.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Condition {
    include: Vec<String>,
    exclude: Vec<String>,
}

impl Condition {
    fn matches(&self, value: &str) -> bool {
        let has = |patterns: &[String]| patterns.iter().any(|pattern| pattern::matches(pattern, value));
        !has(&self.exclude) && (self.include.is_empty() || has(&self.include))
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl<'de> Visitor<'de> for ConditionVisitor {
    type Value = Condition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list of values, or include and exclude")
    }

    fn visit_str<E>(self, pattern: &str) -> Result<Condition, E> {
        Ok(Condition { include: vec![pattern.into()], exclude: Vec::new() })
    }

    fn visit_unit<E>(self) -> Result<Condition, E> {
        Ok(Condition::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Condition, A::Error> {
        let mut condition = Condition::default();
        while let Some(pattern) = list.next_element()? {
            condition.include.push(pattern);
        }
        Ok(condition)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Condition, A::Error> {
        let mut condition = Condition::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "include" => condition.include = map.next_value()?,
                "exclude" => condition.exclude = map.next_value()?,
                _ => return Err(A::Error::unknown_field(&key, &["include", "exclude"])),
            }
        }
        Ok(condition)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn details() -> Details {
        let details = json!({
            "build": {
                "event": "custom", "action": "opened", "target": "feature/login", "ref": "refs/heads/feature/login",
                "cron": "nightly", "deploy_to": "production",
            },
            "stage": {"id": 1}, "config": {"Data": ""}, "repository": {"slug": "recipes/ci"},
            "system": {"host": "drone.ci.example.org"},
        });
        serde_json::from_value(details).unwrap()
    }

    #[test]
    fn a_step_runs_in_the_builds_of_its_conditions() {
        let table = [
            (json!({}), true),
            (json!({"event": "custom"}), true),
            (json!({"event": ["push", "custom"]}), true),
            (json!({"event": ["push", "tag"]}), false),
            (json!({"event": []}), true),
            (json!({"event": null}), true),
            (json!({"event": {"exclude": ["pull_request"]}}), true),
            (json!({"event": {"exclude": ["custom"]}}), false),
            (json!({"event": {"include": ["custom"], "exclude": ["cust*"]}}), false),
            (json!({"branch": "feature/*"}), true),
            (json!({"branch": "*"}), false),
            (json!({"branch": {"include": ["main", "feature/**"]}}), true),
            (json!({"ref": ["refs/heads/**"]}), true),
            (json!({"ref": "refs/tags/**"}), false),
            (json!({"repo": "recipes/*"}), true),
            (json!({"repo": "other/*"}), false),
            (json!({"instance": "drone.ci.example.org"}), true),
            (json!({"instance": "drone.example.org"}), false),
            (json!({"cron": "nightly", "action": "opened", "target": "production"}), true),
            (json!({"cron": "weekly"}), false),
            (json!({"action": ["synchronize"]}), false),
            (json!({"target": {"exclude": ["production"]}}), false),
            (json!({"paths": ["docs/**"]}), true),
            (json!({"event": "custom", "branch": "main"}), false),
        ];
        for (conditions, expected) in table {
            let when: When = serde_json::from_value(conditions.clone()).unwrap();
            assert_eq!(when.has_build(&details()), expected, "{conditions}");
        }
    }

    #[test]
    fn the_status_decides_if_a_step_runs_after_a_failure() {
        let table = [
            (json!(null), Ok((true, false))),
            (json!([]), Ok((true, false))),
            (json!("success"), Ok((true, false))),
            (json!("failure"), Ok((false, true))),
            (json!(["success", "failure"]), Ok((true, true))),
            (json!("*"), Ok((true, true))),
            (json!({"include": ["failure"]}), Ok((false, true))),
            (json!({"exclude": ["success"]}), Ok((false, true))),
            (json!({"exclude": ["failure"]}), Ok((true, false))),
            (json!({"exclude": ["success", "failure"]}), Ok((true, false))),
            (json!(["success", "changed"]), Err("changed".to_owned())),
            (json!({"exclude": ["killed"]}), Err("killed".to_owned())),
        ];
        for (status, expected) in table {
            let when: When = serde_json::from_value(json!({ "status": status })).unwrap();
            assert_eq!(when.statuses(), expected, "{status}");
        }
    }
}
