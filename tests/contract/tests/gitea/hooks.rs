//! Webhooks and their payloads.

use serde_json::json;

use crate::contents::file;
use crate::receiver::Receiver;
use crate::site::Site;

crate::assertions![
    a_hook_is_made_listed_changed_and_removed,
    hooks_need_the_right_to_administer,
    a_hook_needs_an_address,
    an_organisation_has_hooks_too,
    a_comment_on_a_pull_request_is_delivered_and_signed,
    an_edited_and_a_deleted_comment_are_delivered,
    a_comment_on_an_issue_says_so,
    issue_comment_alone_hears_nothing_of_pull_requests,
    a_pull_request_s_life_is_delivered,
    a_push_is_delivered,
    an_organisation_s_hook_hears_of_all_its_repositories,
    a_test_delivery_is_made,
    a_hook_that_is_off_stays_silent,
];

const SECRET: &str = "a secret of the hook";

fn hook(to: &str, events: &[&str]) -> serde_json::Value {
    json!({"type": "gitea", "active": true, "events": events,
        "config": {"url": to, "content_type": "json", "secret": SECRET}})
}

fn make(site: &Site, repository: &str, to: &str, events: &[&str]) -> i64 {
    site.administrator().post(&format!("/repos/{repository}/hooks"), &hook(to, events)).is(201).number("/id")
}

fn a_hook_is_made_listed_changed_and_removed(site: &Site) {
    let repository = site.repository("hooked");
    let path = format!("/repos/{repository}/hooks");
    let target = "http://drone.example.org/hook?secret=abc";
    let made = site.administrator().post(&path, &hook(target, &["push", "pull_request"])).is(201);
    assert_eq!((made.at("/active"), made.text("/type")), (json!(true), "gitea".to_owned()));
    assert_eq!(made.text("/config/url"), target);
    assert_eq!(made.text("/config/content_type"), "json");
    let list = site.administrator().get(&format!("{path}?page=1&limit=50")).is(200);
    assert_eq!(list.each("/id"), [made.at("/id")]);
    assert_eq!(list.each("/config/url"), [json!(target)]);
    assert!(!list.0.body.contains(SECRET), "a secret is never told again");
    let mut events: Vec<String> =
        list.list()[0]["events"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().into()).collect();
    events.sort();
    assert!(events.contains(&"push".to_owned()) && events.contains(&"pull_request".to_owned()), "{events:?}");
    let one = format!("{path}/{}", made.number("/id"));
    assert_eq!(site.administrator().patch(&one, &json!({"active": false})).is(200).at("/active"), false);
    site.administrator().get(&one).is(200);
    site.administrator().delete(&one).is(204);
    site.administrator().get(&one).is(404);
    site.administrator().delete(&one).is(404);
}

fn hooks_need_the_right_to_administer(site: &Site) {
    let repository = site.repository("hooked");
    let path = format!("/repos/{repository}/hooks");
    for client in [site.bot(), site.mara(), site.sam()] {
        client.get(&path).refuses(403, "");
        client.post(&path, &hook("http://drone.example.org/hook", &["push"])).refuses(403, "");
    }
    site.anonymous().get(&path).refuses(401, "");
}

fn a_hook_needs_an_address(site: &Site) {
    let repository = site.repository("hooked");
    let path = format!("/repos/{repository}/hooks");
    site.administrator().post(&path, &json!({"type": "gitea", "config": {"content_type": "json"}})).refuses(422, "url");
    let odd = json!({"type": "odd", "config": {"url": "http://drone.example.org/", "content_type": "json"}});
    site.administrator().post(&path, &odd).refuses(422, "");
}

fn an_organisation_has_hooks_too(site: &Site) {
    let path = format!("/orgs/{}/hooks", site.organisation);
    site.mara().post(&path, &hook("http://bridge.example.org/hook", &["issue_comment"])).refuses(403, "");
    let made = site.administrator().post(&path, &hook("http://bridge.example.org/hook", &["issue_comment"])).is(201);
    assert!(site.administrator().get(&path).is(200).each("/id").contains(&made.at("/id")));
    site.administrator().delete(&format!("{path}/{}", made.number("/id"))).is(204);
}

