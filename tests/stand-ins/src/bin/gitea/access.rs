//! Permissions of accounts.

use crate::model::{Level, Repository};
use crate::state::State;

pub fn level(state: &State, repository: &Repository, account: Option<i64>) -> Level {
    let public = if repository.private { Level::None } else { Level::Read };
    let Some(account) = account else { return public };
    public.max(of_account(state, repository, account)).max(by_team(state, repository, account))
}

/// The permission that the account has without teams.
fn of_account(state: &State, repository: &Repository, account: i64) -> Level {
    let administers = state.accounts.get(&account).is_some_and(|account| account.admin);
    if repository.owner == account || administers {
        return Level::Owner;
    }
    repository.collaborators.get(&account).copied().unwrap_or_default()
}

fn by_team(state: &State, repository: &Repository, account: i64) -> Level {
    let teams = state.teams_of(repository.owner).filter(|team| team.members.contains(&account));
    let levels = teams.filter(|team| team.all_repositories).map(|team| {
        if team.permission >= Level::Admin {
            return team.permission;
        }
        team.units.get("repo.code").and_then(|level| Level::parse(level)).unwrap_or(team.permission)
    });
    levels.max().unwrap_or_default()
}

/// The permission that the API shows. A team with some units only counts as read access.
pub fn told(state: &State, repository: &Repository, account: i64) -> Level {
    let public = if repository.private { Level::None } else { Level::Read };
    let by_team = match by_team(state, repository, account) {
        Level::Write => Level::Read,
        other => other,
    };
    public.max(of_account(state, repository, account)).max(by_team)
}

/// True if an account owns an organisation.
pub fn owns(state: &State, organisation: i64, account: i64) -> bool {
    let administers = state.accounts.get(&account).is_some_and(|account| account.admin);
    let owner = |team: &crate::model::Team| team.permission == Level::Owner && team.members.contains(&account);
    administers || state.teams_of(organisation).any(owner)
}
