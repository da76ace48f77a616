//! `/api/repos/{owner}/{name}`: a repository's data, and its activation.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::access::{Admin, Keeper, Reader};
use crate::answer::{self, Answer, internal, missing, no_row};
use crate::model::{Build, Kept, Permission, Repository};
use crate::server::Server;
use crate::session::random;
use crate::state::State as Rows;

/// A repository with the fields that some answers add.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub repository: Repository,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permission>,
}

pub async fn find(Reader { kept, may }: Reader) -> Json<Shown> {
    Json(Shown { repository: kept.repository, permissions: may, build: None })
}

pub async fn all(State(server): State<Arc<Server>>, _: Admin) -> Json<Vec<Repository>> {
    Json(server.read(|state| state.repositories.values().map(|kept| kept.repository.clone()).collect()))
}

/// Saves a repository, unless another request saved it since it was read.
fn save(rows: &mut Rows, kept: &mut Kept) -> Answer<()> {
    let id = kept.repository.id;
    let same = rows.repositories.get_mut(&id).filter(|old| old.repository.version == kept.repository.version);
    let old = same.ok_or_else(|| internal("Optimistic Lock Error"))?;
    kept.repository.version += 1;
    old.clone_from(kept);
    Ok(())
}

fn saved(server: &Server, mut kept: Kept) -> Answer {
    server.write(|rows| save(rows, &mut kept))?;
    Ok(Json(kept.repository).into_response())
}

pub async fn enable(State(server): State<Arc<Server>>, Keeper { account, mut kept }: Keeper) -> Answer {
    let repository = &mut kept.repository;
    repository.active = true;
    repository.user_id = account.user.id;
    if repository.config_path.is_empty() {
        ".drone.yml".clone_into(&mut repository.config_path);
    }
    if repository.timeout == 0 {
        repository.timeout = 60;
    }
    for secret in [&mut kept.signer, &mut kept.secret] {
        if secret.is_empty() {
            *secret = random(32);
        }
    }
    let token = server.token(account.user.id, false).await.map_err(internal)?;
    server.gitea.hook(&token, &kept.repository.slug, &kept.signer).await.map_err(internal)?;
    saved(&server, kept)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Wanted {
    visibility: Option<String>,
    config_path: Option<String>,
    trusted: Option<bool>,
    protected: Option<bool>,
    ignore_forks: Option<bool>,
    ignore_pull_requests: Option<bool>,
    auto_cancel_pull_requests: Option<bool>,
    auto_cancel_pushes: Option<bool>,
    timeout: Option<i64>,
    throttle: Option<i64>,
    counter: Option<i64>,
}

fn set<T>(to: &mut T, wanted: Option<T>) {
    if let Some(wanted) = wanted {
        *to = wanted;
    }
}

pub async fn update(State(server): State<Arc<Server>>, Keeper { account, mut kept }: Keeper, body: Bytes) -> Answer {
    let wanted: Wanted = answer::body(&body)?;
    let repository = &mut kept.repository;
    set(&mut repository.visibility, wanted.visibility);
    set(&mut repository.config_path, wanted.config_path);
    set(&mut repository.protected, wanted.protected);
    set(&mut repository.ignore_forks, wanted.ignore_forks);
    set(&mut repository.ignore_pull_requests, wanted.ignore_pull_requests);
    set(&mut repository.auto_cancel_pull_requests, wanted.auto_cancel_pull_requests);
    set(&mut repository.auto_cancel_pushes, wanted.auto_cancel_pushes);
    // For other callers than administrators these fields are ignored without an error.
    if account.user.admin {
        set(&mut repository.trusted, wanted.trusted);
        set(&mut repository.timeout, wanted.timeout);
        set(&mut repository.throttle, wanted.throttle);
        set(&mut repository.counter, wanted.counter);
    }
    saved(&server, kept)
}

pub async fn disable(
    State(server): State<Arc<Server>>,
    Keeper { mut kept, .. }: Keeper,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    kept.repository.active = false;
    let id = kept.repository.id;
    let answer = saved(&server, kept)?;
    if query.get("remove").is_some_and(|it| it == "true") {
        server.write(|rows| rows.repositories.remove(&id));
    }
    Ok(answer)
}

pub async fn take_over(State(server): State<Arc<Server>>, Keeper { account, mut kept }: Keeper) -> Answer {
    kept.repository.user_id = account.user.id;
    saved(&server, kept)
}

/// Updates the repository from Gitea and creates its webhook again, as the repository's owner.
pub async fn repair(State(server): State<Arc<Server>>, Keeper { mut kept, .. }: Keeper) -> Answer {
    let owner = kept.repository.user_id;
    if !server.read(|rows| rows.accounts.contains_key(&owner)) {
        return Err(no_row());
    }
    let token = server.token(owner, false).await.map_err(missing)?;
    let remote = server.gitea.repository(&token, &kept.repository.slug).await.map_err(missing)?;
    let remote = remote.repository(&server.settings);
    kept.repository.default_branch = remote.default_branch;
    kept.repository.git_http_url = remote.git_http_url;
    kept.repository.git_ssh_url = remote.git_ssh_url;
    kept.repository.private = remote.private;
    if !remote.link.is_empty() {
        kept.repository.link = remote.link;
    }
    server.write(|rows| save(rows, &mut kept))?;
    server.gitea.hook(&token, &kept.repository.slug, &kept.signer).await.map_err(internal)?;
    Ok(Json(kept.repository).into_response())
}

/// A repository as Gitea shows it now, with the account's permission.
pub async fn remote(
    State(server): State<Arc<Server>>,
    crate::access::Caller(account): crate::access::Caller,
    axum::extract::Path((owner, name)): axum::extract::Path<(String, String)>,
) -> Answer {
    let token = server.token(account.user.id, false).await.map_err(internal)?;
    let remote = server.gitea.repository(&token, &format!("{owner}/{name}")).await.map_err(internal)?;
    let repository = remote.repository(&server.settings);
    let shown: Response =
        Json(Shown { repository, permissions: Some(remote.permission()), build: None }).into_response();
    Ok(shown)
}
