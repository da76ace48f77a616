//! The assignment of stages to runners, and the notice of cancelled builds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use crate::access::Admin;
use crate::model::Stage;
use crate::server::Server;

/// Runners that wait for a stage, and runners that watch a build.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    is_paused: bool,
    runners: Vec<(Filter, oneshot::Sender<Stage>)>,
    watchers: Vec<(i64, oneshot::Sender<()>)>,
}

/// Stages that a runner accepts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    kind: String,
    #[serde(rename = "type")]
    type_: String,
    os: String,
    arch: String,
    variant: String,
    kernel: String,
    labels: Option<BTreeMap<String, String>>,
}

impl Filter {
    fn takes(&self, stage: &Stage) -> bool {
        let or = |value: &str, other: &str| if value.is_empty() { other.to_owned() } else { value.to_owned() };
        let is_named = or(&self.kind, "pipeline") == or(&stage.kind, "pipeline")
            && or(&self.type_, "docker") == or(&stage.type_, "docker");
        let is_anywhere = [&self.os, &self.arch, &self.variant, &self.kernel].iter().all(|it| it.is_empty());
        let is_here = self.os == stage.os
            && self.arch == stage.arch
            && (stage.variant.is_empty() || stage.variant == self.variant)
            && (stage.kernel.is_empty() || stage.kernel == self.kernel);
        let none = BTreeMap::new();
        is_named && (is_anywhere || is_here) && *self.labels.as_ref().unwrap_or(&none) == stage.labels
    }
}

/// True while the pipeline's concurrency limit is reached, so that this stage waits.
fn is_held(stage: &Stage, all: &[Stage]) -> bool {
    let others = || all.iter().filter(|one| one.repo_id == stage.repo_id && one.id != stage.id);
    let same = others().filter(|one| one.name == stage.name && (one.id < stage.id || one.status == "running"));
    let limit = |number: i64| usize::try_from(number).unwrap_or_default();
    (stage.limit != 0 && same.count() >= limit(stage.limit))
        || (stage.throttle != 0 && others().filter(|one| one.id < stage.id).count() >= limit(stage.throttle))
}

impl Queue {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wait_for_stage(&self, filter: Filter) -> oneshot::Receiver<Stage> {
        let (sender, receiver) = oneshot::channel();
        self.lock().runners.push((filter, sender));
        receiver
    }

    pub fn wait_for_end(&self, build: i64) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.watchers.retain(|(_, watcher)| !watcher.is_closed());
        waiting.watchers.push((build, sender));
        receiver
    }

    /// Notifies the present watchers of the build. Like the real server, does not notify later ones.
    pub fn cancelled(&self, build: i64) {
        let mut waiting = self.lock();
        for (_, watcher) in waiting.watchers.extract_if(.., |(id, _)| *id == build) {
            let _ = watcher.send(());
        }
    }
}

impl Server {
    /// Stages that wait or run, oldest first.
    pub fn incomplete(&self) -> Vec<Stage> {
        let is_open = |stage: &&Stage| matches!(stage.status.as_str(), "pending" | "running");
        self.read(|state| state.stages.values().filter(is_open).cloned().collect())
    }

    /// Offers waiting stages to waiting runners. A stage without an accept is offered again.
    pub fn signal(&self) {
        let mut waiting = self.queue.lock();
        waiting.runners.retain(|(_, runner)| !runner.is_closed());
        if waiting.is_paused || waiting.runners.is_empty() {
            return;
        }
        let all = self.incomplete();
        for stage in &all {
            if stage.status == "running" || !stage.machine.is_empty() || is_held(stage, &all) {
                continue;
            }
            if let Some(at) = waiting.runners.iter().position(|(filter, _)| filter.takes(stage)) {
                let (_, runner) = waiting.runners.remove(at);
                drop(runner.send(stage.clone()));
            }
        }
    }
}

pub async fn every_minute(server: Arc<Server>) {
    let mut minute = interval(Duration::from_mins(1));
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        minute.tick().await;
        server.signal();
    }
}

pub async fn list(State(server): State<Arc<Server>>, _: Admin) -> Json<Vec<Stage>> {
    Json(server.incomplete())
}

pub async fn pause(State(server): State<Arc<Server>>, _: Admin) -> StatusCode {
    server.queue.lock().is_paused = true;
    StatusCode::NO_CONTENT
}

pub async fn resume(State(server): State<Arc<Server>>, _: Admin) -> StatusCode {
    server.queue.lock().is_paused = false;
    server.signal();
    StatusCode::NO_CONTENT
}
