//! A step: its service, its output, its reports.

use std::fs;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use base::clock::unix_seconds;
use base::error::chain;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{self, Receiver};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::Instant;

use super::context::{StageContext, StopReason, stop_reason};
use super::folder;
use super::outcome::StepOutcome;
use super::script::script;
use crate::Runner;
use crate::environment::Environment;
use crate::log::{LiveLog, StepLog};
use crate::mask::MaskedValues;
use crate::pipeline::Step;
use http::drone::{START_AGAIN, Status};
use systemd::transient::{Running, Service};

/// The time beyond the runner's own deadline after which systemd ends the step of a dead runner.
const SPARE: Duration = Duration::from_secs(5);

/// The error of a step that failed while systemd stopped every service.
const SHUTDOWN: &str = "the machine was shut down while the step ran";

/// The size of one read of output, in bytes.
const PIECE: usize = 64 * 1024;

/// Runs a step to its end; `stop` ends it early. A task of its own sends the reports, so that a step does not wait for the
/// server.
pub async fn run(stage: Rc<StageContext>, index: usize, mut stop: watch::Receiver<Option<StopReason>>) -> StepOutcome {
    stage.report.edit_step(index, |step| {
        step.status = Status::Running;
        step.started = unix_seconds();
    });
    let live = Rc::new(LiveLog::default());
    let (ended, end) = oneshot::channel();
    stage.reports.borrow_mut().push(report(stage.clone(), index, live.clone(), end));

    let mut log = StepLog::new(stage.hidden.values.clone(), stage.runner.settings.limits.log_bytes, live);
    let environment = stage.environment(&stage.pipeline.steps[index], index);
    for note in &environment.notes {
        log.note(note);
    }
    let (outcome, mut log) = match start(&stage, index, &environment).await {
        Ok((running, output)) => watch(&stage, running, output, log, &mut stop).await,
        Err(why) => {
            log.note(&why);
            (StepOutcome::error(&why), log)
        }
    };
    log.finish();
    // Also if systemd could not execute it.
    stage.is_started.send_replace(true);
    // Secrets of this step must not be readable by the next one.
    let number = drone_step_number(index);
    for file in [stage.folder.file(number, "sh"), stage.folder.file(number, "env"), stage.folder.netrc()] {
        drop(fs::remove_file(file));
    }
    let path = stage.folder.file(number, "log");
    // On disk until the upload, which waits for the end of an outage.
    if let Err(error) = fs::write(&path, log.into_json()) {
        tracing::warn!("the log of a step was not saved: {error}");
    }
    stage.report.edit_step(index, |step| {
        step.status = outcome.status;
        step.exit_code = outcome.exit_code;
        step.error.clone_from(&outcome.error);
        step.stopped = unix_seconds();
    });
    // The receiver is dropped if the start was not reported.
    let _ = ended.send(());
    outcome
}

/// The name of a step's unit.
pub fn unit_name(runner: &Runner, stage: i64, index: usize) -> String {
    format!("{}{stage}-{}.service", runner.unit_prefix, drone_step_number(index))
}

/// The number of a step in Drone, from 1.
pub fn drone_step_number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX - 1) + 1
}

async fn start(stage: &StageContext, index: usize, environment: &Environment) -> Result<(Running, Receiver), String> {
    let step = &stage.pipeline.steps[index];
    let number = drone_step_number(index);
    let (script_file, variables_file) = (stage.folder.file(number, "sh"), stage.folder.file(number, "env"));
    let script = script(&step.kind, &environment.exports());
    let written = folder::write_secret(&script_file, script.as_bytes())
        .and_then(|()| folder::write_secret(&variables_file, environment.file().as_bytes()));
    written.map_err(|error| format!("the step's files cannot be written: {error}"))?;
    let (output, input) =
        output_pipe().map_err(|error| format!("a pipe for the step's output cannot be created: {error}"))?;
    let settings = &stage.runner.settings;
    let service = Service {
        description: describe(stage, step),
        command: [settings.steps.shell.as_path(), "-e".as_ref(), &script_file]
            .map(|word: &std::path::Path| word.to_string_lossy().into_owned())
            .to_vec(),
        directory: stage.folder.workspace().to_owned(),
        environment_file: variables_file,
        output: input,
        runtime_max: stage.deadline.saturating_duration_since(Instant::now()) + SPARE,
        stop_timeout: settings.limits.stop(),
        credentials: settings.steps.credentials.clone(),
        properties: settings.steps.properties.to_dbus(),
    };
    let units = &stage.runner.units;
    let name = unit_name(&stage.runner, stage.report.id(), index);
    let early = stage.signals.take().filter(|signals| signals.name() == name);
    let running = async {
        let signals = if let Some(signals) = early { signals } else { units.subscribe(&name).await? };
        units.start(&service, signals).await
    };
    Ok((running.await.map_err(|error| chain(&error))?, output))
}

