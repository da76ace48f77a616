//! One stage, from Drone's offer to its end: whatever happens, no process of it is left, and Drone is told.

mod course;
mod ended;
mod folder;
mod refusal;
mod report;
mod script;
mod step;
mod variables;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use base::error::chain;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Runner;
use super::pipeline::{self, Pipeline};
use super::rpc::Patience;
use super::rpc::wire::{self, Details, Stage, Status};
use course::Course;
pub use folder::Folder;
pub use report::Report;
pub(super) use report::now;
pub use step::place_number;
use variables::{Common, Named};

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
