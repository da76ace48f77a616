//! Creation of builds.

use std::sync::Arc;

use serde_json::json;

use crate::Failure;
use crate::model::{Build, Repository, Stage};
use crate::pipeline::{self, Pipeline};
use crate::server::{Server, now};
use crate::state::next;

/// Creates a build; `None` if none of its pipelines match the event, or the owner is not active.
pub async fn build(server: &Arc<Server>, repository: &Repository, wanted: Build) -> Result<Option<Build>, Failure> {
    let owner = server.read(|state| state.accounts.get(&repository.user_id).cloned());
    let owner = owner.ok_or("sql: no rows in result set")?;
    if !owner.user.active {
        return Ok(None);
    }
    let token = server.token(owner.user.id, false).await?;
    let (slug, config) = (&repository.slug, &repository.config_path);
    let text = server.gitea.file(&token, slug, &wanted.after, config).await?;
    if text.is_empty() {
        return Err("configuration: not found".into());
    }
    let all = match pipeline::read(&text) {
        Ok(all) => all,
        Err(error) => return Ok(Some(broken(server, repository.id, wanted, error)?)),
    };
    let is_wanted = |it: &Pipeline| {
        it.trigger.branch.matches(&wanted.target)
            && it.trigger.event.matches(&wanted.event)
            && it.trigger.action.matches(&wanted.action)
            && it.trigger.reference.matches(&wanted.reference)
            && it.trigger.repo.matches(slug)
            && it.trigger.target.matches("")
            && it.trigger.cron.matches("")
    };
    let matched: Vec<&Pipeline> = all.iter().filter(|it| is_wanted(it)).collect();
    if matched.is_empty() {
        return Ok(None);
    }
    let stages: Vec<Stage> = matched
        .iter()
        .enumerate()
        .map(|(at, it)| stage(it, at, repository, pipeline::dependencies(&all, &is_wanted, &it.name)))
        .collect();
    let build = insert(server, repository.id, Build { status: "pending".to_owned(), ..wanted }, stages)?;
    tell(server, repository, &build).await;
    server.signal();
    Ok(Some(build))
}

fn stage(from: &Pipeline, at: usize, repository: &Repository, depends_on: Vec<String>) -> Stage {
    let or = |value: &str, other: &str| if value.is_empty() { other.to_owned() } else { value.to_owned() };
    let status = &from.trigger.status;
    let type_ = if from.kind == "pipeline" { or(&from.type_, "docker") } else { from.type_.clone() };
    Stage {
        repo_id: repository.id,
        number: i64::try_from(at).unwrap_or_default() + 1,
        name: or(&from.name, "default"),
        kind: from.kind.clone(),
        type_,
        os: or(&from.platform.os, "linux"),
        arch: or(&from.platform.arch, "amd64"),
        variant: from.platform.variant.clone(),
        kernel: from.platform.version.clone(),
        limit: from.concurrency.limit,
        throttle: repository.throttle,
        status: if depends_on.is_empty() { "pending" } else { "waiting_on_dependencies" }.to_owned(),
        depends_on,
        on_success: status.matches("success"),
        on_failure: !status.is_empty() && status.matches("failure"),
        labels: from.node.clone(),
        created: now(),
        updated: now(),
        version: 1,
        ..Stage::default()
    }
}

/// A build with an error: like the real server, drops its sender and parameters.
fn broken(server: &Server, repository: i64, wanted: Build, error: String) -> Result<Build, Failure> {
    let (started, finished) = (now(), now());
    let params = std::collections::BTreeMap::new();
    let status = "error".to_owned();
    let build = Build { status, error, started, finished, params, trigger: String::new(), ..wanted };
    insert(server, repository, build, Vec::new())
}

fn insert(server: &Server, repository: i64, wanted: Build, stages: Vec<Stage>) -> Result<Build, Failure> {
    server.write(|state| {
        let kept = state.repositories.get_mut(&repository).ok_or("sql: no rows in result set")?;
        kept.repository.counter += 1;
        kept.repository.version += 1;
        let (number, id) = (kept.repository.counter, next(&state.builds));
        let (created, updated) = (now(), now());
        let mut build = Build { id, repo_id: repository, number, created, updated, version: 1, timestamp: 0, ..wanted };
        state.builds.insert(id, build.clone());
        for stage in stages {
            let stage = Stage { id: next(&state.stages), build_id: id, ..stage };
            state.stages.insert(stage.id, stage);
        }
        build.stages = Vec::new();
        Ok(build)
    })
}

/// Sets the commit's status in Gitea. A refusal of Gitea is ignored.
pub async fn tell(server: &Arc<Server>, repository: &Repository, build: &Build) {
    if server.settings.status_disabled || build.event == "cron" {
        return;
    }
    let (state, says) = match build.status.as_str() {
        "pending" | "waiting_on_dependencies" => ("pending", "is pending"),
        "running" => ("pending", "is running"),
        "success" => ("success", "is passing"),
        "failure" => ("failure", "is failing"),
        "killed" => ("error", "was killed"),
        "error" => ("error", "encountered an error"),
        "skipped" => ("error", "was skipped"),
        _ => ("error", "is in an unknown state"),
    };
    let Ok(token) = server.token(repository.user_id, false).await else { return };
    let status = json!({
        "state": state,
        "context": server.settings.status_name,
        "description": format!("Build {says}"),
        "target_url": format!("{}/{}/{}", server.settings.address, repository.slug, build.number),
    });
    if let Err(error) = server.gitea.status(&token, &repository.slug, &build.after, &status).await {
        server.log("warning", "cannot publish status", &[("error", error.to_string())]);
    }
}
