//! What the operator declares.

use std::path::PathBuf;

use base::address::Probe;
use base::configuration::Problem;
use base::directory;
use base::limits::Limits;
use docker::service::ServiceSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use dashboard::settings::Settings;

/// The default of `user`.
const USER: &str = "60991:60991";

/// The service `dashboard`, which shows every recipe's standing, every run and the machine, from files alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// The domain of the service.
    pub domain: String,
    /// The docker archive of the image.
    pub image: PathBuf,
    /// The address of Gitea, for links to pull requests; without it there are none.
    #[serde(default)]
    pub gitea: Option<String>,
    /// The directory of the builds' results.
    #[serde(default = "runs")]
    pub runs: PathBuf,
    /// The directory of the convergers' reports.
    #[serde(default = "reports")]
    pub reports: PathBuf,
    /// The directory of the files that comment-bridge publishes.
    #[serde(default = "bridge")]
    pub bridge: PathBuf,
    /// The directory of the index, for this service only.
    #[serde(default = "index")]
    pub index: PathBuf,
    /// `uid:gid` of the process.
    #[serde(default = "user")]
    pub user: String,
    /// The memory limit, in MiB.
    #[serde(default = "memory_mib")]
    pub memory_mib: u32,
    /// The address of the health check.
    #[serde(default)]
    pub probe: Probe,
    /// Deadlines.
    #[serde(default)]
    pub limits: Limits,
}

fn runs() -> PathBuf {
    directory::RUNS.into()
}

fn reports() -> PathBuf {
    directory::REPORTS.into()
}

fn bridge() -> PathBuf {
    directory::BRIDGE.into()
}

fn index() -> PathBuf {
    "/var/lib/dashboard".into()
}

fn user() -> String {
    USER.into()
}

fn memory_mib() -> u32 {
    64
}

impl Desired {
    /// Returns the settings of the service.
    pub fn settings(&self) -> Settings {
        Settings { address: format!("https://{}", self.domain), gitea: self.gitea.clone() }
    }

    /// Returns the problems that the types cannot exclude.
    pub fn problems(&self) -> Vec<Problem> {
        let service = ServiceSettings {
            domain: (&self.domain, "ci.example.org"),
            image: &self.image,
            directories: &[
                ("runs", &self.runs),
                ("reports", &self.reports),
                ("bridge", &self.bridge),
                ("index", &self.index),
            ],
            files: &[],
            user: (&self.user, USER),
            memory_mib: self.memory_mib,
            probe: &self.probe,
        };
        let mut problems = service.problems();
        // The service would refuse these only after its start. Of the domain the problem is told above.
        problems.extend(self.settings().problems().into_iter().filter(|problem| problem.at != "address"));
        problems
    }
}
