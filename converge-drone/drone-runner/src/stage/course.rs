//! A stage on its way: its steps in their turns, until they are through or stopped.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use base::error::{Explain, chain};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::report::now;
use super::variables::{Common, Named};
use super::{Folder, Report, Stop, step};
use crate::Runner;
use crate::board::Work;
use crate::mask::Secrets;
use crate::pipeline::{Pipeline, Step, Turn};
use crate::rpc::wire::Status;
use crate::rpc::{Client, Patience};

/// After this time a question is with the server.
const ASKED: Duration = Duration::from_millis(250);

/// Everything the steps of a stage share.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) runner: Rc<Runner>,
    pub(super) report: Report,
    pub(super) folder: Folder,
    pub(super) pipeline: Pipeline,
    pub(super) common: Common,
    pub(super) named: Named,
    pub(super) secrets: Secrets,
    pub(super) deadline: Instant,
    pub(super) minutes: u64,
    /// The build's number.
    pub(super) number: i64,
    /// What the build is of.
    pub(super) label: String,
    pub(super) reports: RefCell<Vec<JoinHandle<()>>>,
    pub(super) notes_are_due: Cell<bool>,
    pub(super) statuses: RefCell<Vec<Status>>,
}

impl Course {
    /// The environment of a step, as things are.
    pub(super) fn variables(&self, step: &Step, place: usize) -> BTreeMap<String, String> {
        let has_failed = self.pipeline.has_failed(&self.statuses.borrow());
        self.common.of_step(step, place, &self.folder, &self.named, has_failed)
    }
}

impl Course {
    /// Runs it to its end.
    pub(super) async fn run(self: Rc<Self>, stop: watch::Receiver<Option<Stop>>) -> Status {
        let id = self.report.id();
        self.runner.board.set(id, Work::new(self.number, &self.label));
        tracing::info!(BUILD = self.number, STAGE = id, "build {} {} begins", self.number, self.label);
        let stopped = self.steps(stop).await;
        let has_failed = self.pipeline.has_failed(&self.statuses.borrow());
        let has_error = self
            .pipeline
            .steps
            .iter()
            .zip(self.statuses.borrow().iter())
            .any(|(step, status)| *status == Status::Error && !step.is_ignored);
        let status = match stopped {
            Some(_) => Status::Killed,
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
        for report in self.reports.take() {
            drop(report.await);
        }
        self.report.end().await;
        self.runner.board.unset(id);
        status
    }

    /// Runs the steps; why they were stopped, if they were.
    async fn steps(self: &Rc<Self>, mut stop: watch::Receiver<Option<Stop>>) -> Option<Stop> {
        let count = self.pipeline.steps.len();
        let stops: Vec<watch::Sender<Option<Stop>>> = (0..count).map(|_| watch::channel(None).0).collect();
        let mut running = FuturesUnordered::new();
        let mut stopped: Option<Stop> = None;
        let build = self.report_build();
        let cancelled = cancelled(&self.runner.client, self.report.id(), build);
        // Told beside the first step: the server tells Gitea of it before it answers.
        let told = self.report.begin(self.report.stage());
        tokio::pin!(cancelled, told);
        let mut has_begun = false;
        loop {
            // One that only runs beside the others may let the next ones begin at once.
            while stopped.is_none()
                && let due = self.due()
                && !due.is_empty()
            {
                for place in due {
                    self.statuses.borrow_mut()[place] = Status::Running;
                    self.runner.board.step(self.report.id(), &self.pipeline.steps[place].name);
                    let end = step::run(self.clone(), place, stops[place].subscribe());
                    running.push(async move { (place, end.await) });
                }
            }
            if self.is_through() {
                // What was only to run beside the others.
                for stop in &stops {
                    stop.send_replace(Some(stopped.unwrap_or(Stop::Over)));
                }
            }
            if running.is_empty() && has_begun {
                return stopped;
            }
            let reason = tokio::select! {
                biased;
                told = &mut told, if !has_begun => {
                    has_begun = true;
                    match told {
                        Ok(()) => continue,
                        Err(error) => {
                            tracing::debug!("a stage could not begin: {}", chain(&error));
                            Stop::NotBegun
                        }
                    }
                }
                Some((place, end)) = running.next() => {
                    self.statuses.borrow_mut()[place] = end.status;
                    let name = &self.pipeline.steps[place].name;
                    tracing::info!(BUILD = self.number, STEP = name, "build {} step {name}: {}", self.number, end.status.word());
                    continue;
                }
                () = &mut cancelled, if stopped.is_none() => Stop::Cancelled,
                () = sleep_until(self.deadline), if stopped.is_none() => Stop::Timeout(self.minutes),
                reason = asked(&mut stop), if stopped.is_none() => reason,
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

    /// The steps whose turn it is to run. Those whose turn it is to be skipped are, and may let others have theirs.
    fn due(self: &Rc<Self>) -> Vec<usize> {
        let mut due = Vec::new();
        loop {
            let statuses = self.statuses.borrow().clone();
            let turn = |place: &usize| {
                let turn = self.pipeline.turn(*place, &statuses);
                (statuses[*place] == Status::Pending && turn != Turn::Wait && !due.contains(place)).then_some(turn)
            };
            let Some((place, turn)) = (0..statuses.len()).find_map(|place| Some((place, turn(&place)?))) else {
                return due;
            };
            if turn == Turn::Start {
                due.push(place);
                continue;
            }
            self.statuses.borrow_mut()[place] = Status::Skipped;
            self.report.edit_step(place, |step| {
                step.status = Status::Skipped;
                step.started = now();
                step.stopped = step.started;
            });
            let course = self.clone();
            let skipped = tokio::task::spawn_local(async move { course.report.step(place).await });
            self.reports.borrow_mut().push(skipped);
        }
    }

    /// Whether all has been run that others would wait for.
    fn is_through(&self) -> bool {
        let statuses = self.statuses.borrow();
        let is_through =
            |(step, status): (&Step, &Status)| !status.is_open() || (step.is_detached && *status == Status::Running);
        self.pipeline.steps.iter().zip(statuses.iter()).all(is_through)
    }
}

/// Ends when somebody has cancelled the build. Drone tells it only to who is asking at that moment, so each time the
/// question is out, the build is looked at too.
async fn cancelled(client: &Client, stage: i64, build: i64) {
    let mut patience = Patience::endless();
    loop {
        let asked = Instant::now();
        let told = client.watch(build);
        let looked = async {
            sleep(ASKED).await;
            let is_over = client.details(stage).await.is_ok_and(|details| !details.build.status.is_open());
            if !is_over {
                std::future::pending::<()>().await;
            }
        };
        let told = tokio::select! {
            told = told => told,
            () = looked => return,
        };
        match told {
            Ok(true) => return,
            Ok(false) => {
                patience = Patience::endless();
                // A server that answers at once is asked slowly.
                if asked.elapsed() < Duration::from_secs(1) {
                    sleep(Duration::from_secs(1)).await;
                }
            }
            Err(error) => {
                tracing::debug!("cannot watch a build ({:?}): {}", error.class(), chain(&error));
                sleep(patience.pause()).await;
            }
        }
    }
}

async fn asked(stop: &mut watch::Receiver<Option<Stop>>) -> Stop {
    match stop.wait_for(Option::is_some).await {
        Ok(reason) => (*reason).unwrap_or(Stop::Runner),
        Err(_) => std::future::pending().await,
    }
}
