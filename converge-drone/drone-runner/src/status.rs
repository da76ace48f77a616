//! The status of the runner: `status.json`, the status line in systemd, the metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use base::clock::unix_seconds;
use daemon::prometheus::{Exposition, Type};
use serde::{Deserialize, Serialize};

use http::drone::Status;

/// The default of `RUNTIME_DIRECTORY`.
pub const RUNTIME_DIRECTORY: &str = "/run/drone-runner";

/// The name of the status file in the runtime directory.
pub const FILE: &str = "status.json";

/// The part of `status.json` that converge-drone reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The fingerprint of the [`config_hash`](crate::config_hash) of the last start or reload.
    // The name that a runner of an older version writes: it is stale, and not unreadable.
    #[serde(alias = "inputs")]
    pub configuration_hash: String,
    /// True while Drone's server answers.
    pub connected: bool,
}

/// `status.json`.
#[derive(Serialize)]
struct StatusFile<'a> {
    schema: u32,
    #[serde(flatten)]
    summary: &'a Summary,
    state: &'static str,
    slots: usize,
    builds: Vec<StageEntry<'a>>,
    /// Ended stages whose end Drone has not taken yet.
    unreported: &'a BTreeSet<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_error: Option<&'a str>,
}

#[derive(Serialize)]
struct StageEntry<'a> {
    stage: i64,
    #[serde(flatten)]
    running: &'a RunningStage,
}

/// A running stage.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunningStage {
    /// The number of the build.
    build: i64,
    /// The recipe, or the repository.
    name: String,
    /// The step that started last.
    step: Option<String>,
    /// Seconds since 1970.
    started: i64,
    #[serde(skip)]
    since: Instant,
}

impl RunningStage {
    /// A stage that starts now.
    pub(crate) fn new(build: i64, name: &str) -> Self {
        Self { build, name: name.into(), step: None, started: unix_seconds(), since: Instant::now() }
    }
}

/// The status of one runner. Every change is published at once, but for the start of a stage or a step: that of a step is
/// published when its command runs, because systemd would read the status line before it starts the step.
#[derive(Debug)]
pub(crate) struct RunnerStatus {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    summary: Summary,
    slots: usize,
    is_draining: bool,
    stages: BTreeMap<i64, RunningStage>,
    unreported: BTreeSet<i64>,
    connection_error: Option<String>,
    ended: BTreeMap<&'static str, u64>,
}

