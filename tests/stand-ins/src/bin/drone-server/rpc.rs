//! `/rpc/v2`: the protocol of runners.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::live::Line;
use crate::model::{Build, Secret, Stage, Step};
use crate::server::{Server, now};
use crate::stages::{self, Problem, no_row};

type Outcome = Result<Response, Problem>;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Stale => (StatusCode::CONFLICT, "Optimistic Lock Error").into_response(),
            Self::Failed(why) => (StatusCode::INTERNAL_SERVER_ERROR, why).into_response(),
        }
    }
}

/// Like the real server, writes JSON without a content type of its own.
fn json_text(value: &impl serde::Serialize) -> Outcome {
    let text = serde_json::to_string(value).map_err(failed)?;
    Ok((text + "\n").into_response())
}

fn failed(error: impl ToString) -> Problem {
    Problem::Failed(error.to_string())
}

fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(failed)
}

/// Accepts requests with the shared secret; rejects all when none is configured.
pub async fn guard(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let given = request.headers().get("x-drone-token").map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    if server.settings.rpc_secret.is_empty() {
        return StatusCode::FORBIDDEN.into_response();
    }
    if given != server.settings.rpc_secret.as_bytes() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

pub async fn ping() {}

pub async fn request(State(server): State<Arc<Server>>, bytes: Bytes) -> Outcome {
    let waiting = server.queue.wait_for_stage(body(&bytes)?);
    server.signal();
    Ok(match timeout(server.settings.poll, waiting).await {
        Ok(Ok(stage)) => json_text(&stage)?,
        _ => StatusCode::NO_CONTENT.into_response(),
    })
}

pub async fn accept(
    State(server): State<Arc<Server>>,
    Path(id): Path<i64>,
    Query(query): Query<HashMap<String, String>>,
) -> Outcome {
    let machine = query.get("machine").cloned().unwrap_or_default();
    let stage = server.write(|state| {
        let mut stage = state.stages.get(&id).cloned().ok_or_else(no_row)?;
        if !stage.machine.is_empty() {
            return Err(Problem::Stale);
        }
        stage.machine = machine;
        "pending".clone_into(&mut stage.status);
        stage.updated = now();
        state.save_stage(&mut stage)?;
        Ok(stage)
    })?;
    json_text(&stage)
}

pub async fn details(State(server): State<Arc<Server>>, Path(id): Path<i64>) -> Outcome {
    let (stage, build, kept, secrets) = server.read(|state| {
        let stage = state.stages.get(&id).cloned().ok_or_else(no_row)?;
        let build = state.builds.get(&stage.build_id).cloned().ok_or_else(no_row)?;
        let kept = state.repositories.get(&build.repo_id).cloned().ok_or_else(no_row)?;
        let stages = state.stages.values().filter(|it| it.build_id == build.id).cloned().collect();
        let is_given = |it: &&Secret| it.repo_id == build.repo_id && (build.event != "pull_request" || it.pull_request);
        let mut secrets: Vec<Secret> = state.secrets.values().filter(is_given).cloned().collect();
        secrets.sort_by(|one, other| one.name.cmp(&other.name));
        Ok::<_, Problem>((stage, Build { stages, ..build }, kept, secrets))
    })?;
    let repository = &kept.repository;
    let token = server.token(repository.user_id, false).await.map_err(failed)?;
    let file = server.gitea.file(&token, &repository.slug, &build.after, &repository.config_path).await;
    let file = file.map_err(failed)?;
    let netrc = if repository.private || server.settings.always_auth {
        // Always renewed, so that the token is valid for the whole stage.
        let token = server.token(repository.user_id, true).await.map_err(failed)?;
        let machine = reqwest::Url::parse(&repository.git_http_url).ok();
        let machine = machine.as_ref().and_then(|url| url.host_str()).unwrap_or_default().to_owned();
        json!({"machine": machine, "login": token, "password": "x-oauth-basic"})
    } else {
        Value::Null
    };
    let mut shown = serde_json::to_value(repository).map_err(failed)?;
    shown["secret"] = json!(kept.secret);
    let settings = &server.settings;
    let system = json!({
        "proto": settings.proto, "host": settings.host, "link": settings.address, "version": settings.version,
    });
    let secrets = if secrets.is_empty() { Value::Null } else { json!(secrets) };
    json_text(&json!({
        "repository": shown, "build": build, "stage": stage, "secrets": secrets, "system": system, "netrc": netrc,
        "config": {"Data": STANDARD.encode(file), "Hash": null},
    }))
}

pub async fn update_stage(State(server): State<Arc<Server>>, bytes: Bytes) -> Outcome {
    let stage: Stage = body(&bytes)?;
    let is_open = matches!(stage.status.as_str(), "pending" | "running");
    let said = if is_open { stages::begin(&server, stage).await? } else { stages::end(&server, stage).await? };
    json_text(&said)
}

pub async fn update_step(State(server): State<Arc<Server>>, bytes: Bytes) -> Outcome {
    let step: Step = body(&bytes)?;
    let is_open = matches!(step.status.as_str(), "pending" | "running");
    let said = if is_open { stages::begin_step(&server, step)? } else { stages::end_step(&server, step)? };
    json_text(&said)
}

/// Answers when the build is cancelled during the request. An earlier cancel or another end gives no answer.
pub async fn watch(State(server): State<Arc<Server>>, Path(build): Path<i64>) -> Outcome {
    let waiting = server.queue.wait_for_end(build);
    if timeout(server.settings.poll, waiting).await.is_err() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let is_known = server.read(|state| state.builds.contains_key(&build));
    if is_known { Ok(StatusCode::OK.into_response()) } else { Err(no_row()) }
}

pub async fn log_batch(State(server): State<Arc<Server>>, Path(step): Path<i64>, bytes: Bytes) -> Outcome {
    let lines: Vec<Line> = body(&bytes)?;
    for line in &lines {
        server.live.add(step, line).map_err(failed)?;
    }
    Ok(StatusCode::OK.into_response())
}

pub async fn log_upload(State(server): State<Arc<Server>>, Path(step): Path<i64>, bytes: Bytes) -> Outcome {
    let saved = server.save_log(step, &bytes);
    saved.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => failed("UNIQUE constraint failed: logs.log_id"),
        _ => failed(error),
    })?;
    Ok(StatusCode::OK.into_response())
}
