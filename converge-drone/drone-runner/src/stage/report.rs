//! Reports of a stage and its steps to Drone.

use std::cell::RefCell;

use base::clock::unix_seconds;
use base::error::chain;
use tokio::sync::watch;

use super::folder::Folder;
use super::outcome::shortened;
use crate::rpc::wire::{Stage, Step};
use crate::rpc::{Client, Error, insist, retry};
use http::drone::Status;

/// A stage with its latest state, of which Drone has an older one.
#[derive(Debug)]
pub struct Report {
    client: Client,
    folder: Folder,
    stage: RefCell<Stage>,
    /// The result of the report of the start. Steps cannot be reported before.
    started: watch::Sender<Option<bool>>,
}

impl Report {
    /// Makes the report of a stage.
    pub fn new(client: Client, folder: Folder, stage: Stage) -> Self {
        // A stage that an earlier run has started has steps with ids.
        let started = watch::Sender::new(stage.steps.first().map(|step| step.id != 0));
        Self { client, folder, stage: RefCell::new(stage), started }
    }

    /// The id of the stage.
    pub fn id(&self) -> i64 {
        self.stage.borrow().id
    }

    /// The id of a step; 0 before the start is reported.
    pub fn step_id(&self, index: usize) -> i64 {
        self.stage.borrow().steps.get(index).map_or(0, |step| step.id)
    }

    /// Changes the stage.
    pub fn edit(&self, change: impl FnOnce(&mut Stage)) {
        change(&mut self.stage.borrow_mut());
    }

    /// Changes a step.
    pub fn edit_step(&self, index: usize, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.stage.borrow_mut().steps.get_mut(index) {
            change(step);
        }
    }

    /// A copy of the stage.
    pub fn stage(&self) -> Stage {
        self.stage.borrow().clone()
    }

    /// Reports the start of the stage, with all steps pending.
    pub async fn start(&self, mut stage: Stage) -> Result<(), Error> {
        let reported = retry("report a stage", async || self.client.update_stage(&mut stage).await).await;
        if reported.is_ok() {
            self.stage.borrow_mut().merge(stage);
            self.save();
        }
        self.started.send_replace(Some(reported.is_ok()));
        reported
    }

    /// Waits for the report of the start. Returns false if Drone refused it.
    pub async fn is_started(&self) -> bool {
        let mut started = self.started.subscribe();
        started.wait_for(Option::is_some).await.is_ok_and(|started| *started == Some(true))
    }

    /// Reports a step. Fails silently if the build has ended meanwhile.
    pub async fn step(&self, index: usize) {
        if !self.is_started().await {
            return;
        }
        let Some(mut step) = self.stage.borrow().steps.get(index).cloned() else { return };
        let reported = retry("report a step", async || self.client.update_step(&mut step).await).await;
        match reported {
            Ok(()) => self.edit_step(index, |ours| ours.version = step.version),
            Err(error) => tracing::debug!("a step was not reported: {}", chain(&error)),
        }
        self.save();
    }

    /// Uploads the whole log of a step.
    pub async fn log(&self, index: usize, log: &[u8]) {
        if !self.is_started().await {
            return;
        }
        let step = self.step_id(index);
        let uploaded = retry("upload a log", async || self.client.upload_log(step, log).await).await;
        if let Err(error) = uploaded {
            tracing::warn!("the log of a step was not uploaded: {}", chain(&error));
        }
    }

    /// Sets the end of the stage, and saves it: if this runner ends before the report, the next one sends it.
    pub fn close(&self, status: Status, error: &str) {
        self.edit(|stage| stage.end(status, &shortened(error), unix_seconds()));
        self.save();
    }

    /// Reports the end of the stage until Drone has taken or refused it, for a day.
    pub async fn end(&self) {
        let age = || self.folder.unchanged_for();
        let reported = insist("report the end of a stage", age, async || self.try_end().await).await;
        if let Err(error) = reported {
            tracing::error!(STAGE = self.id(), "the end of a stage was not reported: {}", chain(&error));
        }
    }

    async fn try_end(&self) -> Result<(), Error> {
        let ours = self.stage();
        match self.client.update_stage(&mut ours.clone()).await {
            Err(Error::Conflict) => self.end_from_server(ours).await,
            reported => reported,
        }
    }

    /// Ends a stage whose version on the server differs from ours: it has ended, or an answer was lost. An open stage is
    /// read again and ended, after its steps.
    async fn end_from_server(&self, ours: Stage) -> Result<(), Error> {
        let mut theirs = self.client.details(ours.id).await?.stage;
        // The stage has ended, or another runner has it.
        if theirs.status.is_over() || theirs.machine != ours.machine {
            return Ok(());
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
        self.client.update_stage(&mut theirs).await
    }

    /// Reports the end of a step. At most one answer may have been lost, so the version is ours or the next one.
    async fn end_step(&self, ours: &Step) {
        for version in [ours.version, ours.version + 1] {
            let mut step = Step { version, ..ours.clone() };
            if self.client.update_step(&mut step).await.is_ok() {
                return;
            }
        }
    }

    fn save(&self) {
        if let Err(error) = self.folder.save(&self.stage.borrow()) {
            tracing::warn!("the state of a stage was not saved: {error}");
        }
    }
}

#[cfg(test)]
mod tests;
