//! The context that the steps of a stage share, and the reasons to stop them.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::folder::Folder;
use super::report::Report;
use super::secrets::{BuildSecrets, Hidden};
use super::variables::StageVariables;
use crate::Runner;
use crate::environment::Environment;
use crate::pipeline::{Pipeline, Step};
use http::drone::{START_AGAIN, Status};
use systemd::transient::Signals;

/// The longest time that the reports of a stage wait for its first command.
const START: Duration = Duration::from_millis(500);

/// The context of the steps of a running stage.
#[derive(Debug)]
pub struct StageContext {
    pub runner: Rc<Runner>,
    pub report: Report,
    pub folder: Folder,
    pub pipeline: Pipeline,
    pub variables: StageVariables,
    pub build_secrets: BuildSecrets,
    pub hidden: Hidden,
    pub deadline: Instant,
    pub minutes: u64,
    /// The number of the build.
    pub number: i64,
    /// The recipe, or the repository.
    pub label: String,
    /// Tasks that report a step each.
    pub reports: RefCell<Vec<JoinHandle<()>>>,
    pub statuses: RefCell<Vec<Status>>,
    /// The signals of the first step's unit, subscribed before it is known to start.
    pub signals: RefCell<Option<Signals>>,
    /// True once the command of a step runs, or no step is to start.
    pub is_started: watch::Sender<bool>,
}

impl StageContext {
    /// The command of a step runs, or has ended.
    pub fn step_runs(&self) {
        self.is_started.send_replace(true);
        self.runner.status.publish();
    }

    /// Waits until the command of a step runs, for a bounded time.
    pub async fn started(&self) {
        let mut is_started = self.is_started.subscribe();
        drop(timeout(START, is_started.wait_for(|is_started| *is_started)).await);
    }

    /// The environment of a step, by the present statuses, with the notes for its log.
    pub fn environment(&self, step: &Step, index: usize) -> Environment {
        let has_failed = self.pipeline.has_failed(&self.statuses.borrow());
        let mut found = self.variables.of_step(step, index, &self.folder, &self.build_secrets, has_failed);
        found.notes.extend(self.build_secrets.notes(step));
        found.notes.extend(self.hidden.notes.iter().cloned());
        found
    }
}

/// The reason to stop the steps of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The build was cancelled.
    Cancelled,
    /// The stage took longer than the repository's timeout, in minutes.
    Timeout(u64),
    /// The drain of the runner is over.
    Shutdown,
    /// Drone refused the report of the start: the stage was cancelled before, or an answer was lost.
    StartRefused,
    /// All other steps have ended, and this step is a detached one.
    StageEnded,
}

impl StopReason {
    /// The status of a stopped stage: `killed` if it was cancelled or took too long, `error` if the server is the cause.
    pub fn status(self) -> Status {
        match self {
            Self::Cancelled | Self::Timeout(_) | Self::StageEnded => Status::Killed,
            Self::Shutdown | Self::StartRefused => Status::Error,
        }
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled | Self::StageEnded => Ok(()),
            Self::Timeout(minutes) => {
                write!(f, "stopped: it took longer than the repository's timeout of {minutes} min")
            }
            Self::StartRefused => f.write_str("stopped: Drone's server did not accept the report of its start"),
            Self::Shutdown => write!(f, "stopped with the runner; {START_AGAIN}"),
        }
    }
}

/// Waits for a reason to stop. A dropped sender gives none.
pub async fn stop_reason(stop: &mut watch::Receiver<Option<StopReason>>) -> StopReason {
    match stop.wait_for(Option::is_some).await {
        Ok(reason) => (*reason).unwrap_or(StopReason::Shutdown),
        Err(_) => std::future::pending().await,
    }
}
