//! The settings of the service: one JSON document, which converge-dashboard makes from its own configuration.

use std::path::Path;

use base::address::server_setting_problem;
use base::configuration::{Error, Problem, Reader};
use serde::{Deserialize, Serialize};

/// The environment variable of the settings, read when no file is named.
pub const VARIABLE: &str = "DASHBOARD_SETTINGS";

const READER: Reader = Reader {
    document: ("settings", "are"),
    missing: "converge-dashboard sets it for the service; by hand, name a file with --settings",
    unreadable: "name a readable file with --settings",
    malformed: "converge-dashboard writes $DASHBOARD_SETTINGS; a hand-made one needs the same keys and types",
};

/// The settings of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of the dashboard, with its scheme, for badges and feeds.
    pub address: String,
    /// The address of Gitea, for links to pull requests; without it there are none.
    #[serde(default)]
    pub gitea: Option<String>,
}

impl Settings {
    /// Reads the settings from a file, else from the environment variable, and checks all of them.
    pub fn read(file: Option<&Path>) -> Result<Self, Error> {
        match file {
            Some(path) => Ok(READER.file(path, Self::problems)?.0),
            None => READER.variable(VARIABLE, Self::problems),
        }
    }

    /// Returns the problems that the types cannot exclude.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(server_setting_problem("address", &self.address, "https://ci.example.org"));
        if let Some(gitea) = &self.gitea {
            problems.extend(server_setting_problem("gitea", gitea, "https://git.example.org"));
        }
        problems
    }
}
