//! The checks of a configuration beyond its types.

use std::net::SocketAddr;
use std::path::Path;

use base::address::server_setting_problem;
use base::configuration::Problem;

use super::{Settings, Size};
use crate::environment::{is_reserved, is_variable_name, value_problem};

/// The limit of `capacity`.
const MAX_CAPACITY: usize = 64;

/// The smallest `log_bytes`.
const SMALLEST_LOG: usize = 64 * 1024;

impl Settings {
    /// Finds every problem.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.server(&mut problems);
        self.filters(&mut problems);
        self.steps(&mut problems);
        self.limits(&mut problems);
        problems
    }

    fn server(&self, problems: &mut Vec<Problem>) {
        problems.extend(server_setting_problem("server", &self.server, "https://drone.ci.example.org"));
        if let Some(name) = &self.name
            && (name.is_empty() || name.len() > 200 || name.chars().any(|c| c.is_whitespace() || c.is_control()))
        {
            problems.push(Problem::new("name", "is no machine's name", "write one word, or leave it out"));
        }
        if !(1..=MAX_CAPACITY).contains(&self.capacity) {
            problems.push(Problem::new(
                "capacity",
                format!("is {}", self.capacity),
                format!("take 1 to {MAX_CAPACITY}"),
            ));
        }
        if let Some(metrics) = &self.metrics {
            let is_loopback = metrics.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback());
            if !is_loopback && !is_absolute(Path::new(metrics)) {
                let hint = "write 127.0.0.1:9810, or the path of a socket; only this machine may read them";
                problems.push(Problem::new("metrics", "is no port of the loopback and no path", hint));
            }
        }
    }

    fn filters(&self, problems: &mut Vec<Problem>) {
        if self.repositories.is_empty() {
            let hint =
                "name the repository whose builds run here: a runner for all repositories runs commands of every one";
            problems.push(Problem::new("repositories", "is empty", hint));
        }
        for (number, name) in self.repositories.iter().enumerate() {
            let is_slug = name.split_once('/').is_some_and(|(owner, name)| is_word(owner) && is_word(name));
            if !is_slug {
                let at = format!("repositories[{number}]");
                problems.push(Problem::new(at, format!("is no repository: `{name}`"), "write it as owner/name"));
            }
        }
        let known = ["custom", "push", "tag", "cron", "promote", "rollback", "pull_request"];
        for (number, event) in self.events.iter().enumerate().filter(|(_, event)| !known.contains(&event.as_str())) {
            let hint = format!("take one of {}", known.join(", "));
            problems.push(Problem::new(format!("events[{number}]"), format!("is no event: `{event}`"), hint));
        }
        if self.events.is_empty() {
            problems.push(Problem::new(
                "events",
                "is empty",
                "leave it out for custom, the event of builds made by API",
            ));
        }
    }

    fn steps(&self, problems: &mut Vec<Problem>) {
        let steps = &self.steps;
        for (name, value) in &steps.environment {
            let at = format!("steps.environment.{name}");
            if !is_variable_name(name) {
                problems.push(Problem::new(&at, "is no variable's name", "take letters, digits and _"));
            } else if is_reserved(name) {
                problems.push(Problem::new(&at, "is set by the runner itself", "leave it out"));
            }
            if let Some(rejection) = value_problem(name, value) {
                problems.push(Problem::new(
                    at,
                    rejection.to_string(),
                    "write another value, or leave the variable out",
                ));
            }
        }
        let paths = [("steps.shell", &steps.shell), ("steps.directory", &steps.directory)];
        let folders = steps.path.iter().map(|path| ("steps.path", path));
        for (at, path) in paths.into_iter().chain(folders) {
            if !is_absolute(path) || path.to_string_lossy().contains(':') {
                let message = format!("is no absolute path: `{}`", path.display());
                problems.push(Problem::new(at, message, "write it from / on"));
            }
        }
        for (name, path) in &steps.credentials {
            let at = format!("steps.credentials.{name}");
            if !is_word(name) {
                problems.push(Problem::new(&at, "is no credential's name", "take letters, digits, ., _ and -"));
            }
            if !is_absolute(path) {
                problems.push(Problem::new(at, "is no absolute path", "write it from / on"));
            }
        }
        self.properties(problems);
    }

    fn properties(&self, problems: &mut Vec<Problem>) {
        let properties = &self.steps.properties;
        let sizes = [
            ("MemoryMax", &properties.memory_max),
            ("MemoryHigh", &properties.memory_high),
            ("MemorySwapMax", &properties.memory_swap_max),
        ];
        for (name, size) in sizes {
            if size.as_ref().is_some_and(|size: &Size| size.bytes().is_none()) {
                let at = format!("steps.properties.{name}");
                problems.push(Problem::new(at, "is no size", "write bytes, or a number with K, M, G or T"));
            }
        }
        for (name, weight) in [("CPUWeight", properties.cpu_weight), ("IOWeight", properties.io_weight)] {
            if weight.is_some_and(|weight| !(1..=10_000).contains(&weight)) {
                problems.push(Problem::new(format!("steps.properties.{name}"), "is no weight", "take 1 to 10000"));
            }
        }
        for (name, least) in [("TasksMax", properties.tasks_max), ("CPUQuota", properties.cpu_quota)] {
            if least == Some(0) {
                let at = format!("steps.properties.{name}");
                problems.push(Problem::new(at, "is 0: nothing could run", "take more, or leave it out"));
            }
        }
    }

    fn limits(&self, problems: &mut Vec<Problem>) {
        if self.limits.call_seconds == 0 {
            problems.push(Problem::new("limits.call_seconds", "is 0", "give a call some seconds"));
        }
        if self.limits.log_bytes < SMALLEST_LOG {
            let message = format!("is {}", self.limits.log_bytes);
            problems.push(Problem::new("limits.log_bytes", message, format!("take at least {SMALLEST_LOG}")));
        }
    }
}

