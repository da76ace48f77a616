//! `/api/repos/{owner}/{name}/builds`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::access::{Admin, Keeper, Reader, Writer};
use crate::answer::{Answer, Refusal, bad, internal, missing, no_row};
use crate::events;
use crate::model::{Build, Kept, Stage, Step, is_done};
use crate::repositories::Shown;
use crate::server::{Server, now};
use crate::trigger;

type Words = HashMap<String, String>;

fn numbered(server: &Server, kept: &Kept, number: &str) -> Answer<Build> {
    let number = number.parse().map_err(bad)?;
    server.read(|state| state.build(kept.repository.id, number).cloned()).ok_or_else(no_row)
}

pub async fn list(
    State(server): State<Arc<Server>>,
    Reader { kept, .. }: Reader,
    Query(query): Query<Words>,
) -> Json<Vec<Build>> {
    let number = |key: &str| query.get(key).and_then(|it| it.parse::<usize>().ok()).unwrap_or_default();
    let limit = Some(number("per_page")).filter(|it| (1..=100).contains(it)).unwrap_or(25);
    let skipped = number("page").saturating_sub(1) * limit;
    let branch = query.get("branch").filter(|it| !it.is_empty()).map(|it| format!("refs/heads/{it}"));
    Json(server.read(|state| {
        let its = state.builds.values().rev().filter(|it| it.repo_id == kept.repository.id);
        let its = its.filter(|it| branch.as_ref().is_none_or(|branch| it.reference == *branch));
        its.skip(skipped).take(limit).cloned().collect()
    }))
}

pub async fn latest(
    State(server): State<Arc<Server>>,
    Reader { kept, .. }: Reader,
    Query(query): Query<Words>,
) -> Answer<Json<Build>> {
    let word = |key: &str| query.get(key).filter(|it| !it.is_empty());
    let branch = word("branch").unwrap_or(&kept.repository.default_branch);
    let reference = match word("ref") {
        Some(reference) if word("branch").is_none() => reference.clone(),
        _ => format!("refs/heads/{branch}"),
    };
    let found = server.read(|state| {
        let mut its = state.builds.values().rev().filter(|it| it.repo_id == kept.repository.id);
        its.find(|it| it.reference == reference).map(|build| state.whole(build))
    });
    found.map(Json).ok_or_else(no_row)
}

pub async fn find(
    State(server): State<Arc<Server>>,
    Reader { kept, .. }: Reader,
    Path((_, _, number)): Path<(String, String, String)>,
) -> Answer<Json<Build>> {
    let build = numbered(&server, &kept, &number)?;
    Ok(Json(server.read(|state| state.whole(&build))))
}

