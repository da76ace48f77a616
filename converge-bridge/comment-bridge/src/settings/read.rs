//! Settings are read, and checked whole, before anything else happens.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base::address::server_setting_problem;
use base::configuration::Problem;
use base::error::{Class, Explain};

use super::{Settings, same};

/// The variable that holds the settings where no file is named.
pub const VARIABLE: &str = "COMMENT_BRIDGE_SETTINGS";

/// Where settings came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `$COMMENT_BRIDGE_SETTINGS`.
    Variable,
    /// A file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable => write!(f, "${VARIABLE}"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are none.
    #[error("there are no settings: ${VARIABLE} is not set")]
    None,
    /// They could not be read.
    #[error("cannot read the settings {origin}")]
    Read {
        /// Where they should be.
        origin: Origin,
        /// Why.
        source: io::Error,
    },
    /// They are no JSON of the right shape.
    #[error("the settings {origin} are wrong{}", at(place))]
    Shape {
        /// Where they came from.
        origin: Origin,
        /// Where in them.
        place: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The values do not make sense.
    #[error("the settings {origin} are wrong: {}", list(problems, "; ", ToString::to_string))]
    Values {
        /// Where they came from.
        origin: Origin,
        /// Everything that is wrong.
        problems: Vec<Problem>,
    },
}

fn at(place: &str) -> String {
    if place == "." || place.is_empty() { String::new() } else { format!(" at {place}") }
}

fn list<T>(of: &[T], between: &str, text: impl Fn(&T) -> String) -> String {
    of.iter().map(text).collect::<Vec<_>>().join(between)
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::None => "converge-bridge sets it for the service; by hand, name a file with --settings".into(),
            Self::Read { .. } => "name a readable file with --settings".into(),
            Self::Shape { .. } => {
                format!("converge-bridge writes ${VARIABLE}; a hand-made one needs the same keys and types")
            }
            Self::Values { problems, .. } => list(problems, "; ", |problem| problem.hint.clone()),
        })
    }
}

impl Settings {
    /// Reads the settings from a file, else from `variable`'s value, and checks all of them.
    pub fn read(file: Option<&Path>, variable: Option<&str>) -> Result<Self, Error> {
        let (origin, text) = match (file, variable) {
            (Some(path), _) => {
                let origin = Origin::File(path.to_owned());
                let text = std::fs::read_to_string(path);
                (origin.clone(), text.map_err(|source| Error::Read { origin, source })?)
            }
            (None, Some(text)) if !text.trim().is_empty() => (Origin::Variable, text.to_owned()),
            (None, _) => return Err(Error::None),
        };
        let mut json = serde_json::Deserializer::from_str(&text);
        let shape = |place: String, source| Error::Shape { origin: origin.clone(), place, source };
        let settings: Self = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| shape(error.path().to_string(), error.into_inner()))?;
        json.end().map_err(|source| shape(".".into(), source))?;
        let problems = settings.problems();
        if problems.is_empty() { Ok(settings) } else { Err(Error::Values { origin, problems }) }
    }

    /// Everything that makes no sense.
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
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if login.is_empty() || login.len() > 100 || matches!(login, "." | "..") || !login.chars().all(is_plain) {
        let short: String = login.chars().take(100).collect();
        let message = format!("is `{}`, which is no name at Gitea", short.escape_debug());
        problems.push(Problem::new(at, message, "write the name as Gitea shows it"));
    }
}

fn is_pattern(pattern: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c);
    !pattern.is_empty() && pattern.len() <= 100 && pattern.chars().all(fits)
}
