//! What is going on, for whoever looks: `status.json`, systemd's status line, the metrics.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use daemon::prometheus::{Exposition, Type};
use serde::Serialize;

use super::rpc::wire::Status;

/// The state of one runner.
#[derive(Debug)]
pub struct Board {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    inputs: String,
    slots: usize,
    is_draining: bool,
    works: BTreeMap<i64, Work>,
    trouble: Option<String>,
    is_connected: bool,
    ended: BTreeMap<&'static str, u64>,
}

/// A stage that is being run.
#[derive(Debug, Clone, Serialize)]
pub struct Work {
    /// The build's number.
    pub build: i64,
    /// What it is of.
    pub name: String,
    /// The step that began last.
    pub step: Option<String>,
    /// Seconds since 1970.
    pub started: i64,
    #[serde(skip)]
    began: Instant,
}

impl Work {
    /// One that begins now.
    pub fn new(build: i64, name: &str) -> Self {
        Self { build, name: name.into(), step: None, started: super::stage::now(), began: Instant::now() }
    }
}

/// `status.json`.
#[derive(Serialize)]
struct Shown<'a> {
    schema: u32,
    /// Of the configuration and the secret this runner was started with, or has read since.
    inputs: &'a str,
    state: &'static str,
    slots: usize,
    builds: Vec<ShownWork<'a>>,
    /// Whether the last call to Drone's server was answered as it should be.
    connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownWork<'a> {
    stage: i64,
    #[serde(flatten)]
    work: &'a Work,
}

impl Board {
    /// Of a runner that begins; `path` is where `status.json` is kept.
    pub fn new(path: PathBuf) -> Self {
        let state = State {
            inputs: String::new(),
            slots: 0,
            is_draining: false,
            works: BTreeMap::new(),
            trouble: None,
            is_connected: false,
            ended: BTreeMap::new(),
        };
        Self { path, state: Mutex::new(state) }
    }

    /// A configuration has been read: its fingerprint, and how many slots it gives.
    pub fn configured(&self, inputs: String, slots: usize) {
        self.change(|state| (state.inputs, state.slots) = (inputs, slots));
    }

    /// No more stages are taken.
    pub fn draining(&self) {
        self.change(|state| state.is_draining = true);
    }

    /// A stage is being run.
    pub fn set(&self, stage: i64, work: Work) {
        self.change(|state| drop(state.works.insert(stage, work)));
    }

    /// A step of it begins.
    pub fn step(&self, stage: i64, name: &str) {
        self.change(|state| {
            if let Some(work) = state.works.get_mut(&stage) {
                work.step = Some(name.into());
            }
        });
    }

    /// A stage is over.
    pub fn unset(&self, stage: i64) {
        self.change(|state| drop(state.works.remove(&stage)));
    }

    /// A stage ended so.
    pub fn count(&self, status: Status) {
        *self.state().ended.entry(status.word()).or_default() += 1;
    }

    /// What keeps Drone's server from being asked, or nothing. True when that is news.
    pub fn trouble(&self, trouble: Option<String>) -> bool {
        let state = self.state();
        let is_connected = trouble.is_none();
        if state.trouble == trouble && state.is_connected == is_connected {
            return false;
        }
        drop(state);
        self.change(|state| (state.trouble, state.is_connected) = (trouble, is_connected));
        true
    }

    /// Whether a stage is being run.
    pub fn is_busy(&self) -> bool {
        !self.state().works.is_empty()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.write();
        self.tell();
    }

    /// Tells systemd, again where time has passed.
    pub fn tell(&self) {
        systemd::notify::status(&self.line());
    }

    fn write(&self) {
        let state = self.state();
        let shown = Shown {
            schema: 1,
            inputs: &state.inputs,
            state: state.word(),
            slots: state.slots,
            builds: state.works.iter().map(|(stage, work)| ShownWork { stage: *stage, work }).collect(),
            connected: state.is_connected,
            trouble: state.trouble.as_deref(),
        };
        let json = serde_json::to_vec(&shown).unwrap_or_default();
        if let Err(error) = base::file::replace(&self.path, &json, 0o644) {
            tracing::warn!("{} cannot be written: {error}", self.path.display());
        }
    }

    /// The line that `systemctl status` shows.
    pub fn line(&self) -> String {
        let state = self.state();
        let mut line = state.word().to_owned();
        if state.works.is_empty() {
            let _ = write!(line, ", {} slot{}", state.slots, if state.slots == 1 { "" } else { "s" });
        }
        for (place, work) in state.works.values().enumerate() {
            let seconds = work.began.elapsed().as_secs();
            let comma = if place == 0 { " build" } else { "," };
            let _ = write!(line, "{comma} {} {} {}m{:02}s", work.build, work.name, seconds / 60, seconds % 60);
        }
        if let Some(trouble) = &state.trouble {
            let _ = write!(line, " · {trouble}");
        }
        line
    }

    /// The metrics, for Prometheus.
    pub fn metrics(&self) -> String {
        let state = self.state();
        let mut text = Exposition::default();
        text.gauge("drone_runner_slots", "How many stages may run at once.", state.slots);
        text.gauge("drone_runner_stages_running", "How many stages run.", state.works.len());
        text.gauge("drone_runner_connected", "Whether Drone's server answers.", u8::from(state.is_connected));
        text.gauge("drone_runner_draining", "Whether no more stages are taken.", u8::from(state.is_draining));
        let name = "drone_runner_stages_total";
        text.metric(name, Type::Counter, "Stages by how they ended.");
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
        } else if self.works.is_empty() {
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
    fn what_goes_on_is_told_in_a_line_and_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("status.json");
        let board = Board::new(path.clone());
        board.configured("salt:hash".into(), 2);
        assert_eq!(board.line(), "idle, 2 slots");
        board.set(7, Work::new(42, "hedgedoc"));
        board.step(7, "install");
        assert_eq!(board.line(), "running build 42 hedgedoc 0m00s");
        let shown: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((&shown["state"], &shown["inputs"]), (&"running".into(), &"salt:hash".into()));
        assert_eq!((&shown["builds"][0]["build"], &shown["builds"][0]["step"]), (&42.into(), &"install".into()));
        assert!(board.trouble(Some("Drone's server cannot be reached".into())));
        assert!(!board.trouble(Some("Drone's server cannot be reached".into())));
        board.draining();
        assert_eq!(board.line(), "draining build 42 hedgedoc 0m00s · Drone's server cannot be reached");
        board.unset(7);
        board.count(Status::Killed);
        assert!(board.metrics().contains("drone_runner_stages_total{status=\"killed\"} 1\n"));
    }
}
