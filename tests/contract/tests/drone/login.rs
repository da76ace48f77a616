//! Login through Gitea.

use serde_json::json;

use crate::browser::{self, query};
use crate::client::Client;
use crate::site::{FILTER, Site, TOKEN, create, until};
use contract::Outcome;

crate::assertions![
    a_login_is_sent_to_gitea_with_a_state,
    the_way_back_gives_a_session_and_the_repositories,
    a_second_login_changes_nothing_of_the_account,
    logging_out_forgets_the_session,
];

fn a_login_is_sent_to_gitea_with_a_state(site: &Site) -> Outcome {
    let own = site.own()?;
    let sent = site.anonymous.get("/login").is(303);
    let to = sent.header("location");
    assert!(to.starts_with(&format!("{}/login/oauth/authorize?", own.forge.address())), "{to}");
    assert_eq!(query(to, "response_type").as_deref(), Some("code"));
    assert_eq!(query(to, "redirect_uri"), Some(format!("{}/login", own.drone.address())));
    assert!(query(to, "client_id").is_some_and(|it| it.len() == 36), "{to}");
    assert_eq!(query(to, "state"), sent.cookie("_oauth_state_"));
    assert!(sent.cookie("_session_").is_none());
    Ok(())
}

fn the_way_back_gives_a_session_and_the_repositories(site: &Site) -> Outcome {
    let bot = &site.own()?.world.bot;
    let account = create(bot, &format!("machine:false,admin:true,token:{TOKEN}"));
    let (drone, _) = site.another(&[("DRONE_USER_CREATE", &account), FILTER])?;
    let back = browser::login(&drone.address(), bot).is(303);
    // An account without a mail address in Drone gets a form, which may be ignored.
    assert_eq!(back.header("location"), "/register");
    let session = back.headers.iter().find(|(_, line)| line.starts_with("_session_=")).expect("a session");
    assert!(session.1.contains("HttpOnly") && session.1.contains("Path=/"), "{session:?}");
    assert!(!session.1.contains("Secure"), "over plain HTTP it is not secure: {session:?}");
    let client = Client::anonymous(&drone.address()).with_token(TOKEN);
    until("the synchronisation", || {
        let account = client.get("/api/user").is(200).json();
        account["synced"].as_i64() > Some(0) && account["syncing"] == json!(false)
    });
    assert!(client.get("/api/user").is(200).number("/last_login") > 0);
    let repositories = client.get("/api/user/repos").is(200).list();
    let slugs: Vec<_> = repositories.iter().filter_map(|it| it["slug"].as_str()).collect();
    assert_eq!(slugs, ["recipes/ci", "recipes/hello"]);
    assert!(
        repositories.iter().all(|it| it["active"] == json!(false) && it["user_id"] == json!(0)),
        "{repositories:?}"
    );
    Ok(())
}

fn a_second_login_changes_nothing_of_the_account(site: &Site) -> Outcome {
    let own = site.own()?;
    let before = site.bot.get("/api/user").is(200).json();
    browser::login(&own.drone.address(), &own.world.bot).is(303);
    let mut after = site.bot.get("/api/user").is(200).json();
    after["last_login"] = before["last_login"].clone();
    assert_eq!(before, after);
    Ok(())
}

fn logging_out_forgets_the_session(site: &Site) -> Outcome {
    let seen = site.anonymous.get("/logout").is(200);
    assert_eq!(seen.cookie("_session_").as_deref(), Some("deleted"));
    Ok(())
}
