//! The configuration of this piece.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::address::{Probe, domain_setting_problem, server_setting_problem};
use base::configuration::Problem;
use base::limits::Limits;
use http::names::is_login;
use recipe::{Source, desired};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The limit of `timeout_minutes`: a week.
const LONGEST_BUILD: u32 = 7 * 24 * 60;

/// The keys of the recipe's `.env` that this piece sets.
pub const OWN_KEYS: [&str; 12] = [
    "DOMAIN",
    "COMPOSE_FILE",
    "LETS_ENCRYPT_ENV",
    "DRONE_USER_CREATE",
    "DRONE_REGISTRATION_CLOSED",
    "DRONE_REPOSITORY_FILTER",
    "DRONE_GITEA_SERVER",
    "DRONE_GITEA_CLIENT_ID",
    "GITEA_DOMAIN",
    "GITEA_CLIENT_ID",
    "SECRET_RPC_SECRET_VERSION",
    "SECRET_CLIENT_SECRET_VERSION",
];

/// True for a variable of Drone with a secret, which must not be in the environment of a service.
fn is_secret(key: &str) -> bool {
    key.starts_with(PASSED_ON) && ["_SECRET", "_PASSWORD", "_TOKEN"].iter().any(|end| key.ends_with(end))
}

/// The prefix of keys that reach Drone even if the recipe's `.env.sample` does not have them.
pub const PASSED_ON: &str = "DRONE_";

/// Drone, as the recipe deploys it, logged in at Gitea, with one activated repository and a runner on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// The domain of Drone.
    pub domain: String,
    /// The source of the recipe, and the policy for its version.
    pub recipe: Source,
    /// Keys of the recipe's `.env`, in addition to those of this piece.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The compose files of the recipe.
    #[serde(default = "compose_files")]
    pub compose_files: Vec<String>,
    /// The Gitea server.
    pub gitea: Forge,
    /// The CI repository, whose builds test recipes.
    pub repository: Repository,
    /// The runner on this host. Left out if a runner elsewhere has the same RPC secret.
    pub runner: Option<Runner>,
    /// `ABRA_DIR`.
    #[serde(default = "recipe::desired::abra_directory")]
    pub abra_directory: PathBuf,
    /// The address of the requests to Drone.
    #[serde(default)]
    pub probe: Probe,
    /// The deadlines.
    #[serde(default)]
    pub limits: Limits,
}

/// The Gitea server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forge {
    /// The address, with its scheme.
    pub address: String,
    /// The login of the bot; its password is the credential `gitea-password`.
    pub bot: String,
}

/// The CI repository, whose builds test recipes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// `owner/name`.
    pub name: String,
    /// The timeout of a build, in minutes.
    #[serde(default = "timeout_minutes")]
    pub timeout_minutes: u32,
    /// True if its builds may use the features that Drone allows for trusted repositories only.
    #[serde(default)]
    pub trusted: bool,
}

/// The runner on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// The systemd unit.
    #[serde(default = "runner_unit")]
    pub unit: String,
    /// The configuration file of the runner.
    #[serde(default = "runner_configuration")]
    pub configuration: PathBuf,
    /// The status file of the runner.
    #[serde(default = "runner_status")]
    pub status: PathBuf,
}

fn compose_files() -> Vec<String> {
    vec!["compose.yml".into(), "compose.gitea.yml".into()]
}

fn timeout_minutes() -> u32 {
    60
}

fn runner_unit() -> String {
    drone_runner::UNIT.into()
}

fn runner_configuration() -> PathBuf {
    drone_runner::settings::PATH.into()
}

fn runner_status() -> PathBuf {
    Path::new(drone_runner::status::RUNTIME_DIRECTORY).join(drone_runner::status::FILE)
}

impl Desired {
    /// The address of Drone.
    pub fn address(&self) -> String {
        format!("https://{}", self.domain)
    }

    /// The redirect address of the OAuth application, which identifies it.
    pub fn redirect(&self) -> String {
        format!("{}/login", self.address())
    }

    /// Checks the values beyond their types.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(domain_setting_problem(&self.domain, "drone.ci.example.org"));
        problems.extend(self.recipe.problems());
        problems.extend(desired::env_problems(&self.env, &OWN_KEYS));
        problems.extend(self.env.keys().filter(|key| is_secret(key)).map(|key| {
            let message = "is a secret, and every user of Docker can read the environment of an app";
            Problem::new(format!("env.{key}"), message, "leave it out; this piece generates the secrets of Drone")
        }));
        problems.extend(desired::compose_problems(&self.compose_files, "compose.yml and compose.gitea.yml"));
        problems.extend(self.gitea.problems());
        problems.extend(self.repository.problems());
        problems.extend(self.runner.iter().flat_map(Runner::problems));
        problems.extend(desired::abra_directory_problem(&self.abra_directory));
        problems.extend(self.probe.problem());
        problems
    }
}

impl Forge {
    /// The host, with a port that is not the scheme's default: the form of the recipe's `GITEA_DOMAIN`.
    pub fn domain(&self) -> String {
        let without_scheme = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        without_scheme.trim_end_matches('/').to_owned()
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(server_setting_problem("gitea.address", &self.address, "https://git.example.org"));
        // Drone parses `username:<bot>,machine:…`. Gitea allows none of these separators in a login.
        if !is_login(&self.bot) {
            let message = format!("is `{}`, no login of Gitea's", self.bot);
            problems.push(Problem::new("gitea.bot", message, "write the bot's login, such as ci-bot"));
        }
        problems
    }
}

impl Repository {
    /// The owner: an organisation or a user.
    pub fn owner(&self) -> &str {
        self.name.split_once('/').map_or(&self.name, |(owner, _)| owner)
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let is_name = |part: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && !matches!(part, "." | "..") && part.chars().all(plain)
        };
        if !matches!(self.name.split_once('/'), Some((owner, name)) if is_name(owner) && is_name(name)) {
            let message = format!("is `{}`, no repository", self.name);
            problems.push(Problem::new("repository.name", message, "write owner/name, such as recipes/ci"));
        }
        if self.timeout_minutes == 0 || self.timeout_minutes > LONGEST_BUILD {
            let message = format!("is {}, which is not between 1 and {LONGEST_BUILD}", self.timeout_minutes);
            problems.push(Problem::new(
                "repository.timeout_minutes",
                message,
                "give minutes; Drone's own default is 60",
            ));
        }
        problems
    }
}

impl Runner {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@:\\".contains(c);
        let is_unit = self.unit.strip_suffix(".service").is_some_and(|name| !name.is_empty());
        if !is_unit || !self.unit.chars().all(plain) {
            let message = format!("is `{}`, no service unit", self.unit);
            problems.push(Problem::new("runner.unit", message, "write its whole name, such as drone-runner.service"));
        }
        for (name, path) in [("configuration", &self.configuration), ("status", &self.status)] {
            if !path.is_absolute() {
                let message = format!("is {}, which is not absolute", path.display());
                problems.push(Problem::new(format!("runner.{name}"), message, "write the whole path"));
            }
        }
        problems
    }
}
