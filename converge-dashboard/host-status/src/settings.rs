//! The configuration: the units. No I/O except [`Settings::read`].

use std::collections::BTreeSet;
use std::path::Path;

use base::configuration::{Error, Problem, Reader};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The default path of the configuration.
pub const PATH: &str = "/etc/converge/host-status.json";

/// The units by default.
const UNITS: [&str; 8] = [
    "converge-swarm.service",
    "converge-traefik.service",
    "converge-drone.service",
    "converge-bridge.service",
    "converge-dashboard.service",
    "converge.target",
    "docker.service",
    "drone-runner.service",
];

/// The longest name of a unit in systemd, in bytes.
const LONGEST_NAME: usize = 255;
/// The largest number of units: each has two rules on the bus, which takes 512 of one connection.
const MOST_UNITS: usize = 200;
/// The types of units.
const TYPES: [&str; 11] =
    ["service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer", "slice", "scope"];

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The names of the units, with their types: `docker.service`.
    #[serde(default = "default_units")]
    pub units: Vec<String>,
}

fn default_units() -> Vec<String> {
    UNITS.map(str::to_owned).to_vec()
}

impl Default for Settings {
    fn default() -> Self {
        Self { units: default_units() }
    }
}

impl Settings {
    /// Reads and checks the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(Reader::OF_CONFIG.file(path, Self::problems)?.0)
    }

    /// The problems that the types cannot exclude.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.units.is_empty() {
            problems.push(Problem::new("units", "is empty", "leave it out for the units of this project"));
        }
        if self.units.len() > MOST_UNITS {
            let message = format!("has {} units, more than {MOST_UNITS}", self.units.len());
            problems.push(Problem::new("units", message, "name the units that the dashboard must show"));
        }
        let mut names = BTreeSet::new();
        for (place, name) in self.units.iter().enumerate() {
            let at = format!("units[{place}]");
            if let Some((message, hint)) = mistake(name) {
                problems.push(Problem::new(at, format!("is `{}`, {message}", name.escape_debug()), hint));
            } else if !names.insert(name) {
                problems.push(Problem::new(at, format!("names `{name}` again"), "name each unit once"));
            }
        }
        problems
    }
}

/// The mistake in the name of a unit, and its hint.
fn mistake(name: &str) -> Option<(&'static str, &'static str)> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@".contains(&byte);
    let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    if !TYPES.contains(&kind) {
        Some(("which has no type of a unit at its end", "write the whole name, such as docker.service"))
    } else if stem.ends_with('@') {
        Some(("a template without an instance", "name an instance, such as getty@tty1.service"))
    } else if stem.is_empty() || stem.starts_with('@') || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
        Some(("no name of a unit", "write the name that `systemctl list-units` shows"))
    } else {
        None
    }
}
