//! Logins that fail: always a redirect to a page with the reason in its URL.

use serde_json::json;

use crate::browser;
use crate::client::Seen;
use crate::site::{Site, TOKEN, create};
use contract::Outcome;

crate::assertions![
    a_wrong_state_is_refused,
    a_way_back_without_the_cookie_is_refused,
    a_code_that_gitea_does_not_know_is_refused,
    the_refusal_of_gitea_is_passed_on,
    a_wrong_client_secret_is_refused,
    a_stranger_is_refused_when_registration_is_closed,
    a_filter_refuses_logins_of_other_organisations,
    a_machine_may_not_log_in,
];

#[track_caller]
fn refused(seen: Seen, words: &str) {
    let seen = seen.is(303);
    let to = seen.header("location");
    assert!(to.starts_with("/login/error?message="), "{to}");
    assert!(to.contains(words), "no {words:?} in {to}");
    assert!(seen.cookie("_session_").is_none(), "{seen:?}");
}

fn a_wrong_state_is_refused(site: &Site) -> Outcome {
    let own = site.own()?;
    let (_, back) = browser::back_to_drone(&own.drone.address(), &own.world.bot);
    refused(browser::answer(&own.drone.address(), &back, Some("another")), "Invalid state");
    Ok(())
}

fn a_way_back_without_the_cookie_is_refused(site: &Site) -> Outcome {
    let own = site.own()?;
    let (_, back) = browser::back_to_drone(&own.drone.address(), &own.world.bot);
    refused(browser::answer(&own.drone.address(), &back, None), "cookie not present");
    Ok(())
}

fn a_code_that_gitea_does_not_know_is_refused(site: &Site) -> Outcome {
    let own = site.own()?;
    refused(browser::answer(&own.drone.address(), "/login?code=wrong&state=s", Some("s")), "unauthorized_client");
    Ok(())
}

fn the_refusal_of_gitea_is_passed_on(site: &Site) -> Outcome {
    refused(site.anonymous.get("/login?error=access_denied&state=s"), "access_denied");
    Ok(())
}

fn a_wrong_client_secret_is_refused(site: &Site) -> Outcome {
    let bot = &site.own()?.world.bot;
    let (drone, _) = site.another(&[("DRONE_GITEA_CLIENT_SECRET", "wrong")])?;
    refused(browser::login(&drone.address(), bot), "unauthorized_client");
    Ok(())
}

fn a_stranger_is_refused_when_registration_is_closed(site: &Site) -> Outcome {
    let world = &site.own()?.world;
    let account = create(&world.bot, &format!("machine:false,admin:true,token:{TOKEN}"));
    let (drone, _) = site.another(&[("DRONE_USER_CREATE", &account), ("DRONE_REGISTRATION_CLOSED", "true")])?;
    refused(browser::login(&drone.address(), &world.sam), "User registration is disabled");
    // An existing account may log in.
    assert!(browser::login(&drone.address(), &world.bot).is(303).cookie("_session_").is_some());
    Ok(())
}

fn a_filter_refuses_logins_of_other_organisations(site: &Site) -> Outcome {
    let world = &site.own()?.world;
    let (drone, _) = site.another(&[("DRONE_USER_FILTER", "recipes")])?;
    refused(browser::login(&drone.address(), &world.sam), "must be a member of an approved organization");
    let milo = browser::login(&drone.address(), &world.milo).is(303);
    assert!(milo.cookie("_session_").is_some(), "{milo:?}");
    Ok(())
}

fn a_machine_may_not_log_in(site: &Site) -> Outcome {
    let bot = &site.own()?.world.bot;
    let account = create(bot, &format!("machine:true,admin:true,token:{TOKEN}"));
    let (drone, _) = site.another(&[("DRONE_USER_CREATE", &account)])?;
    refused(browser::login(&drone.address(), bot), "Machine account login is forbidden");
    let client = crate::client::Client::anonymous(&drone.address()).with_token(TOKEN);
    assert_eq!(client.get("/api/user").is(200).at("/machine"), json!(true));
    Ok(())
}
