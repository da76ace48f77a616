//! Reads the settings and checks all of them before anything else happens.

use std::collections::BTreeSet;
use std::path::Path;

use base::address::server_setting_problem;
use base::configuration::{Error, Problem, Reader};

use super::{Settings, same};

/// The environment variable of the settings, read when no file is named.
pub const VARIABLE: &str = "COMMENT_BRIDGE_SETTINGS";

const READER: Reader = Reader {
    document: ("settings", "are"),
    missing: "converge-bridge sets it for the service; by hand, name a file with --settings",
    unreadable: "name a readable file with --settings",
    malformed: "converge-bridge writes $COMMENT_BRIDGE_SETTINGS; a hand-made one needs the same keys and types",
};

impl Settings {
    /// Reads the settings from a file, else from the environment variable, and checks all of them.
    pub fn read(file: Option<&Path>) -> Result<Self, Error> {
        match file {
            Some(path) => Ok(READER.file(path, Self::problems)?.0),
            None => READER.variable(VARIABLE, Self::problems),
        }
    }

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
