//! One stage, from Drone's offer to its end: whatever happens, no process of it is left, and Drone is told.

mod folder;
mod refusal;
mod report;
mod script;
mod step;
mod variables;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::error::{Explain, chain};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::Runner;
use super::board::Work;
use super::mask::Secrets;
use super::pipeline::{self, Pipeline, Step, Turn};
use super::rpc::wire::{self, Details, Stage, Status};
use super::rpc::{Client, Patience};
pub use folder::Folder;
pub use report::Report;
pub(super) use report::now;
pub use step::place_number;
use variables::{Common, Named};

/// After this time a question is with the server.
const ASKED: Duration = Duration::from_millis(250);

/// Drone's own default, for a repository that says 0.
const DEFAULT_MINUTES: u64 = 60;

/// Why steps are stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody cancelled the build.
    Cancelled,
    /// The repository's timeout, in minutes.
    Timeout(u64),
    /// The runner is stopped.
    Runner,
    /// Drone did not take the report of the stage's beginning: cancelled before it began, or an answer was lost.
    NotBegun,
    /// The stage is over, and this step was only to run beside it.
    Over,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled | Self::Over => Ok(()),
            Self::Timeout(minutes) => {
                write!(f, "stopped: it took longer than the repository's timeout of {minutes} min")
            }
            Self::NotBegun => f.write_str("stopped: Drone's server did not take the report of its beginning"),
            Self::Runner => f.write_str("stopped with the runner; start the build again"),
        }
    }
}

/// Everything the steps of a stage share.
#[derive(Debug)]
struct Course {
    runner: Rc<Runner>,
    report: Report,
    folder: Folder,
    pipeline: Pipeline,
    common: Common,
    named: Named,
    secrets: Secrets,
    deadline: Instant,
    minutes: u64,
    /// The build's number.
    number: i64,
    /// What the build is of.
    label: String,
    reports: RefCell<Vec<JoinHandle<()>>>,
    notes_are_due: Cell<bool>,
    statuses: RefCell<Vec<Status>>,
}

impl Course {
    fn variables(&self, step: &Step, place: usize) -> BTreeMap<String, String> {
        let has_failed = self.pipeline.has_failed(&self.statuses.borrow());
        self.common.of_step(step, place, &self.folder, &self.named, has_failed)
    }
}

/// Runs a stage that has been taken, to its end. `stop` ends it early.
pub async fn run(runner: Rc<Runner>, stage: Stage, folder: Folder, stop: watch::Receiver<Option<Stop>>) -> Status {
    let id = stage.id;
    let report = Report::new(runner.client.clone(), folder.clone(), stage);
    let status = match prepare(&runner, report, folder.clone()).await {
        Ok(course) => course.run(stop).await,
        Err((report, why)) => {
            tracing::warn!(STAGE = id, "refused: {why}");
            report.close(Status::Error, &why);
            report.end().await;
            Status::Error
        }
    };
    if let Err(error) = folder.remove() {
        tracing::warn!(STAGE = id, "the stage's folder is still there: {error}");
    }
    status
}

/// Finds out all there is to know, and refuses what is not run here.
async fn prepare(runner: &Rc<Runner>, report: Report, mut folder: Folder) -> Result<Rc<Course>, (Report, String)> {
    let id = report.id();
    let details = Patience::endless().call("read a stage", async || runner.client.details(id).await).await;
    let details = match details {
        Ok(details) => details,
        Err(error) => {
            let why = format!("Drone's server gives no details of the stage: {}", chain(&error));
            return Err((report, why));
        }
    };
    let read = || -> Result<(Pipeline, Named), String> {
        if let Some(why) = refusal::refusal(&runner.settings, &details) {
            return Err(why);
        }
        let text = STANDARD.decode(&details.config.data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| pipeline::Error::NotText.to_string())?;
        let name = if details.stage.name.is_empty() { "default" } else { &details.stage.name };
        let pipeline =
            Pipeline::read(&text, name, &runner.settings.steps.environment).map_err(|error| error.to_string())?;
        let named = Named::new(&details);
        named.check(&pipeline).map_err(|error| error.to_string())?;
        Ok((pipeline, named))
    };
    let secrets = variables::hidden(&runner.settings, &details, &runner.secret);
    let (pipeline, named) = match read() {
        Ok(read) => read,
        // An error may quote what the file holds.
        Err(why) => return Err((report, secrets.hide(&why))),
    };
    let prepared = folder.prepare(&pipeline.workspace).and_then(|()| match variables::netrc(&details) {
        Some(netrc) if variables::fetches(&pipeline) => folder::write_secret(&folder.netrc(), netrc.as_bytes()),
        _ => Ok(()),
    });
    if let Err(error) = prepared {
        return Err((report, format!("the stage's folder cannot be made: {error}")));
    }
    report.edit(|stage| begin(stage, &pipeline));
    let minutes = if details.repository.timeout == 0 { DEFAULT_MINUTES } else { details.repository.timeout };
    Ok(Rc::new(Course {
        common: Common::new(&runner.settings, &details, runner.client.machine(), &folder),
        named,
        secrets,
        deadline: Instant::now() + Duration::from_secs(minutes.saturating_mul(60).min(366 * 24 * 3600)),
        minutes,
        number: details.build.number,
        label: label(&details),
        reports: RefCell::default(),
        notes_are_due: Cell::new(true),
        statuses: RefCell::new(vec![Status::Pending; pipeline.steps.len()]),
        runner: runner.clone(),
        report,
        folder,
        pipeline,
    }))
}

/// The stage as it begins: running, all steps to come.
fn begin(stage: &mut Stage, pipeline: &Pipeline) {
    stage.status = Status::Running;
    stage.started = now();
    let steps = pipeline.steps.iter().enumerate().map(|(place, step)| wire::Step {
        number: step::place_number(place),
        stage_id: stage.id,
        name: step.name.clone(),
        errignore: step.is_ignored,
        depends_on: step.depends_on.clone(),
        detached: step.is_detached,
        ..wire::Step::default()
    });
    stage.steps = steps.collect();
}

/// What a build is of, in a word: the recipe where it says one.
fn label(details: &Details) -> String {
    let recipe = details.build.params.get("RECIPE").filter(|recipe| !recipe.is_empty() && recipe.len() <= 64);
    let plain = |text: &&String| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    recipe.filter(plain).unwrap_or(&details.repository.slug).clone()
}

impl Course {
    async fn run(self: Rc<Self>, stop: watch::Receiver<Option<Stop>>) -> Status {
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
