//! The settings of the service: one JSON document, which converge-bridge makes from its own configuration.

mod read;

use std::collections::BTreeSet;

use base::address::server_setting_problem;
use base::configuration::Problem;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use wildmatch::WildMatchPattern;

use http::names::{Repository, is_login};

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
pub const fn default_poll_seconds() -> u64 {
    2
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

impl Settings {
    /// Returns all problems of the values.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(server_setting_problem("gitea", &self.gitea, "https://git.example.org"));
        problems.extend(server_setting_problem("drone", &self.drone, "https://drone.ci.example.org"));
        if let Some(dashboard) = &self.dashboard {
            problems.extend(server_setting_problem("dashboard", dashboard, "https://ci.example.org"));
        }
        login(&mut problems, "bot", &self.bot);
        for (index, allowed) in self.allow.iter().enumerate() {
            login(&mut problems, &format!("allow[{index}]"), allowed);
        }
        if let Some(branch) = &self.branch
            && (branch.is_empty() || branch.chars().any(|c| c.is_whitespace() || c.is_control()))
        {
            problems.push(Problem::new("branch", "is no branch", "leave it out for the default branch"));
        }
        for (place, number, most) in [
            ("poll_seconds", self.poll_seconds, 3600),
            ("catch_up_hours", self.catch_up_hours, 24 * 365),
            ("give_up_hours", self.give_up_hours, 24 * 365),
            ("call_seconds", self.call_seconds, 300),
        ] {
            if !(1..=most).contains(&number) {
                let hint = format!("give {place} a number from 1 to {most}");
                problems.push(Problem::new(place, format!("is {number}"), hint));
            }
        }
        if self.catch_up_hours > self.give_up_hours {
            let message = format!("is {}, more than give_up_hours ({})", self.catch_up_hours, self.give_up_hours);
            let hint = "make give_up_hours as large at least: a comment that old would be given up when it is found";
            problems.push(Problem::new("catch_up_hours", message, hint));
        }
        self.source_problems(&mut problems);
        problems
    }

    fn source_problems(&self, problems: &mut Vec<Problem>) {
        if self.organisations.is_empty() && self.repositories.is_empty() {
            let hint = "name an organisation or a repository to watch";
            problems.push(Problem::new("organisations", "is empty, and so is repositories", hint));
        }
        let mut names = BTreeSet::new();
        for (index, organisation) in self.organisations.iter().enumerate() {
            let at = format!("organisations[{index}]");
            login(problems, &format!("{at}.name"), &organisation.name);
            if !names.insert(organisation.name.to_ascii_lowercase()) {
                let message = format!("is `{}` once more", organisation.name);
                problems.push(Problem::new(format!("{at}.name"), message, "name each organisation once"));
            }
            if organisation.include.is_empty() {
                let hint = r#"leave it out for all repositories, or write patterns such as "*""#;
                problems.push(Problem::new(format!("{at}.include"), "is empty, so nothing is watched", hint));
            }
            for (list, patterns) in [("include", &organisation.include), ("exclude", &organisation.exclude)] {
                for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| !is_pattern(pattern)) {
                    let message = format!("is `{}`, which no repository's name is like", pattern.escape_debug());
                    let hint = "write names without the organisation, with * for any text";
                    problems.push(Problem::new(format!("{at}.{list}[{index}]"), message, hint));
                }
            }
        }
        for (index, repository) in self.repositories.iter().enumerate() {
            let at = format!("repositories[{index}]");
            if same(repository, &self.repository) {
                let hint = "take it out: the CI repository is never watched";
                problems.push(Problem::new(at, "is the CI repository", hint));
            } else if self.repositories[..index].iter().any(|other| same(repository, other)) {
                problems.push(Problem::new(at, format!("is `{repository}` once more"), "name each repository once"));
            } else if self.organisations.iter().any(|organisation| organisation.watches(repository)) {
                let hint = "take it out, or exclude it from its organisation";
                problems.push(Problem::new(at, format!("is `{repository}`, whose organisation is watched"), hint));
            }
        }
    }
}

fn login(problems: &mut Vec<Problem>, at: &str, login: &str) {
    if !is_login(login) {
        let short: String = login.chars().take(100).collect();
        let message = format!("is `{}`, which is no name at Gitea", short.escape_debug());
        problems.push(Problem::new(at, message, "write the name as Gitea shows it"));
    }
}

fn is_pattern(pattern: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c);
    !pattern.is_empty() && pattern.len() <= 100 && pattern.chars().all(fits)
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