impl RunnerStatus {
    /// The status of a runner that starts; `path` is the path of `status.json`.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, state: Mutex::default() }
    }

    /// Sets the fingerprint of a loaded configuration and its number of slots.
    pub(crate) fn set_configuration(&self, hash: String, slots: usize) {
        self.change(|state| (state.summary.configuration_hash, state.slots) = (hash, slots));
    }

    /// The drain begins: no more stages are accepted.
    pub(crate) fn start_drain(&self) {
        self.change(|state| state.is_draining = true);
    }

    /// Adds a running stage; published later.
    pub(crate) fn start_stage(&self, id: i64, stage: RunningStage) {
        self.state().stages.insert(id, stage);
    }

    /// Sets the step of a running stage; published later.
    pub(crate) fn start_step(&self, stage: i64, name: &str) {
        if let Some(stage) = self.state().stages.get_mut(&stage) {
            stage.step = Some(name.into());
        }
    }

    /// Marks a stage that has ended, while Drone has not taken its end.
    pub(crate) fn delay_report(&self, id: i64) {
        self.change(|state| {
            state.stages.remove(&id);
            state.unreported.insert(id);
        });
    }

    /// Removes a stage whose end Drone has taken or refused.
    pub(crate) fn end_stage(&self, id: i64) {
        self.change(|state| {
            state.stages.remove(&id);
            state.unreported.remove(&id);
        });
    }

    /// Counts an ended stage in the metrics.
    pub(crate) fn count(&self, status: Status) {
        *self.state().ended.entry(status.word()).or_default() += 1;
    }

    /// Sets the result of the last poll. Returns true if it differs from the one before.
    pub(crate) fn set_connection(&self, error: Option<String>) -> bool {
        let is_connected = error.is_none();
        let state = self.state();
        if state.connection_error == error && state.summary.connected == is_connected {
            return false;
        }
        drop(state);
        self.change(|state| (state.connection_error, state.summary.connected) = (error, is_connected));
        true
    }

    /// True while a stage runs.
    pub(crate) fn is_busy(&self) -> bool {
        !self.state().stages.is_empty()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.publish();
    }

    /// Writes the file and sends the status line.
    pub(crate) fn publish(&self) {
        self.write();
        self.notify();
    }

    /// Sends the status line to systemd. The line has the duration of each stage, so it changes with time.
    pub(crate) fn notify(&self) {
        systemd::notify::status(&self.line());
    }

    fn write(&self) {
        let state = self.state();
        let file = StatusFile {
            schema: 1,
            summary: &state.summary,
            state: state.word(),
            slots: state.slots,
            builds: state.stages.iter().map(|(stage, running)| StageEntry { stage: *stage, running }).collect(),
            unreported: &state.unreported,
            connection_error: state.connection_error.as_deref(),
        };
        let json = serde_json::to_vec(&file).unwrap_or_default();
        if let Err(error) = base::file::replace(&self.path, &json, 0o644) {
            tracing::warn!("cannot write {}: {error}", self.path.display());
        }
    }

    /// The line in `systemctl status`.
    fn line(&self) -> String {
        let state = self.state();
        let mut line = state.word().to_owned();
        if state.stages.is_empty() {
            let _ = write!(line, ", {} slot{}", state.slots, if state.slots == 1 { "" } else { "s" });
        }
        for (index, stage) in state.stages.values().enumerate() {
            let seconds = stage.since.elapsed().as_secs();
            let comma = if index == 0 { " build" } else { "," };
            let _ = write!(line, "{comma} {} {} {}m{:02}s", stage.build, stage.name, seconds / 60, seconds % 60);
        }
        if !state.unreported.is_empty() {
            let _ = write!(line, " · ends not reported yet: {}", state.unreported.len());
        }
        if let Some(error) = &state.connection_error {
            let _ = write!(line, " · {error}");
        }
        line
    }

    /// The metrics in Prometheus' text format.
    pub(crate) fn metrics(&self) -> String {
        let state = self.state();
        let mut text = Exposition::default();
        text.gauge("drone_runner_slots", "Stages that may run at once.", state.slots);
        text.gauge("drone_runner_stages_running", "Running stages.", state.stages.len());
        let unreported = state.unreported.len();
        text.gauge("drone_runner_stages_unreported", "Ended stages whose end Drone has not taken yet.", unreported);
        text.gauge("drone_runner_connected", "1 while Drone's server answers.", u8::from(state.summary.connected));
        text.gauge("drone_runner_draining", "1 during the drain.", u8::from(state.is_draining));
        let name = "drone_runner_stages_total";
        text.metric(name, Type::Counter, "Ended stages by status.");
        for status in ["success", "failure", "killed", "error"] {
            text.sample(name, &[("status", status)], state.ended.get(status).copied().unwrap_or(0));
        }
        text.finish()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn word(&self) -> &'static str {
        if self.is_draining {
            "draining"
        } else if self.stages.is_empty() {
            "idle"
        } else {
            "running"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_in_the_line_and_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let status = RunnerStatus::new(path.clone());
        status.set_configuration("salt:hash".into(), 2);
        assert_eq!(status.line(), "idle, 2 slots");
        status.start_stage(7, RunningStage::new(42, "hedgedoc"));
        status.start_step(7, "install");
        status.publish();
        assert_eq!(status.line(), "running build 42 hedgedoc 0m00s");
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((&file["state"], &file["configuration_hash"]), (&"running".into(), &"salt:hash".into()));
        assert_eq!((&file["builds"][0]["build"], &file["builds"][0]["step"]), (&42.into(), &"install".into()));
        assert!(status.set_connection(Some("Drone's server cannot be reached".into())));
        assert!(!status.set_connection(Some("Drone's server cannot be reached".into())));
        status.start_drain();
        assert_eq!(status.line(), "draining build 42 hedgedoc 0m00s · Drone's server cannot be reached");
        status.delay_report(7);
        assert!(status.line().starts_with("draining, 2 slots · ends not reported yet: 1 · "), "{}", status.line());
        assert!(status.metrics().contains("drone_runner_stages_unreported 1\n"));
        status.end_stage(7);
        assert!(!status.line().contains("not reported"));
        status.count(Status::Killed);
        assert!(status.metrics().contains("drone_runner_stages_total{status=\"killed\"} 1\n"));
    }
}
