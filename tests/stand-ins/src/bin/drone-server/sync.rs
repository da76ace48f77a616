//! Synchronisation of an account's repositories with Gitea.

use std::sync::Arc;

use crate::Failure;
use crate::model::{Grant, Kept, Permission, Repository};
use crate::server::{Server, now};
use crate::state::{State, next};

/// Updates the account's repositories from Gitea. Also after an error the account counts as synchronised.
pub async fn run(server: &Arc<Server>, user: i64) -> Result<(), Failure> {
    syncing(server, user, true);
    let outcome = take_over(server, user).await;
    syncing(server, user, false);
    outcome
}

fn syncing(server: &Server, user: i64, is_syncing: bool) {
    server.write(|state| {
        if let Some(account) = state.accounts.get_mut(&user) {
            account.user.syncing = is_syncing;
            if !is_syncing {
                account.user.synced = now();
            }
        }
    });
}

async fn take_over(server: &Arc<Server>, user: i64) -> Result<(), Failure> {
    let token = server.token(user, false).await?;
    let seen = server.gitea.repositories(&token).await?;
    let filter = &server.settings.repository_filter;
    let matches =
        |it: &Repository| filter.is_empty() || filter.iter().any(|one| one.eq_ignore_ascii_case(&it.namespace));
    let remote: Vec<Repository> =
        seen.iter().map(|it| it.repository(&server.settings)).filter(|it| matches(it)).collect();
    server.write(|state| merge(state, user, &remote));
    Ok(())
}

fn merge(state: &mut State, user: i64, remote: &[Repository]) {
    let granted: Vec<String> =
        state.grants.iter().filter(|grant| grant.user_id == user).map(|grant| grant.repository.clone()).collect();
    // The list contains no permissions: each is asked for at its next use.
    for grant in state.grants.iter_mut().filter(|grant| grant.user_id == user) {
        grant.asked = 0;
    }
    for one in remote {
        // The repository was deleted and created again under the same name.
        state.repositories.retain(|_, kept| kept.repository.slug != one.slug || kept.repository.uid == one.uid);
        let known = state.repositories.values_mut().find(|kept| kept.repository.uid == one.uid);
        if let Some(kept) = known {
            // The real server corrects only the repositories that the account had before.
            if granted.contains(&one.uid) {
                correct(&mut kept.repository, one);
            }
        } else {
            let id = next(&state.repositories).max(state.last_repository + 1);
            state.last_repository = id;
            let time = now();
            let made = Repository { id, synced: time, created: time, updated: time, version: 1, ..one.clone() };
            state.repositories.insert(id, Kept { repository: made, ..Kept::default() });
        }
        if !granted.contains(&one.uid) {
            let may = Permission { read: true, ..Permission::default() };
            state.grants.push(Grant { user_id: user, repository: one.uid.clone(), may, asked: 0 });
        }
    }
    let is_gone = |uid: &str| !remote.iter().any(|one| one.uid == uid);
    state.grants.retain(|grant| grant.user_id != user || !is_gone(&grant.repository));
}

fn correct(kept: &mut Repository, one: &Repository) {
    let is_same = kept.slug == one.slug
        && kept.git_http_url == one.git_http_url
        && kept.git_ssh_url == one.git_ssh_url
        && kept.private == one.private
        && kept.default_branch == one.default_branch
        && kept.link == one.link;
    if is_same {
        return;
    }
    kept.namespace.clone_from(&one.namespace);
    kept.name.clone_from(&one.name);
    kept.slug.clone_from(&one.slug);
    kept.git_http_url.clone_from(&one.git_http_url);
    kept.git_ssh_url.clone_from(&one.git_ssh_url);
    kept.private = one.private;
    kept.default_branch.clone_from(&one.default_branch);
    kept.link.clone_from(&one.link);
    kept.updated = now();
}
