//! What the operator declares: `/etc/converge/drone-runner.json`. No I/O but [`load`].

mod load;
mod problems;
mod properties;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use load::{Error, Loaded, load};
pub use properties::{Properties, Size};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The Drone server: `https://drone.ci.example.org`.
    pub server: String,
    /// Connect to this address in the place of asking DNS; TLS and the Host header keep the server's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How many stages run at once.
    #[serde(default = "two")]
    pub capacity: usize,
    /// The name that Drone shows for this machine; the host's own when left out. Two runners on one server need two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The repositories (`owner/name`) whose builds run here; builds of others are refused.
    pub repositories: Vec<String>,
    /// The events whose builds run here; builds of others are refused.
    #[serde(default = "custom")]
    pub events: Vec<String>,
    /// What a step gets.
    #[serde(default)]
    pub steps: Steps,
    /// Where Prometheus finds the metrics: a port of the loopback (`127.0.0.1:9810`) or the path of a Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<String>,
    /// Deadlines and sizes.
    #[serde(default)]
    pub limits: Limits,
}

/// What a step gets, whatever its pipeline says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Steps {
    /// Variables of every step; neither a build's parameters nor a pipeline can set these to anything else.
    pub environment: BTreeMap<String, String>,
    /// The folders of `PATH`.
    pub path: Vec<PathBuf>,
    /// What runs a step's commands: `sh`, or another shell that takes `-e` and a script.
    pub shell: PathBuf,
    /// Where the stages' folders are; nobody else's.
    pub directory: PathBuf,
    /// Files that systemd puts into a step's `CREDENTIALS_DIRECTORY`: name to path.
    pub credentials: BTreeMap<String, PathBuf>,
    /// Resource settings of a step's unit, as systemd.resource-control(5) has them.
    pub properties: Properties,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            environment: BTreeMap::new(),
            path: ["/run/current-system/sw/bin", "/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from).to_vec(),
            shell: "/bin/sh".into(),
            directory: "/var/lib/drone-runner".into(),
            credentials: BTreeMap::new(),
            properties: Properties::default(),
        }
    }
}

/// Deadlines and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds between SIGTERM and SIGKILL for a step that is stopped.
    pub stop_seconds: u32,
    /// Seconds that running stages get to end when the runner is stopped; less than the unit's `TimeoutStopSec`.
    pub drain_seconds: u32,
    /// Seconds one call to Drone may take; its long polls take more.
    pub call_seconds: u32,
    /// Bytes of a step's log that Drone keeps: the last ones.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stop_seconds: 1, drain_seconds: 300, call_seconds: 30, log_bytes: 5 * 1024 * 1024 }
    }
}

impl Limits {
    /// Between SIGTERM and SIGKILL.
    pub fn stop(self) -> Duration {
        Duration::from_secs(self.stop_seconds.into())
    }

    /// For running stages to end by themselves.
    pub fn drain(self) -> Duration {
        Duration::from_secs(self.drain_seconds.into())
    }

    /// Deadline of one call.
    pub fn call(self) -> Duration {
        Duration::from_secs(self.call_seconds.into())
    }
}

fn two() -> usize {
    2
}

fn custom() -> Vec<String> {
    vec!["custom".into()]
}