fn a_comment_on_a_pull_request_is_delivered_and_signed(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    let pull = site.pull_request(&repository, "change");
    make(site, &repository, &receiver.address, &["issue_comment", "pull_request_comment"]);
    let id = site.mara().comment(&repository, pull, "!testme");
    let delivery = receiver.wait_for("issue_comment", "created");
    assert_eq!(delivery.header("x-gitea-signature"), delivery.signed_with(SECRET));
    assert_eq!(delivery.header("x-hub-signature-256"), format!("sha256={}", delivery.signed_with(SECRET)));
    assert_eq!(delivery.header("x-gitea-event-type"), "pull_request_comment");
    assert_eq!(delivery.header("x-gitea-delivery").len(), 36);
    assert!(delivery.header("content-type").starts_with("application/json"));
    let json = delivery.json();
    assert_eq!(json["is_pull"], true);
    assert_eq!(json["comment"]["id"], id);
    assert_eq!(json["comment"]["body"], "!testme");
    assert_eq!(json["comment"]["user"]["login"], json!(site.mara.name));
    assert_eq!(json["issue"]["number"], pull);
    assert_eq!(json["issue"]["state"], "open");
    assert!(json["issue"]["pull_request"].is_object());
    assert_eq!(json["repository"]["full_name"], json!(repository));
    assert_eq!(json["sender"]["login"], json!(site.mara.name));
    assert_eq!(json["pull_request"]["head"]["ref"], "change");
    let head = site.bot().get(&format!("/repos/{repository}/branches/change")).is(200).text("/commit/id");
    assert_eq!(json["pull_request"]["head"]["sha"], json!(head));
}

fn an_edited_and_a_deleted_comment_are_delivered(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    let pull = site.pull_request(&repository, "change");
    make(site, &repository, &receiver.address, &["issue_comment", "pull_request_comment"]);
    let id = site.mara().comment(&repository, pull, "before");
    let path = format!("/repos/{repository}/issues/comments/{id}");
    site.mara().patch(&path, &json!({"body": "after"})).is(200);
    let edited = receiver.wait_for("issue_comment", "edited").json();
    assert_eq!((&edited["comment"]["body"], &edited["changes"]["body"]["from"]), (&json!("after"), &json!("before")));
    site.mara().delete(&path).is(204);
    assert_eq!(receiver.wait_for("issue_comment", "deleted").json()["comment"]["id"], id);
}

fn a_comment_on_an_issue_says_so(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    let issue = json!({"title": "Only an issue"});
    let number = site.sam().post(&format!("/repos/{repository}/issues"), &issue).is(201).number("/number");
    make(site, &repository, &receiver.address, &["issue_comment", "pull_request_comment"]);
    site.mara().comment(&repository, number, "!testme");
    let delivery = receiver.wait_for("issue_comment", "created");
    assert_eq!(delivery.json()["is_pull"], false);
    assert_eq!(delivery.header("x-gitea-event-type"), "issue_comment");
}

fn issue_comment_alone_hears_nothing_of_pull_requests(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    let pull = site.pull_request(&repository, "change");
    make(site, &repository, &receiver.address, &["issue_comment", "push"]);
    site.mara().comment(&repository, pull, "!testme");
    site.mara().post(&format!("/repos/{repository}/contents/a.txt"), &file("a\n", "add a")).is(201);
    // The first delivery is of the last push.
    let first = receiver.wait("anything", |_| true);
    assert_eq!(first.header("x-gitea-event"), "push");
}

