//! Collaborators of a repository, and their permissions as the API shows them.

use serde_json::json;

use crate::access;
use crate::answer::{Answer, forbidden, invalid, not_found, nothing, ok};
use crate::model::{Account, Level};
use crate::paging;
use crate::show::Show;
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, (owner, name): (&str, &str), path: &[&str]) -> Answer {
    let repository = turn.repository(owner, name)?;
    let me = turn.me()?;
    let find = |turn: &Turn, who: &str| turn.state.account_named(who).cloned().ok_or_else(not_found);
    match (turn.call.method.as_str(), path) {
        ("GET", []) => {
            let ids = repository.collaborators.keys();
            let all: Vec<&Account> = ids.filter_map(|id| turn.state.accounts.get(id)).collect();
            let show = Show { server: turn.server, state: turn.state };
            paging::page(turn, all, |account| show.user(account, false))
        }
        ("GET", [who]) => {
            let account = find(turn, who)?;
            if repository.collaborators.contains_key(&account.id) { nothing() } else { Err(not_found()) }
        }
        ("GET", [who, "permission"]) => {
            let administers = turn.level(&repository) >= Level::Admin;
            if !administers && !me.login.eq_ignore_ascii_case(who) {
                return Err(forbidden(
                    "Only admins can query all permissions, repo admins can query all repo permissions, collaborators can query only their own",
                ));
            }
            let account = find(turn, who)?;
            let level = access::told(turn.state, &repository, account.id);
            let user = Show { server: turn.server, state: turn.state }.user(&account, false);
            ok(&json!({"permission": level, "role_name": level, "user": user}))
        }
        (method @ ("PUT" | "DELETE"), [who]) => {
            turn.repository_for(owner, name, Level::Admin)?;
            let (adds, body) = (method == "PUT", turn.call.json()?);
            let account = find(turn, who)?.id;
            let permission = body.text_or("permission", "write")?;
            let level = Level::parse(permission).ok_or_else(|| invalid("permission: In"))?;
            let kept = turn.state.repositories.get_mut(&repository.id).ok_or_else(not_found)?;
            if adds {
                kept.collaborators.insert(account, level)
            } else {
                kept.collaborators.remove(&account)
            };
            nothing()
        }
        _ => Err(not_found()),
    }
}
