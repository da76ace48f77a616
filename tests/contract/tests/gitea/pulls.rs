//! Pull requests.

use serde_json::{Value, json};

use crate::contents::file;
use crate::git::{Clone, url};
use crate::site::{Site, eventually};

crate::assertions![
    a_pull_request_is_read,
    the_head_follows_the_branch,
    the_head_is_a_reference_of_the_base_repository,
    pushes_are_in_the_timeline,
    a_forced_push_names_the_new_head_last,
    a_fork_steers_the_head_that_is_shown,
    pull_requests_are_listed_by_state,
    a_second_one_from_the_same_branch_is_409,
    one_without_a_change_or_a_branch_is_refused,
    a_stranger_opens_one_from_a_fork,
    a_deleted_fork_is_no_repository,
    a_pull_request_is_an_issue_as_well,
    a_pull_request_is_merged,
    an_unknown_one_is_404,
];

fn a_pull_request_is_read(site: &Site) {
    let repository = site.repository("pulls");
    let pull = site.pull_request(&repository, "change");
    let seen = site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    assert_eq!((seen.number("/number"), seen.text("/state")), (pull, "open".to_owned()));
    assert_eq!((seen.text("/title"), seen.text("/body")), ("Add change".to_owned(), "As it says.".to_owned()));
    assert_eq!(seen.text("/user/login"), site.milo.name);
    assert_eq!((seen.text("/head/ref"), seen.text("/base/ref")), ("change".to_owned(), "main".to_owned()));
    let head = site.bot().get(&format!("/repos/{repository}/branches/change")).is(200).text("/commit/id");
    let base = site.bot().get(&format!("/repos/{repository}/branches/main")).is(200).text("/commit/id");
    assert_eq!((seen.text("/head/sha"), seen.text("/base/sha")), (head, base.clone()));
    assert_eq!(seen.text("/merge_base"), base);
    assert_eq!(seen.text("/head/repo/full_name"), repository);
    assert_eq!(seen.text("/base/repo/full_name"), repository);
    assert_eq!((seen.at("/merged"), seen.at("/draft")), (json!(false), json!(false)));
    assert_eq!(seen.text("/html_url"), format!("{}/{repository}/pulls/{pull}", site.called));
    assert!(seen.at("/created_at").is_string() && seen.at("/updated_at").is_string());
}

fn the_head_follows_the_branch(site: &Site) {
    let repository = site.repository("pulls");
    let pull = site.pull_request(&repository, "change");
    let mut more = file("more\n", "add more");
    more["branch"] = json!("change");
    let sha = site.milo().post(&format!("/repos/{repository}/contents/more.txt"), &more).is(201).text("/commit/sha");
    eventually("the pull request's new head", || {
        site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200).text("/head/sha") == sha
    });
}

/// The head of a pull request that its base repository has.
fn head(site: &Site, repository: &str, pull: i64) -> String {
    let name = format!("refs/pull/{pull}/head");
    let found = site.bot().get(&format!("/repos/{repository}/git/{name}")).is(200);
    let mut references = found.list().into_iter().filter(|reference| reference["ref"] == name);
    let reference = references.next().unwrap_or_else(|| panic!("no {name}: {}", found.0.body));
    assert_eq!(reference["object"]["type"], "commit");
    reference["object"]["sha"].as_str().unwrap().to_owned()
}

/// The pushes in the timeline: the id of each, and the last of its commits.
fn pushes(site: &Site, repository: &str, pull: i64) -> Vec<(i64, String)> {
    let timeline = site.bot().get(&format!("/repos/{repository}/issues/{pull}/timeline?limit=50&page=1")).is(200);
    let pushes = timeline.list().into_iter().filter(|entry| entry["type"] == "pull_push");
    let push = |entry: Value| {
        assert!(entry["created_at"].is_string(), "{entry}");
        let body: Value = serde_json::from_str(entry["body"].as_str().unwrap()).unwrap();
        let last = body["commit_ids"].as_array().unwrap().last().unwrap().as_str().unwrap();
        (entry["id"].as_i64().unwrap(), last.to_owned())
    };
    pushes.map(push).collect()
}

fn the_head_is_a_reference_of_the_base_repository(site: &Site) {
    let repository = site.repository("pulls");
    let pull = site.pull_request(&repository, "change");
    let shown = || site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200).text("/head/sha");
    assert_eq!(head(site, &repository, pull), shown());
    let mut more = file("more\n", "add more");
    more["branch"] = json!("change");
    let sha = site.milo().post(&format!("/repos/{repository}/contents/more.txt"), &more).is(201).text("/commit/sha");
    eventually("the reference follows", || head(site, &repository, pull) == sha);
    site.bot().get(&format!("/repos/{repository}/git/refs/pull/99/head")).refuses(404, "");
}

