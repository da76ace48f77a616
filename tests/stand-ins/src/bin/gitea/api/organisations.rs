//! Organisations and their members.

use std::collections::{BTreeMap, BTreeSet};

use crate::access;
use crate::answer::{Answer, Refusal, created, forbidden, invalid, not_found, nothing, ok};
use crate::model::{Account, Level, Organisation, Repository, Team};
use crate::paging;
use crate::show::Show;
use crate::turn::Turn;

fn show<'a>(turn: &'a Turn) -> Show<'a> {
    Show { server: turn.server, state: turn.state }
}

fn named(turn: &Turn, name: &str) -> Answer<Organisation> {
    turn.state.organisation_named(name).cloned().ok_or_else(not_found)
}

/// An organisation, if the caller owns it.
pub fn owned(turn: &Turn, name: &str) -> Answer<Organisation> {
    let (me, organisation) = (turn.me()?, named(turn, name)?);
    let owns = access::owns(turn.state, organisation.id, me.id);
    if owns { Ok(organisation) } else { Err(forbidden("Must be an organization owner")) }
}

pub fn answer(turn: &mut Turn, path: &[&str]) -> Answer {
    match (turn.call.method.as_str(), path) {
        ("POST", []) => create(turn),
        ("GET", [name]) => {
            let organisation = named(turn, name)?;
            ok(&show(turn).organisation(&organisation))
        }
        ("DELETE", [name]) => {
            let id = owned(turn, name)?.id;
            turn.state.organisations.remove(&id);
            turn.state.teams.retain(|_, team| team.organisation != id);
            turn.state.hooks.retain(|_, hook| hook.of != crate::model::Of::Organisation(id));
            nothing()
        }
        ("GET", [name, "repos"]) => {
            let id = named(turn, name)?.id;
            let seen = |it: &&Repository| it.owner == id && turn.level(it) > Level::None;
            let all: Vec<&Repository> = turn.state.repositories.values().filter(seen).collect();
            paging::page(turn, all, |it| show(turn).repository(it, turn.level(it)))
        }
        ("GET", [name, "members"]) => members(turn, name),
        ("GET", [name, "members", who]) => member(turn, name, who),
        ("DELETE", [name, "members", who]) => {
            let id = owned(turn, name)?.id;
            let account = turn.state.account_named(who).ok_or_else(not_found)?.id;
            for team in turn.state.teams.values_mut().filter(|team| team.organisation == id) {
                team.members.remove(&account);
            }
            nothing()
        }
        (_, [name, "public_members", who]) => public_member(turn, name, who),
        _ => Err(not_found()),
    }
}

fn create(turn: &mut Turn) -> Answer {
    let (me, body) = (turn.me()?, turn.call.json()?);
    let name = body.required("username", "UserName")?;
    if turn.state.owner_named(name).is_some() {
        return Err(invalid(format!("user already exists [name: {name}]")));
    }
    let organisation = Organisation {
        id: turn.state.next(),
        name: name.to_owned(),
        full_name: body.text_or("full_name", "")?.to_owned(),
        visibility: body.text_or("visibility", "public")?.to_owned(),
        public_members: BTreeSet::new(),
    };
    let owners = Team {
        id: turn.state.next(),
        organisation: organisation.id,
        name: "Owners".to_owned(),
        permission: Level::Owner,
        units: BTreeMap::new(),
        all_repositories: true,
        members: BTreeSet::from([me.id]),
    };
    let shown = show(turn).organisation(&organisation);
    turn.state.teams.insert(owners.id, owners);
    turn.state.organisations.insert(organisation.id, organisation);
    created(&shown)
}

/// True if the caller is a member, and so may see the other members.
fn is_inside(turn: &Turn, organisation: i64) -> Answer<bool> {
    let me = turn.me()?;
    Ok(me.admin || turn.state.is_member(organisation, me.id))
}

fn members(turn: &Turn, name: &str) -> Answer {
    let organisation = named(turn, name)?;
    let inside = is_inside(turn, organisation.id)?;
    let seen = |account: &&Account| {
        let public = organisation.public_members.contains(&account.id);
        turn.state.is_member(organisation.id, account.id) && (inside || public)
    };
    let all: Vec<&Account> = turn.state.accounts.values().filter(seen).collect();
    paging::page(turn, all, |account| show(turn).user(account, false))
}

fn member(turn: &Turn, name: &str, who: &str) -> Answer {
    let organisation = named(turn, name)?;
    if !is_inside(turn, organisation.id)? {
        let to = format!("/api/v1/orgs/{}/public_members/{who}", organisation.name);
        return Err(Refusal::Moved(303, to));
    }
    let account = turn.state.account_named(who).ok_or_else(not_found)?;
    if turn.state.is_member(organisation.id, account.id) { nothing() } else { Err(not_found()) }
}

fn public_member(turn: &mut Turn, name: &str, who: &str) -> Answer {
    let organisation = named(turn, name)?;
    let account = turn.state.account_named(who).ok_or_else(not_found)?.id;
    if turn.call.method == "GET" {
        let member = turn.state.is_member(organisation.id, account);
        let public = organisation.public_members.contains(&account);
        return if member && public { nothing() } else { Err(not_found()) };
    }
    let own = turn.me()?.id == account && turn.state.is_member(organisation.id, account);
    if !own {
        return Err(forbidden("Cannot publicize another member"));
    }
    let publishes = turn.call.method == "PUT";
    let kept = turn.state.organisations.get_mut(&organisation.id).ok_or_else(not_found)?;
    if publishes {
        kept.public_members.insert(account)
    } else {
        kept.public_members.remove(&account)
    };
    nothing()
}
