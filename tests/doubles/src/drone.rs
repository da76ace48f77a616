//! Drone: a queue of builds that end by themselves.

mod build;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{BOT, CI, Credentials, DRONE_TOKEN, Reply, Request};

pub use build::Build;

/// The time in which Drone looks for a missing `.drone.yml` again.
pub(crate) const RETRIES: Duration = Duration::from_secs(45);

/// The file that Drone reads unless the repository names another.
const FILE: &str = ".drone.yml";

/// The server.
#[derive(Debug, Clone)]
pub struct Drone {
    /// The repository that it builds.
    pub repository: String,
    /// The bot's token.
    pub token: String,
    /// By number.
    pub builds: BTreeMap<i64, Build>,
    /// The pipeline of each branch.
    pub branches: BTreeMap<String, Pipeline>,
    /// The number of builds that run at a time. With 0 a build waits until a test changes its status.
    pub capacity: usize,
    /// The shortest and the longest time that a build runs, in seconds.
    pub lasts: (u64, u64),
    /// The percentage of builds that fail.
    pub fails: u64,
    /// The percentage of builds that their runner ends.
    pub breaks: u64,
    /// The percentage of builds whose end is never told.
    pub loses: u64,
    /// The timeout that the repository has. The double stops no build by it.
    pub timeout: Duration,
    /// The number of cancels to come that have no effect.
    pub ignores_cancels: u32,
    file: String,
    random: fastrand::Rng,
    last: i64,
}

/// The pipeline of a branch, as a custom build finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipeline {
    /// Matches custom builds.
    Fine,
    /// Matches no custom build: none is created.
    NothingMatches,
    /// There is no file; answered after three attempts.
    Missing,
    /// The file cannot be read: a build with this error is made.
    Broken(&'static str),
}

impl Drone {
    /// A server with the branch `main`, which runs two builds at a time, each for a minute.
    pub fn new(seed: u64) -> Self {
        Self {
            repository: CI.to_owned(),
            token: DRONE_TOKEN.to_owned(),
            builds: BTreeMap::new(),
            branches: BTreeMap::from([("main".to_owned(), Pipeline::Fine)]),
            capacity: 2,
            lasts: (60, 60),
            fails: 0,
            breaks: 0,
            loses: 0,
            timeout: Duration::from_hours(1),
            ignores_cancels: 0,
            file: FILE.to_owned(),
            random: fastrand::Rng::with_seed(seed),
            last: 0,
        }
    }

    /// Gives all branches this pipeline.
    pub fn set_pipeline(&mut self, pipeline: Pipeline) {
        self.branches.values_mut().for_each(|it| *it = pipeline);
    }

    /// True if Drone looks several times for the file before it answers this request.
    pub(crate) fn retries(&self, request: &Request) -> bool {
        request.is_change() && self.branches.values().any(|it| *it == Pipeline::Missing)
    }

    /// Lets builds begin and end up to now. `shown` is Drone's clock after a time has passed.
    pub fn pass(&mut self, now: Duration, shown: &dyn Fn(Duration) -> Timestamp) {
        let mut at = Duration::ZERO;
        loop {
            let running = self.builds.values().filter(|build| build.status == "running").count();
            if running < self.capacity
                && let Some(next) = self.builds.values_mut().find(|build| build.status == "pending")
            {
                // It begins when another has just ended, or now.
                let begins = if at.is_zero() { now } else { at };
                next.status = "running".into();
                next.started = Some(shown(begins));
                next.ends = begins + next.runs;
                continue;
            }
            if self.capacity == 0 {
                return;
            }
            let ended = self
                .builds
                .values_mut()
                .filter(|build| build.status == "running" && build.ends <= now && !build.is_lost);
            let Some(ended) = ended.min_by_key(|build| build.ends) else { return };
            ended.status = ended.will.into();
            ended.finished = Some(shown(ended.ends));
            at = ended.ends;
        }
    }

    /// Forgets all builds and their numbers.
    pub fn reset(&mut self) {
        self.builds.clear();
        self.last = 0;
    }

    /// Lets every build end soon.
    pub fn hurry(&mut self, now: Duration) {
        self.lasts = (1, 4);
        for build in self.builds.values_mut().filter(|build| !build.is_over()) {
            build.runs = Duration::from_millis(self.random.u64(1000..4000));
            build.ends = build.ends.min(now + build.runs);
        }
    }

    /// Gives a build this status, with the times that belong to it.
    pub fn set(&mut self, number: i64, status: &str, clock: Timestamp) {
        let Some(build) = self.builds.get_mut(&number) else { return };
        status.clone_into(&mut build.status);
        if status != "pending" {
            build.started.get_or_insert(clock);
        }
        if build.is_over() {
            build.finished.get_or_insert(clock);
        }
    }