fn pushes_are_in_the_timeline(site: &Site) {
    let repository = site.repository("pulls");
    let pull = site.pull_request(&repository, "change");
    let opened = pushes(site, &repository, pull);
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert_eq!(opened[0].1, head(site, &repository, pull));
    let comment = site.mara().comment(&repository, pull, "!testme");
    assert!(opened[0].0 < comment, "one sequence for comments and pushes");
    let mut more = file("more\n", "add more");
    more["branch"] = json!("change");
    let sha = site.milo().post(&format!("/repos/{repository}/contents/more.txt"), &more).is(201).text("/commit/sha");
    eventually("the push is noted", || pushes(site, &repository, pull).len() == 2);
    let noted = pushes(site, &repository, pull).remove(1);
    assert!(noted.0 > comment && noted.1 == sha, "{noted:?}, comment {comment}, head {sha}");
    assert_eq!(head(site, &repository, pull), sha, "the reference moves before the push is noted");
    let end = site.bot().get(&format!("/repos/{repository}/issues/{pull}/timeline?limit=50&page=2")).is(200);
    assert!(matches!(end.0.body.trim(), "null" | "[]"), "{}", end.0.body);
    site.bot().get(&format!("/repos/{repository}/issues/99/timeline")).fails();
}

fn a_forced_push_names_the_new_head_last(site: &Site) {
    let repository = site.repository("pulls");
    let pull = site.pull_request(&repository, "change");
    let (clone, url) = (Clone::empty(), url(site, &repository));
    clone.ok(&["fetch", "--quiet", &url, "change"], None);
    clone.ok(&["checkout", "--quiet", "-b", "change", "FETCH_HEAD"], None);
    clone.ok(&["commit", "--quiet", "--amend", "-m", "another"], None);
    let sha = clone.ok(&["rev-parse", "HEAD"], None);
    let milo = Some((site.milo.name.as_str(), site.milo.password.as_str()));
    clone.ok(&["push", "--quiet", "--force", &url, "change"], milo);
    eventually("the push is noted", || pushes(site, &repository, pull).last().is_some_and(|(_, last)| *last == sha));
    assert_eq!(head(site, &repository, pull), sha);
}

fn a_fork_steers_the_head_that_is_shown(site: &Site) {
    let repository = site.repository("pulls");
    let user = site.account("forker");
    let own = site.with_token(&user.token);
    let fork = own.post(&format!("/repos/{repository}/forks"), &json!({})).is(202).text("/full_name");
    let branch = |name: &str| {
        let mut file = file(name, name);
        file["new_branch"] = json!(name);
        own.post(&format!("/repos/{fork}/contents/{name}.txt"), &file).is(201).text("/commit/sha")
    };
    let (asked, steered) = (branch("asked"), branch("steered"));
    let open = |repository: &str, head: String| {
        let pull = json!({"base": "main", "head": head, "title": "A change"});
        own.post(&format!("/repos/{repository}/pulls"), &pull).is(201).number("/number")
    };
    let pull = open(&repository, format!("{}:asked", user.name));
    assert_eq!(open(&fork, "steered".into()), pull, "the same number in both repositories");
    own.delete(&format!("/repos/{fork}/branches/asked")).is(204);
    let path = format!("/repos/{repository}/pulls/{pull}");
    eventually("the pull request of a deleted branch is closed", || {
        site.bot().get(&path).is(200).text("/state") == "closed"
    });
    site.mara().patch(&path, &json!({"state": "open"})).is(201);
    let seen = site.bot().get(&path).is(200);
    assert_eq!((seen.text("/state"), seen.text("/head/sha")), ("open".to_owned(), steered));
    assert_eq!(head(site, &repository, pull), asked);
}

fn pull_requests_are_listed_by_state(site: &Site) {
    let repository = site.repository("pulls");
    let (one, two) = (site.pull_request(&repository, "one"), site.pull_request(&repository, "two"));
    let path = format!("/repos/{repository}/pulls");
    let closed = site.milo().patch(&format!("{path}/{one}"), &json!({"state": "closed"})).is(201);
    assert_eq!(closed.text("/state"), "closed");
    let open = site.bot().get(&format!("{path}?state=open")).is(200);
    assert_eq!((open.each("/number"), open.header("x-total-count")), (vec![json!(two)], "1"));
    assert_eq!(site.bot().get(&format!("{path}?state=closed")).is(200).each("/number"), [json!(one)]);
    assert_eq!(site.bot().get(&format!("{path}?state=all")).is(200).each("/number"), [json!(two), json!(one)]);
    // Without a state in the query, all of them.
    assert_eq!(site.bot().get(&path).is(200).each("/number"), [json!(two), json!(one)]);
}

