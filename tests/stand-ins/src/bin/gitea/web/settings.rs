//! An account's settings: grants, second factor, password.

use serde_json::json;

use super::{on, page};
use crate::answer::{Answer, Refusal, ok};
use crate::model::Account;
use crate::one_time;
use crate::seal::sealed;
use crate::server::now;
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, id: &str, account: &Account, path: &[&str]) -> Answer {
    match (turn.call.method.as_str(), path) {
        ("GET", []) => Ok(page::page(200, "Settings", "<h1>Settings</h1>")),
        ("GET", ["applications"]) => Ok(grants(turn, account)),
        ("POST", ["applications", "oauth2", application, "revoke", grant]) => {
            let wanted = (application.parse().unwrap_or(0), grant.parse().unwrap_or(0));
            let me = account.id;
            turn.state.revoke(|grant| (grant.application, grant.id) == wanted && grant.account == me);
            ok(&json!({"redirect": "/user/settings/applications"}))
        }
        (_, ["security", "two_factor", "enroll"]) => enroll(turn, id, account),
        _ => Err(Refusal::Said(404, "Page Not Found".to_owned())),
    }
}

fn grants(turn: &Turn, account: &Account) -> crate::answer::Reply {
    let mut body = String::from("<h1>Authorized OAuth2 Applications</h1>\n");
    for grant in turn.state.grants.iter().filter(|grant| grant.account == account.id) {
        let name = turn.state.applications.get(&grant.application).map(|it| page::text(&it.name)).unwrap_or_default();
        let to = format!("/user/settings/applications/oauth2/{}/revoke/{}", grant.application, grant.id);
        body.extend(["<div>", &name, " <button data-url=\"", &to, "\">Revoke</button></div>\n"]);
    }
    page::page(200, "Settings", &body)
}

const ENROLL: &str = "/user/settings/security/two_factor/enroll";

fn enroll(turn: &mut Turn, id: &str, account: &Account) -> Answer {
    let known = turn.state.sessions.get(id).and_then(|session| session.enrolling.clone());
    if turn.call.method == "GET" {
        let secret = known.unwrap_or_else(one_time::secret);
        turn.state.sessions.entry(id.to_owned()).or_default().enrolling = Some(secret.clone());
        let body = format!(
            "<p>Or enter the secret: {secret}</p>\n<form action=\"{ENROLL}\" method=\"post\">\n\
             <input id=\"passcode\" name=\"passcode\" required>\n<button>Verify</button>\n</form>"
        );
        return Ok(page::page(200, "Settings", &body));
    }
    let right = known.filter(|secret| one_time::fits(secret, turn.call.form().get("passcode"), now()));
    let Some(secret) = right else { return Ok(on(ENROLL)) };
    if let Some(kept) = turn.state.accounts.get_mut(&account.id) {
        kept.second_factor = Some(secret);
    }
    Ok(on("/user/settings/security"))
}

pub fn change_password(turn: &mut Turn, account: &Account) -> Answer {
    let form = turn.call.form();
    let password = form.get("password");
    let mut complaint = "";
    if turn.call.method == "POST" {
        match turn.state.accounts.get_mut(&account.id) {
            Some(kept) if password == form.get("retype") && !password.is_empty() => {
                (kept.password, kept.must_change) = (sealed(password), false);
                return Ok(on("/"));
            }
            _ => complaint = "The passwords do not match.",
        }
    }
    let body = format!(
        "{}<form action=\"/user/settings/change_password\" method=\"post\">\n\
         <input id=\"password\" type=\"password\" name=\"password\" required>\n\
         <input id=\"retype\" type=\"password\" name=\"retype\" required>\n<button>Update Password</button>\n</form>",
        page::complaint(complaint),
    );
    Ok(page::page(200, "Update Password", &body))
}
