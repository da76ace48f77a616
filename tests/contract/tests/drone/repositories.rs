//! Repositories: synchronised, activated, changed.

use forge::Account;
use serde_json::{Value, json};

use crate::browser;
use crate::client::Client;
use crate::site::{Own, Site};
use contract::Outcome;

crate::assertions![
    a_repository_states_its_properties,
    an_unknown_repository_is_not_found,
    a_fresh_activation_has_the_defaults,
    an_activation_makes_the_hook_in_gitea,
    an_activation_by_who_is_no_administrator_in_gitea_is_refused,
    timeout_and_trust_are_read_back,
    timeout_and_trust_are_left_out_in_silence_for_others,
    settings_outlive_a_deactivation,
    a_repair_makes_the_hook_anew,
    a_taken_over_repository_has_another_owner,
    the_remote_states_the_permissions_of_the_account,
    a_renamed_repository_stays_the_same,
    only_the_filtered_organisation_is_synchronised,
];

/// The session of another account that is no administrator of Drone.
fn session(own: &Own, account: &Account) -> Client {
    let back = browser::login(&own.drone.address(), account).is(303);
    let cookie = back.cookie("_session_").expect("a session");
    Client::anonymous(&own.drone.address()).with_cookie(&format!("_session_={cookie}"))
}

/// A repository of the organisation that the bot administers, synchronised.
fn fresh(site: &Site) -> Result<String, String> {
    let own = site.own()?;
    let name = site.word();
    let wanted = json!({"name": name, "auto_init": true, "default_branch": "main"});
    site.gitea().post("/orgs/recipes/repos", &wanted).unwrap();
    let member = format!("/repos/recipes/{name}/collaborators/{}", own.world.bot.name);
    site.gitea().put(&member, &json!({"permission": "admin"})).unwrap();
    site.bot.post("/api/user/repos").is(200);
    Ok(format!("recipes/{name}"))
}

fn hooks(site: &Site, slug: &str) -> Vec<Value> {
    let hooks = site.gitea().get(&format!("/repos/{slug}/hooks")).unwrap().json().unwrap();
    hooks.as_array().unwrap().clone()
}

fn a_repository_states_its_properties(site: &Site) -> Outcome {
    let seen = site.bot.get(&site.at("")).is(200).json();
    assert_eq!((&seen["slug"], &seen["active"]), (&json!(site.slug), &json!(true)));
    assert_eq!(seen["user_id"], site.bot.get("/api/user").is(200).at("/id"));
    assert_eq!(seen["config_path"], json!(".drone.yml"));
    assert!(seen["uid"].as_str().is_some_and(|uid| uid.parse::<u64>().is_ok()), "{seen}");
    assert!(seen["git_http_url"].as_str().is_some_and(|it| it.ends_with("/ci.git")), "{seen}");
    assert_eq!(seen["permissions"], json!({"read": true, "write": true, "admin": true}));
    Ok(())
}

fn an_unknown_repository_is_not_found(site: &Site) -> Outcome {
    site.bot.get("/api/repos/no/where").refuses(404, "Not Found");
    site.bot.post("/api/repos/no/where").refuses(404, "Not Found");
    Ok(())
}

fn a_fresh_activation_has_the_defaults(site: &Site) -> Outcome {
    let slug = fresh(site)?;
    let before = site.bot.get(&format!("/api/repos/{slug}")).is(200).json();
    assert_eq!((&before["active"], &before["timeout"]), (&json!(false), &json!(0)));
    let after = site.bot.post(&format!("/api/repos/{slug}")).is(200).json();
    assert_eq!((&after["active"], &after["timeout"]), (&json!(true), &json!(60)));
    assert_eq!((&after["trusted"], &after["config_path"]), (&json!(false), &json!(".drone.yml")));
    assert_eq!(after["user_id"], site.bot.get("/api/user").is(200).at("/id"));
    Ok(())
}

fn an_activation_makes_the_hook_in_gitea(site: &Site) -> Outcome {
    let (slug, own) = (fresh(site)?, site.own()?);
    assert!(hooks(site, &slug).is_empty());
    site.bot.post(&format!("/api/repos/{slug}")).is(200);
    let made = hooks(site, &slug);
    assert_eq!(made.len(), 1);
    let to = made[0]["config"]["url"].as_str().unwrap();
    assert!(to.starts_with(&format!("{}/hook", own.drone.address())), "{to}");
    // A second activation replaces the webhook: there are never two.
    site.bot.post(&format!("/api/repos/{slug}")).is(200);
    let again = hooks(site, &slug);
    assert_eq!(again.len(), 1);
    assert_ne!(again[0]["id"], made[0]["id"]);
    Ok(())
}

fn an_activation_by_who_is_no_administrator_in_gitea_is_refused(site: &Site) -> Outcome {
    let own = site.own()?;
    // An administrator of Drone may do this, but Gitea does not let the bot create a webhook.
    let seen = site.bot.post("/api/repos/recipes/hello");
    seen.is(500);
    assert_eq!(site.bot.get("/api/repos/recipes/hello").is(200).at("/active"), json!(false));
    session(own, &own.world.milo).post("/api/repos/recipes/hello").refuses(404, "Not Found");
    Ok(())
}

