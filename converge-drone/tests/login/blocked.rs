//! Logins that need a person with a browser, or other settings.

use axum::response::Redirect;
use axum::{Router, routing};
use base::error::{Class, Explain};
use converge_drone::login::{self, Reason};
use forge::World as Names;
use http::{Error, Refusal};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::browser::Browser;
use crate::world::{World, blocked, drone_at, gitea_as, servers};

#[tokio::test]
async fn a_wrong_password() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let wrong = "canary, not the password";
        let gitea = gitea_as(world.forge.address(), Names::BOT, wrong);
        let refused = gitea.applications().await.unwrap_err();
        assert_eq!(refused.refusal(), Some(Refusal::Credentials), "{refused}");

        let blocked = blocked(&world.drone, &gitea).await;
        assert!(matches!(&blocked.reason, Reason::WrongPassword(Some(said)) if !said.is_empty()), "{blocked}");
        assert_eq!(blocked.address, format!("{}/user/login", world.forge.address()));
        assert_eq!(blocked.class(), Class::Blocked);
        assert!(blocked.hint().unwrap().contains("`gitea-password`"));
        assert!(!format!("{blocked:?} {blocked} {refused:?}").contains("canary"));
        assert_eq!(login::why_refused(&gitea).await.unwrap(), Some(blocked));

        let nobody = gitea_as(world.forge.address(), "nobody-at-all", wrong);
        let reason = self::blocked(&world.drone, &nobody).await.reason;
        assert!(matches!(reason, Reason::WrongPassword(_)), "{reason}");
    }
}

#[tokio::test]
async fn two_factor_login() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        if !world.is_real() {
            return;
        }
        drop(world.log_in().await);
        Browser::sign_in(&world.forge, &world.bot).turn_two_factor_on();
        let blocked = world.blocked().await;
        assert_eq!(blocked.reason, Reason::TwoFactor);
        assert_eq!(blocked.address, format!("{}/user/settings/security", world.forge.address()));

        // The API does not say so: the login page is asked.
        let refused = world.gitea.applications().await.unwrap_err();
        println!("  the API says: {refused}");
        assert!(matches!(refused.refusal(), Some(Refusal::TwoFactor | Refusal::Credentials)), "{refused}");
        assert_eq!(login::why_refused(&world.gitea).await.unwrap(), Some(blocked));
    }
}

#[tokio::test]
async fn an_account_that_may_not_sign_in_as_it_is() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        if !world.is_real() {
            return;
        }
        let cases = [
            (json!({"must_change_password": true}), Reason::MustChangePassword, Refusal::MustChangePassword),
            (json!({"must_change_password": false, "prohibit_login": true}), Reason::Prohibited, Refusal::Credentials),
            (json!({"prohibit_login": false, "active": false}), Reason::Prohibited, Refusal::Prohibited),
        ];
        for (settings, reason, refusal) in cases {
            world.set_account(&settings);
            let blocked = world.blocked().await;
            assert_eq!(blocked.reason, reason, "{settings}");
            let refused = world.gitea.applications().await.unwrap_err();
            println!("  the API says: {refused}");
            assert_eq!(refused.refusal(), Some(refusal), "{settings}: {refused}");
            // Only the pages tell these apart from a wrong password.
            assert_eq!(login::why_refused(&world.gitea).await.unwrap().map(|blocked| blocked.reason), Some(reason));
        }
        // An account that was never active looks prohibited, too, where Gitea sends no mail to activate it.
        world.set_account(&json!({"active": true}));
        drop(world.log_in().await);
    }
}

#[tokio::test]
async fn a_deleted_application() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let bot = world.forge.api().with_password(&world.bot.name, &world.bot.password);
        bot.delete(&format!("/user/applications/oauth2/{}", world.application.id)).unwrap();
        let blocked = world.blocked().await;
        assert!(matches!(&blocked.reason, Reason::Application(Some(said)) if !said.is_empty()), "{blocked}");
        assert_eq!(blocked.address, format!("{}/user/settings/applications", world.forge.address()));
    }
}

#[tokio::test]
async fn an_application_with_another_redirect_address() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let bot = world.forge.api().with_password(&world.bot.name, &world.bot.password);
        let other = json!({
            "name": "drone", "redirect_uris": ["https://drone.example.org/login"], "confidential_client": true,
        });
        bot.patch(&format!("/user/applications/oauth2/{}", world.application.id), &other).unwrap();
        let blocked = world.blocked().await;
        assert!(matches!(blocked.reason, Reason::Application(_)), "{blocked}");
    }
}

#[tokio::test]
async fn a_rotated_client_secret() {
    for program in servers() {
        let Some(world) = World::start(program).await else { return };
        let made = world.gitea.regenerate_secret(&world.application).await.unwrap();
        let blocked = world.blocked().await;
        assert!(matches!(blocked.reason, Reason::ClientSecret(Some(_))), "{blocked}");
        assert!(blocked.hint().unwrap().contains("`oauth-application`"));
        assert!(!format!("{blocked:?}").contains(made.client_secret.expose_secret()));
    }
}

#[tokio::test]
async fn an_account_that_drone_does_not_let_in() {
    for program in servers() {
        let cases: [&[(&str, &str)]; 3] = [
            &[("DRONE_REGISTRATION_CLOSED", "true")],
            &[("DRONE_USER_FILTER", "nobody-else")],
            &[("DRONE_USER_CREATE", "username:ci-bot,machine:true,admin:true,token:55f24eb3d61ef6ac5e83d550178638dc")],
        ];
        for environment in cases {
            let Some(world) = World::start_with(program.clone(), environment).await else { return };
            let blocked = world.blocked().await;
            assert!(matches!(&blocked.reason, Reason::Drone(Some(said)) if !said.is_empty()), "{blocked}");
            assert_eq!(blocked.address, format!("{}/login", world.server.address()));
        }
        // Closed, but made by the configuration: that is how it is deployed.
        let Some(mut world) = World::start(program).await else { return };
        world.server.start_again(&[("DRONE_REGISTRATION_CLOSED", "true")]).unwrap();
        drop(world.log_in().await);
    }
}

/// A server that leads to a page of Gitea's which has nothing to do with a login.
#[tokio::test]
async fn an_unexpected_page() {
    let Some(world) = World::start(None).await else { return };
    for (page, expected) in [("/explore/repos", true), ("/user/login", false)] {
        let to = format!("{}{page}", world.forge.address());
        let app = Router::new().fallback(routing::any(move || async move { Redirect::to(&to) }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        let blocked = blocked(&drone_at(&address), &world.gitea).await;
        assert!(matches!(&blocked.reason, Reason::Unexpected(said) if said.contains("Gitea (GET http")), "{blocked}");
        assert_eq!(blocked.reason.to_string().contains(page), expected, "{blocked}");
        assert_eq!(blocked.address, format!("{address}/login"));
        serving.abort();
    }
}

/// Gitea that is not there any more, and Gitea that is another one.
#[tokio::test]
async fn no_gitea_any_more() {
    let Some(world) = World::start(None).await else { return };
    let World { forge, drone, gitea, .. } = world;
    let elsewhere = gitea_as("http://127.0.0.1:9", Names::BOT, "canary");
    let error = login::login(&drone, &elsewhere).await.unwrap_err();
    assert!(matches!(&error, Error::Elsewhere { to, .. } if *to == forge.address()), "{error}");
    assert!(error.hint().unwrap().contains("ROOT_URL"));
    drop(forge);
    let error = login::login(&drone, &gitea).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}
