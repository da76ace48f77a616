//! Logins that succeed.

use std::pin::pin;
use std::time::Duration;

use base::error::Explain;
use converge_drone::login;
use forge::World as Names;
use http::{Error, Refusal};
use secrecy::ExposeSecret;
use serde_json::json;
use stand_ins::drone::free_port;
use tokio::time::timeout;

use crate::browser::Browser;
use crate::holding::Holding;
use crate::world::{AS_ADMINISTRATOR, World, drone_at, gitea_as, servers};

#[tokio::test]
async fn the_first_login_asks_for_a_grant_and_the_second_does_not() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let question = format!(
            "/login/oauth/authorize?client_id={}&redirect_uri={}&response_type=code&state=s",
            world.application.client_id, world.application.redirect_uris[0]
        );
        let mut browser = Browser::sign_in(&world.forge, &world.bot);
        let asked = browser.get(&question);
        assert!(asked.status == 200 && asked.body.contains("/login/oauth/grant"), "{}", asked.body);

        let first = world.log_in().await;
        let account = first.account().await.unwrap();
        assert_eq!((account.login.as_str(), account.admin), (Names::BOT, true));

        let asked = browser.get(&question);
        let to = asked.header("location").unwrap_or_default();
        assert!(asked.status == 303 && to.starts_with(&world.application.redirect_uris[0]), "{asked:?}");
        let second = world.log_in().await;
        assert_eq!(second.account().await.unwrap().id, account.id);

        // Gitea writes logins as they were made; the configuration may not.
        let other_case = gitea_as(world.forge.address(), "CI-Bot", &format!("{}\n", world.bot.password));
        assert!(matches!(login::login(&world.drone, &other_case).await, Ok(login::Outcome::LoggedIn(_))));
        assert!(login::why_refused(&world.gitea).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_new_token_replaces_the_one_before() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let session = world.log_in().await;
        let before = session.new_token().await.unwrap();
        let token = session.new_token().await.unwrap();
        assert_ne!(token.expose_secret(), before.expose_secret());
        assert!(token.expose_secret().len() >= 32);

        let refused = world.drone.with_token(&before).account().await.unwrap_err();
        assert_eq!(refused.refusal(), Some(Refusal::Credentials), "{refused}");
        assert!(!format!("{refused:?} {:?}", refused.hint()).contains(before.expose_secret()));
        let drone = world.drone.with_token(&token);
        assert_eq!(drone.account().await.unwrap().login, Names::BOT);

        // A login by itself leaves the token alone.
        drop(world.log_in().await);
        assert!(drone.account().await.unwrap().admin);
    }
}

/// Drone reads the bot's repositories in the background, and writes the account then as it was before.
#[tokio::test]
async fn a_token_that_is_rotated_after_a_login_stays() {
    for program in servers() {
        let listen = free_port().unwrap();
        let mut gitea = Holding::before(listen).await;
        let place = forge::Options { listen: Some(listen), address: Some(gitea.address.clone()), ..Default::default() };
        let Some(world) = World::start_at(program, &[AS_ADMINISTRATOR], &place).await else { return };
        let mut login = pin!(world.log_in());
        tokio::select! {
            _ = &mut login => panic!("the login did not wait for the repositories"),
            () = gitea.asked() => {}
        }
        assert!(timeout(Duration::from_millis(500), &mut login).await.is_err(), "the login did not wait");
        gitea.release();
        let session = login.await;
        let token = session.new_token().await.unwrap();
        let account = session.account().await.unwrap();
        assert!(!account.syncing, "{account:?}");
        let drone = world.drone.with_token(&token);
        assert_eq!(drone.account().await.unwrap().login, Names::BOT);
        assert!(drone.repositories().await.unwrap().iter().any(|found| found.slug == Names::CI));
    }
}

