//! The run of a stage: its steps in their order, until they have ended or are stopped.

use std::rc::Rc;
use std::time::Duration;

use base::backoff::Retries;
use base::clock::unix_seconds;
use base::error::{Explain, chain};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::context::{StageContext, StopReason, stop_reason};
use super::step;
use crate::pipeline::{Step, StepAction};
use crate::rpc::{BACKOFF, Client};
use crate::status::RunningStage;
use http::drone::Status;

/// The time for a long poll to reach the server.
const LATENCY: Duration = Duration::from_millis(250);

impl StageContext {
    /// Runs the steps, and saves the end of the stage.
    pub(super) async fn run(self: Rc<Self>, stop: watch::Receiver<Option<StopReason>>) -> Status {
        let id = self.report.id();
        self.runner.status.start_stage(id, RunningStage::new(self.number, &self.label));
        tracing::info!(BUILD = self.number, STAGE = id, "build {} {} starts", self.number, self.label);
        let stopped = self.steps(stop).await;
        let has_failed = self.pipeline.has_failed(&self.statuses.borrow());
        let has_error = self
            .pipeline
            .steps
            .iter()
            .zip(self.statuses.borrow().iter())
            .any(|(step, status)| *status == Status::Error && !step.is_ignored);
        let status = match stopped {
            Some(reason) => reason.status(),
            None if has_error => Status::Error,
            None if has_failed => Status::Failure,
            None => Status::Success,
        };
        let error = stopped.map(|reason| reason.to_string()).unwrap_or_default();
        self.report.edit(|stage| {
            let failed = stage.steps.iter().filter(|step| step.status.is_failed() && !step.errignore);
            stage.exit_code = failed.map(|step| step.exit_code).find(|code| *code != 0).unwrap_or(0);
        });
        self.report.close(status, &error);
        tracing::info!(BUILD = self.number, STAGE = id, "build {} {}: {}", self.number, self.label, status.word());
        status
    }

    /// Reports the end of the stage, after those of its steps.
    pub(super) async fn report_end(self: Rc<Self>) {
        for report in self.reports.take() {
            drop(report.await);
        }
        self.report.end().await;
    }

    /// Runs the steps. Returns the reason if they were stopped.
    async fn steps(self: &Rc<Self>, mut stop: watch::Receiver<Option<StopReason>>) -> Option<StopReason> {
        let count = self.pipeline.steps.len();
        let stops: Vec<watch::Sender<Option<StopReason>>> = (0..count).map(|_| watch::channel(None).0).collect();
        let mut running = FuturesUnordered::new();
        let mut stopped: Option<StopReason> = None;
        let build = self.report_build();
        // Concurrent with the first step, and once it runs: the server sends a status to Gitea before it answers, and all of
        // that would take the processor from the step's start.
        let pending = self.report.stage();
        let start = async {
            self.started().await;
            self.report.start(pending).await
        };
        let cancelled = async {
            self.started().await;
            cancelled(&self.runner.client, self.report.id(), build).await;
        };
        tokio::pin!(cancelled, start);
        let mut is_reported = false;
        loop {
            // A started detached step may release the steps after it at once.
            while stopped.is_none()
                && let due = self.due()
                && !due.is_empty()
            {
                for index in due {
                    self.statuses.borrow_mut()[index] = Status::Running;
                    self.runner.status.start_step(self.report.id(), &self.pipeline.steps[index].name);
                    let outcome = step::run(self.clone(), index, stops[index].subscribe());
                    running.push(async move { (index, outcome.await) });
                }
            }
            if running.is_empty() {
                self.is_started.send_replace(true);
            }
            if self.has_ended() {
                // Only detached steps are left.
                for stop in &stops {
                    stop.send_replace(Some(stopped.unwrap_or(StopReason::StageEnded)));
                }
            }
            if running.is_empty() && is_reported {
                return stopped;
            }
            let reason = tokio::select! {
                biased;
                started = &mut start, if !is_reported => {
                    is_reported = true;
                    match started {
                        Ok(()) => continue,
                        Err(error) => {
                            tracing::debug!("the start of a stage was not reported: {}", chain(&error));
                            StopReason::StartRefused
                        }
                    }
                }
                Some((index, outcome)) = running.next() => {
                    self.statuses.borrow_mut()[index] = outcome.status;
                    let name = &self.pipeline.steps[index].name;
                    tracing::info!(BUILD = self.number, STEP = name, "build {} step {name}: {}", self.number, outcome.status.word());
                    continue;
                }
                () = &mut cancelled, if stopped.is_none() => StopReason::Cancelled,
                () = sleep_until(self.deadline), if stopped.is_none() => StopReason::Timeout(self.minutes),
                reason = stop_reason(&mut stop), if stopped.is_none() => reason,
            };
            if stopped.is_some() {
                continue;
            }
            stopped = Some(reason);
            for stop in &stops {
                stop.send_replace(Some(reason));
            }
        }
    }

    fn report_build(&self) -> i64 {
        let mut build = 0;
        self.report.edit(|stage| build = stage.build_id);
        build
    }

    /// The steps to start now. Marks the steps to skip, which may release other steps.
    fn due(self: &Rc<Self>) -> Vec<usize> {
        let mut due = Vec::new();
        loop {
            let statuses = self.statuses.borrow().clone();
            let action = |index: &usize| {
                let action = self.pipeline.action(*index, &statuses);
                let is_pending = statuses[*index] == Status::Pending && !due.contains(index);
                (is_pending && action != StepAction::Wait).then_some(action)
            };
            let Some((index, action)) = (0..statuses.len()).find_map(|index| Some((index, action(&index)?))) else {
                return due;
            };
            if action == StepAction::Start {
                due.push(index);
                continue;
            }
            self.statuses.borrow_mut()[index] = Status::Skipped;
            self.report.edit_step(index, |step| {
                step.status = Status::Skipped;
                step.started = unix_seconds();
                step.stopped = step.started;
            });
            let run = self.clone();
            let skipped = tokio::task::spawn_local(async move { run.report.step(index).await });
            self.reports.borrow_mut().push(skipped);
        }
    }

    /// True once every step has ended, except detached ones.
    fn has_ended(&self) -> bool {
        let statuses = self.statuses.borrow();
        let has_ended =
            |(step, status): (&Step, &Status)| status.is_over() || (step.is_detached && *status == Status::Running);
        self.pipeline.steps.iter().zip(statuses.iter()).all(has_ended)
    }
}

/// Waits until the build is cancelled. Drone answers a long poll only if it is open at that moment, so after the start of
/// each long poll the build is read too.
async fn cancelled(client: &Client, stage: i64, build: i64) {
    let mut retries = Retries::new(BACKOFF);
    loop {
        let polled = Instant::now();
        let poll = client.wait_for_end(build);
        let read = async {
            sleep(LATENCY).await;
            let is_over = client.details(stage).await.is_ok_and(|details| details.build.status.is_over());
            if !is_over {
                std::future::pending::<()>().await;
            }
        };
        let ended = tokio::select! {
            ended = poll => ended,
            () = read => return,
        };
        match ended {
            Ok(true) => return,
            Ok(false) => {
                retries.succeeded();
                // Limits the rate of polls of a server that answers at once.
                if polled.elapsed() < Duration::from_secs(1) {
                    sleep(Duration::from_secs(1)).await;
                }
            }
            Err(error) => {
                tracing::debug!("cannot watch a build ({:?}): {}", error.class(), chain(&error));
                sleep(retries.failed(None)).await;
            }
        }
    }
}