fn describe(stage: &StageContext, step: &Step) -> String {
    format!("Drone build {} {}, step {}", stage.number, stage.label, step.name)
}

fn output_pipe() -> std::io::Result<(Receiver, OwnedFd)> {
    let (input, output) = pipe::pipe()?;
    Ok((output, input.into_blocking_fd()?))
}

/// Waits for the end of the service, and reads its output.
async fn watch(
    stage: &StageContext,
    mut running: Running,
    output: Receiver,
    log: StepLog,
    stop: &mut watch::Receiver<Option<StopReason>>,
) -> (StepOutcome, StepLog) {
    let (ended_sender, has_ended) = oneshot::channel();
    let reader = spawn_local(read(output, log, has_ended));
    let mut stopped = None;
    let executed = running.executed();
    tokio::pin!(executed);
    let mut is_executed = false;
    let ended = loop {
        tokio::select! {
            ended = running.ended() => break ended,
            () = &mut executed, if !is_executed => {
                is_executed = true;
                stage.step_runs();
            }
            reason = stop_reason(stop), if stopped.is_none() => {
                stopped = Some(reason);
                if let Err(error) = running.stop().await {
                    tracing::error!(UNIT = running.name(), "{}", chain(&error));
                }
            }
        }
    };
    let _ = ended_sender.send(());
    if ended.is_err()
        && let Err(error) = running.stop().await
    {
        tracing::error!(UNIT = running.name(), "{}", chain(&error));
    }
    let mut outcome = match (stopped, ended) {
        (Some(StopReason::StageEnded), _) => StepOutcome::success(),
        (Some(reason), _) => StepOutcome::killed(&reason.to_string()),
        (None, Ok(exit)) => StepOutcome::from_exit(&exit),
        (None, Err(error)) => StepOutcome::error(&chain(&error)),
    };
    if stopped.is_none() && outcome.status.is_failed() && running.is_shutdown().await {
        outcome = StepOutcome::error(&format!("{SHUTDOWN}; {START_AGAIN}"));
    }
    running.release().await;
    match reader.await {
        Ok(log) => (outcome, log),
        Err(error) => {
            tracing::error!("the output of a step was lost: {error}");
            (outcome, StepLog::new(MaskedValues::default(), 0, Rc::default()))
        }
    }
}

async fn read(mut output: Receiver, mut log: StepLog, mut has_ended: oneshot::Receiver<()>) -> StepLog {
    let mut piece = vec![0; PIECE];
    loop {
        tokio::select! {
            biased;
            read = output.read(&mut piece) => match read {
                Ok(length) if length > 0 => log.write(&piece[..length]).await,
                _ => return log,
            },
            _ = &mut has_ended => break,
        }
    }
    // Every process of the service has ended. A process outside may hold the pipe open; do not wait for it.
    while let Ok(length) = output.try_read(&mut piece)
        && length > 0
    {
        log.write(&piece[..length]).await;
    }
    log
}

/// Reports the step to Drone, from its start to its end.
fn report(stage: Rc<StageContext>, index: usize, live: Rc<LiveLog>, end: oneshot::Receiver<()>) -> JoinHandle<()> {
    spawn_local(async move {
        if !stage.report.is_started().await {
            return;
        }
        // This report opens the live log on the server.
        stage.report.step(index).await;
        live.send(&stage.runner.client, stage.report.step_id(index)).await;
        if end.await.is_err() {
            return;
        }
        let path = stage.folder.file(drone_step_number(index), "log");
        if let Ok(log) = fs::read(&path) {
            stage.report.log(index, &log).await;
            drop(fs::remove_file(path));
        }
        stage.report.step(index).await;
    })
}