fn is_absolute(path: &Path) -> bool {
    path.is_absolute() && !path.components().any(|part| part.as_os_str() == "..")
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problems_with(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut value = json!({ "server": "https://drone.ci.example.org", "repositories": ["recipes/ci"] });
        change(&mut value);
        let settings: Settings = serde_json::from_value(value).unwrap();
        settings.problems().into_iter().map(|problem| problem.at).collect()
    }

    #[test]
    fn the_shortest_configuration_is_right() {
        assert!(problems_with(|_| ()).is_empty());
    }

    #[test]
    fn each_wrong_value_is_named_by_its_place() {
        let wrong = [
            ("server", json!("drone.ci.example.org"), "server"),
            ("server", json!("https://u:p@drone"), "server"),
            ("server", json!("https://drone/below"), "server"),
            ("capacity", json!(0), "capacity"),
            ("name", json!("two words"), "name"),
            ("repositories", json!([]), "repositories"),
            ("repositories", json!(["*"]), "repositories[0]"),
            ("events", json!(["anything"]), "events[0]"),
            ("metrics", json!("0.0.0.0:9810"), "metrics"),
            ("steps", json!({ "environment": { "DRONE_BUILD_NUMBER": "1" } }), "steps.environment.DRONE_BUILD_NUMBER"),
            ("steps", json!({ "environment": { "a b": "1" } }), "steps.environment.a b"),
            ("steps", json!({ "path": ["bin"] }), "steps.path"),
            ("steps", json!({ "credentials": { "token": "relative" } }), "steps.credentials.token"),
            ("steps", json!({ "properties": { "MemoryMax": "4GB" } }), "steps.properties.MemoryMax"),
            ("steps", json!({ "properties": { "CPUWeight": 0 } }), "steps.properties.CPUWeight"),
            ("limits", json!({ "log_bytes": 1 }), "limits.log_bytes"),
        ];
        for (key, value, at) in wrong {
            assert_eq!(problems_with(|all| all[key] = value.clone()), [at], "{key} {value}");
        }
    }

    #[test]
    fn a_property_that_opens_something_is_unknown() {
        let text = r#"{"server":"https://d","repositories":["a/b"],"steps":{"properties":{"ExecStartPre":"/bin/x"}}}"#;
        assert!(serde_json::from_str::<Settings>(text).unwrap_err().to_string().contains("ExecStartPre"));
    }
}