#[tokio::test]
async fn requests_after_a_login_are_answered() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let drone = world.drone.with_token(&world.log_in().await.new_token().await.unwrap());
        drone.healthy().await.unwrap();
        let slugs: Vec<String> = drone.synchronise().await.unwrap().into_iter().map(|found| found.slug).collect();
        assert!(slugs.iter().any(|slug| slug == Names::CI), "{slugs:?}");
        assert!(drone.repositories().await.unwrap().iter().any(|found| found.slug == Names::CI && !found.active));
        assert!(drone.remote_permissions(Names::CI).await.unwrap().admin);

        let active = drone.activate(Names::CI).await.unwrap();
        assert!(active.active && active.timeout == 60 && !active.trusted, "{active:?}");
        let set = drone.set(Names::CI, 75, true).await.unwrap();
        assert_eq!((set.timeout, set.trusted), (75, true));
        let all = drone.repositories().await.unwrap();
        let found = all.iter().find(|found| found.slug == Names::CI).expect("it is there");
        let account = drone.account().await.unwrap();
        assert_eq!((found.timeout, found.trusted, found.user_id), (75, true, account.id));
        assert_eq!(drone.take_over(Names::CI).await.unwrap().user_id, account.id);
        // A run that was killed activates again.
        drone.activate(Names::CI).await.unwrap();
        let bot = world.forge.api().with_password(&world.bot.name, &world.bot.password);
        let hooks = bot.get(&format!("/repos/{}/hooks", Names::CI)).unwrap().json().unwrap();
        assert_eq!(hooks.as_array().map(Vec::len), Some(1), "one webhook, however often it is made: {hooks}");
        let to = hooks[0]["config"]["url"].as_str().unwrap_or_default();
        assert!(hooks[0]["active"] == true && to.starts_with(&world.server.address()), "{hooks}");
    }
}

#[tokio::test]
async fn a_revoked_grant_kills_the_scm_token_and_the_next_login_mends_it() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let drone = world.drone.with_token(&world.log_in().await.new_token().await.unwrap());
        assert!(drone.remote_permissions(Names::CI).await.unwrap().admin);

        Browser::sign_in(&world.forge, &world.bot).revoke_grants();
        let dead = drone.remote_permissions(Names::CI).await.unwrap_err();
        println!("  {dead}");
        assert!(matches!(dead, Error::Failing { status: 500, .. } | Error::Refused { .. }), "{dead:?}");
        // Drone's own token does not care.
        assert!(drone.account().await.unwrap().admin);

        drop(world.log_in().await);
        assert!(drone.remote_permissions(Names::CI).await.unwrap().admin);
    }
}

#[tokio::test]
async fn a_changed_password_and_a_rotated_client_secret_are_taken_up() {
    for program in servers() {
        let Some(mut world) = World::start(program).await else { return };
        let token = world.log_in().await.new_token().await.unwrap();
        let drone = world.drone.with_token(&token);

        world.set_account(&json!({"password": "another one, of the bot"}));
        world.gitea = gitea_as(world.forge.address(), Names::BOT, "another one, of the bot");
        drop(world.log_in().await);
        assert!(drone.remote_permissions(Names::CI).await.unwrap().admin);

        let made = world.gitea.regenerate_secret(&world.application).await.unwrap();
        assert_eq!(made.client_id, world.application.client_id);
        let present = world.gitea.applications().await.unwrap();
        assert!(present.contains(&world.application), "only its secret is another: {present:?}");
        world.server.start_again(&[("DRONE_GITEA_CLIENT_SECRET", made.client_secret.expose_secret())]).unwrap();
        // As the next run would: not on a connection to the server before.
        world.drone = drone_at(&world.server.address());
        drop(world.log_in().await);
        assert!(world.drone.with_token(&token).remote_permissions(Names::CI).await.unwrap().admin);
    }
}

#[tokio::test]
async fn a_renamed_repository_is_found_by_its_old_name() {
    let Some(world) = World::start(None).await else { return };
    let before = world.gitea.repository(Names::CI).await.unwrap().expect("it is there");
    assert!(before.permissions.admin && before.full_name == Names::CI);
    let site = world.forge.api().with_token(&world.forge.administrator().token);
    site.patch(&format!("/repos/{}", Names::CI), &json!({"name": "pipeline"})).unwrap();
    let after = world.gitea.repository(Names::CI).await.unwrap().expect("it is still found");
    assert_eq!(after.full_name, "recipes/pipeline");
    assert!(world.gitea.repository("recipes/nothing").await.unwrap().is_none());
}
