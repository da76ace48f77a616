//! The token with which Drone asks Gitea: renewed when it expires, invalid without its grant or application.

use forge::Account;
use serde_json::{Value, json};
use stand_ins::drone::Drone;

use crate::browser;
use crate::client::Client;
use crate::site::{FILTER, Site, TOKEN, create, until};
use contract::Outcome;

crate::assertions![
    a_deleted_application_kills_the_token,
    a_changed_application_secret_leaves_the_token_until_its_end,
    a_changed_password_leaves_the_token_alive,
    an_owner_who_is_gone_makes_builds_impossible,
];

/// Another server with the bot logged in and `recipes/ci` activated; and the id of the application in Gitea.
fn logged_in(site: &Site, bot: &Account) -> Result<(Drone, Client, i64), String> {
    let account = create(bot, &format!("machine:false,admin:true,token:{TOKEN}"));
    let (drone, application) = site.another(&[("DRONE_USER_CREATE", &account), FILTER])?;
    let client = Client::anonymous(&drone.address()).with_token(TOKEN);
    browser::login(&drone.address(), bot).is(303);
    until("the synchronisation", || client.get("/api/user").is(200).number("/synced") > 0);
    client.post("/api/repos/recipes/ci").is(200);
    client.get("/api/user/remote/repos/recipes/ci").is(200);
    Ok((drone, client, application))
}

fn a_deleted_application_kills_the_token(site: &Site) -> Outcome {
    let own = site.own()?;
    let bot = &own.world.bot;
    let (drone, client, application) = logged_in(site, bot)?;
    let gitea = own.forge.api().with_token(&bot.token);
    gitea.delete(&format!("/user/applications/oauth2/{application}")).unwrap();
    client.get("/api/user/remote/repos/recipes/ci").refuses(500, "Unauthorized");
    client.post("/api/user/repos").refuses(500, "Unauthorized");
    client.post("/api/repos/recipes/ci/builds").refuses(404, "");
    client.post("/api/repos/recipes/ci").is(500);
    // Drone still answers from its own database.
    assert_eq!(client.get("/api/user").is(200).text("/login"), bot.name);
    let known = client.get("/api/user/repos").is(200).list();
    assert!(known.iter().any(|it| it["slug"] == json!("recipes/ci")), "{known:?}");
    // A new login does not help: Gitea does not know the application.
    let sent = Client::anonymous(&drone.address()).get("/login").is(303);
    assert!(sent.header("location").contains("client_id="));
    Ok(())
}

fn a_changed_application_secret_leaves_the_token_until_its_end(site: &Site) -> Outcome {
    let own = site.own()?;
    let bot = &own.world.bot;
    let (mut drone, client, application) = logged_in(site, bot)?;
    let gitea = own.forge.api().with_token(&bot.token);
    let path = format!("/user/applications/oauth2/{application}");
    let application: Value = gitea.get(&path).unwrap().json().unwrap();
    let same = json!({
        "name": application["name"], "redirect_uris": application["redirect_uris"], "confidential_client": true,
    });
    let secret = gitea.patch(&path, &same).unwrap().text("/client_secret").unwrap();
    client.get("/api/user/remote/repos/recipes/ci").is(200);
    let refused = browser::login(&drone.address(), bot).is(303);
    assert!(refused.header("location").contains("unauthorized_client"), "{refused:?}");
    drone.start_again(&[("DRONE_GITEA_CLIENT_SECRET", &secret)]).unwrap();
    assert!(browser::login(&drone.address(), bot).is(303).cookie("_session_").is_some());
    client.get("/api/user/remote/repos/recipes/ci").is(200);
    Ok(())
}

fn a_changed_password_leaves_the_token_alive(site: &Site) -> Outcome {
    let own = site.own()?;
    let mara = &own.world.mara;
    let (_drone, client, _) = logged_in_as(site, mara)?;
    let change = json!({"login_name": mara.name, "source_id": 0, "password": "another-password"});
    site.gitea().patch(&format!("/admin/users/{}", mara.name), &change).unwrap();
    let seen = client.get("/api/user/remote/repos/recipes/hello");
    let back =
        json!({"login_name": mara.name, "source_id": 0, "password": mara.password, "must_change_password": false});
    site.gitea().patch(&format!("/admin/users/{}", mara.name), &back).unwrap();
    seen.is(200);
    Ok(())
}

fn logged_in_as(site: &Site, account: &Account) -> Result<(Drone, Client, i64), String> {
    let (drone, application) =
        site.another(&[("DRONE_USER_CREATE", &create(account, &format!("machine:false,admin:true,token:{TOKEN}")))])?;
    let client = Client::anonymous(&drone.address()).with_token(TOKEN);
    browser::login(&drone.address(), account).is(303);
    until("the synchronisation", || client.get("/api/user").is(200).number("/synced") > 0);
    Ok((drone, client, application))
}

fn an_owner_who_is_gone_makes_builds_impossible(site: &Site) -> Outcome {
    let own = site.own()?;
    let (_drone, client, _) = logged_in_as(site, &own.world.bot)?;
    // Not activated, so without an owner.
    client.post("/api/repos/recipes/ci/builds").refuses(404, "no rows");
    client.post("/api/repos/recipes/ci/repair").refuses(404, "no rows");
    Ok(())
}
