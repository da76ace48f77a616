//! A stage from its acceptance to its end. At its end none of its processes is left, and the end is reported to Drone: its
//! folder stays until Drone has taken the end or refused it.

mod context;
mod drone_variables;
mod folder;
mod outcome;
mod report;
mod run;
mod script;
mod secrets;
mod step;
mod variables;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use base::clock::unix_seconds;
use base::error::chain;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::LocalBoxFuture;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, timeout};

use super::Runner;
use super::pipeline::{self, Pipeline};
use super::queue::Accepted;
use super::rpc::wire::{self, Details, Stage};
use super::rpc::{Error, retry};
use super::settings::Settings;
use context::StageContext;
pub use context::StopReason;
pub use folder::{Folder, LOCK};
use http::drone::Status;
pub use report::Report;
use secrets::{BuildSecrets, Hidden};
pub use step::drone_step_number;
use variables::StageVariables;

/// The timeout of a repository with timeout 0, in minutes: the default of Drone.
const DEFAULT_MINUTES: u64 = 60;

/// The time for Drone to take the end of a stage before its slot is freed.
const PROMPT: Duration = Duration::from_secs(10);

/// Runs an accepted stage to its end. `stop` ends it early. Returns the status, and the task that reports the end if Drone
/// has not taken it promptly.
pub async fn run(
    runner: Rc<Runner>,
    accepted: Accepted,
    stop: watch::Receiver<Option<StopReason>>,
) -> (Status, Option<JoinHandle<()>>) {
    let Accepted { stage, folder, details } = accepted;
    let id = stage.id;
    let report = Report::new(runner.client.clone(), folder.clone(), stage);
    let prepared = prepare(&runner, report, folder.clone(), details).await;
    let (status, report): (Status, LocalBoxFuture<'static, ()>) = match prepared {
        Ok(context) => (context.clone().run(stop).await, Box::pin(context.report_end())),
        Err((report, why)) => {
            tracing::warn!(STAGE = id, "refused: {why}");
            report.close(Status::Error, &why);
            (Status::Error, Box::pin(async move { report.end().await }))
        }
    };
    let of_end = runner.clone();
    let mut reporting = spawn_local(async move {
        report.await;
        of_end.status.end_stage(id);
        if let Err(error) = folder.remove() {
            tracing::warn!(STAGE = id, "the stage's folder cannot be removed: {error}");
        }
    });
    let is_reported = timeout(PROMPT, &mut reporting).await.is_ok();
    if !is_reported {
        runner.status.delay_report(id);
    }
    (status, (!is_reported).then_some(reporting))
}

/// The stage as Drone has it. `early` was begun before the acceptance, and is repeated if it failed.
async fn read(runner: &Runner, id: i64, early: JoinHandle<Result<Details, Error>>) -> Result<Details, Error> {
    if let Ok(Ok(details)) = early.await {
        return Ok(details);
    }
    retry("read a stage", async || runner.client.details(id).await).await
}

/// Prepares the steps, and refuses a build that this runner does not run. `early` as in [`read`].
async fn prepare(
    runner: &Rc<Runner>,
    report: Report,
    mut folder: Folder,
    early: JoinHandle<Result<Details, Error>>,
) -> Result<Rc<StageContext>, (Report, String)> {
    let id = report.id();
    let first = step::unit_name(runner, id, 0);
    let (details, signals) = tokio::join!(read(runner, id, early), runner.units.subscribe(&first));
    let details = match details {
        Ok(details) => details,
        Err(error) => {
            let why = format!("Drone's server gives no details of the stage: {}", chain(&error));
            return Err((report, why));
        }
    };
    let parse = || -> Result<(Pipeline, BuildSecrets), String> {
        if let Some(why) = refusal(&runner.settings, &details) {
            return Err(why);
        }
        let text = STANDARD.decode(&details.config.data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| pipeline::Error::NotText.to_string())?;
        let name = if details.stage.name.is_empty() { "default" } else { &details.stage.name };
        let pipeline = Pipeline::read(&text, name, &runner.settings.steps.environment)
            .map_err(|error| error.to_string())?
            .of_build(&details);
        let build_secrets = BuildSecrets::new(&details);
        build_secrets.check(&pipeline).map_err(|error| error.to_string())?;
        Ok((pipeline, build_secrets))
    };
    let hidden = match Hidden::new(&runner.settings, &details, &runner.secret) {
        Ok(hidden) => hidden,
        Err(why) => return Err((report, why)),
    };
    let (pipeline, build_secrets) = match parse() {
        Ok(parsed) => parsed,
        // An error may quote a secret from the file.
        Err(why) => return Err((report, hidden.values.hide(&why))),
    };
    let prepared = folder.prepare(&pipeline.workspace).and_then(|()| match secrets::netrc(&details) {
        Some(netrc) if secrets::clones(&pipeline) => folder::write_secret(&folder.netrc(), netrc.as_bytes()),
        _ => Ok(()),
    });
    if let Err(error) = prepared {
        return Err((report, format!("the stage's folder cannot be created: {error}")));
    }
    report.edit(|stage| set_steps(stage, &pipeline));
    let minutes = if details.repository.timeout == 0 { DEFAULT_MINUTES } else { details.repository.timeout };
    Ok(Rc::new(StageContext {
        variables: StageVariables::new(&runner.settings, &details, runner.client.machine(), &folder),
        build_secrets,
        hidden,
        deadline: Instant::now() + Duration::from_secs(minutes.saturating_mul(60).min(366 * 24 * 3600)),
        minutes,
        number: details.build.number,
        label: label(&details),
        reports: RefCell::default(),
        statuses: RefCell::new(vec![Status::Pending; pipeline.steps.len()]),
        signals: RefCell::new(signals.ok()),
        is_started: watch::Sender::new(false),
        runner: runner.clone(),
        report,
        folder,
        pipeline,
    }))
}

/// The reason why this runner does not run a build, if there is one.
fn refusal(settings: &Settings, details: &Details) -> Option<String> {
    let slug = &details.repository.slug;
    // Gitea does not allow two names that differ by case only.
    if !settings.repositories.iter().any(|known| known.eq_ignore_ascii_case(slug)) {
        return Some(format!("this runner takes builds of {} only, not of {slug}", settings.repositories.join(", ")));
    }
    let event = &details.build.event;
    if !settings.events.contains(event) {
        return Some(format!("this runner takes the event {} only, not {event}", settings.events.join(", ")));
    }
    None
}

/// Sets the stage to running, with all of its steps pending.
fn set_steps(stage: &mut Stage, pipeline: &Pipeline) {
    stage.status = Status::Running;
    stage.started = unix_seconds();
    let steps = pipeline.steps.iter().enumerate().map(|(index, step)| wire::Step {
        number: drone_step_number(index),
        stage_id: stage.id,
        name: step.name.clone(),
        errignore: step.is_ignored,
        depends_on: step.depends_on.clone(),
        detached: step.is_detached,
        ..wire::Step::default()
    });
    stage.steps = steps.collect();
}

/// The recipe of a build, or its repository if the build has no parameter `RECIPE`.
fn label(details: &Details) -> String {
    let recipe = details.build.params.get("RECIPE").filter(|recipe| !recipe.is_empty() && recipe.len() <= 64);
    let plain = |text: &&String| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    recipe.filter(plain).unwrap_or(&details.repository.slug).clone()
}
