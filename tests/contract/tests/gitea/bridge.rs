//! Behaviour that comment-bridge relies on and no other file asserts.

use serde_json::json;

use crate::client::Seen;
use crate::site::{Site, eventually};

crate::assertions![
    every_answer_says_what_time_it_is,
    pull_requests_of_one_repository_are_found,
    those_of_one_repository_come_in_pages,
    a_moment_counts_for_one_repository_too,
    an_unknown_repository_has_no_list,
    a_deleted_comment_is_gone_from_its_pull_request,
    a_pull_request_without_comments_has_an_empty_list,
    an_edit_counts_no_comment,
    a_missing_comment_is_404_with_a_message,
    a_login_outside_the_organisation_is_404_with_a_message,
    a_user_has_no_members,
    a_pull_request_tells_whether_its_repository_is_archived,
    a_pull_request_of_a_renamed_repository_is_found_by_the_old_name,
    a_work_in_progress_is_open,
    a_closed_pull_request_may_be_commented_on,
];

/// Seconds since the epoch, from an HTTP date or a time of Gitea.
fn seconds(text: &str) -> i64 {
    let moment = text.parse().or_else(|_| jiff::fmt::rfc2822::parse(text).map(|at| at.timestamp()));
    let moment: jiff::Timestamp = moment.unwrap_or_else(|error| panic!("{text}: {error}"));
    moment.as_second()
}

fn listed(site: &Site, repository: &str, more: &str) -> Seen {
    site.bot().get(&format!("/repos/{repository}/issues?type=pulls&state=all&limit=50{more}")).is(200)
}

fn pulled(site: &Site) -> (String, i64) {
    let repository = site.repository("watched");
    let pull = site.pull_request(&repository, "change");
    (repository, pull)
}

fn every_answer_says_what_time_it_is(site: &Site) {
    let (repository, pull) = pulled(site);
    let path = format!("/repos/{repository}/issues/{pull}/comments");
    let made = site.mara().post(&path, &json!({"body": "now"})).is(201);
    let written = seconds(&made.text("/created_at"));
    let search = format!("/repos/issues/search?type=pulls&state=all&owner={}&limit=1", site.organisation);
    for path in [search, format!("/repos/{repository}/issues?type=pulls"), path] {
        let seen = site.bot().get(&path).is(200);
        let late = seconds(seen.header("date")) - written;
        assert!((0..30).contains(&late), "{path}: {late} s after {}", made.text("/created_at"));
    }
    // Also in an answer 404.
    let none = site.bot().get(&format!("/repos/{repository}/issues/comments/99999999")).is(404);
    assert!(seconds(none.header("date")) >= written);
}

fn pull_requests_of_one_repository_are_found(site: &Site) {
    let (repository, pull) = pulled(site);
    let closed = site.pull_request(&repository, "closed");
    site.milo().patch(&format!("/repos/{repository}/pulls/{closed}"), &json!({"state": "closed"})).is(201);
    site.sam().post(&format!("/repos/{repository}/issues"), &json!({"title": "Only an issue"})).is(201);
    site.sam().comment(&repository, pull, "hello");
    let found = listed(site, &repository, "");
    assert_eq!((found.each("/number"), found.header("x-total-count")), (vec![json!(closed), json!(pull)], "2"));
    let entry = &found.list()[1];
    assert_eq!((&entry["comments"], &entry["repository"]["full_name"]), (&json!(1), &json!(repository)));
    assert!(entry["updated_at"].is_string() && entry["pull_request"].is_object());
}

fn those_of_one_repository_come_in_pages(site: &Site) {
    let repository = site.repository("watched");
    let pulls: Vec<i64> = (1..=3).map(|number| site.pull_request(&repository, &format!("change{number}"))).collect();
    let page = |number: u32| {
        let path = format!("/repos/{repository}/issues?type=pulls&state=all&limit=2&page={number}");
        site.bot().get(&path).is(200)
    };
    let first = page(1);
    assert_eq!((first.each("/number"), first.header("x-total-count")), (vec![json!(pulls[2]), json!(pulls[1])], "3"));
    assert_eq!((page(2).each("/number"), page(2).header("x-total-count")), (vec![json!(pulls[0])], "3"));
    assert!(page(3).list().is_empty());
}

fn a_moment_counts_for_one_repository_too(site: &Site) {
    let (repository, pull) = pulled(site);
    site.sam().comment(&repository, pull, "hello");
    let updated = listed(site, &repository, "").each("/updated_at")[0].as_str().unwrap().to_owned();
    let at = seconds(&updated);
    let since = |second: i64| {
        let moment = jiff::Timestamp::from_second(second).unwrap();
        listed(site, &repository, &format!("&since={moment}")).each("/number")
    };
    assert_eq!(since(at), [json!(pull)], "the moment itself is included");
    assert_eq!(since(at - 60), [json!(pull)]);
    assert!(since(at + 1).is_empty());
    assert_eq!(listed(site, &repository, "&since=2099-01-01T00:00:00Z").json(), json!([]), "never `null`");
}

fn an_unknown_repository_has_no_list(site: &Site) {
    site.bot().get(&format!("/repos/{}/no-such-repository/issues?type=pulls", site.organisation)).refuses(404, "");
}

