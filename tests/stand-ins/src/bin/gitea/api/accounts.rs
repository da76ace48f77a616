//! Accounts.

use serde_json::{Value, json};

use crate::access;
use crate::answer::{Answer, Refusal, created, invalid, not_found, nothing, ok, refuse};
use crate::model::{Account, Level, Repository};
use crate::paging;
use crate::seal::sealed;
use crate::server::now;
use crate::show::Show;
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, path: &[&str]) -> Answer {
    match (turn.call.method.as_str(), path) {
        ("GET", ["user"]) => {
            let me = turn.me()?;
            ok(&show(turn).user(&me, true))
        }
        ("GET", ["user", "repos"]) => repositories(turn),
        ("GET", ["user", "orgs"]) => organisations(turn),
        ("POST", ["user", "repos"]) => {
            let me = turn.me()?;
            super::repositories::create(turn, me.id)
        }
        ("GET", ["users", "search"]) => search(turn),
        ("GET", ["users", name]) => {
            let message = format!("user redirect does not exist [name: {}]", name.to_lowercase());
            let account = turn.state.account_named(name).ok_or(Refusal::Said(404, message))?;
            ok(&show(turn).user(account, false))
        }
        ("POST", ["admin", "users"]) => create(turn),
        ("PATCH", ["admin", "users", name]) => change(turn, name),
        ("DELETE", ["admin", "users", name]) => {
            turn.administrator()?;
            let id = turn.state.account_named(name).ok_or_else(not_found)?.id;
            turn.state.remove_account(id);
            nothing()
        }
        _ => Err(not_found()),
    }
}

fn show<'a>(turn: &'a Turn) -> Show<'a> {
    Show { server: turn.server, state: turn.state }
}

fn repositories(turn: &Turn) -> Answer {
    let me = turn.me()?;
    // The account's own repositories, shared ones, and those of its organisations; other public ones are not listed.
    let mine = |repository: &&Repository| {
        let member = turn.state.is_member(repository.owner, me.id);
        repository.owner == me.id || repository.collaborators.contains_key(&me.id) || member
    };
    let seen = |repository: &&Repository| access::level(turn.state, repository, Some(me.id)) > Level::None;
    let all: Vec<&Repository> = turn.state.repositories.values().filter(mine).filter(seen).collect();
    paging::page(turn, all, |repository| show(turn).repository(repository, turn.level(repository)))
}

fn organisations(turn: &Turn) -> Answer {
    let me = turn.me()?;
    let all: Vec<_> = turn.state.organisations.values().filter(|it| turn.state.is_member(it.id, me.id)).collect();
    paging::page(turn, all, |organisation| show(turn).organisation(organisation))
}

fn search(turn: &Turn) -> Answer {
    let wanted = turn.call.asked("q").to_lowercase();
    let found = turn.state.accounts.values().filter(|account| account.login.to_lowercase().contains(&wanted));
    let data: Vec<Value> = found.map(|account| show(turn).user(account, false)).take(50).collect();
    ok(&json!({"ok": true, "data": data}))
}

fn create(turn: &mut Turn) -> Answer {
    turn.administrator()?;
    let body = turn.call.json()?;
    let (login, email) = (body.required("username", "Username")?, body.required("email", "Email")?);
    if turn.state.owner_named(login).is_some() {
        return Err(invalid(format!("user already exists [name: {login}]")));
    }
    if turn.state.accounts.values().any(|account| account.email.eq_ignore_ascii_case(email)) {
        return Err(invalid(format!("e-mail already in use [email: {email}]")));
    }
    let password = body.text_or("password", "")?;
    if password.chars().count() < 8 {
        return refuse(axum::http::StatusCode::BAD_REQUEST, "PasswordComplexity");
    }
    let account = Account {
        id: turn.state.next(),
        login: login.to_owned(),
        email: email.to_owned(),
        full_name: body.text_or("full_name", "")?.to_owned(),
        password: sealed(password),
        active: true,
        must_change: body.flag("must_change_password")?.unwrap_or(true),
        created: now(),
        ..Account::default()
    };
    let shown = show(turn).user(&account, true);
    turn.state.accounts.insert(account.id, account);
    created(&shown)
}

fn change(turn: &mut Turn, name: &str) -> Answer {
    turn.administrator()?;
    let body = turn.call.json()?;
    let id = turn.state.account_named(name).ok_or_else(not_found)?.id;
    let account = turn.state.accounts.get_mut(&id).ok_or_else(not_found)?;
    if let Some(password) = body.text("password")? {
        account.password = sealed(password);
    }
    let flags = [
        ("must_change_password", &mut account.must_change),
        ("prohibit_login", &mut account.prohibited),
        ("active", &mut account.active),
        ("admin", &mut account.admin),
    ];
    for (name, field) in flags {
        if let Some(flag) = body.flag(name)? {
            *field = flag;
        }
    }
    let account = account.clone();
    ok(&show(turn).user(&account, true))
}
