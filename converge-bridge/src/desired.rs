//! What the operator declares.

use std::path::PathBuf;

use base::address::Probe;
use base::configuration::Problem;
use base::directory;
use base::limits::Limits;
use docker::service::ServiceSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use comment_bridge::container;
use comment_bridge::settings::{Organisation, Settings, default_call_seconds, default_hours, default_poll_seconds};
use http::names::Repository;

/// Paths with another content in the container.
const TAKEN_PATHS: [&str; 7] =
    [container::LEDGER, container::RUNS, container::PUBLISHED, "/bin", "/proc", "/sys", "/dev"];
/// The default of `user`.
const USER: &str = "60990:60990";

/// The service `comment-bridge`, which makes a build for a member's comment and reports the result in a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desired {
    /// The domain of the service.
    pub domain: String,
    /// The docker archive of the image.
    pub image: PathBuf,
    /// Gitea and the bot.
    pub gitea: Forge,
    /// Drone and the CI repository.
    pub drone: Drone,
    /// Watched organisations.
    #[serde(default)]
    pub organisations: Vec<Organisation>,
    /// Watched single repositories, `owner/name` each.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub repositories: Vec<Repository>,
    /// Logins that may give commands, beside the members of the organisation that owns a repository.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Seconds between two polls of Gitea.
    #[serde(default = "default_poll_seconds")]
    pub poll_seconds: u64,
    /// Hours after which a missed comment is too old.
    #[serde(default = "default_hours")]
    pub catch_up_hours: u64,
    /// Hours after which the bridge gives up making a build.
    #[serde(default = "default_hours")]
    pub give_up_hours: u64,
    /// True to accept deliveries of a webhook; the credential `webhook-secret` is the key of their signatures.
    #[serde(default)]
    pub webhook: bool,
    /// The address of the dashboard, for links.
    #[serde(default)]
    pub dashboard: Option<String>,
    /// The directory of the ledger, for this service only.
    #[serde(default = "ledger")]
    pub ledger: PathBuf,
    /// The directory of the builds' results.
    #[serde(default = "runs")]
    pub runs: PathBuf,
    /// The directory of the files `triggers.json` and `metrics.prom`, which every user of the host may read.
    #[serde(default = "published")]
    pub published: PathBuf,
    /// The file with the trusted certificate authorities.
    #[serde(default = "authorities")]
    pub authorities: PathBuf,
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

/// Gitea and the bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forge {
    /// The address of Gitea, with its scheme.
    pub address: String,
    /// The login of the bot; the credential `gitea-token` is the token.
    pub bot: String,
}

/// Drone and the CI repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drone {
    /// The address of Drone, with its scheme; the credential `drone-token` is the token.
    pub address: String,
    /// The CI repository, `owner/name`, whose builds test recipes.
    #[schemars(with = "String")]
    pub repository: Repository,
    /// The branch to build; Drone chooses if it is left out.
    #[serde(default)]
    pub branch: Option<String>,
}

fn ledger() -> PathBuf {
    "/var/lib/comment-bridge".into()
}

fn runs() -> PathBuf {
    directory::RUNS.into()
}

fn published() -> PathBuf {
    directory::BRIDGE.into()
}

fn authorities() -> PathBuf {
    "/etc/ssl/certs/ca-certificates.crt".into()
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
        Settings {
            gitea: self.gitea.address.clone(),
            bot: self.gitea.bot.clone(),
            drone: self.drone.address.clone(),
            repository: self.drone.repository.clone(),
            branch: self.drone.branch.clone(),
            organisations: self.organisations.clone(),
            repositories: self.repositories.clone(),
            allow: self.allow.clone(),
            poll_seconds: self.poll_seconds,
            catch_up_hours: self.catch_up_hours,
            give_up_hours: self.give_up_hours,
            webhook: self.webhook,
            dashboard: self.dashboard.clone(),
            call_seconds: default_call_seconds(),
        }
    }

    /// Returns the problems that the types cannot exclude.
    pub fn problems(&self) -> Vec<Problem> {
        let service = ServiceSettings {
            domain: (&self.domain, "bridge.ci.example.org"),
            image: &self.image,
            directories: &[("runs", &self.runs), ("ledger", &self.ledger), ("published", &self.published)],
            files: &[("authorities", &self.authorities)],
            user: (&self.user, USER),
            memory_mib: self.memory_mib,
            probe: &self.probe,
        };
        let mut problems = service.problems();
        // The service would refuse these only after its start.
        problems.extend(self.settings().problems().into_iter().map(as_declared));
        problems.extend(self.authorities_problem());
        problems
    }

    /// The file has the same path in the container, where some paths are taken.
    fn authorities_problem(&self) -> Option<Problem> {
        let taken = TAKEN_PATHS.iter().find(|place| self.authorities.starts_with(place))?;
        let message = format!("is {}, and {taken} is a place of the container's own", self.authorities.display());
        Some(Problem::new("authorities", message, "name a file elsewhere, such as /etc/ssl/certs/ca-certificates.crt"))
    }
}

/// Renames a problem of the settings to the key of this configuration.
fn as_declared(problem: Problem) -> Problem {
    let at = match problem.at.as_str() {
        "gitea" => "gitea.address",
        "bot" => "gitea.bot",
        "drone" => "drone.address",
        "branch" => "drone.branch",
        other => other,
    };
    Problem { at: at.to_owned(), ..problem }
}
