//! The consent page of OAuth.

use super::{on, page};
use crate::answer::{Answer, Refusal, Reply};
use crate::call::escaped;
use crate::model::{Account, Application, Given, Grant, Kind};
use crate::seal::{random, sealed};
use crate::server::now;
use crate::turn::Turn;

/// Lifetime of a code, in seconds.
const CODE: i64 = 600;

pub fn ask(turn: &mut Turn, id: &str, account: &Account) -> Answer {
    let asked = |name: &str| turn.call.asked(name).to_owned();
    let (client, redirect, state) = (asked("client_id"), asked("redirect_uri"), asked("state"));
    let Some(application) = turn.state.applications.values().find(|it| it.client == client).cloned() else {
        return Ok(refused("Client ID not registered"));
    };
    if !application.redirects.contains(&redirect) {
        return Ok(refused("Unregistered Redirect URI"));
    }
    if asked("response_type") != "code" {
        return Ok(error(&redirect, &state, "unsupported_response_type", "Only code response type is supported."));
    }
    if !application.confidential {
        return Ok(error(&redirect, &state, "invalid_request", "PKCE is required for public clients"));
    }
    let granted = |grant: &&Grant| grant.application == application.id && grant.account == account.id;
    if let Some(grant) = turn.state.grants.iter().find(granted).cloned() {
        return Ok(with_code(turn, &grant, &redirect, &state));
    }
    let (scope, nonce) = (asked("scope"), asked("nonce"));
    let session = turn.state.sessions.entry(id.to_owned()).or_default();
    session.asked = Some((client, state.clone(), redirect.clone()));
    Ok(form(&application, &[("state", &state), ("scope", &scope), ("nonce", &nonce), ("redirect_uri", &redirect)]))
}

fn form(application: &Application, fields: &[(&str, &str)]) -> Reply {
    let hidden: String = fields.iter().map(|(name, value)| page::hidden(name, value)).collect();
    let body = format!(
        "<div class=\"oauth2-authorize-application-box\">\n<h3>Authorize \"{}\" to access your account?</h3>\n\
         <form method=\"post\" action=\"/login/oauth/grant\">\n{}{hidden}\
         <button type=\"submit\" name=\"granted\" value=\"true\">Authorize Application</button>\n\
         <button type=\"submit\" name=\"granted\" value=\"false\">Cancel</button>\n</form>\n</div>",
        page::text(&application.name),
        page::hidden("client_id", &application.client),
    );
    page::page(200, "Authorize", &body)
}

pub fn given(turn: &mut Turn, id: &str, account: &Account) -> Answer {
    let form = turn.call.form();
    let (client, state, redirect) = (form.get("client_id"), form.get("state"), form.get("redirect_uri"));
    let asked = turn.state.sessions.get(id).and_then(|session| session.asked.clone());
    let same = asked.is_some_and(|asked| asked == (client.to_owned(), state.to_owned(), redirect.to_owned()));
    let application = turn.state.applications.values().find(|it| it.client == client).map(|it| it.id);
    let Some(application) = application.filter(|_| same) else {
        return Err(Refusal::Said(400, "Bad Request".to_owned()));
    };
    if form.get("granted") != "true" {
        return Ok(error(redirect, state, "access_denied", "the request is denied"));
    }
    let scope = form.get("scope").to_owned();
    let grant = Grant { id: turn.state.next(), application, account: account.id, scope };
    turn.state.grants.push(grant.clone());
    Ok(with_code(turn, &grant, redirect, state))
}

fn with_code(turn: &mut Turn, grant: &Grant, redirect: &str, state: &str) -> Reply {
    let code = format!("gta_{}", random(48).to_lowercase());
    let (sealed, redirect_kept) = (sealed(&code), redirect.to_owned());
    turn.state.given.push(Given {
        grant: grant.id,
        kind: Kind::Code,
        sealed,
        redirect: redirect_kept,
        until: now() + CODE,
    });
    turn.server.save(turn.state);
    on(&with_query(redirect, &[("code", &code), ("state", state)]))
}

fn with_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let between = if address.contains('?') { '&' } else { '?' };
    format!("{address}{between}{}", pairs.join("&"))
}

/// Redirects back to the application with an error.
fn error(redirect: &str, state: &str, code: &str, words: &str) -> Reply {
    on(&with_query(redirect, &[("error", code), ("error_description", words), ("state", state)]))
}

/// An error page without a redirect, since the application is unknown.
fn refused(words: &str) -> Reply {
    let body = format!(
        "<div class=\"oauth2-authorize-application-box\">\n<h1>Authorization failed</h1>\n<h3>{}</h3>\n</div>",
        page::text(words)
    );
    page::page(400, "Authorization failed", &body)
}
