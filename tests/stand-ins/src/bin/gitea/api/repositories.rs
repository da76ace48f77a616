//! Repositories.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::organisations;
use crate::answer::{Answer, Refusal, created, forbidden, invalid, not_found, nothing, ok, refuse, with};
use crate::git::Change;
use crate::model::{Level, Repository};
use crate::server::now;
use crate::show::Show;
use crate::turn::Turn;

fn show(turn: &Turn, repository: &Repository) -> Value {
    Show { server: turn.server, state: turn.state }.repository(repository, turn.level(repository))
}

pub fn by_id(turn: &Turn, id: &str) -> Answer {
    let id: i64 = id.parse().map_err(|_| not_found())?;
    let repository = turn.state.repositories.get(&id).ok_or_else(not_found)?;
    if turn.level(repository) == Level::None { Err(not_found()) } else { ok(&show(turn, repository)) }
}

pub fn search(turn: &Turn) -> Answer {
    let wanted = turn.call.asked("q").to_lowercase();
    let fits = |it: &&Repository| it.name.to_lowercase().contains(&wanted) && turn.level(it) > Level::None;
    let data: Vec<Value> = turn.state.repositories.values().filter(fits).take(50).map(|it| show(turn, it)).collect();
    ok(&json!({"ok": true, "data": data}))
}

pub fn create_for(turn: &mut Turn, organisation: &str) -> Answer {
    let owner = organisations::owned(turn, organisation)?.id;
    create(turn, owner)
}

pub fn create(turn: &mut Turn, owner: i64) -> Answer {
    let (me, body) = (turn.me()?, turn.call.json()?);
    let name = body.required("name", "Name")?;
    free(turn, owner, name)?;
    let repository = Repository {
        id: turn.state.next(),
        owner,
        name: name.to_owned(),
        description: body.text_or("description", "")?.to_owned(),
        default_branch: body.text("default_branch")?.filter(|it| !it.is_empty()).unwrap_or("main").to_owned(),
        private: body.flag("private")?.unwrap_or(false),
        created: now(),
        updated: now(),
        ..Repository::default()
    };
    let git = turn.git(&repository);
    git.init(&repository.default_branch)?;
    if body.flag("auto_init")?.unwrap_or(false) {
        let readme = format!("# {name}\n\n");
        let first = Change {
            path: "README.md",
            content: Some(readme.as_bytes()),
            message: "Initial commit\n",
            parent: None,
            name: &me.login,
            email: &me.email,
        };
        let sha = git.change(&first)?;
        git.set(&format!("refs/heads/{}", repository.default_branch), &sha)?;
    }
    // A new repository with an old name ends the redirect from that name.
    turn.state.renamed.remove(&turn.state.full_name(&repository).to_lowercase());
    let id = repository.id;
    turn.state.repositories.insert(id, repository);
    let kept = turn.state.repositories.get(&id).ok_or_else(not_found)?;
    created(&show(turn, kept))
}

fn free(turn: &Turn, owner: i64, name: &str) -> Answer<()> {
    let owner = turn.state.owner_name(owner);
    let good = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    if !name.chars().all(good) {
        return Err(invalid("[Name]: AlphaDashDot"));
    }
    if turn.state.repository_named(owner, name).is_some() {
        return refuse(StatusCode::CONFLICT, "The repository with the same name already exists.");
    }
    Ok(())
}

pub fn answer(turn: &mut Turn, owner: &str, name: &str) -> Answer {
    match turn.call.method.as_str() {
        "GET" => {
            let repository = turn.repository(owner, name)?;
            ok(&show(turn, &repository))
        }
        "PATCH" => change(turn, owner, name),
        "DELETE" => {
            let repository = turn.repository(owner, name)?;
            if turn.level(&repository) < Level::Owner {
                return Err(forbidden("user should be the owner of the repo"));
            }
            let folder = turn.git(&repository).path().to_owned();
            turn.state.remove_repository(repository.id);
            std::fs::remove_dir_all(folder).map_err(crate::answer::broken)?;
            nothing()
        }
        _ => Err(Refusal::Silent(405)),
    }
}

fn change(turn: &mut Turn, owner: &str, name: &str) -> Answer {
    let mut repository = turn.repository_for(owner, name, Level::Admin)?;
    let body = turn.call.json()?;
    if let Some(new) = body.text("name")?.filter(|new| *new != repository.name) {
        if !new.eq_ignore_ascii_case(&repository.name) {
            free(turn, repository.owner, new)?;
            turn.state.renamed.insert(turn.state.full_name(&repository).to_lowercase(), repository.id);
        }
        new.clone_into(&mut repository.name);
        turn.state.renamed.remove(&turn.state.full_name(&repository).to_lowercase());
    }
    if let Some(description) = body.text("description")? {
        description.clone_into(&mut repository.description);
    }
    if let Some(branch) = body.text("default_branch")? {
        branch.clone_into(&mut repository.default_branch);
        turn.git(&repository).run(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")])?;
    }
    for (name, field) in [("private", &mut repository.private), ("archived", &mut repository.archived)] {
        if let Some(flag) = body.flag(name)? {
            *field = flag;
        }
    }
    repository.updated = now();
    turn.state.repositories.insert(repository.id, repository.clone());
    ok(&show(turn, &repository))
}

pub fn fork(turn: &mut Turn, owner: &str, name: &str) -> Answer {
    let parent = turn.repository(owner, name)?;
    let me = turn.me()?;
    free(turn, me.id, &parent.name)?;
    let fork = Repository {
        id: turn.state.next(),
        owner: me.id,
        parent: Some(parent.id),
        collaborators: BTreeMap::new(),
        created: now(),
        updated: now(),
        ..parent.clone()
    };
    turn.git(&fork).clone_from(&turn.git(&parent))?;
    let shown_id = fork.id;
    turn.state.repositories.insert(fork.id, fork);
    let kept = turn.state.repositories.get(&shown_id).ok_or_else(not_found)?;
    Ok(with(202, &show(turn, kept)))
}
