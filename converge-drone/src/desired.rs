//! What the operator declares.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base::address::{Probe, domain_setting_problem, server_setting_problem};
use base::configuration::Problem;
use base::limits::Limits;
use recipe::{Source, desired};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::env;

/// The longest a build may take, in minutes: a week.
const LONGEST_BUILD: u32 = 7 * 24 * 60;

/// Drone, as the recipe deploys it, logged in at Gitea, with one activated repository and a runner on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// Drone's domain.
    pub domain: String,
    /// Where the recipe comes from and which version of it runs.
    pub recipe: Source,
    /// Keys of the recipe's `.env`, beside those this piece sets itself.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The recipe's compose files.
    #[serde(default = "compose_files")]
    pub compose_files: Vec<String>,
    /// The forge.
    pub gitea: Forge,
    /// The repository whose builds run recipes.
    pub repository: Repository,
    /// The runner on this host; none, where one runs elsewhere. It needs the same RPC secret.
    pub runner: Option<Runner>,
    /// `ABRA_DIR`.
    #[serde(default = "recipe::desired::abra_directory")]
    pub abra_directory: PathBuf,
    /// Where Drone is asked.
    #[serde(default)]
    pub probe: Probe,
    /// Deadlines.
    #[serde(default)]
    pub limits: Limits,
}

/// The forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forge {
    /// Its address, with its scheme.
    pub address: String,
    /// The login of the bot; its password is the credential `gitea-password`.
    pub bot: String,
}

/// The repository whose builds run recipes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// `owner/name`.
    pub name: String,
    /// Minutes after which a build ends.
    #[serde(default = "timeout_minutes")]
    pub timeout_minutes: u32,
    /// Whether its builds may do what Drone asks trust for.
    #[serde(default)]
    pub trusted: bool,
}

/// The runner on this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runner {
    /// Its systemd unit.
    pub unit: String,
    /// Its configuration.
    pub configuration: PathBuf,
    /// Where it says what it was started with.
    #[serde(default = "runner_status")]
    pub status: PathBuf,
}

fn compose_files() -> Vec<String> {
    vec!["compose.yml".into(), "compose.gitea.yml".into()]
}

fn timeout_minutes() -> u32 {
    60
}

fn runner_status() -> PathBuf {
    "/run/drone-runner/status.json".into()
}

impl Desired {
    /// Drone's address.
    pub fn address(&self) -> String {
        format!("https://{}", self.domain)
    }

    /// Where Gitea sends a browser back to; the OAuth application is found by it.
    pub fn redirect(&self) -> String {
        format!("{}/login", self.address())
    }

    /// What is wrong with it that its types could not refuse.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(domain_setting_problem(&self.domain, "drone.ci.example.org"));
        problems.extend(self.recipe.problems());
        problems.extend(desired::env_problems(&self.env, &env::OURS));
        problems.extend(self.env.keys().filter(|key| env::is_secret(key)).map(|key| {
            let message = "is a secret, and whoever reads Docker reads an app's environment";
            Problem::new(format!("env.{key}"), message, "leave it out; this piece makes the secrets that Drone needs")
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
    /// Its host, with the port where it is not the scheme's own: as the recipe's `GITEA_DOMAIN` wants it.
    pub fn domain(&self) -> String {
        let without_scheme = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        without_scheme.trim_end_matches('/').to_owned()
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(server_setting_problem("gitea.address", &self.address, "https://git.example.org"));
        // Drone takes `username:<bot>,machine:…`, so nothing of that may be in a login; Gitea allows none of it either.
        let is_login = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self.bot.is_empty() || !self.bot.chars().all(is_login) {
            let message = format!("is `{}`, no login of Gitea's", self.bot);
            problems.push(Problem::new("gitea.bot", message, "write the bot's login, such as ci-bot"));
        }
        problems
    }
}

impl Repository {
    /// Who owns it: an organisation or a user.
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
