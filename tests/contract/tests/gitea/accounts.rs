//! Accounts and credentials.

use serde_json::json;

use crate::site::Site;

crate::assertions![
    the_version_is_told_to_everybody,
    a_token_and_a_password_tell_the_same_account,
    an_account_is_found_without_regard_to_case,
    an_unknown_account_is_404,
    only_the_administrator_makes_accounts,
    a_taken_name_is_422,
    a_wrong_password_and_a_wrong_token_are_401,
    no_account_is_401_where_one_is_needed,
    a_changed_password_holds_at_once,
    an_account_that_must_change_its_password_is_403,
    a_prohibited_account_is_refused,
    an_inactive_account_is_refused,
    a_deleted_account_is_gone,
    accounts_are_searched_for,
];

fn the_version_is_told_to_everybody(site: &Site) {
    let version = site.anonymous().get("/version").is(200).text("/version");
    let numbers: Vec<&str> = version.split('.').collect();
    assert!(numbers.len() >= 3 && numbers[0].parse() == Ok(1), "{version}");
    assert!(numbers[1].parse::<u32>().unwrap() >= 24, "{version} is older than any this project has seen");
}

fn a_token_and_a_password_tell_the_same_account(site: &Site) {
    let bot = &site.bot;
    for client in [site.bot(), site.with_password(&bot.name, &bot.password)] {
        let user = client.get("/user").is(200);
        assert_eq!(user.text("/login"), bot.name);
        assert_eq!(user.at("/is_admin"), false);
        assert_eq!(user.at("/active"), true);
        assert_eq!(user.text("/email"), format!("{}@example.org", bot.name));
        assert!(user.number("/id") > 0 && user.at("/full_name").is_string() && user.at("/avatar_url").is_string());
    }
    assert_eq!(site.administrator().get("/user").is(200).at("/is_admin"), true);
}

fn an_account_is_found_without_regard_to_case(site: &Site) {
    let found = site.anonymous().get(&format!("/users/{}", site.mara.name.to_uppercase())).is(200);
    assert_eq!(found.text("/login"), site.mara.name);
    // A name in another case logs in too; the answer has the original case.
    let own = site.with_password(&site.mara.name.to_uppercase(), &site.mara.password).get("/user").is(200);
    assert_eq!(own.text("/login"), site.mara.name);
}

fn an_unknown_account_is_404(site: &Site) {
    site.bot().get("/users/nobody-of-that-name").refuses(404, "user redirect does not exist");
}

fn only_the_administrator_makes_accounts(site: &Site) {
    let account = json!({"username": site.name("x"), "email": "x@example.org", "password": "some words here"});
    site.mara().post("/admin/users", &account).refuses(403, "");
    site.anonymous().post("/admin/users", &account).refuses(401, "token is required");
}

fn a_taken_name_is_422(site: &Site) {
    let account = json!({"username": site.mara.name, "email": "y@example.org", "password": "some words here"});
    site.administrator().post("/admin/users", &account).refuses(422, "user already exists");
}

fn a_wrong_password_and_a_wrong_token_are_401(site: &Site) {
    let words = "invalid username, password or token";
    site.with_password(&site.bot.name, "not this").get("/user").refuses(401, words);
    site.with_password("nobody-of-that-name", "not this").get("/user").refuses(401, words);
    site.with_token("0123456789012345678901234567890123456789").get("/user").refuses(401, words);
    // Also for a path that needs no login.
    site.with_password(&site.bot.name, "not this").get("/version").refuses(401, words);
}

fn no_account_is_401_where_one_is_needed(site: &Site) {
    site.anonymous().get("/user").refuses(401, "token is required");
    site.anonymous().get("/user/repos").refuses(401, "token is required");
    site.anonymous().get("/user/applications/oauth2").refuses(401, "token is required");
}

fn a_changed_password_holds_at_once(site: &Site) {
    let user = site.account("changing");
    let change = json!({"login_name": user.name, "source_id": 0, "password": "another one altogether"});
    site.administrator().patch(&format!("/admin/users/{}", user.name), &change).is(200);
    site.with_password(&user.name, &user.password).get("/user").is(401);
    site.with_password(&user.name, "another one altogether").get("/user").is(200);
    site.with_token(&user.token).get("/user").is(200);
}

fn an_account_that_must_change_its_password_is_403(site: &Site) {
    let user = site.account("new");
    let change = json!({"login_name": user.name, "source_id": 0, "must_change_password": true});
    site.administrator().patch(&format!("/admin/users/{}", user.name), &change).is(200);
    let words = "You must change your password";
    site.with_password(&user.name, &user.password).get("/user").refuses(403, words);
    site.with_token(&user.token).get("/user").refuses(403, words);
}

fn a_prohibited_account_is_refused(site: &Site) {
    let user = site.account("prohibited");
    let change = json!({"login_name": user.name, "source_id": 0, "prohibit_login": true});
    site.administrator().patch(&format!("/admin/users/{}", user.name), &change).is(200);
    site.with_password(&user.name, &user.password).get("/user").is(401);
    site.with_token(&user.token).get("/user").refuses(403, "prohibited from signing in");
}

fn an_inactive_account_is_refused(site: &Site) {
    let user = site.account("inactive");
    let change = json!({"login_name": user.name, "source_id": 0, "active": false});
    site.administrator().patch(&format!("/admin/users/{}", user.name), &change).is(200);
    site.with_token(&user.token).get("/user").refuses(403, "prohibited from signing in");
    site.with_password(&user.name, &user.password).get("/user").is(403);
}

fn a_deleted_account_is_gone(site: &Site) {
    let user = site.account("leaving");
    site.administrator().delete(&format!("/admin/users/{}?purge=true", user.name)).is(204);
    site.with_token(&user.token).get("/user").is(401);
    site.anonymous().get(&format!("/users/{}", user.name)).is(404);
}

fn accounts_are_searched_for(site: &Site) {
    let found = site.administrator().get(&format!("/users/search?q={}&limit=50", site.mara.name)).is(200);
    assert_eq!(found.at("/ok"), true);
    assert_eq!(found.text("/data/0/login"), site.mara.name);
}
