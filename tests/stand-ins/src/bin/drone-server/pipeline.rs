//! The pipelines of a `.drone.yml`, as far as the server reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// One pipeline.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pipeline {
    pub kind: String,
    #[serde(rename = "type")]
    pub type_: String,
    pub name: String,
    pub platform: Platform,
    pub concurrency: Concurrency,
    pub depends_on: Vec<String>,
    pub node: BTreeMap<String, String>,
    pub trigger: Trigger,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Platform {
    pub os: String,
    pub arch: String,
    pub variant: String,
    pub version: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Concurrency {
    pub limit: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Trigger {
    pub branch: Condition,
    pub event: Condition,
    pub action: Condition,
    #[serde(rename = "ref")]
    pub reference: Condition,
    pub repo: Condition,
    pub target: Condition,
    pub cron: Condition,
    pub status: Condition,
}

/// Patterns to include and to exclude.
#[derive(Debug, Default)]
pub struct Condition {
    pub include: Vec<String>,
    pub exclude: Vec<String>,
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Some(Vec<String>),
            Both {
                #[serde(default)]
                include: Vec<String>,
                #[serde(default)]
                exclude: Vec<String>,
            },
        }
        Ok(match Written::deserialize(from)? {
            Written::One(pattern) => Self { include: vec![pattern], exclude: Vec::new() },
            Written::Some(include) => Self { include, exclude: Vec::new() },
            Written::Both { include, exclude } => Self { include, exclude },
        })
    }
}

impl Condition {
    pub fn matches(&self, value: &str) -> bool {
        let is_in = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern.as_bytes(), value.as_bytes()));
        !is_in(&self.exclude) && (self.include.is_empty() || is_in(&self.include))
    }

    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

/// `*` matches anything within one part of a path, `**` across parts, `?` one character.
fn fits(pattern: &[u8], value: &[u8]) -> bool {
    match (pattern, value) {
        ([b'*', b'*', rest @ ..], _) => (0..=value.len()).any(|at| fits(rest, &value[at..])),
        ([b'*', rest @ ..], _) => {
            let end = value.iter().position(|it| *it == b'/').unwrap_or(value.len());
            (0..=end).any(|at| fits(rest, &value[at..]))
        }
        ([b'?', rest @ ..], [first, others @ ..]) => *first != b'/' && fits(rest, others),
        ([one, rest @ ..], [first, others @ ..]) => one == first && fits(rest, others),
        ([], []) => true,
        _ => false,
    }
}

/// Reads the pipelines; skips other documents of the file (secrets, cron, signatures).
pub fn read(text: &str) -> Result<Vec<Pipeline>, String> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Kind {
        kind: String,
    }
    let mut all = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(text) {
        let value = serde_yaml_ng::Value::deserialize(document).map_err(|error| format!("yaml: {error}"))?;
        if value.is_null() {
            continue;
        }
        let kind: Kind = serde_yaml_ng::from_value(value.clone()).map_err(|error| format!("yaml: {error}"))?;
        match kind.kind.as_str() {
            "" => return Err("yaml: missing kind attribute".to_owned()),
            "cron" | "secret" | "signature" | "registry" => {}
            _ => all.push(serde_yaml_ng::from_value(value).map_err(|error| format!("yaml: {error}"))?),
        }
    }
    lint(&all)?;
    Ok(all)
}

fn lint(all: &[Pipeline]) -> Result<(), String> {
    let mut names: Vec<&str> = Vec::new();
    for pipeline in all {
        if names.contains(&pipeline.name.as_str()) {
            return Err("linter: duplicate pipeline names".to_owned());
        }
        names.push(&pipeline.name);
        for dependency in &pipeline.depends_on {
            if !names.contains(&dependency.as_str()) {
                return Err("linter: invalid or unknown pipeline dependency".to_owned());
            }
            if *dependency == pipeline.name {
                return Err("linter: pipeline cannot have a dependency on itself".to_owned());
            }
        }
    }
    Ok(())
}

/// The pipelines of `wanted` that `name` waits for; one that is not wanted is replaced by its own dependencies.
pub fn dependencies(all: &[Pipeline], is_wanted: &dyn Fn(&Pipeline) -> bool, name: &str) -> Vec<String> {
    let Some(this) = all.iter().find(|pipeline| pipeline.name == name) else { return Vec::new() };
    let found = this.depends_on.iter().filter_map(|name| all.iter().find(|one| one.name == *name));
    found
        .flat_map(|one| if is_wanted(one) { vec![one.name.clone()] } else { dependencies(all, is_wanted, &one.name) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_go() {
        let fits = |pattern: &str, value: &str| fits(pattern.as_bytes(), value.as_bytes());
        assert!(fits("refs/heads/*", "refs/heads/main"));
        assert!(!fits("refs/heads/*", "refs/heads/a/b"));
        assert!(fits("refs/**", "refs/heads/a/b"));
        assert!(fits("ma?n", "main") && !fits("main", "mains"));
    }

    #[test]
    fn conditions_are_written_in_three_ways() {
        let text = "kind: pipeline\ntrigger:\n  event: [custom]\n  branch: main\n  repo:\n    exclude: [a/b]\n";
        let [pipeline] = &read(text).unwrap()[..] else { panic!("one pipeline") };
        assert!(pipeline.trigger.event.matches("custom") && !pipeline.trigger.event.matches("push"));
        assert!(pipeline.trigger.branch.matches("main") && !pipeline.trigger.branch.matches("other"));
        assert!(pipeline.trigger.repo.matches("a/c") && !pipeline.trigger.repo.matches("a/b"));
    }

    #[test]
    fn a_pipeline_that_is_left_out_hands_on_what_it_waits_for() {
        let text = "kind: pipeline\nname: a\n---\nkind: pipeline\nname: b\ndepends_on: [a]\n---\nkind: pipeline\nname: c\ndepends_on: [b]\n";
        let all = read(text).unwrap();
        assert_eq!(dependencies(&all, &|one| one.name != "b", "c"), ["a"]);
    }
}
