//! The settings of a recipe's app, with the checks that types cannot make.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::version::{Policy, version};
use crate::env_file;
use base::address::shown;
use base::configuration::Problem;

/// The git repository and the version policy of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The git repository; else Co-op Cloud's own of that name.
    pub source: Option<String>,
    /// The version policy.
    pub version: Policy,
    /// Hours between two fetches for `latest`.
    #[serde(default = "refresh_hours")]
    pub refresh_hours: u32,
}

fn refresh_hours() -> u32 {
    6
}

/// The `ABRA_DIR` of the convergers.
pub fn abra_directory() -> std::path::PathBuf {
    "/var/lib/converge/abra".into()
}

impl Source {
    /// The address of the git repository of `recipe`.
    pub fn address(&self, recipe: &str) -> String {
        self.source.clone().unwrap_or_else(|| format!("https://git.coopcloud.tech/coop-cloud/{recipe}.git"))
    }

    /// Returns the problems of the values.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let known = ["https://", "http://", "ssh://", "git://", "file:///"];
        let is_address = |source: &str| {
            let is_scp_like = source.contains('@') && source.contains(':');
            !source.starts_with('-') && (known.iter().any(|scheme| source.starts_with(scheme)) || is_scp_like)
        };
        if let Some(source) = self.source.as_deref().filter(|source| !is_address(source)) {
            problems.push(Problem::new(
                "recipe.source",
                format!("is `{}`, no address of a git repository", shown(source)),
                "write it with its scheme, such as https://git.coopcloud.tech/coop-cloud/traefik.git",
            ));
        }
        match &self.version {
            Policy::Pin(tag) if version(tag).is_none() => problems.push(Problem::new(
                "recipe.version.pin",
                format!("is `{tag}`, no version of a recipe"),
                "write a tag such as 3.8.0+v3.6.15; `git ls-remote --tags` lists them",
            )),
            Policy::Commit(name)
                if name.is_empty() || name.starts_with('-') || name.contains([' ', '\n', ':', '^', '~']) =>
            {
                problems.push(Problem::new(
                    "recipe.version.commit",
                    format!("is `{name}`, no branch or commit"),
                    "write a branch or a commit's hash",
                ));
            }
            _ => {}
        }
        if self.refresh_hours == 0 {
            let message = "is 0, so every run would ask the git server";
            problems.push(Problem::new("recipe.refresh_hours", message, "give at least 1"));
        }
        problems
    }
}

/// Checks the operator's keys of the `.env`. The piece itself sets those in `ours`.
pub fn env_problems(env: &BTreeMap<String, String>, ours: &[&str]) -> Vec<Problem> {
    let wrong = |(key, value): (&String, &String)| {
        let (message, hint) = if !env_file::is_key(key) {
            ("is no name for a setting", "use letters, digits and `_`, not a digit first")
        } else if ours.contains(&key.as_str()) || key == "TYPE" || key == "STACK_NAME" {
            ("is set by this piece itself", "leave it out")
        } else if !env_file::can_hold(value) {
            ("has a value that abra could not read back", env_file::VALUE_HINT)
        } else {
            return None;
        };
        Some(Problem::new(format!("env.{key}"), message, hint))
    };
    env.iter().filter_map(wrong).collect()
}

/// Checks the compose files; `example` names those that the piece needs.
pub fn compose_problems(files: &[String], example: &str) -> Vec<Problem> {
    if files.is_empty() {
        return vec![Problem::new("compose_files", "is empty", format!("list {example}"))];
    }
    let is_wrong = |file: &&String| {
        file.is_empty()
            || file.starts_with(['/', '-', '.'])
            || file.contains([':', '\n', '\0', ' '])
            || file.contains("..")
    };
    let wrong = files.iter().filter(is_wrong);
    wrong
        .map(|file| Problem::new("compose_files", format!("names `{file}`"), "name files of the recipe's own folder"))
        .collect()
}

/// Checks `ABRA_DIR`.
pub fn abra_directory_problem(directory: &Path) -> Option<Problem> {
    let message = || format!("is {}, which is not absolute", directory.display());
    (!directory.is_absolute()).then(|| Problem::new("abra_directory", message(), "write the whole path"))
}
