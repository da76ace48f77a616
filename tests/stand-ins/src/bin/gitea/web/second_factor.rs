//! The second factor of a login.

use super::{login, on, page};
use crate::answer::{Answer, Reply};
use crate::one_time;
use crate::server::now;
use crate::turn::Turn;

pub fn form(turn: &Turn, id: &str) -> Answer {
    let waited = turn.state.sessions.get(id).is_some_and(|session| session.half.is_some());
    Ok(if waited { page_with("") } else { on("/user/login") })
}

fn page_with(complaint: &str) -> Reply {
    let body = format!(
        "{}<form action=\"/user/two_factor\" method=\"post\">\n\
         <input id=\"passcode\" type=\"text\" name=\"passcode\" required>\n<button>Verify</button>\n</form>",
        page::complaint(complaint),
    );
    page::page(200, "Two-Factor Authentication", &body)
}

pub fn check(turn: &mut Turn, id: &str) -> Answer {
    let account = turn.state.sessions.get(id).and_then(|session| session.half);
    let Some(account) = account.and_then(|account| turn.state.accounts.get(&account)) else {
        return Ok(on("/user/login"));
    };
    let (account, secret) = (account.id, account.second_factor.clone().unwrap_or_default());
    if !one_time::fits(&secret, turn.call.form().get("passcode"), now()) {
        return Ok(page_with(
            "Your passcode is incorrect. If you misplaced your device, use your scratch code to sign in.",
        ));
    }
    if let Some(session) = turn.state.sessions.get_mut(id) {
        (session.account, session.half) = (Some(account), None);
    }
    Ok(login::back(turn))
}