pub async fn create(
    State(server): State<Arc<Server>>,
    Writer { account, kept }: Writer,
    Query(query): Query<Vec<(String, String)>>,
) -> Answer {
    let word = |key: &str| {
        let found = query.iter().find(|(name, value)| name == key && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    let repository = &kept.repository;
    let branch = word("branch").unwrap_or_else(|| repository.default_branch.clone());
    let reference = if branch.starts_with("refs/") { branch.clone() } else { format!("refs/heads/{branch}") };
    if !server.read(|state| state.accounts.contains_key(&repository.user_id)) {
        return Err(no_row());
    }
    let token = server.token(repository.user_id, false).await.map_err(missing)?;
    let wanted = word("commit").unwrap_or_else(|| reference.clone());
    let mut commit = server.gitea.commit(&token, &repository.slug, &wanted).await.map_err(missing)?;
    let author = commit.author();
    let mut params = BTreeMap::new();
    for (key, value) in query.iter().filter(|(key, _)| !["access_token", "commit", "branch"].contains(&key.as_str())) {
        params.entry(key.clone()).or_insert_with(|| value.clone());
    }
    let wanted = Build {
        trigger: account.user.login.clone(),
        event: "custom".to_owned(),
        link: commit.commit.url,
        message: commit.commit.message,
        before: commit.sha.clone(),
        after: commit.sha,
        reference,
        source: branch.clone(),
        target: branch,
        author_login: author.name().to_owned(),
        author_name: author.full_name().to_owned(),
        author_email: author.email().to_owned(),
        author_avatar: author.avatar().to_owned(),
        sender: account.user.login,
        params,
        ..Build::default()
    };
    make(&server, &kept, wanted).await
}

async fn make(server: &Arc<Server>, kept: &Kept, wanted: Build) -> Answer {
    let made = trigger::build(server, &kept.repository, wanted).await.map_err(internal)?;
    Ok(Json(made).into_response())
}

/// Restarts a build, with additional parameters.
pub async fn restart(
    State(server): State<Arc<Server>>,
    Writer { account, kept }: Writer,
    Path((_, _, number)): Path<(String, String, String)>,
    Query(query): Query<Words>,
) -> Answer {
    let old = numbered(&server, &kept, &number)?;
    if ["blocked", "declined"].contains(&old.status.as_str()) {
        return Err(bad(format!("cannot start a {} build", old.status)));
    }
    let mut params: BTreeMap<String, String> = query.clone().into_iter().collect();
    params.remove("access_token");
    let debug = params.remove("debug").is_some_and(|it| it == "true");
    params.extend(old.params.clone());
    let (error, trigger) = (String::new(), account.user.login);
    let wanted = Build { trigger, params, debug, error, started: 0, finished: 0, ..old };
    make(&server, &kept, wanted).await
}

pub async fn cancel(
    State(server): State<Arc<Server>>,
    Writer { kept, .. }: Writer,
    Path((_, _, number)): Path<(String, String, String)>,
) -> Answer {
    let mut build = numbered(&server, &kept, &number)?;
    if matches!(build.status.as_str(), "pending" | "running") {
        "killed".clone_into(&mut build.status);
        build.finished = now();
        if build.started == 0 {
            build.started = now();
        }
        let saved = server.write(|state| state.save_build(&mut build));
        saved.map_err(|_| Refusal(StatusCode::CONFLICT, "Optimistic Lock Error".to_owned()))?;
        server.queue.cancelled(build.id);
        trigger::tell(&server, &kept.repository, &build).await;
    }
    let stages = server.write(|state| {
        let mut stages = state.stages_with_steps(build.id);
        for stage in stages.iter_mut().filter(|it| !is_done(&it.status)) {
            stop(&mut stage.status, &mut stage.started, &mut stage.stopped);
            let mut steps = std::mem::take(&mut stage.steps);
            drop(state.save_stage(stage));
            for step in steps.iter_mut().filter(|it| !is_done(&it.status)) {
                stop(&mut step.status, &mut step.started, &mut step.stopped);
                step.exit_code = 130;
                drop(state.save_step(step));
            }
            stage.steps = steps;
        }
        stages
    });
    Ok(Json(Build { stages, ..build }).into_response())
}

/// Deletes the builds below a number.
pub async fn purge(
    State(server): State<Arc<Server>>,
    Keeper { kept, .. }: Keeper,
    Query(query): Query<Words>,
) -> Answer {
    let before = query.get("before").map(String::as_str).unwrap_or_default().parse().map_err(bad)?;
    server.write(|state| state.purge(kept.repository.id, before));
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ends a status as killed, or as skipped if the work had not begun.
fn stop(status: &mut String, started: &mut i64, stopped: &mut i64) {
    if *started == 0 {
        *started = now();
        "skipped".clone_into(status);
    } else {
        "killed".clone_into(status);
    }
    *stopped = now();
}

type Place = (String, String, String, String, String);

fn step_of(server: &Server, kept: &Kept, place: &Place) -> Answer<Step> {
    let build = numbered(server, kept, &place.2)?;
    let (stage, step): (i64, i64) = (place.3.parse().map_err(bad)?, place.4.parse().map_err(bad)?);
    let found = server.read(|state| {
        let stage: Option<&Stage> = state.stage(build.id, stage);
        stage.and_then(|stage| state.step(stage.id, step).cloned())
    });
    found.ok_or_else(no_row)
}

/// The complete log of a step, after its upload.
pub async fn log(State(server): State<Arc<Server>>, Reader { kept, .. }: Reader, Path(place): Path<Place>) -> Answer {
    let step = step_of(&server, &kept, &place)?;
    let text = std::fs::read(server.log_file(step.id)).map_err(|_| no_row())?;
    Ok(([("content-type", "application/json")], text).into_response())
}

/// The log of a running step.
pub async fn live_log(
    State(server): State<Arc<Server>>,
    Reader { kept, .. }: Reader,
    Path(place): Path<Place>,
) -> Answer {
    let step = step_of(&server, &kept, &place)?;
    Ok(events::stream(server.live.watch(step.id)))
}

/// Every build that waits or runs.
pub async fn incomplete(State(server): State<Arc<Server>>, _: Admin) -> Response {
    let open: Vec<Shown> = server.read(|state| {
        let builds = state.builds.values().filter(|build| {
            state
                .stages
                .values()
                .any(|it| it.build_id == build.id && matches!(it.status.as_str(), "pending" | "running"))
        });
        let shown = builds.filter_map(|build| {
            let repository = state.repositories.get(&build.repo_id)?.repository.clone();
            Some(Shown { repository, build: Some(build.clone()), permissions: None })
        });
        shown.collect()
    });
    Json(open).into_response()
}
