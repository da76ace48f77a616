//! A build, and the way Drone shows it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Drone;
use crate::BOT;

/// The head commit of every branch.
pub(super) const COMMIT: &str = "cccccccccccccccccccccccccccccccccccccccc";

/// A build.
#[derive(Debug, Clone)]
pub struct Build {
    /// The parameters.
    pub params: BTreeMap<String, String>,
    /// The branch.
    pub branch: String,
    /// The status.
    pub status: String,
    /// The error of its file.
    pub error: Option<&'static str>,
    /// True if its end comes from its runner, not from its steps.
    pub is_ended_by_runner: bool,
    /// True if its end is never told.
    pub is_lost: bool,
    /// The time it was made.
    pub created: Timestamp,
    /// The time it began.
    pub started: Option<Timestamp>,
    /// The time it ended.
    pub finished: Option<Timestamp>,
    /// The time of its end, once it runs.
    pub(super) ends: Duration,
    /// The time it runs.
    pub(super) runs: Duration,
    /// The status in the end.
    pub(super) will: &'static str,
    /// The last entry of a list, with the state that it shows: status, creation, number of parameters.
    pub(super) shown: Option<((String, Timestamp, usize), String)>,
}

impl Build {
    pub(super) fn new(
        params: BTreeMap<String, String>,
        branch: &str,
        created: Timestamp,
        runs: Duration,
        will: &'static str,
    ) -> Self {
        let (branch, status) = (branch.to_owned(), "pending".to_owned());
        let (error, started, finished, ends, shown) = (None, None, None, Duration::ZERO, None);
        let (is_ended_by_runner, is_lost) = (false, false);
        Self {
            params,
            branch,
            status,
            error,
            is_ended_by_runner,
            is_lost,
            created,
            started,
            finished,
            ends,
            runs,
            will,
            shown,
        }
    }

    /// True if it has ended.
    pub fn is_over(&self) -> bool {
        !matches!(self.status.as_str(), "pending" | "running")
    }

    /// True if it has ended by itself.
    pub fn ran(&self) -> bool {
        matches!(self.status.as_str(), "success" | "failure" | "error") && !self.is_ended_by_runner
    }
}

impl Drone {
    /// A build with its stages, as JSON.
    pub(super) fn show_whole(&self, number: i64) -> Option<Value> {
        let mut shown = self.show(number)?;
        let build = &self.builds[&number];
        let (error, steps) = match build.status.as_str() {
            "error" if build.is_ended_by_runner => ("the runner ended; start the build again", json!([{"number": 1}])),
            // A stage that its runner refused has no steps.
            "error" => ("the pipeline cannot be read", json!([])),
            _ => ("", json!([{"number": 1}])),
        };
        if build.error.is_none() {
            shown["stages"] = json!([{"number": 1, "status": build.status, "error": error, "steps": steps}]);
        }
        Some(shown)
    }

    /// A build as JSON.
    pub(super) fn show(&self, number: i64) -> Option<Value> {
        let build = self.builds.get(&number)?;
        let seconds = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_second);
        let branch = &build.branch;
        let mut shown = json!({
            "id": number + 100, "repo_id": 1, "trigger": BOT, "number": number, "status": build.status,
            "event": "custom", "action": "", "link": "", "timestamp": 0, "message": "say", "before": COMMIT,
            "after": COMMIT, "ref": format!("refs/heads/{branch}"), "source_repo": "", "source": branch,
            "target": branch, "author_login": BOT, "author_name": "", "author_email": "", "author_avatar": "",
            "sender": BOT, "started": seconds(build.started), "finished": seconds(build.finished),
            "created": build.created.as_second(), "updated": build.created.as_second(), "version": 1,
        });
        if !build.params.is_empty() {
            shown["params"] = json!(build.params);
        }
        if let Some(error) = build.error {
            shown["error"] = json!(error);
            shown["trigger"] = json!("");
        }
        Some(shown)
    }
}
