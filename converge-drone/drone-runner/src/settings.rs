//! The configuration of the runner. No I/O except [`load`] and the host's name.

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

/// The default path of the configuration.
pub const PATH: &str = "/etc/converge/drone-runner.json";

/// The credential with the secret that the server and its runners share.
pub const RPC_SECRET_CREDENTIAL: &str = "rpc-secret";

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of the Drone server: `https://drone.ci.example.org`.
    pub server: String,
    /// The IP address to connect to instead of asking DNS. TLS and the Host header keep the server's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// The number of stages that may run at once.
    #[serde(default = "default_capacity")]
    pub capacity: usize,
    /// The name that Drone shows for this runner; by default the host name. Each runner of a server needs its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The repositories (`owner/name`) whose builds run here; builds of others are refused.
    pub repositories: Vec<String>,
    /// The events whose builds run here; builds of others are refused.
    #[serde(default = "default_events")]
    pub events: Vec<String>,
    /// The environment and the limits of a step.
    #[serde(default)]
    pub steps: Steps,
    /// The address of the metrics for Prometheus: a loopback port (`127.0.0.1:9810`) or the path of a Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<String>,
    /// Deadlines and sizes.
    #[serde(default)]
    pub limits: Limits,
}

/// The environment and the limits of a step. A pipeline cannot change them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Steps {
    /// Variables of every step. The parameters of a build and a pipeline cannot replace them.
    pub environment: BTreeMap<String, String>,
    /// The folders of `PATH`.
    pub path: Vec<PathBuf>,
    /// The shell for the commands of a step: `sh`, or another one that takes `-e` and a script.
    pub shell: PathBuf,
    /// The directory of the folders of stages, for this runner only.
    pub directory: PathBuf,
    /// Files for the `CREDENTIALS_DIRECTORY` of a step: name to path.
    pub credentials: BTreeMap<String, PathBuf>,
    /// Resource limits of the unit of a step, as in systemd.resource-control(5).
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
    /// Seconds between SIGTERM and SIGKILL for a stopped step.
    pub stop_seconds: u32,
    /// Seconds for running stages to end when the runner stops; less than the unit's `TimeoutStopSec`.
    pub drain_seconds: u32,
    /// The deadline of one call to Drone, in seconds; a long poll has a longer one.
    pub call_seconds: u32,
    /// The largest log of a step in bytes. Of a larger one the end is kept.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stop_seconds: 1, drain_seconds: 300, call_seconds: 30, log_bytes: 5 * 1024 * 1024 }
    }
}

impl Settings {
    /// The name that Drone shows for this runner.
    pub fn machine(&self) -> String {
        self.name.clone().unwrap_or_else(host_name)
    }
}

fn host_name() -> String {
    // A system call: the unit of the runner hides /proc/sys.
    let name = nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned();
    if name.trim().is_empty() { "localhost".into() } else { name.trim().into() }
}

impl Limits {
    /// The time between SIGTERM and SIGKILL.
    pub fn stop(self) -> Duration {
        Duration::from_secs(self.stop_seconds.into())
    }

    /// The time for running stages to end by themselves.
    pub fn drain(self) -> Duration {
        Duration::from_secs(self.drain_seconds.into())
    }

    /// The deadline of one call.
    pub fn call(self) -> Duration {
        Duration::from_secs(self.call_seconds.into())
    }
}

fn default_capacity() -> usize {
    2
}

fn default_events() -> Vec<String> {
    vec!["custom".into()]
}
