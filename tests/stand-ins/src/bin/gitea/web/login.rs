//! The login page.

use super::{on, page};
use crate::answer::{Answer, Reply};
use crate::call::escaped;
use crate::seal::sealed;
use crate::turn::Turn;

/// Name of the field with the page after the login.
const BACK: &str = "redirect_to";

pub fn form(turn: &Turn, id: &str) -> Reply {
    let back = turn.call.asked(BACK);
    if turn.state.sessions.get(id).is_some_and(|session| session.account.is_some()) {
        return on(if back.starts_with('/') { back } else { "/" });
    }
    let reply = page_with("", "");
    if back.is_empty() {
        return reply;
    }
    reply.header("Set-Cookie", format!("{BACK}={}; Path=/; HttpOnly; SameSite=Lax", escaped(back)))
}

fn page_with(login: &str, complaint: &str) -> Reply {
    let body = format!(
        "{}<form action=\"/user/login\" method=\"post\">\n\
         <input id=\"user_name\" type=\"text\" name=\"user_name\" value=\"{}\" autofocus required>\n\
         <input id=\"password\" type=\"password\" name=\"password\" value=\"\" required>\n\
         <input type=\"checkbox\" name=\"remember\">\n<button>Sign In</button>\n</form>",
        page::complaint(complaint),
        page::text(login),
    );
    page::page(200, "Sign In", &body)
}

pub fn log_in(turn: &mut Turn, id: &str) -> Answer {
    let form = turn.call.form();
    let account = turn.state.account_of(form.get("user_name")).cloned();
    let Some(account) = account.filter(|account| account.password == sealed(form.get("password"))) else {
        return Ok(page_with(form.get("user_name"), "Username or password is incorrect."));
    };
    if account.prohibited {
        let body = "<h2>Sign-In Prohibited</h2><p>Your account is prohibited from signing in.</p>";
        return Ok(page::page(200, "Sign-In Prohibited", body));
    }
    let session = turn.state.sessions.entry(id.to_owned()).or_default();
    if account.second_factor.is_some() {
        session.half = Some(account.id);
        return Ok(on("/user/two_factor"));
    }
    session.account = Some(account.id);
    Ok(back(turn))
}

/// Redirects to the page that asked for the login, only within this site.
pub fn back(turn: &Turn) -> Reply {
    let to = turn.call.cookie(BACK).filter(|to| to.starts_with('/') && !to.starts_with("//"));
    let gone = format!("{BACK}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    on(to.as_deref().unwrap_or("/")).header("Set-Cookie", gone)
}
