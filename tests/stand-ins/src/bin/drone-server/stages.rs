//! Effects of a runner's reports on stages, steps and their build.

use std::sync::Arc;

use crate::model::{Build, Repository, Stage, Step, is_done, is_failed, shorten};
use crate::repositories::Shown;
use crate::server::{Server, now};
use crate::state::{Stale, State, next};
use crate::trigger;

/// Error of a report.
#[derive(Debug)]
pub enum Problem {
    /// The row was changed since the runner read it.
    Stale,
    Failed(String),
}

impl From<Stale> for Problem {
    fn from(_: Stale) -> Self {
        Self::Stale
    }
}

pub fn no_row() -> Problem {
    Problem::Failed("sql: no rows in result set".to_owned())
}

fn find(state: &State, build: i64) -> Result<(Build, Repository), Problem> {
    let build = state.builds.get(&build).cloned().ok_or_else(no_row)?;
    let kept = state.repositories.get(&build.repo_id).ok_or_else(no_row)?;
    Ok((build, kept.repository.clone()))
}

/// Publishes the build's state to the listeners.
fn publish(server: &Server, repository: &Repository, build: &Build) {
    let whole = server.read(|state| state.whole(build));
    let shown = Shown { repository: repository.clone(), build: Some(whole), permissions: None };
    let data = serde_json::to_string(&shown).unwrap_or_default();
    server.events.tell(&repository.slug, &repository.visibility, &data);
}

fn add(state: &mut State, step: &mut Step) -> Result<(), Problem> {
    shorten(&mut step.error);
    if state.step(step.stage_id, step.number).is_some() {
        let why = "UNIQUE constraint failed: steps.step_stage_id, steps.step_number";
        return Err(Problem::Failed(why.to_owned()));
    }
    step.id = next(&state.steps);
    step.version = 1;
    state.steps.insert(step.id, step.clone());
    Ok(())
}

/// Begins a stage: creates its steps, and sets its build to running.
pub async fn begin(server: &Arc<Server>, mut stage: Stage) -> Result<Stage, Problem> {
    let (mut build, repository) = server.read(|state| find(state, stage.build_id))?;
    shorten(&mut stage.error);
    stage.updated = now();
    server.write(|state| {
        let mut steps = std::mem::take(&mut stage.steps);
        let saved = state.save_stage(&mut stage).map_err(Problem::from);
        let added = saved.and_then(|()| steps.iter_mut().try_for_each(|step| add(state, step)));
        stage.steps = steps;
        added
    })?;
    let begins = build.status == "pending" && {
        "running".clone_into(&mut build.status);
        build.started = now();
        build.updated = now();
        server.write(|state| state.save_build(&mut build)).is_ok()
    };
    publish(server, &repository, &build);
    if begins {
        trigger::tell(server, &repository, &build).await;
    }
    Ok(stage)
}

/// Ends a stage: dependent stages begin or are skipped, and the build ends with its last stage.
pub async fn end(server: &Arc<Server>, mut stage: Stage) -> Result<Stage, Problem> {
    let (mut build, repository) = server.read(|state| find(state, stage.build_id))?;
    server.write(|state| {
        for step in &mut stage.steps {
            shorten(&mut step.error);
            state.save_step(step)?;
        }
        shorten(&mut stage.error);
        stage.updated = now();
        state.save_stage(&mut stage)
    })?;
    for step in &stage.steps {
        server.live.end(step.id);
    }
    let stages = server.write(|state| {
        downstream(state, build.id);
        state.stages_with_steps(build.id)
    });
    server.signal();
    let is_open = |status: &str| !is_done(status) || status == "declined";
    if stages.iter().any(|it| is_open(&it.status)) {
        return Ok(stage);
    }
    let failed = stages.iter().map(|it| it.status.as_str()).find(|status| is_failed(status));
    failed.unwrap_or("success").clone_into(&mut build.status);
    build.finished = now();
    if build.started == 0 {
        build.started = build.finished;
    }
    // A build that was cancelled meanwhile stays cancelled.
    if server.write(|state| state.save_build(&mut build)).is_ok() {
        publish(server, &repository, &build);
        trigger::tell(server, &repository, &build).await;
    }
    Ok(stage)
}

fn downstream(rows: &mut State, build: i64) {
    let stages: Vec<Stage> = rows.stages.values().filter(|it| it.build_id == build).cloned().collect();
    let has_failed = stages.iter().any(|it| is_failed(&it.status));
    let mut settled = stages.clone();
    for at in 0..settled.len() {
        let stage = settled[at].clone();
        let is_ready = settled.iter().all(|it| !stage.depends_on.contains(&it.name) || is_done(&it.status));
        if stage.status != "waiting_on_dependencies" || !is_ready {
            continue;
        }
        let is_skipped = if has_failed { !stage.on_failure } else { !stage.on_success };
        let mut new = Stage { updated: now(), ..stage };
        if is_skipped {
            "skipped".clone_into(&mut new.status);
            (new.started, new.stopped) = (now(), now());
        } else {
            "pending".clone_into(&mut new.status);
        }
        if rows.save_stage(&mut new).is_ok() {
            settled[at] = new;
        }
    }
}

fn report(server: &Arc<Server>, step: &mut Step) -> Result<(), Problem> {
    shorten(&mut step.error);
    server.write(|state| state.save_step(step))?;
    let found = server.read(|state| {
        let stage = state.stages.get(&step.stage_id).ok_or_else(no_row)?;
        find(state, stage.build_id)
    });
    if let Ok((build, repository)) = found {
        publish(server, &repository, &build);
    }
    Ok(())
}

/// Begins a step and its live log.
pub fn begin_step(server: &Arc<Server>, mut step: Step) -> Result<Step, Problem> {
    server.live.begin(step.id);
    report(server, &mut step)?;
    Ok(step)
}

/// Ends a step and its live log. As on the real server, a stale report is an error 500 here, not a conflict.
pub fn end_step(server: &Arc<Server>, mut step: Step) -> Result<Step, Problem> {
    let reported = report(server, &mut step);
    server.live.end(step.id);
    match reported {
        Ok(()) => Ok(step),
        Err(Problem::Stale) => Err(Problem::Failed("1 error occurred:\n\t* Optimistic Lock Error\n\n".to_owned())),
        Err(problem) => Err(problem),
    }
}
