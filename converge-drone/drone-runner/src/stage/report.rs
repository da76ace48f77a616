//! Telling Drone how a stage is doing.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use base::error::chain;
use tokio::sync::watch;

use super::Folder;
use crate::rpc::wire::{Stage, Status, Step};
use crate::rpc::{Client, Error, Patience};

/// Drone keeps this much of an error.
const SHOWN: usize = 500;

/// A stage as Drone is told of it.
#[derive(Debug)]
pub struct Report {
    client: Client,
    folder: Folder,
    stage: RefCell<Stage>,
    /// Whether the server has the stage's steps; nothing can be told of a step before.
    begun: watch::Sender<Option<bool>>,
}

/// Seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// As much of an error as Drone keeps.
pub fn shown(text: &str) -> String {
    let end = (0..=SHOWN.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text[..end].to_owned()
}

impl Report {
    /// Of this stage.
    pub fn new(client: Client, folder: Folder, stage: Stage) -> Self {
        // One that another run has begun has its steps, with the ids that the server gave them.
        let begun = watch::Sender::new(stage.steps.first().map(|step| step.id != 0));
        Self { client, folder, stage: RefCell::new(stage), begun }
    }

    /// The stage's id.
    pub fn id(&self) -> i64 {
        self.stage.borrow().id
    }

    /// A step's id on the server.
    pub fn step_id(&self, place: usize) -> i64 {
        self.stage.borrow().steps.get(place).map_or(0, |step| step.id)
    }

    /// Changes what is to be told.
    pub fn edit(&self, change: impl FnOnce(&mut Stage)) {
        change(&mut self.stage.borrow_mut());
    }

    /// Changes what is to be told of one step.
    pub fn edit_step(&self, place: usize, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.stage.borrow_mut().steps.get_mut(place) {
            change(step);
        }
    }

    /// The stage as it is now.
    pub fn stage(&self) -> Stage {
        self.stage.borrow().clone()
    }

    /// Tells that the stage runs, with all of its steps still to come.
    pub async fn begin(&self, mut stage: Stage) -> Result<(), Error> {
        let told =
            Patience::endless().call("report a stage", async || self.client.update_stage(&mut stage).await).await;
        if told.is_ok() {
            self.stage.borrow_mut().take_over(stage);
            self.keep();
        }
        self.begun.send_replace(Some(told.is_ok()));
        told
    }

    /// Waits until the server has the stage's steps; false when it will not have them.
    pub async fn has_begun(&self) -> bool {
        let mut begun = self.begun.subscribe();
        begun.wait_for(Option::is_some).await.is_ok_and(|begun| *begun == Some(true))
    }

    /// Tells how a step is doing. Somebody may have ended the build meanwhile; then there is nothing to tell.
    pub async fn step(&self, place: usize) {
        if !self.has_begun().await {
            return;
        }
        let Some(mut step) = self.stage.borrow().steps.get(place).cloned() else { return };
        let told = Patience::endless().call("report a step", async || self.client.update_step(&mut step).await).await;
        match told {
            Ok(()) => self.edit_step(place, |ours| ours.version = step.version),
            Err(error) => tracing::debug!("a step was not reported: {}", chain(&error)),
        }
        self.keep();
    }

    /// Uploads a step's whole log.
    pub async fn log(&self, place: usize, log: &[u8]) {
        if !self.has_begun().await {
            return;
        }
        let step = self.step_id(place);
        let uploaded = Patience::endless().call("upload a log", async || self.client.upload(step, log).await).await;
        if let Err(error) = uploaded {
            tracing::warn!("a step's log was not kept: {}", chain(&error));
        }
    }

    /// The stage is over. Kept before it is told: should this runner end first, the next one tells it.
    pub fn close(&self, status: Status, error: &str) {
        self.edit(|stage| {
            stage.status = status;
            stage.error = shown(error);
            stage.stopped = now();
            if stage.started == 0 {
                stage.started = stage.stopped;
            }
            for step in stage.steps.iter_mut().filter(|step| step.status.is_open()) {
                step.status = if step.started == 0 { Status::Skipped } else { Status::Killed };
                step.stopped = stage.stopped;
                step.started = if step.started == 0 { stage.stopped } else { step.started };
            }
        });
        self.keep();
    }

    /// Tells that the stage is over, as it was closed. True when Drone has it so, by us or by somebody before us.
    pub async fn end(&self) -> bool {
        let mut stage = self.stage.borrow().clone();
        let told =
            Patience::endless().call("report a stage", async || self.client.update_stage(&mut stage).await).await;
        let Err(error) = told else { return true };
        tracing::debug!("the end of a stage was not taken, looking again: {}", chain(&error));
        self.end_as_it_is_there(stage).await
    }

    /// The stage is another than we know: ended by somebody, or changed by an answer that was lost. Where it is open,
    /// it is ended as the server has it, after its steps.
    async fn end_as_it_is_there(&self, ours: Stage) -> bool {
        let looked = Patience::endless().call("read a stage", async || self.client.details(ours.id).await).await;
        let mut theirs = match looked {
            Ok(details) => details.stage,
            Err(error) => {
                tracing::warn!(STAGE = ours.id, "the end of a stage was not reported: {}", chain(&error));
                return false;
            }
        };
        // Somebody ended it, or another runner has it.
        if !theirs.status.is_open() || theirs.machine != self.client.machine() {
            return true;
        }
        for step in ours.steps.iter().filter(|step| step.id != 0) {
            self.end_step(step).await;
        }
        theirs.steps = Vec::new();
        theirs.status = ours.status;
        theirs.error = ours.error;
        theirs.exit_code = ours.exit_code;
        theirs.started = ours.started;
        theirs.stopped = ours.stopped;
        let told =
            Patience::endless().call("report a stage", async || self.client.update_stage(&mut theirs).await).await;
        if let Err(error) = &told {
            tracing::warn!(STAGE = ours.id, "the end of a stage was not reported: {}", chain(error));
        }
        told.is_ok()
    }

    /// Ends one step. One report of it may have been taken without our knowing; not more, they go one by one.
    async fn end_step(&self, ours: &Step) {
        for version in [ours.version, ours.version + 1] {
            let mut step = Step { version, ..ours.clone() };
            let told =
                Patience::endless().call("report a step", async || self.client.update_step(&mut step).await).await;
            if told.is_ok() {
                return;
            }
        }
    }

    fn keep(&self) {
        if let Err(error) = self.folder.record(&self.stage.borrow()) {
            tracing::warn!("what is known of a stage was not kept: {error}");
        }
    }
}