    /// The reply to a request; nothing where the double does not support it.
    pub fn answer(&mut self, request: &Request, now: Duration, clock: Timestamp) -> Option<Reply> {
        let is_bot = matches!(&request.credentials, Credentials::Token(token) if *token == self.token);
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let rest = match path.as_slice() {
            ["api", "user"] if is_bot => return Some(Reply::json(200, &json!({"id": 1, "login": BOT}))),
            ["api", "repos", owner, name, ..] if format!("{owner}/{name}") != self.repository => {
                return Some(if is_bot { refusal(404, "Not Found") } else { refusal(401, "Unauthorized") });
            }
            ["api", "repos", _, _, "secrets"] if !is_bot => return Some(refusal(401, "Unauthorized")),
            ["api", "repos", _, _, rest @ ..] => rest,
            ["api", ..] if !is_bot => return Some(refusal(401, "Unauthorized")),
            _ => return None,
        };
        if request.is_change() && !is_bot {
            return Some(refusal(401, "Unauthorized"));
        }
        Some(match (request.method.as_str(), rest) {
            ("GET", []) => Reply::json(
                200,
                &json!({"slug": self.repository, "config_path": self.file, "timeout": self.timeout.as_secs() / 60}),
            ),
            ("PATCH", []) => {
                request.body["config_path"].as_str()?.clone_into(&mut self.file);
                Reply::json(200, &json!({"slug": self.repository, "config_path": self.file}))
            }
            ("GET", ["builds"]) => self.list(request),
            ("POST", ["builds"]) => self.create(request, now, clock),
            ("DELETE", ["builds"]) => {
                let before: i64 = request.parameter("before").parse().ok()?;
                self.builds.retain(|number, _| *number >= before);
                Reply::empty(204)
            }
            (method, ["builds", number]) => match number.parse() {
                Err(_) => refusal(400, "strconv.ParseInt: invalid syntax"),
                Ok(number) if !self.builds.contains_key(&number) => refusal(404, "sql: no rows in result set"),
                Ok(number) => match method {
                    "GET" => Reply::json(200, &self.show_whole(number)?),
                    "POST" => self.restart(number, request, clock)?,
                    "DELETE" => {
                        self.cancel(number, clock);
                        Reply::json(200, &self.show(number)?)
                    }
                    _ => return None,
                },
            },
            _ => return None,
        })
    }

    fn list(&mut self, request: &Request) -> Reply {
        let number = |key: &str| request.parameter(key).parse::<usize>().unwrap_or_default();
        // A limit above a hundred is ignored.
        let limit = Some(number("per_page")).filter(|it| (1..=100).contains(it)).unwrap_or(25);
        let skipped = number("page").saturating_sub(1) * limit;
        let branch = request.parameter("branch");
        let of_branch = |(_, build): &(&i64, &Build)| branch.is_empty() || build.branch == branch;
        let numbers = self.builds.iter().rev().filter(of_branch).map(|(number, _)| *number);
        let numbers: Vec<i64> = numbers.skip(skipped).take(limit).collect();
        let each: Vec<String> = numbers.into_iter().filter_map(|number| self.entry(number)).collect();
        Reply::json_text(200, format!("[{}]", each.join(",")))
    }

    /// An entry of the list as text, kept until the build changes, because polls ask for it very often.
    fn entry(&mut self, number: i64) -> Option<String> {
        let build = self.builds.get(&number)?;
        let state = (build.status.clone(), build.created, build.params.len());
        if let Some((of, text)) = &build.shown
            && *of == state
        {
            return Some(text.clone());
        }
        let text = self.show(number)?.to_string();
        self.builds.get_mut(&number)?.shown = Some((state, text.clone()));
        Some(text)
    }

    /// Cancels a build that has not ended.
    pub fn cancel(&mut self, number: i64, clock: Timestamp) {
        if self.ignores_cancels > 0 {
            self.ignores_cancels -= 1;
        } else if self.builds.get(&number).is_some_and(|build| !build.is_over()) {
            self.set(number, "killed", clock);
        }
    }

    fn create(&mut self, request: &Request, now: Duration, clock: Timestamp) -> Reply {
        let commit = request.parameter("commit");
        let branch = Some(request.parameter("branch")).filter(|it| !it.is_empty()).unwrap_or("main");
        let Some(pipeline) = self.branches.get(branch).copied() else { return refusal(404, "Not Found") };
        if !commit.is_empty() && commit != build::COMMIT {
            return refusal(404, "Not Found");
        }
        if pipeline == Pipeline::Missing || self.file != FILE {
            return refusal(500, "Not Found");
        }
        let is_parameter = |key: &String| !["access_token", "commit", "branch"].contains(&key.as_str());
        // The first of two with one name counts.
        let params = request.query.iter().rev().filter(|(key, _)| is_parameter(key)).cloned().collect();
        let number = match pipeline {
            Pipeline::NothingMatches => return Reply::json(200, &Value::Null),
            Pipeline::Broken(error) => {
                let number = self.add(BTreeMap::new(), branch, clock);
                if let Some(build) = self.builds.get_mut(&number) {
                    build.error = Some(error);
                }
                self.set(number, "error", clock);
                number
            }
            _ => self.add(params, branch, clock),
        };
        let shown = self.show(number).unwrap();
        // It begins after the answer.
        self.pass(now, &|_| clock);
        Reply::json(200, &shown)
    }

    /// The same build again; its own parameters win over those of the request.
    fn restart(&mut self, number: i64, request: &Request, clock: Timestamp) -> Option<Reply> {
        let old = self.builds.get(&number)?.clone();
        let mut params: BTreeMap<String, String> = request.query.iter().cloned().collect();
        params.extend(old.params);
        let number = self.add(params, &old.branch, clock);
        Some(Reply::json(200, &self.show(number)?))
    }

    /// Adds a build that waits. Returns its number.
    pub fn add(&mut self, params: BTreeMap<String, String>, branch: &str, clock: Timestamp) -> i64 {
        let runs = Duration::from_millis(self.random.u64(self.lasts.0 * 1000..=self.lasts.1 * 1000));
        let percent = self.random.u64(0..100);
        let will = if percent < self.fails { "failure" } else { "success" };
        self.last += 1;
        let mut build = Build::new(params, branch, clock, runs, will);
        let (breaks, loses) = (self.fails + self.breaks, self.fails + self.breaks + self.loses);
        if (self.fails..breaks).contains(&percent) {
            (build.is_ended_by_runner, build.will) = (true, "error");
        }
        build.is_lost = (breaks..loses).contains(&percent);
        self.builds.insert(self.last, build);
        self.last
    }
}

fn refusal(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({"message": message}))
}
