//! One step: its unit, its output, its end.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use base::error::chain;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{self, Receiver};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::Instant;

use super::ended::in_drone;
use super::report::{now, shown};
use super::script::script;
use super::{Course, Stop};
use crate::environment;
use crate::log::{Live, Log};
use crate::pipeline::Step;
use crate::rpc::wire::Status;
use systemd::transient::{Running, Service};

/// Beyond the runner's own deadline: systemd ends what a dead runner has left.
const SPARE: Duration = Duration::from_secs(5);

/// How much output is read at once.
const PIECE: usize = 64 * 1024;

/// How a step ended.
#[derive(Debug)]
pub struct End {
    /// Its status.
    pub status: Status,
    /// Its exit code.
    pub exit_code: i32,
    /// A word on it.
    pub error: String,
}

impl End {
    fn not_started(why: &str) -> Self {
        Self { status: Status::Error, exit_code: 255, error: shown(why) }
    }
}

/// Runs the step at this place to its end; `stop` ends it early. What there is to report is reported beside it, by a task
/// of its own: a server that is gone keeps no step waiting.
pub async fn run(course: Rc<Course>, place: usize, mut stop: watch::Receiver<Option<Stop>>) -> End {
    course.report.edit_step(place, |step| {
        step.status = Status::Running;
        step.started = now();
    });
    let live = Rc::new(Live::default());
    let (ended, end) = oneshot::channel();
    course.reports.borrow_mut().push(report(course.clone(), place, live.clone(), end));

    let mut log = Log::new(course.secrets.clone(), course.runner.settings.limits.log_bytes, live);
    if course.notes_are_due.replace(false) {
        for note in &course.common.refused {
            log.note(note);
        }
    }
    let (end, mut log) = match start(&course, place).await {
        Ok((running, output)) => watch(running, output, log, &mut stop).await,
        Err(why) => {
            log.note(&why);
            (End::not_started(&why), log)
        }
    };
    log.finish();
    // They hold secrets that are none of the next step's.
    let number = place_number(place);
    for used in [course.folder.file(number, "sh"), course.folder.file(number, "env"), course.folder.netrc()] {
        drop(fs::remove_file(used));
    }
    let path = course.folder.file(number, "log");
    // On disk until it is uploaded: that may take as long as the server is gone.
    if let Err(error) = fs::write(&path, log.into_json()) {
        tracing::warn!("a step's log was not kept: {error}");
    }
    course.report.edit_step(place, |step| {
        step.status = end.status;
        step.exit_code = end.exit_code;
        step.error.clone_from(&end.error);
        step.stopped = now();
    });
    // Nobody listens when the stage has been given up.
    let _ = ended.send(());
    end
}

/// A step's number in Drone.
pub fn place_number(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX - 1) + 1
}

async fn start(course: &Course, place: usize) -> Result<(Running, Receiver), String> {
    let step = &course.pipeline.steps[place];
    let number = place_number(place);
    let (script_file, environment_file) = (course.folder.file(number, "sh"), course.folder.file(number, "env"));
    let variables: BTreeMap<String, String> = course.variables(step, place);
    let written = super::folder::write_secret(&script_file, script(&step.work).as_bytes())
        .and_then(|()| super::folder::write_secret(&environment_file, environment::file(&variables).as_bytes()));
    written.map_err(|error| format!("the step's files cannot be written: {error}"))?;
    let (output, input) = pipes().map_err(|error| format!("there is no pipe for the step's output: {error}"))?;
    let settings = &course.runner.settings;
    let unit = Service {
        name: format!("{}{}-{number}.service", course.runner.prefix, course.report.id()),
        description: describe(course, step),
        command: [settings.steps.shell.as_path(), "-e".as_ref(), &script_file]
            .map(|word: &std::path::Path| word.to_string_lossy().into_owned())
            .to_vec(),
        directory: course.folder.workspace().to_owned(),
        environment_file,
        output: input,
        runtime_max: course.deadline.saturating_duration_since(Instant::now()) + SPARE,
        stop_timeout: settings.limits.stop(),
        credentials: settings.steps.credentials.clone(),
        properties: settings.steps.properties.on_the_bus(),
    };
    let running = course.runner.units.start(&unit).await.map_err(|error| chain(&error))?;
    Ok((running, output))
}