fn timeout_and_trust_are_read_back(site: &Site) -> Outcome {
    let slug = fresh(site)?;
    let path = format!("/api/repos/{slug}");
    site.bot.post(&path).is(200);
    let set = site.bot.ask("PATCH", &path, Some(&json!({"timeout": 75, "trusted": true}))).is(200).json();
    assert_eq!((&set["timeout"], &set["trusted"]), (&json!(75), &json!(true)));
    let seen = site.bot.get(&path).is(200).json();
    assert_eq!((&seen["timeout"], &seen["trusted"], &seen["active"]), (&json!(75), &json!(true), &json!(true)));
    // Fields that are absent keep their values.
    site.bot.ask("PATCH", &path, Some(&json!({"trusted": false}))).is(200);
    assert_eq!(site.bot.get(&path).is(200).at("/timeout"), json!(75));
    site.bot.ask_raw("PATCH", &path, Some(b"no JSON".to_vec())).is(400);
    Ok(())
}

fn timeout_and_trust_are_left_out_in_silence_for_others(site: &Site) -> Outcome {
    let (slug, own) = (fresh(site)?, site.own()?);
    let path = format!("/api/repos/{slug}");
    let member = format!("/repos/{slug}/collaborators/{}", own.world.mara.name);
    site.gitea().put(&member, &json!({"permission": "admin"})).unwrap();
    let mara = session(own, &own.world.mara);
    mara.post("/api/user/repos").is(200);
    mara.post(&path).is(200);
    let set =
        mara.ask("PATCH", &path, Some(&json!({"timeout": 75, "trusted": true, "protected": true}))).is(200).json();
    assert_eq!((&set["timeout"], &set["trusted"], &set["protected"]), (&json!(60), &json!(false), &json!(true)));
    Ok(())
}

fn settings_outlive_a_deactivation(site: &Site) -> Outcome {
    let slug = fresh(site)?;
    let path = format!("/api/repos/{slug}");
    site.bot.post(&path).is(200);
    site.bot.ask("PATCH", &path, Some(&json!({"timeout": 75}))).is(200);
    assert_eq!(site.bot.delete(&path).is(200).at("/active"), json!(false));
    assert_eq!(site.bot.get(&path).is(200).at("/active"), json!(false));
    let again = site.bot.post(&path).is(200).json();
    assert_eq!((&again["active"], &again["timeout"]), (&json!(true), &json!(75)));
    Ok(())
}

fn a_repair_makes_the_hook_anew(site: &Site) -> Outcome {
    let slug = fresh(site)?;
    site.bot.post(&format!("/api/repos/{slug}")).is(200);
    let id = &hooks(site, &slug)[0]["id"];
    site.gitea().delete(&format!("/repos/{slug}/hooks/{id}")).unwrap();
    site.bot.post(&format!("/api/repos/{slug}/repair")).is(200);
    assert_eq!(hooks(site, &slug).len(), 1);
    Ok(())
}

fn a_taken_over_repository_has_another_owner(site: &Site) -> Outcome {
    let (slug, own) = (fresh(site)?, site.own()?);
    let member = format!("/repos/{slug}/collaborators/{}", own.world.mara.name);
    site.gitea().put(&member, &json!({"permission": "admin"})).unwrap();
    let mara = session(own, &own.world.mara);
    mara.post("/api/user/repos").is(200);
    let hers = mara.post(&format!("/api/repos/{slug}")).is(200).at("/user_id");
    let his = site.bot.post(&format!("/api/repos/{slug}/chown")).is(200).at("/user_id");
    assert_ne!(his, hers);
    assert_eq!(his, site.bot.get("/api/user").is(200).at("/id"));
    Ok(())
}

fn the_remote_states_the_permissions_of_the_account(site: &Site) -> Outcome {
    site.own()?;
    let ci = site.bot.get("/api/user/remote/repos/recipes/ci").is(200).json();
    assert_eq!(
        (&ci["slug"], &ci["permissions"]),
        (&json!("recipes/ci"), &json!({"read": true, "write": true, "admin": true}))
    );
    let hello = site.bot.get("/api/user/remote/repos/recipes/hello").is(200).json();
    assert_eq!(hello["permissions"], json!({"read": true, "write": false, "admin": false}));
    site.bot.get("/api/user/remote/repos/recipes/none").refuses(500, "Not Found");
    Ok(())
}

fn a_renamed_repository_stays_the_same(site: &Site) -> Outcome {
    let slug = fresh(site)?;
    let before = site.bot.post(&format!("/api/repos/{slug}")).is(200).json();
    let name = site.word();
    site.gitea().patch(&format!("/repos/{slug}"), &json!({"name": name})).unwrap();
    // Until the next synchronisation only the old name is known.
    site.bot.get(&format!("/api/repos/recipes/{name}")).is(404);
    let list = site.bot.post("/api/user/repos").is(200).list();
    let after = list.iter().find(|it| it["slug"] == json!(format!("recipes/{name}"))).expect("the new name");
    assert_eq!((&after["id"], &after["uid"], &after["active"]), (&before["id"], &before["uid"], &json!(true)));
    site.bot.get(&format!("/api/repos/{slug}")).is(404);
    Ok(())
}

fn only_the_filtered_organisation_is_synchronised(site: &Site) -> Outcome {
    let own = site.own()?;
    let bot = own.forge.api().with_token(&own.world.bot.token);
    bot.post("/user/repos", &json!({"name": site.word()})).unwrap();
    let list = site.bot.post("/api/user/repos").is(200).list();
    assert!(list.iter().all(|it| it["namespace"] == json!("recipes")), "{list:?}");
    assert!(list.iter().any(|it| it["slug"] == json!("recipes/ci")), "{list:?}");
    Ok(())
}
