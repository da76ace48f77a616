//! Drone: a queue of builds that end by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Call, DRONE_TOKEN, Reply};

/// How many builds run at a time.
const CAPACITY: usize = 2;

#[derive(Debug, Clone)]
pub struct Drone {
    pub builds: BTreeMap<i64, Build>,
    pub mood: Mood,
    /// How long a build runs, from and to, in seconds.
    pub lasts: (u64, u64),
    /// Of a hundred builds, how many fail.
    pub fails: u64,
    random: fastrand::Rng,
    last: i64,
}

/// What Drone makes of being asked for a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Fine,
    /// Nothing in `.drone.yml` is for a custom build.
    NothingMatches,
    /// There is no `.drone.yml`; told after three attempts.
    NoPipeline,
    /// There is one, and it is none.
    BrokenPipeline,
}

#[derive(Debug, Clone)]
pub struct Build {
    pub params: BTreeMap<String, String>,
    pub branch: String,
    pub status: String,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// When it ends, once it runs.
    ends: Duration,
    /// How long it runs, and how it ends.
    runs: Duration,
    will: &'static str,
    /// As it was shown last, with the status it had.
    shown: Option<(String, String)>,
}

impl Build {
    pub fn is_over(&self) -> bool {
        !matches!(self.status.as_str(), "pending" | "running")
    }

    /// Whether it came to an end of its own.
    pub fn ran(&self) -> bool {
        matches!(self.status.as_str(), "success" | "failure" | "error")
    }
}

