//! OAuth applications.

use crate::answer::{Answer, created, invalid, not_found, nothing, ok};
use crate::call::Json;
use crate::model::Application;
use crate::paging;
use crate::seal::{random, sealed, uuid};
use crate::server::now;
use crate::show;
use crate::turn::Turn;

pub fn answer(turn: &mut Turn, path: &[&str]) -> Answer {
    let me = turn.me()?;
    match (turn.call.method.as_str(), path) {
        ("GET", []) => {
            let all: Vec<_> = turn.state.applications.values().filter(|it| it.account == me.id).collect();
            paging::page(turn, all, |application| show::application(application, ""))
        }
        ("POST", []) => {
            let mut application = Application {
                id: 0,
                account: me.id,
                name: String::new(),
                client: uuid(),
                sealed: String::new(),
                redirects: Vec::new(),
                confidential: false,
                skips_consent: false,
                created: now(),
            };
            let secret = fill(&mut application, &turn.call.json()?)?;
            application.id = turn.state.next();
            let shown = show::application(&application, &secret);
            turn.state.applications.insert(application.id, application);
            created(&shown)
        }
        (method, [id]) => {
            let id: i64 = id.parse().map_err(|_| not_found())?;
            let found = turn.state.applications.get(&id).filter(|it| it.account == me.id).cloned();
            let mut application = found.ok_or_else(not_found)?;
            match method {
                "GET" => ok(&show::application(&application, "")),
                "PATCH" => {
                    let secret = fill(&mut application, &turn.call.json()?)?;
                    let shown = show::application(&application, &secret);
                    turn.state.applications.insert(id, application);
                    ok(&shown)
                }
                "DELETE" => {
                    turn.state.remove_application(id);
                    nothing()
                }
                _ => Err(not_found()),
            }
        }
        _ => Err(not_found()),
    }
}

/// Sets the application's fields from the body. Every call makes a new secret.
fn fill(application: &mut Application, body: &Json) -> Answer<String> {
    body.required("name", "Name")?.clone_into(&mut application.name);
    let redirects = body.texts("redirect_uris")?.filter(|redirects| !redirects.is_empty());
    application.redirects = redirects.ok_or_else(|| invalid("[RedirectURIs]: Required"))?;
    application.confidential = body.flag("confidential_client")?.unwrap_or(false);
    application.skips_consent = body.flag("skip_secondary_authorization")?.unwrap_or(false);
    let secret = format!("gto_{}", random(52).to_lowercase());
    application.sealed = sealed(&secret);
    Ok(secret)
}