fn a_pull_request_s_life_is_delivered(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    make(site, &repository, &receiver.address, &["pull_request", "pull_request_sync"]);
    let pull = site.pull_request(&repository, "change");
    let opened = receiver.wait_for("pull_request", "opened").json();
    assert_eq!((&opened["number"], &opened["pull_request"]["state"]), (&json!(pull), &json!("open")));
    assert_eq!(opened["pull_request"]["base"]["ref"], "main");
    assert_eq!(opened["repository"]["full_name"], json!(repository));
    let mut more = file("more\n", "add more");
    more["branch"] = json!("change");
    let sha = site.milo().post(&format!("/repos/{repository}/contents/more.txt"), &more).is(201).text("/commit/sha");
    let moved = receiver.wait_for("pull_request", "synchronized").json();
    assert_eq!(moved["pull_request"]["head"]["sha"], json!(sha));
    site.milo().patch(&format!("/repos/{repository}/pulls/{pull}"), &json!({"state": "closed"})).is(201);
    assert_eq!(receiver.wait_for("pull_request", "closed").json()["pull_request"]["merged"], false);
    site.milo().patch(&format!("/repos/{repository}/pulls/{pull}"), &json!({"state": "open"})).is(201);
    receiver.wait_for("pull_request", "reopened");
}

fn a_push_is_delivered(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    make(site, &repository, &receiver.address, &["push"]);
    let sha = site
        .mara()
        .post(&format!("/repos/{repository}/contents/a.txt"), &file("a\n", "add a"))
        .is(201)
        .text("/commit/sha");
    let push = receiver.wait("a push", |delivery| delivery.header("x-gitea-event") == "push");
    assert_eq!(push.header("x-gitea-signature"), push.signed_with(SECRET));
    let json = push.json();
    assert_eq!((&json["ref"], &json["after"]), (&json!("refs/heads/main"), &json!(sha)));
    assert_eq!(json["commits"][0]["id"], json!(sha));
    assert_eq!(json["commits"][0]["message"].as_str().unwrap().trim(), "add a");
    assert_eq!(json["pusher"]["login"], json!(site.mara.name));
    assert_eq!(json["before"].as_str().unwrap().len(), 40);
}

fn an_organisation_s_hook_hears_of_all_its_repositories(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    let path = format!("/orgs/{}/hooks", site.organisation);
    let made = hook(&receiver.address, &["issue_comment", "pull_request_comment"]);
    let id = site.administrator().post(&path, &made).is(201).number("/id");
    let pull = site.pull_request(&repository, "change");
    site.mara().comment(&repository, pull, "!testme");
    let delivery = receiver.wait("a comment of this repository", |delivery| {
        let json = delivery.json();
        json["action"] == "created" && json["repository"]["full_name"] == json!(repository)
    });
    site.administrator().delete(&format!("{path}/{id}")).is(204);
    assert_eq!(delivery.header("x-gitea-signature"), delivery.signed_with(SECRET));
}

fn a_test_delivery_is_made(site: &Site) {
    let (repository, receiver) = (site.repository("heard"), Receiver::start());
    let id = make(site, &repository, &receiver.address, &["push"]);
    site.administrator().post(&format!("/repos/{repository}/hooks/{id}/tests"), &json!({})).is(204);
    receiver.wait("a test", |delivery| delivery.header("x-gitea-event") == "push");
}

fn a_hook_that_is_off_stays_silent(site: &Site) {
    let (repository, receiver) = (site.repository("silent"), Receiver::start());
    let off = make(site, &repository, &format!("{}/off", receiver.address), &["push"]);
    site.administrator().patch(&format!("/repos/{repository}/hooks/{off}"), &json!({"active": false})).is(200);
    make(site, &repository, &receiver.address, &["push"]);
    let path = format!("/repos/{repository}/contents");
    for name in ["a", "b"] {
        site.mara().post(&format!("{path}/{name}.txt"), &file("a\n", name)).is(201);
    }
    for _ in 0..2 {
        let push = receiver.wait("a push", |delivery| delivery.header("x-gitea-event") == "push");
        assert!(!push.path.ends_with("/off"), "the hook that is off was called");
    }
}
