//! Teams.

use std::collections::{BTreeMap, BTreeSet};

use super::organisations;
use crate::access;
use crate::answer::{Answer, created, forbidden, not_found, nothing, ok};
use crate::model::{Account, Level, Team};
use crate::paging;
use crate::show::{self, Show};
use crate::turn::Turn;

pub fn of_organisation(turn: &mut Turn, name: &str) -> Answer {
    if turn.call.method == "POST" {
        let organisation = organisations::owned(turn, name)?.id;
        return create(turn, organisation);
    }
    let me = turn.me()?;
    let organisation = turn.state.organisation_named(name).ok_or_else(not_found)?.id;
    if !me.admin && !turn.state.is_member(organisation, me.id) {
        return Err(forbidden("Must be an organization member"));
    }
    let all: Vec<&Team> = turn.state.teams_of(organisation).collect();
    paging::page(turn, all, |team| show::team(team))
}

fn create(turn: &mut Turn, organisation: i64) -> Answer {
    let body = turn.call.json()?;
    let name = body.required("name", "Name")?.to_owned();
    let permission = body.text_or("permission", "read")?;
    let mut units: BTreeMap<String, String> = serde_json::from_value(body.at("units_map").clone()).unwrap_or_default();
    for unit in body.texts("units")?.unwrap_or_default() {
        units.entry(unit).or_insert_with(|| permission.to_owned());
    }
    let team = Team {
        id: turn.state.next(),
        organisation,
        name,
        permission: Level::parse(permission).unwrap_or(Level::Read),
        units,
        all_repositories: body.flag("includes_all_repositories")?.unwrap_or(false),
        members: BTreeSet::new(),
    };
    let shown = show::team(&team);
    turn.state.teams.insert(team.id, team);
    created(&shown)
}

pub fn answer(turn: &mut Turn, id: &str, path: &[&str]) -> Answer {
    let me = turn.me()?;
    let id: i64 = id.parse().map_err(|_| not_found())?;
    let team = turn.state.teams.get(&id).cloned().ok_or_else(not_found)?;
    let owns = access::owns(turn.state, team.organisation, me.id);
    match (turn.call.method.as_str(), path) {
        ("GET", []) => ok(&show::team(&team)),
        ("GET", ["members"]) => {
            if !owns && !team.members.contains(&me.id) {
                return Err(forbidden("Must be a team member"));
            }
            let all: Vec<&Account> = team.members.iter().filter_map(|id| turn.state.accounts.get(id)).collect();
            paging::page(turn, all, |account| Show { server: turn.server, state: turn.state }.user(account, false))
        }
        (method @ ("PUT" | "DELETE"), ["members", who]) => {
            if !owns {
                return Err(forbidden("Must be an organization owner"));
            }
            let adds = method == "PUT";
            let account = turn.state.account_named(who).ok_or_else(not_found)?.id;
            let kept = turn.state.teams.get_mut(&id).ok_or_else(not_found)?;
            if adds {
                kept.members.insert(account)
            } else {
                kept.members.remove(&account)
            };
            nothing()
        }
        _ => Err(not_found()),
    }
}
