//! Builds of the lab's Drone, through its API.

use std::time::Duration;

use lab::{Lab, Seen, wait_until};
use reqwest::Method;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::web::Web;

/// Swarm service of the drone recipe's app in the lab.
pub const DRONE: &str = "drone_ci_localhost_app";
/// Name below the lab's domain.
const APP: &str = "drone";
/// The repository whose builds run recipes.
const REPOSITORY: &str = "recipes/ci";
/// Timeout of a build in a scenario.
const ENDS: Duration = Duration::from_mins(2);

/// The `.drone.yml` of a build with one step and without a clone. Each command is a line of YAML.
pub fn pipeline(step: &str, commands: &[&str]) -> String {
    let head = "kind: pipeline\ntype: exec\nname: recipe\nclone:\n  disable: true\nsteps:\n";
    let commands: Vec<String> = commands.iter().map(|command| format!("      - {command}")).collect();
    format!("{head}  - name: {step}\n    commands:\n{}\n", commands.join("\n"))
}

/// Client of Drone with the bot's token.
#[derive(Debug)]
pub struct Drone<'a> {
    web: &'a Web,
    token: String,
}

impl<'a> Drone<'a> {
    /// The lab's Drone, once converge-drone has logged the bot in.
    pub fn new(lab: &Lab, web: &'a Web) -> Result<Self> {
        let token = lab.read_file("/var/lib/converge/drone/api-token")?.trim().to_owned();
        Ok(Self { web, token })
    }

    /// The repository, as Drone returns it.
    pub fn repository(&self) -> Result<Value> {
        self.ask(Method::GET, &format!("/api/repos/{REPOSITORY}"))
    }

    /// Creates a build with these parameters and returns its number.
    pub fn build(&self, parameters: &[(&str, &str)]) -> Result<u64> {
        let query: Vec<String> = parameters.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let path = format!("/api/repos/{REPOSITORY}/builds?branch=main&{}", query.join("&"));
        let build = self.ask(Method::POST, &path)?;
        build["number"].as_u64().ok_or_else(|| Error::NotSo(format!("Drone made no build: {build}")))
    }

    /// The newest builds, newest first.
    pub fn builds(&self) -> Result<Vec<Value>> {
        let all = self.ask(Method::GET, &format!("/api/repos/{REPOSITORY}/builds?page=1&per_page=100"))?;
        Ok(all.as_array().cloned().unwrap_or_default())
    }

    /// The builds of a comment; more than one would be a duplicate.
    pub fn builds_of(&self, comment: u64) -> Result<Vec<Value>> {
        let trigger = comment.to_string();
        Ok(self.builds()?.into_iter().filter(|build| build["params"]["TRIGGER"] == trigger.as_str()).collect())
    }

    /// The build of a comment, as soon as it exists.
    pub fn build_of(&self, comment: u64, within: Duration) -> Result<Value> {
        Ok(wait_until(&format!("a build for comment {comment}"), within, || {
            Ok(match self.builds_of(comment) {
                Ok(mut builds) => builds.pop().map_or_else(|| Seen::NotYet("there is none".into()), Seen::Yes),
                Err(error) => Seen::NotYet(format!("{error:?}")),
            })
        })?)
    }

    /// A build, with its stages and steps.
    pub fn state(&self, number: u64) -> Result<Value> {
        self.ask(Method::GET, &format!("/api/repos/{REPOSITORY}/builds/{number}"))
    }

    /// Cancels a build.
    pub fn cancel(&self, number: u64) -> Result<()> {
        self.ask(Method::DELETE, &format!("/api/repos/{REPOSITORY}/builds/{number}")).map(drop)
    }

    /// A build, as soon as it has this status.
    pub fn until(&self, number: u64, status: &str) -> Result<Value> {
        self.wait(number, &format!("build {number} to be {status}"), |now| now == status)
    }

    /// A build, as soon as it has ended.
    pub fn ended(&self, number: u64) -> Result<Value> {
        let is_under_way =
            |status: &str| matches!(status, "pending" | "running" | "blocked" | "waiting_on_dependencies");
        self.wait(number, &format!("build {number} to end"), |now| !is_under_way(now))
    }

    /// Waits until a step has begun: before that there is no live log.
    pub fn until_step(&self, number: u64, stage: usize, step: usize) -> Result<()> {
        wait_until(&format!("step {step} of build {number} to begin"), ENDS, || {
            Ok(match self.state(number) {
                Ok(build) => match build["stages"][stage - 1]["steps"][step - 1]["started"].as_i64() {
                    Some(started) if started > 0 => Seen::Yes(()),
                    _ => Seen::NotYet(build["status"].to_string()),
                },
                Err(error) => Seen::NotYet(format!("{error:?}")),
            })
        })?;
        Ok(())
    }

    fn wait(&self, number: u64, what: &str, is_it: impl Fn(&str) -> bool) -> Result<Value> {
        Ok(wait_until(what, ENDS, || {
            Ok(match self.state(number) {
                Ok(build) if is_it(build["status"].as_str().unwrap_or_default()) => Seen::Yes(build),
                Ok(build) => Seen::NotYet(build["status"].to_string()),
                Err(error) => Seen::NotYet(format!("{error:?}")),
            })
        })?)
    }

    /// The log of a step; Drone keeps it from the end of the step.
    pub fn log(&self, number: u64, stage: usize, step: usize) -> Result<String> {
        let lines = self.ask(Method::GET, &format!("/api/repos/{REPOSITORY}/builds/{number}/logs/{stage}/{step}"))?;
        let lines = lines.as_array().into_iter().flatten().filter_map(|line| line["out"].as_str());
        Ok(lines.collect())
    }

    /// Follows the log of a running step, line by line, until `enough` returns true or the step ends.
    pub fn follow(&self, number: u64, stage: usize, step: usize, mut enough: impl FnMut(&str) -> bool) -> Result<()> {
        let path = format!("/api/stream/{REPOSITORY}/{number}/{stage}/{step}");
        self.web.follow(APP, &path, &self.token, |line| {
            let Some(data) = line.strip_prefix("data: ") else { return false };
            let line: Option<Value> = serde_json::from_str(data).ok();
            match line.as_ref().and_then(|line| line["out"].as_str()) {
                Some(out) => enough(out),
                // The end mark: `data: eof`.
                None => true,
            }
        })
    }

    /// The page of a build, as a URL for a browser on this machine.
    pub fn page(&self, number: u64) -> String {
        self.web.address(APP, &format!("/{REPOSITORY}/{number}"))
    }

    /// Sends any request to the API.
    pub fn ask(&self, method: Method, path: &str) -> Result<Value> {
        let said = format!("{method} {path}");
        let page = self.web.ask(method, APP, path, &self.token)?;
        if !(200..300).contains(&page.status) {
            return Err(Error::NotSo(format!("{said} answers {}: {}", page.status, page.text)));
        }
        if page.text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&page.text).map_err(|error| Error::NotSo(format!("{said} answers no JSON: {error}")))
    }
}
