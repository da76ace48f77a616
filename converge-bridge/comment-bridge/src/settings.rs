//! The settings of the service: one JSON document, which converge-bridge makes from its own configuration.

mod read;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatchPattern;

use http::names::Repository;

pub use read::VARIABLE;

/// The settings of the service. Secrets are files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address of Gitea, with its scheme.
    pub gitea: String,
    /// The login of the bot, whose own comments are ignored.
    pub bot: String,
    /// The address of Drone, with its scheme.
    pub drone: String,
    /// The CI repository, whose builds test recipes.
    pub repository: Repository,
    /// The branch of the CI repository to build; Drone chooses if it is left out.
    #[serde(default)]
    pub branch: Option<String>,
    /// Organisations to watch.
    #[serde(default)]
    pub organisations: Vec<Organisation>,
    /// Single repositories to watch.
    #[serde(default)]
    pub repositories: Vec<Repository>,
    /// Logins that may give commands, beside the members of the organisation that owns a repository.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Seconds between two polls.
    pub poll_seconds: u64,
    /// Hours after which a missed comment is too old.
    pub catch_up_hours: u64,
    /// Hours after which the bridge gives up making a build.
    pub give_up_hours: u64,
    /// True if the service accepts deliveries of a webhook.
    #[serde(default)]
    pub webhook: bool,
    /// The address of the dashboard, for links to a run.
    #[serde(default)]
    pub dashboard: Option<String>,
    /// The deadline of a call, in seconds.
    #[serde(default = "default_call_seconds")]
    pub call_seconds: u64,
}

/// A watched organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// The name of the organisation.
    pub name: String,
    /// Patterns of repositories to watch, with `*` for any text.
    #[serde(default = "all_repositories")]
    pub include: Vec<String>,
    /// Patterns of repositories to leave alone.
    #[serde(default)]
    pub exclude: Vec<String>,
}

fn all_repositories() -> Vec<String> {
    vec!["*".into()]
}

/// The default of `poll_seconds`.
pub fn default_poll_seconds() -> u64 {
    5
}

/// The default of `catch_up_hours` and `give_up_hours`.
pub fn default_hours() -> u64 {
    24
}

/// The default of `call_seconds`.
pub fn default_call_seconds() -> u64 {
    10
}

/// A pattern in which only `*` has a meaning: any text.
type Pattern = WildMatchPattern<'*', '\0'>;

/// Converts hours to a duration without overflow.
fn hours(hours: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(hours.saturating_mul(3600)).unwrap_or(i64::MAX))
}

impl Settings {
    /// Returns the source (`org:recipes`, `repo:recipes/hello`) of a watched repository: the one rule for polls and the
    /// webhook. Gitea ignores the case of names.
    pub fn source_of(&self, repository: &Repository) -> Option<String> {
        // Pull requests of the CI repository must not start builds with its own secrets.
        if same(repository, &self.repository) {
            return None;
        }
        if let Some(single) = self.repositories.iter().find(|single| same(repository, single)) {
            return Some(source_of_repository(single));
        }
        let organisation = self.organisations.iter().find(|organisation| organisation.watches(repository))?;
        Some(organisation.source())
    }

    /// True if a repository is watched.
    pub fn watches(&self, repository: &Repository) -> bool {
        self.source_of(repository).is_some()
    }

    /// The greatest age of a comment when it is found.
    pub fn catch_up(&self) -> SignedDuration {
        hours(self.catch_up_hours)
    }

    /// The greatest age of a trigger that is still tried.
    pub fn give_up(&self) -> SignedDuration {
        hours(self.give_up_hours)
    }

    /// True for the bot's login.
    pub fn is_bot(&self, login: &str) -> bool {
        self.bot.eq_ignore_ascii_case(login)
    }

    /// True for a login on the allow list.
    pub fn allows(&self, login: &str) -> bool {
        self.allow.iter().any(|allowed| allowed.eq_ignore_ascii_case(login))
    }
}

impl Organisation {
    /// The name of the organisation as a source.
    pub fn source(&self) -> String {
        format!("org:{}", self.name)
    }

    /// True if a repository of this organisation is watched.
    pub fn watches(&self, repository: &Repository) -> bool {
        let matches = |patterns: &[String]| {
            patterns.iter().any(|pattern| Pattern::new_case_insensitive(pattern).matches(repository.name()))
        };
        self.name.eq_ignore_ascii_case(repository.owner()) && matches(&self.include) && !matches(&self.exclude)
    }
}

/// The name of a single repository as a source.
pub fn source_of_repository(repository: &Repository) -> String {
    format!("repo:{repository}")
}

fn same(one: &Repository, other: &Repository) -> bool {
    one.owner().eq_ignore_ascii_case(other.owner()) && one.name().eq_ignore_ascii_case(other.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        serde_json::from_value(serde_json::json!({
            "gitea": "https://git.example.org", "bot": "ci-bot", "drone": "https://drone.ci.example.org",
            "repository": "recipes/ci",
            "organisations": [{"name": "recipes", "exclude": ["*-old", "secret"]}, {"name": "apps", "include": ["web*"]}],
            "repositories": ["mara/notes", "apps/Other"], "allow": ["Sam"],
            "poll_seconds": 5, "catch_up_hours": 24, "give_up_hours": 24,
        }))
        .unwrap()
    }

    #[test]
    fn a_repository_is_watched_through_one_source_or_not_at_all() {
        for (repository, source) in [
            ("recipes/hello", Some("org:recipes")),
            ("Recipes/HELLO", Some("org:recipes")),
            ("recipes/hello-old", None),
            ("recipes/SECRET", None),
            ("recipes/ci", None),
            ("Recipes/CI", None),
            ("apps/website", Some("org:apps")),
            ("apps/api", None),
            ("apps/other", Some("repo:apps/Other")),
            ("mara/notes", Some("repo:mara/notes")),
            ("mara/else", None),
        ] {
            assert_eq!(settings().source_of(&repository.parse().unwrap()).as_deref(), source, "{repository}");
        }
    }

    #[test]
    fn the_bot_and_the_allowed_are_known_in_any_case() {
        let settings = settings();
        assert!(settings.is_bot("CI-bot") && !settings.is_bot("ci-bot2"));
        assert!(settings.allows("sam") && !settings.allows("ci-bot"));
    }
}