fn a_second_one_from_the_same_branch_is_409(site: &Site) {
    let repository = site.repository("pulls");
    site.pull_request(&repository, "change");
    let again = json!({"base": "main", "head": "change", "title": "Again"});
    site.mara().post(&format!("/repos/{repository}/pulls"), &again).refuses(409, "already exists");
}

fn one_without_a_change_or_a_branch_is_refused(site: &Site) {
    let repository = site.repository("pulls");
    let path = format!("/repos/{repository}/pulls");
    site.mara().post(&path, &json!({"base": "main", "head": "nowhere", "title": "No"})).is(404);
    site.mara().post(&path, &json!({"base": "nowhere", "head": "main", "title": "No"})).is(404);
    site.mara().post(&path, &json!({"base": "main", "head": "main", "title": "No"})).refuses(422, "");
}

/// A fork by an account outside the organisation, with a pull request: the account, the fork, the number.
fn forked(site: &Site, repository: &str) -> (forge::Account, String, i64) {
    let user = site.account("forker");
    let own = site.with_token(&user.token);
    let fork = own.post(&format!("/repos/{repository}/forks"), &json!({})).is(202).text("/full_name");
    own.post(&format!("/repos/{fork}/contents/fork.txt"), &file("x\n", "add it")).is(201);
    let pull = json!({"base": "main", "head": format!("{}:main", user.name), "title": "From outside"});
    let number = own.post(&format!("/repos/{repository}/pulls"), &pull).is(201).number("/number");
    (user, fork, number)
}

fn a_stranger_opens_one_from_a_fork(site: &Site) {
    let repository = site.repository("pulls");
    let (user, fork, pull) = forked(site, &repository);
    let seen = site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    assert_eq!(seen.text("/head/repo/full_name"), fork);
    assert_eq!((seen.text("/head/ref"), seen.text("/user/login")), ("main".to_owned(), user.name));
    assert_eq!(seen.text("/base/repo/full_name"), repository);
}

fn a_deleted_fork_is_no_repository(site: &Site) {
    let repository = site.repository("pulls");
    let (_, fork, pull) = forked(site, &repository);
    let sha = site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200).text("/head/sha");
    site.administrator().delete(&format!("/repos/{fork}")).is(204);
    let seen = site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    assert_eq!(seen.at("/head/repo"), Value::Null);
    assert_eq!(seen.text("/head/sha"), sha);
}

fn a_pull_request_is_an_issue_as_well(site: &Site) {
    let repository = site.repository("pulls");
    let pull = site.pull_request(&repository, "change");
    let issue = json!({"title": "Only an issue", "body": "no code"});
    let plain = site.sam().post(&format!("/repos/{repository}/issues"), &issue).is(201).number("/number");
    assert_eq!(plain, pull + 1, "one row of numbers for both");
    let path = format!("/repos/{repository}/issues");
    let seen = site.bot().get(&format!("{path}/{pull}")).is(200);
    assert_eq!(seen.at("/pull_request/merged"), false);
    assert_eq!(seen.number("/comments"), 0);
    assert_eq!(site.bot().get(&format!("{path}/{plain}")).is(200).json()["pull_request"], Value::Null);
    site.bot().get(&format!("/repos/{repository}/pulls/{plain}")).is(404);
}

fn a_pull_request_is_merged(site: &Site) {
    let repository = site.repository("pulls");
    let pull = site.pull_request(&repository, "change");
    let path = format!("/repos/{repository}/pulls/{pull}/merge");
    site.bot().post(&path, &json!({"Do": "merge"})).is(405);
    eventually("the pull request can be merged", || {
        site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200).at("/mergeable") == true
    });
    site.mara().post(&path, &json!({"Do": "merge"})).is(200);
    let seen = site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    assert_eq!((seen.at("/merged"), seen.text("/state")), (json!(true), "closed".to_owned()));
    assert_eq!(seen.text("/merged_by/login"), site.mara.name);
    site.bot().get(&format!("/repos/{repository}/contents/change.txt?ref=main")).is(200);
}

fn an_unknown_one_is_404(site: &Site) {
    let repository = site.repository("pulls");
    site.bot().get(&format!("/repos/{repository}/pulls/99")).refuses(404, "");
    site.bot().get(&format!("/repos/{repository}/pulls/abc")).is(404);
}
