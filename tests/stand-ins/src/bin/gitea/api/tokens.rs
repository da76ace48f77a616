//! Access tokens. The caller needs a password.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, created, forbidden, not_found, nothing, refuse, unauthorized};
use crate::model::Token;
use crate::paging;
use crate::seal::{random_hex, sealed};
use crate::server::{moment, now};
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, name: &str, path: &[&str]) -> Answer {
    if !turn.caller.as_ref().is_some_and(|caller| caller.by_password) {
        return Err(unauthorized("auth required"));
    }
    let me = turn.me()?;
    let account = turn.state.account_named(name).ok_or_else(not_found)?.id;
    if account != me.id && !me.admin {
        return Err(forbidden("doer should be the site admin or be same as the contextUser"));
    }
    match (turn.call.method.as_str(), path) {
        ("GET", []) => {
            let all: Vec<&Token> = turn.state.tokens.iter().filter(|token| token.account == account).rev().collect();
            paging::page(turn, all, |token| show(token, ""))
        }
        ("POST", []) => create(turn, account),
        ("DELETE", [which]) => {
            let fits =
                |token: &Token| token.account == account && (token.id.to_string() == *which || token.name == *which);
            if !turn.state.tokens.iter().any(fits) {
                return Err(not_found());
            }
            turn.state.tokens.retain(|token| !fits(token));
            nothing()
        }
        _ => Err(not_found()),
    }
}

fn create(turn: &mut Turn, account: i64) -> Answer {
    let body = turn.call.json()?;
    let name = body.required("name", "Name")?;
    if turn.state.tokens.iter().any(|token| token.account == account && token.name == name) {
        return refuse(StatusCode::BAD_REQUEST, "access token name has been used already");
    }
    let Some(scopes) = body.texts("scopes")?.filter(|scopes| !scopes.is_empty()) else {
        return refuse(StatusCode::BAD_REQUEST, "access token must have a scope");
    };
    let secret = random_hex(40);
    let token = Token {
        id: turn.state.next(),
        account,
        name: name.to_owned(),
        sealed: sealed(&secret),
        last_eight: secret[32..].to_owned(),
        scopes,
        created: now(),
    };
    let shown = show(&token, &secret);
    turn.state.tokens.push(token);
    created(&shown)
}

fn show(token: &Token, secret: &str) -> Value {
    json!({
        "id": token.id, "name": token.name, "sha1": secret, "token_last_eight": token.last_eight,
        "scopes": token.scopes, "created_at": moment(token.created), "last_used_at": moment(token.created),
    })
}
