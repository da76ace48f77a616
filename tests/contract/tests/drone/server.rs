//! Health, version, and requests without a login.

use crate::site::Site;
use contract::Outcome;

crate::assertions![
    health_is_a_word,
    the_version_needs_no_login,
    a_request_without_a_login_is_refused,
    a_wrong_token_is_refused,
    an_unknown_path_is_not_found,
    every_other_address_is_a_page,
    the_queue_is_for_administrators,
];

fn health_is_a_word(site: &Site) -> Outcome {
    let seen = site.anonymous.get("/healthz").is(200);
    assert_eq!(seen.body, "OK");
    assert!(!seen.header("content-type").contains("html"));
    Ok(())
}

fn the_version_needs_no_login(site: &Site) -> Outcome {
    let version = site.anonymous.get("/version").is(200).text("/version");
    assert!(version.starts_with("2."), "{version}");
    Ok(())
}

fn a_request_without_a_login_is_refused(site: &Site) -> Outcome {
    for path in ["/api/user", "/api/user/repos", "/api/queue", "/api/repos/no/where"] {
        site.anonymous.get(path).refuses(401, "Unauthorized");
    }
    Ok(())
}

fn a_wrong_token_is_refused(site: &Site) -> Outcome {
    site.anonymous.with_token("wrong").get("/api/user").refuses(401, "Unauthorized");
    // An empty token is refused too.
    site.anonymous.with_token("").get("/api/user").refuses(401, "Unauthorized");
    Ok(())
}

fn an_unknown_path_is_not_found(site: &Site) -> Outcome {
    site.bot.get("/api/no-such-thing").is(404);
    Ok(())
}

fn every_other_address_is_a_page(site: &Site) -> Outcome {
    for path in ["/register", "/login/error?message=some+words", "/no/such/thing/at/all"] {
        assert!(site.anonymous.get(path).is(200).header("content-type").starts_with("text/html"), "{path}");
    }
    assert_eq!(site.anonymous.get("/").is(303).header("location"), "/welcome");
    Ok(())
}

fn the_queue_is_for_administrators(site: &Site) -> Outcome {
    let runner = site.runner();
    let build = site.build(&site.pipeline(&runner), "");
    let mine = |entry: &&serde_json::Value| entry["build_id"] == build["id"];
    let queue = site.bot.get("/api/queue").is(200).list();
    let entry = queue.iter().find(mine).expect("the stage waits");
    assert_eq!((entry["status"].as_str(), entry["repo_id"] == build["repo_id"]), (Some("pending"), true));
    runner.take();
    let queue = site.bot.get("/api/queue").is(200).list();
    assert_eq!(queue.iter().find(mine).unwrap()["machine"], "here");
    site.bot.delete(&site.at(&format!("/builds/{}", build["number"]))).is(200);
    assert!(site.bot.get("/api/queue").is(200).list().iter().find(mine).is_none());
    Ok(())
}
