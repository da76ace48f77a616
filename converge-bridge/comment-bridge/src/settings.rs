//! What the service is told: one JSON document, made by converge-bridge from its own configuration.

mod read;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatchPattern;

use http::names::Repository;

pub use read::VARIABLE;

/// What the service is told. Secrets come as files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Gitea's address.
    pub gitea: String,
    /// The bot's login: its own comments never fire.
    pub bot: String,
    /// Drone's address.
    pub drone: String,
    /// The CI repository, whose builds test recipes.
    pub repository: Repository,
    /// The branch of the CI repository to build; Drone's own choice where it is not said.
    #[serde(default)]
    pub branch: Option<String>,
    /// Organisations to watch.
    #[serde(default)]
    pub organisations: Vec<Organisation>,
    /// Single repositories to watch.
    #[serde(default)]
    pub repositories: Vec<Repository>,
    /// Who may besides the members of the organisation that owns a repository.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Seconds between two polls.
    pub poll_seconds: u64,
    /// Hours after which a comment that was missed is too old to fire.
    pub catch_up_hours: u64,
    /// Hours after which a build that cannot be made is given up.
    pub give_up_hours: u64,
    /// Whether a webhook is listened to.
    #[serde(default)]
    pub webhook: bool,
    /// The dashboard's address, for links to a run.
    #[serde(default)]
    pub dashboard: Option<String>,
    /// Seconds that a call may take.
    #[serde(default = "call_seconds")]
    pub call_seconds: u64,
}

/// An organisation to watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// Its name.
    pub name: String,
    /// Patterns of repositories to watch, with `*` for any text.
    #[serde(default = "everything")]
    pub include: Vec<String>,
    /// Patterns of repositories to leave alone.
    #[serde(default)]
    pub exclude: Vec<String>,
}

fn everything() -> Vec<String> {
    vec!["*".into()]
}

fn call_seconds() -> u64 {
    10
}

/// A pattern in which `*` stands for any text, and nothing else does.
type Pattern = WildMatchPattern<'*', '\0'>;

/// A number of hours, however large.
fn hours(hours: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(hours.saturating_mul(3600)).unwrap_or(i64::MAX))
}

impl Settings {
    /// The source (`org:recipes`, `repo:recipes/hello`) through which a repository is watched, if it is: the one rule
    /// for what polls find and what the webhook tells. Gitea's names are the same in any case.
    pub fn source_of(&self, repository: &Repository) -> Option<String> {
        // Its own pull requests must not be able to start what tests the others.
        if same(repository, &self.repository) {
            return None;
        }
        if let Some(single) = self.repositories.iter().find(|single| same(repository, single)) {
            return Some(source_of_repository(single));
        }
        let organisation = self.organisations.iter().find(|organisation| organisation.watches(repository))?;
        Some(organisation.source())
    }

    /// Whether a repository is watched at all.
    pub fn watches(&self, repository: &Repository) -> bool {
        self.source_of(repository).is_some()
    }

    /// How old a comment may be that fires when it is found.
    pub fn catch_up(&self) -> SignedDuration {
        hours(self.catch_up_hours)
    }

    /// How old a trigger may be that is still tried.
    pub fn give_up(&self) -> SignedDuration {
        hours(self.give_up_hours)
    }

    /// Whether this is the bot's login.
    pub fn is_bot(&self, login: &str) -> bool {
        self.bot.eq_ignore_ascii_case(login)
    }

    /// Whether this login is on the allow list.
    pub fn allows(&self, login: &str) -> bool {
        self.allow.iter().any(|allowed| allowed.eq_ignore_ascii_case(login))
    }
}

impl Organisation {
    /// What it is called as a source.
    pub fn source(&self) -> String {
        format!("org:{}", self.name)
    }

    /// Whether a repository is one of those to watch here.
    pub fn watches(&self, repository: &Repository) -> bool {
        let matches = |patterns: &[String]| {
            patterns.iter().any(|pattern| Pattern::new_case_insensitive(pattern).matches(repository.name()))
        };
        self.name.eq_ignore_ascii_case(repository.owner()) && matches(&self.include) && !matches(&self.exclude)
    }
}

/// What a single repository is called as a source.
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