impl Drone {
    pub fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        Self { builds: BTreeMap::new(), mood: Mood::Fine, lasts: (60, 60), fails: 0, random, last: 0 }
    }

    /// Lets builds begin and end up to now. `shown` is what Drone's clock shows when so much has passed.
    pub fn pass(&mut self, now: Duration, shown: &dyn Fn(Duration) -> Timestamp) {
        let mut at = Duration::ZERO;
        loop {
            let running = self.builds.values().filter(|build| build.status == "running").count();
            if running < CAPACITY
                && let Some(next) = self.builds.values_mut().find(|build| build.status == "pending")
            {
                // It begins where another has just made room, or now.
                let begins = if at.is_zero() { now } else { at };
                next.status = "running".into();
                next.started = Some(shown(begins));
                next.ends = begins + next.runs;
                continue;
            }
            let ended = self.builds.values_mut().filter(|build| build.status == "running" && build.ends <= now);
            let Some(ended) = ended.min_by_key(|build| build.ends) else { return };
            ended.status = ended.will.into();
            ended.finished = Some(shown(ended.ends));
            at = ended.ends;
        }
    }

    /// Lets every build end soon.
    pub fn hurry(&mut self, now: Duration) {
        self.lasts = (1, 4);
        for build in self.builds.values_mut().filter(|build| !build.is_over()) {
            build.runs = Duration::from_millis(self.random.u64(1000..4000));
            build.ends = build.ends.min(now + build.runs);
        }
    }

    pub fn answer(&mut self, call: &Call, repository: &str, now: Duration, clock: Timestamp) -> Option<Reply> {
        if call.token != DRONE_TOKEN {
            return Some(Reply::json(401, &json!({"message": "Unauthorized"})));
        }
        let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
        let ["api", "repos", owner, name, "builds", rest @ ..] = path.as_slice() else { return None };
        let no_row = || Reply::json(404, &json!({"message": "sql: no rows in result set"}));
        if format!("{owner}/{name}") != repository {
            return Some(no_row());
        }
        Some(match (call.method.as_str(), rest) {
            ("GET", []) => self.list(call),
            ("POST", []) => self.create(call, now, clock),
            ("GET", [number]) => match number.parse().ok().and_then(|number: i64| self.show(number)) {
                Some(shown) => Reply::json(200, &shown),
                None => no_row(),
            },
            ("DELETE", [number]) => {
                let number: i64 = number.parse().ok()?;
                if !self.builds.contains_key(&number) {
                    return Some(no_row());
                }
                self.cancel(number, clock);
                Reply::json(200, &self.show(number)?)
            }
            _ => return None,
        })
    }

    fn list(&mut self, call: &Call) -> Reply {
        let number = |key: &str| call.asked(key).parse::<usize>().unwrap_or_default();
        // More than a hundred is as good as none.
        let limit = Some(number("per_page")).filter(|it| (1..=100).contains(it)).unwrap_or(25);
        let skipped = number("page").saturating_sub(1) * limit;
        let its: Vec<i64> = self.builds.keys().rev().skip(skipped).take(limit).copied().collect();
        let each: Vec<String> = its.into_iter().filter_map(|number| self.shown(number)).collect();
        let mut reply = Reply::json(200, &Value::Null);
        reply.body = format!("[{}]", each.join(","));
        reply
    }

    /// A build as text. It is asked for so often that it is kept.
    fn shown(&mut self, number: i64) -> Option<String> {
        let status = self.builds.get(&number)?.status.clone();
        if let Some((of, text)) = &self.builds.get(&number)?.shown
            && *of == status
        {
            return Some(text.clone());
        }
        let text = self.show(number)?.to_string();
        self.builds.get_mut(&number)?.shown = Some((status, text.clone()));
        Some(text)
    }

    pub fn cancel(&mut self, number: i64, clock: Timestamp) {
        let Some(build) = self.builds.get_mut(&number).filter(|build| !build.is_over()) else { return };
        build.status = "killed".into();
        build.started.get_or_insert(clock);
        build.finished = Some(clock);
    }

    fn create(&mut self, call: &Call, now: Duration, clock: Timestamp) -> Reply {
        match self.mood {
            Mood::NothingMatches => return Reply::json(200, &Value::Null),
            Mood::NoPipeline => return Reply::json(500, &json!({"message": "Not Found"})),
            Mood::Fine | Mood::BrokenPipeline => {}
        }
        let kept = |key: &String| !["access_token", "commit", "branch"].contains(&key.as_str());
        let params = call.query.iter().rev().filter(|(key, _)| kept(key)).cloned().collect();
        let branch = Some(call.asked("branch")).filter(|it| !it.is_empty()).unwrap_or("main");
        let runs = Duration::from_millis(self.random.u64(self.lasts.0 * 1000..=self.lasts.1 * 1000));
        let will = if self.random.u64(0..100) < self.fails { "failure" } else { "success" };
        let mut build = Build {
            params,
            branch: branch.to_owned(),
            status: "pending".into(),
            created: clock,
            started: None,
            finished: None,
            ends: Duration::ZERO,
            runs,
            will,
            shown: None,
        };
        if self.mood == Mood::BrokenPipeline {
            build.params.clear();
            build.status = "error".into();
            (build.started, build.finished) = (Some(clock), Some(clock));
        }
        self.last += 1;
        self.builds.insert(self.last, build);
        let shown = self.show(self.last).unwrap();
        // It is made first, and begins after the answer.
        self.pass(now, &|_| clock);
        Reply::json(200, &shown)
    }

    fn show(&self, number: i64) -> Option<Value> {
        let build = self.builds.get(&number)?;
        let seconds = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_second);
        let sha = "c".repeat(40);
        let mut shown = json!({
            "id": number + 100, "repo_id": 1, "trigger": "ci-bot", "number": number, "status": build.status,
            "event": "custom", "action": "", "link": "", "timestamp": 0, "message": "say", "before": sha,
            "after": sha, "ref": format!("refs/heads/{}", build.branch), "source_repo": "", "source": build.branch,
            "target": build.branch, "author_login": "ci-bot", "author_name": "", "author_email": "",
            "author_avatar": "", "sender": "ci-bot", "params": build.params, "started": seconds(build.started),
            "finished": seconds(build.finished), "created": build.created.as_second(),
            "updated": build.created.as_second(), "version": 1,
        });
        if build.params.is_empty() {
            shown.as_object_mut()?.remove("params");
            shown["error"] = json!("yaml: unmarshal errors");
            shown["trigger"] = json!("");
        }
        Some(shown)
    }
}
