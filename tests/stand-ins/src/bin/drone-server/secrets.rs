//! `/api/repos/{owner}/{name}/secrets`: write-only, except for runners.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::access::Writer;
use crate::answer::{self, Answer, bad, internal, no_row};
use crate::model::Secret;
use crate::server::Server;
use crate::state::next;

impl Secret {
    fn without_value(&self) -> Self {
        Self { data: String::new(), ..self.clone() }
    }

    fn check(&self) -> Answer<()> {
        let is_odd = |it: char| !(it.is_ascii_alphanumeric() || "-_.".contains(it));
        if self.name.is_empty() || (!self.data.is_empty() && self.name.contains(is_odd)) {
            return Err(bad("Invalid Secret Name"));
        }
        if self.data.is_empty() { Err(bad("Invalid Secret Value")) } else { Ok(()) }
    }
}

pub async fn list(State(server): State<Arc<Server>>, Writer { kept, .. }: Writer) -> Json<Vec<Secret>> {
    let mut all: Vec<Secret> = server.read(|state| {
        let its = state.secrets.values().filter(|secret| secret.repo_id == kept.repository.id);
        its.map(Secret::without_value).collect()
    });
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Json(all)
}

pub async fn create(State(server): State<Arc<Server>>, Writer { kept, .. }: Writer, body: Bytes) -> Answer {
    let given: Secret = answer::body(&body)?;
    let mut secret = Secret { id: 0, repo_id: kept.repository.id, ..given };
    secret.check()?;
    if server.read(|state| state.secret(secret.repo_id, &secret.name).is_some()) {
        return Err(internal("UNIQUE constraint failed: secrets.secret_repo_id, secrets.secret_name"));
    }
    server.write(|state| {
        secret.id = next(&state.secrets);
        state.secrets.insert(secret.id, secret.clone());
    });
    Ok(Json(secret.without_value()).into_response())
}

fn named(server: &Server, repository: i64, name: &str) -> Answer<Secret> {
    server.read(|state| state.secret(repository, name).cloned()).ok_or_else(no_row)
}

pub async fn find(
    State(server): State<Arc<Server>>,
    Writer { kept, .. }: Writer,
    Path((_, _, name)): Path<(String, String, String)>,
) -> Answer<Json<Secret>> {
    Ok(Json(named(&server, kept.repository.id, &name)?.without_value()))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Wanted {
    data: Option<String>,
    pull_request: Option<bool>,
    pull_request_push: Option<bool>,
}

pub async fn update(
    State(server): State<Arc<Server>>,
    Writer { kept, .. }: Writer,
    Path((_, _, name)): Path<(String, String, String)>,
    body: Bytes,
) -> Answer<Json<Secret>> {
    let wanted: Wanted = answer::body(&body)?;
    let mut secret = named(&server, kept.repository.id, &name)?;
    secret.data = wanted.data.unwrap_or(secret.data);
    secret.pull_request = wanted.pull_request.unwrap_or(secret.pull_request);
    secret.pull_request_push = wanted.pull_request_push.unwrap_or(secret.pull_request_push);
    secret.check()?;
    server.write(|state| state.secrets.insert(secret.id, secret.clone()));
    Ok(Json(secret.without_value()))
}

pub async fn delete(
    State(server): State<Arc<Server>>,
    Writer { kept, .. }: Writer,
    Path((_, _, name)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    let secret = named(&server, kept.repository.id, &name)?;
    server.write(|state| state.secrets.remove(&secret.id));
    Ok(StatusCode::NO_CONTENT)
}
