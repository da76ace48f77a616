//! Access tokens and what their scopes allow.

use serde_json::json;

use crate::site::Site;

crate::assertions![
    a_token_is_told_once,
    a_token_is_made_with_a_password_only,
    a_deleted_token_is_dead_at_once,
    two_tokens_of_one_name_are_refused,
    a_scope_is_needed_for_what_is_asked,
    the_bridge_s_scopes_suffice_for_the_bridge,
    a_token_may_not_read_what_its_account_may_not,
    a_token_travels_in_three_headers,
];

/// The scopes of comment-bridge's token, and no more.
const BRIDGE: [&str; 4] = ["read:repository", "write:issue", "read:organization", "read:user"];

fn a_token_is_told_once(site: &Site) {
    let own = site.with_password(&site.mara.name, &site.mara.password);
    let path = format!("/users/{}/tokens", site.mara.name);
    let name = site.name("token");
    let made = own.post(&path, &json!({"name": name, "scopes": ["read:user"]})).is(201);
    let token = made.text("/sha1");
    assert_eq!(token.len(), 40);
    assert_eq!(made.at("/scopes"), json!(["read:user"]));
    let listed = own.get(&format!("{path}?limit=50")).is(200).list();
    let entry = listed.iter().find(|entry| entry["name"] == json!(name)).unwrap();
    assert_eq!(entry["sha1"], "");
    assert_eq!(entry["token_last_eight"], json!(token[32..]));
}

fn a_token_is_made_with_a_password_only(site: &Site) {
    let path = format!("/users/{}/tokens", site.mara.name);
    let token = json!({"name": site.name("token"), "scopes": ["all"]});
    site.mara().post(&path, &token).refuses(401, "auth required");
    site.with_password(&site.milo.name, &site.milo.password).post(&path, &token).is(403);
}

fn a_deleted_token_is_dead_at_once(site: &Site) {
    let own = site.with_password(&site.mara.name, &site.mara.password);
    let path = format!("/users/{}/tokens", site.mara.name);
    let made = own.post(&path, &json!({"name": site.name("token"), "scopes": ["read:user"]})).is(201);
    let client = site.with_token(&made.text("/sha1"));
    client.get("/user").is(200);
    own.delete(&format!("{path}/{}", made.number("/id"))).is(204);
    client.get("/user").is(401);
}

fn two_tokens_of_one_name_are_refused(site: &Site) {
    let own = site.with_password(&site.mara.name, &site.mara.password);
    let path = format!("/users/{}/tokens", site.mara.name);
    let token = json!({"name": site.name("token"), "scopes": ["read:user"]});
    own.post(&path, &token).is(201);
    own.post(&path, &token).refuses(400, "already");
}

fn a_scope_is_needed_for_what_is_asked(site: &Site) {
    let repository = site.repository("scoped");
    let pull = site.pull_request(&repository, "change");
    let reader = site.with_token(&site.token(&site.mara.name, &site.mara.password, &["read:repository"]));
    reader.get(&format!("/repos/{repository}")).is(200);
    reader.get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    let words = "token does not have at least one of required scope(s)";
    reader.get("/user").refuses(403, words);
    reader.get(&format!("/orgs/{}", site.organisation)).refuses(403, words);
    let comments = format!("/repos/{repository}/issues/{pull}/comments");
    reader.post(&comments, &json!({"body": "hello"})).refuses(403, words);
    reader.get(&comments).refuses(403, words);
    reader.patch(&format!("/repos/{repository}"), &json!({"description": "mine"})).refuses(403, words);
}

fn the_bridge_s_scopes_suffice_for_the_bridge(site: &Site) {
    let repository = site.repository("bridged");
    let pull = site.pull_request(&repository, "change");
    let bridge = site.with_token(&site.token(&site.bot.name, &site.bot.password, &BRIDGE));
    let organisation = &site.organisation;
    bridge.get("/user").is(200);
    bridge.get(&format!("/orgs/{organisation}")).is(200);
    bridge.get(&format!("/orgs/{organisation}/repos")).is(200);
    bridge.get(&format!("/orgs/{organisation}/members/{}", site.milo.name)).is(204);
    bridge.get(&format!("/repos/issues/search?type=pulls&state=all&owner={organisation}")).is(200);
    bridge.get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    bridge.get(&format!("/repos/{repository}/issues/comments")).is(200);
    let comment = bridge.comment(&repository, pull, "hello");
    bridge.patch(&format!("/repos/{repository}/issues/comments/{comment}"), &json!({"body": "bye"})).is(200);
    let reactions = format!("/repos/{repository}/issues/comments/{comment}/reactions");
    bridge.post(&reactions, &json!({"content": "eyes"})).is(201);
    let sha = bridge.get(&format!("/repos/{repository}/pulls/{pull}")).is(200).text("/head/sha");
    bridge.get(&format!("/repos/{repository}/git/commits/{sha}")).is(200);
    bridge.post(&format!("/repos/{repository}/statuses/{sha}"), &json!({"state": "pending"})).is(403);
}

fn a_token_may_not_read_what_its_account_may_not(site: &Site) {
    let hidden = site.repository_with("hidden", &json!({"private": true}));
    site.sam().get(&format!("/repos/{hidden}")).is(404);
    site.anonymous().get(&format!("/repos/{hidden}")).is(404);
    site.bot().get(&format!("/repos/{hidden}")).is(200);
}

fn a_token_travels_in_three_headers(site: &Site) {
    let token = &site.mara.token;
    let path = format!("{}/api/v1/user", site.address);
    for value in [format!("token {token}"), format!("Bearer {token}"), format!("bearer {token}")] {
        let request = forge::Request::new("GET", path.clone()).header("Authorization", value.clone());
        assert_eq!(site.http.send(&request).unwrap().status, 200, "{}", value.split(' ').next().unwrap());
    }
    // As a password, and as a name without one: the credentials of git.
    site.with_password(&site.mara.name, token).get("/user").is(200);
    site.with_password(token, "").get("/user").is(200);
    site.with_password(token, "x-oauth-basic").get("/user").is(200);
}
