//! The account of `DRONE_USER_CREATE`, and tokens of the API.

use serde_json::json;

use crate::browser;
use crate::client::Client;
use crate::site::{FILTER, Site, TOKEN, create};
use contract::Outcome;

crate::assertions![
    the_account_of_the_environment_is_there_before_any_login,
    an_account_without_a_token_gets_one_and_the_log_tells_it,
    a_session_reads_and_rotates_the_token,
    a_restart_corrects_the_account_and_keeps_its_token,
    an_account_without_a_login_cannot_synchronise,
];

fn the_account_of_the_environment_is_there_before_any_login(site: &Site) -> Outcome {
    let account = create(&site.own()?.world.bot, &format!("machine:false,admin:true,token:{TOKEN}"));
    let (drone, _) = site.another(&[("DRONE_USER_CREATE", &account)])?;
    let bot = Client::anonymous(&drone.address()).with_token(TOKEN);
    let seen = bot.get("/api/user").is(200).json();
    assert_eq!((&seen["login"], &seen["admin"], &seen["machine"]), (&json!("ci-bot"), &json!(true), &json!(false)));
    assert_eq!((&seen["active"], &seen["last_login"], &seen["synced"]), (&json!(true), &json!(0), &json!(0)));
    assert!(bot.get("/api/user/repos").is(200).list().is_empty());
    Ok(())
}

fn an_account_without_a_token_gets_one_and_the_log_tells_it(site: &Site) -> Outcome {
    let account = create(&site.own()?.world.bot, "machine:false,admin:true");
    let (mut drone, _) = site.another(&[("DRONE_USER_CREATE", &account)])?;
    let log = drone.log();
    let line = log.lines().find(|line| line.contains("bootstrap: account created")).expect("the line");
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let token = line["token"].as_str().expect("the token").to_owned();
    assert_eq!(token.len(), 32);
    let bot = Client::anonymous(&drone.address()).with_token(&token);
    assert_eq!(bot.get("/api/user").is(200).at("/admin"), true);
    // The next start finds the account and logs no token.
    drone.start_again(&[]).unwrap();
    bot.get("/api/user").is(200);
    assert_eq!(drone.log().matches(&token).count(), 1);
    Ok(())
}

fn a_session_reads_and_rotates_the_token(site: &Site) -> Outcome {
    let bot = &site.own()?.world.bot;
    let (drone, _) = site.another(&[("DRONE_USER_CREATE", &create(bot, "machine:false,admin:true")), FILTER])?;
    let anonymous = Client::anonymous(&drone.address());
    let cookie = browser::login(&drone.address(), bot).is(303).cookie("_session_").expect("a session");
    let session = anonymous.with_cookie(&format!("_session_={cookie}"));
    assert_eq!(session.get("/api/user").is(200).text("/login"), bot.name);
    let present = session.post("/api/user/token").is(200).text("/token");
    assert_eq!(session.post("/api/user/token").is(200).text("/token"), present);
    assert!(drone.log().contains(&present));
    anonymous.with_token(&present).get("/api/user").is(200);
    let fresh = session.post("/api/user/token?rotate=true").is(200).text("/token");
    assert_ne!(fresh, present);
    anonymous.with_token(&present).get("/api/user").is(401);
    anonymous.with_token(&fresh).get("/api/user").is(200);
    assert!(!drone.log().contains(&fresh), "the rotated token is in the log");
    Ok(())
}

fn a_restart_corrects_the_account_and_keeps_its_token(site: &Site) -> Outcome {
    let bot = &site.own()?.world.bot;
    let first = create(bot, &format!("machine:false,admin:false,token:{TOKEN}"));
    let (mut drone, _) = site.another(&[("DRONE_USER_CREATE", &first)])?;
    let client = Client::anonymous(&drone.address()).with_token(TOKEN);
    assert_eq!(client.get("/api/user").is(200).at("/admin"), false);
    client.get("/api/queue").refuses(403, "Forbidden");
    drone.start_again(&[("DRONE_USER_CREATE", &create(bot, "machine:false,admin:true"))]).unwrap();
    assert_eq!(client.get("/api/user").is(200).at("/admin"), true);
    client.get("/api/queue").is(200);
    Ok(())
}

fn an_account_without_a_login_cannot_synchronise(site: &Site) -> Outcome {
    let account = create(&site.own()?.world.bot, &format!("machine:false,admin:true,token:{TOKEN}"));
    let (drone, _) = site.another(&[("DRONE_USER_CREATE", &account)])?;
    let bot = Client::anonymous(&drone.address()).with_token(TOKEN);
    bot.post("/api/user/repos").refuses(500, "Unauthorized");
    // Gitea shows a public repository without a login, so only the permission proves the login.
    let seen = bot.get("/api/user/remote/repos/recipes/ci").is(200);
    assert_eq!(seen.at("/permissions"), json!({"read": true, "write": false, "admin": false}));
    bot.get("/api/repos/recipes/ci").refuses(404, "Not Found");
    Ok(())
}