fn describe(course: &Course, step: &Step) -> String {
    format!("Drone build {} {}, step {}", course.number, course.label, step.name)
}

fn pipes() -> std::io::Result<(Receiver, OwnedFd)> {
    let (input, output) = pipe::pipe()?;
    Ok((output, input.into_blocking_fd()?))
}

/// Reads until the unit is over, and what it has left in the pipe.
async fn watch(
    mut running: Running,
    output: Receiver,
    log: Log,
    stop: &mut watch::Receiver<Option<Stop>>,
) -> (End, Log) {
    let (over, is_over) = oneshot::channel();
    let reader = spawn_local(read(output, log, is_over));
    let mut stopped = None;
    let ended = loop {
        tokio::select! {
            ended = running.ended() => break ended,
            reason = asked(stop), if stopped.is_none() => {
                stopped = Some(reason);
                if let Err(error) = running.stop().await {
                    tracing::error!(UNIT = running.name(), "{}", chain(&error));
                }
            }
        }
    };
    let _ = over.send(());
    if ended.is_err()
        && let Err(error) = running.stop().await
    {
        tracing::error!(UNIT = running.name(), "{}", chain(&error));
    }
    running.release().await;
    let (status, exit_code, error) = match ended {
        Ok(ended) => in_drone(&ended),
        Err(error) => (Status::Error, 255, shown(&chain(&error))),
    };
    let end = match stopped {
        Some(Stop::Over) => End { status: Status::Success, exit_code: 0, error: String::new() },
        Some(reason) => End { status: Status::Killed, exit_code: 137, error: reason.to_string() },
        None => End { status, exit_code, error },
    };
    let log = reader.await;
    match log {
        Ok(log) => (end, log),
        Err(error) => {
            tracing::error!("a step's output was lost: {error}");
            (end, Log::new(crate::mask::Secrets::default(), 0, Rc::default()))
        }
    }
}

/// The reason to stop, once there is one.
async fn asked(stop: &mut watch::Receiver<Option<Stop>>) -> Stop {
    match stop.wait_for(Option::is_some).await {
        Ok(reason) => (*reason).unwrap_or(Stop::Over),
        // Nobody is left who could ask.
        Err(_) => std::future::pending().await,
    }
}

async fn read(mut output: Receiver, mut log: Log, mut is_over: oneshot::Receiver<()>) -> Log {
    let mut piece = vec![0; PIECE];
    loop {
        tokio::select! {
            biased;
            read = output.read(&mut piece) => match read {
                Ok(length) if length > 0 => log.write(&piece[..length]).await,
                _ => return log,
            },
            _ = &mut is_over => break,
        }
    }
    // Every process of the unit is gone. Whoever else may hold the pipe open is not waited for.
    while let Ok(length) = output.try_read(&mut piece)
        && length > 0
    {
        log.write(&piece[..length]).await;
    }
    log
}

/// Tells Drone of the step, from its beginning to its end.
fn report(course: Rc<Course>, place: usize, live: Rc<Live>, end: oneshot::Receiver<()>) -> JoinHandle<()> {
    spawn_local(async move {
        if !course.report.has_begun().await {
            return;
        }
        // The server opens the live log with this.
        course.report.step(place).await;
        live.send(&course.runner.client, course.report.step_id(place)).await;
        if end.await.is_err() {
            return;
        }
        let path = course.folder.file(place_number(place), "log");
        if let Ok(log) = fs::read(&path) {
            course.report.log(place, &log).await;
            drop(fs::remove_file(path));
        }
        course.report.step(place).await;
    })
}
