//! The pages that a program needs.

mod consent;
mod login;
pub mod page;
mod second_factor;
mod session;
mod settings;
mod tokens;

use serde_json::json;

use crate::administration;
use crate::answer::{Answer, Refusal, Reply, ok};
use crate::call::escaped;
use crate::model::{Account, Comment, Level};
use crate::turn::Turn;

pub fn answer(turn: &mut Turn) -> Answer {
    let segments: Vec<&str> = turn.call.segments.iter().map(String::as_str).collect();
    let method = turn.call.method.as_str();
    match (method, segments.as_slice()) {
        // Endpoints for programs, without a session.
        ("POST", ["login", "oauth", "access_token"]) => return Ok(tokens::answer(turn)),
        ("GET", ["login", "oauth", "userinfo"]) => return tokens::profile(turn),
        ("POST", path) if path == administration::PATH => return administration::answer(turn),
        ("GET", ["explore", "repos"]) => return Ok(page::page(200, "Explore", "<h1>Repositories</h1>")),
        ("GET", ["api", "healthz"]) => return ok(&json!({"status": "pass"})),
        ("GET", [owner, name]) if !["user", "login"].contains(owner) => return repository(turn, owner, name, ""),
        ("GET", [owner, name, "pulls" | "issues", number]) => return repository(turn, owner, name, number),
        _ => {}
    }
    let id = session::of(turn);
    let reply = with_session(turn, &id, &segments);
    let cookie = format!("{}={id}; Path=/; HttpOnly; SameSite=Lax", session::COOKIE);
    reply.map(|reply| reply.header("Set-Cookie", cookie.clone())).or_else(|refusal| match refusal {
        Refusal::Said(status, words) => Ok(page::plain(status, &words).header("Set-Cookie", cookie)),
        other => Ok(other.reply("").header("Set-Cookie", cookie)),
    })
}

fn with_session(turn: &mut Turn, id: &str, path: &[&str]) -> Answer {
    match (turn.call.method.as_str(), path) {
        ("GET", ["user", "login"]) => Ok(login::form(turn, id)),
        ("POST", ["user", "login"]) => login::log_in(turn, id),
        ("GET", ["user", "two_factor"]) => second_factor::form(turn, id),
        ("POST", ["user", "two_factor"]) => second_factor::check(turn, id),
        (_, ["user", "settings", "change_password"]) => {
            let account = logged_in(turn, id)?;
            settings::change_password(turn, &account)
        }
        ("GET", []) => Ok(page::page(200, "Recipes", "<p>Gitea stand-in</p>")),
        (_, ["login", "oauth", "authorize"]) => {
            let account = ready(turn, id)?;
            consent::ask(turn, id, &account)
        }
        ("POST", ["login", "oauth", "grant"]) => {
            let account = ready(turn, id)?;
            consent::given(turn, id, &account)
        }
        (_, ["user", "settings", rest @ ..]) => {
            let account = ready(turn, id)?;
            settings::answer(turn, id, &account, rest)
        }
        _ => Err(Refusal::Said(404, "Page Not Found".to_owned())),
    }
}

/// The account that is logged in; other browsers are sent to the login page, and back.
fn logged_in(turn: &Turn, id: &str) -> Answer<Account> {
    let account = turn.state.sessions.get(id).and_then(|session| session.account);
    let account = account.and_then(|account| turn.state.accounts.get(&account)).cloned();
    account.ok_or_else(|| {
        let query = if turn.call.raw_query.is_empty() { String::new() } else { format!("?{}", turn.call.raw_query) };
        Refusal::Moved(303, format!("/user/login?redirect_to={}", escaped(&format!("{}{query}", turn.call.path))))
    })
}

/// The account that is logged in and has no pending step, such as a new password.
fn ready(turn: &Turn, id: &str) -> Answer<Account> {
    let account = logged_in(turn, id)?;
    if account.must_change {
        return Err(Refusal::Moved(303, "/user/settings/change_password".to_owned()));
    }
    if account.prohibited || !account.active {
        return Err(Refusal::Said(200, "Sign-In Prohibited".to_owned()));
    }
    Ok(account)
}

/// A page for browsers; the real one shows more.
fn repository(turn: &Turn, owner: &str, name: &str, number: &str) -> Answer {
    let missing = || Refusal::Said(404, "Page Not Found".to_owned());
    let repository = turn.state.repository_named(owner, name).filter(|it| turn.level(it) > Level::None);
    let repository = repository.ok_or_else(missing)?;
    let mut title = turn.state.full_name(repository);
    let mut body = String::new();
    if !number.is_empty() {
        let issue =
            number.parse().ok().and_then(|number| turn.state.issue(repository.id, number)).ok_or_else(missing)?;
        title = format!("#{number} {}", issue.title);
        let comment = |comment: &Comment| {
            let (id, author, text) = (comment.id, turn.state.owner_name(comment.author), page::text(&comment.body));
            format!("<div id=\"issuecomment-{id}\"><b>{author}</b><pre>{text}</pre></div>\n")
        };
        body = turn.state.comments_of(issue.id).map(comment).collect::<Vec<_>>().concat();
    }
    Ok(page::page(200, &title, &format!("<h1>{}</h1>\n{body}", page::text(&title))))
}

/// A redirect to another page.
fn on(to: &str) -> Reply {
    Reply { status: 303, headers: Vec::new(), body: Vec::new() }.header("Location", to)
}