fn a_deleted_comment_is_gone_from_its_pull_request(site: &Site) {
    let (repository, pull) = pulled(site);
    let id = site.bot().comment(&repository, pull, "mine");
    site.mara().comment(&repository, pull, "another");
    let entry = || listed(site, &repository, "").list().remove(0);
    let before = entry();
    assert_eq!(before["comments"], 2);
    let moment = before["updated_at"].as_str().unwrap().to_owned();
    let path = format!("/repos/{repository}/issues/comments/{id}");
    // In another second, so that a change of the pull request would be visible.
    eventually("another second", || seconds(site.bot().get(&path).is(200).header("date")) > seconds(&moment));
    site.bot().delete(&path).is(204);
    let after = entry();
    assert_eq!(after["comments"], 1);
    assert_eq!(after["updated_at"], before["updated_at"], "a deletion is no change of the pull request");
    let comments = site.bot().get(&format!("/repos/{repository}/issues/{pull}/comments")).is(200);
    assert_eq!(comments.each("/body"), ["another"]);
}

fn a_pull_request_without_comments_has_an_empty_list(site: &Site) {
    let (repository, pull) = pulled(site);
    let none =
        site.bot().get(&format!("/repos/{repository}/issues/{pull}/comments?since=2001-01-01T00:00:00Z")).is(200);
    assert_eq!(none.json(), json!([]), "never `null`");
}

fn an_edit_counts_no_comment(site: &Site) {
    let (repository, pull) = pulled(site);
    let id = site.bot().comment(&repository, pull, "queued");
    let edited = site.bot().patch(&format!("/repos/{repository}/issues/comments/{id}"), &json!({"body": "running"}));
    let edited = edited.is(200);
    assert_eq!(edited.text("/user/login"), site.bot.name);
    assert!(edited.text("/pull_request_url").ends_with(&format!("/{repository}/pulls/{pull}")));
    assert_eq!(listed(site, &repository, "").each("/comments"), [json!(1)]);
}

fn a_missing_comment_is_404_with_a_message(site: &Site) {
    let (repository, pull) = pulled(site);
    let comment = |id: i64| format!("/repos/{repository}/issues/comments/{id}");
    site.bot().get(&comment(99_999_999)).refuses(404, "");
    // A comment of another repository.
    let (other, elsewhere) = pulled(site);
    let id = site.mara().comment(&other, elsewhere, "elsewhere");
    site.bot().get(&comment(id)).refuses(404, "");
    site.bot().get(&format!("/repos/{repository}/pulls/{}", pull + 1)).refuses(404, "");
}

fn a_login_outside_the_organisation_is_404_with_a_message(site: &Site) {
    let member = |name: &str| site.bot().get(&format!("/orgs/{}/members/{name}", site.organisation));
    member(&site.sam.name).refuses(404, "");
    member("nobody-of-that-name").refuses(404, "");
}

fn a_user_has_no_members(site: &Site) {
    site.bot().get(&format!("/orgs/{}/members/{}", site.mara.name, site.mara.name)).refuses(404, "");
}

fn a_pull_request_tells_whether_its_repository_is_archived(site: &Site) {
    let (repository, pull) = pulled(site);
    let seen = || site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    assert_eq!(seen().at("/base/repo/archived"), false);
    site.administrator().patch(&format!("/repos/{repository}"), &json!({"archived": true})).is(200);
    assert_eq!((seen().at("/base/repo/archived"), seen().text("/state")), (json!(true), "open".to_owned()));
}

fn a_pull_request_of_a_renamed_repository_is_found_by_the_old_name(site: &Site) {
    let (repository, pull) = pulled(site);
    let id = site.mara().comment(&repository, pull, "!testme");
    let renamed = site.administrator().patch(&format!("/repos/{repository}"), &json!({"name": site.name("new")}));
    let now = renamed.is(200).text("/full_name");
    for rest in [format!("pulls/{pull}"), format!("issues/comments/{id}"), "issues?type=pulls".to_owned()] {
        let to = site.bot().get(&format!("/repos/{repository}/{rest}")).is(301).header("location").to_owned();
        assert!(to.ends_with(&format!("/api/v1/repos/{now}/{rest}")), "{to}");
    }
    let seen = site.bot().get(&format!("/repos/{now}/pulls/{pull}")).is(200);
    assert_eq!(seen.text("/base/repo/full_name"), now);
    assert_eq!(listed(site, &now, "").each("/repository/full_name"), [json!(now)]);
}

fn a_work_in_progress_is_open(site: &Site) {
    let (repository, pull) = pulled(site);
    let path = format!("/repos/{repository}/pulls/{pull}");
    site.milo().patch(&path, &json!({"title": "WIP: Add change"})).is(201);
    assert_eq!(site.bot().get(&path).is(200).text("/state"), "open");
    assert_eq!(listed(site, &repository, "").each("/number"), [json!(pull)]);
}

fn a_closed_pull_request_may_be_commented_on(site: &Site) {
    let (repository, pull) = pulled(site);
    site.milo().patch(&format!("/repos/{repository}/pulls/{pull}"), &json!({"state": "closed"})).is(201);
    let id = site.mara().comment(&repository, pull, "!testme");
    site.bot().get(&format!("/repos/{repository}/issues/comments/{id}")).is(200);
    assert_eq!(listed(site, &repository, "").each("/number"), [json!(pull)]);
    assert_eq!(site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200).at("/merged"), false);
}
