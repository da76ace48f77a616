//! Statuses of commits: optional, with write permission.

use serde_json::json;

use crate::site::Site;

crate::assertions![
    a_writer_sets_a_status,
    a_reader_may_not,
    the_newest_of_each_context_counts,
    every_state_is_taken,
    an_unknown_commit_is_refused,
];

fn head(site: &Site, repository: &str) -> String {
    site.bot().get(&format!("/repos/{repository}/branches/main")).is(200).text("/commit/id")
}

fn a_writer_sets_a_status(site: &Site) {
    let repository = site.repository("status");
    let sha = head(site, &repository);
    let status = json!({"state": "pending", "context": "cc-ci/testme", "description": "queued",
        "target_url": "https://drone.example.org/1"});
    let made = site.mara().post(&format!("/repos/{repository}/statuses/{sha}"), &status).is(201);
    assert_eq!(made.text("/status"), "pending");
    assert_eq!(made.text("/context"), "cc-ci/testme");
    assert_eq!(made.text("/description"), "queued");
    assert_eq!(made.text("/target_url"), "https://drone.example.org/1");
    assert_eq!(made.text("/creator/login"), site.mara.name);
}

fn a_reader_may_not(site: &Site) {
    let repository = site.repository("status");
    let sha = head(site, &repository);
    let status = json!({"state": "pending", "context": "cc-ci/testme"});
    site.bot().post(&format!("/repos/{repository}/statuses/{sha}"), &status).refuses(403, "");
    site.bot().get(&format!("/repos/{repository}/statuses/{sha}")).is(200);
}

fn the_newest_of_each_context_counts(site: &Site) {
    let repository = site.repository("status");
    let sha = head(site, &repository);
    for (state, context) in [("pending", "one"), ("success", "one"), ("failure", "two")] {
        let status = json!({"state": state, "context": context});
        site.mara().post(&format!("/repos/{repository}/statuses/{sha}"), &status).is(201);
    }
    let list = site.bot().get(&format!("/repos/{repository}/statuses/{sha}?limit=50")).is(200);
    assert_eq!(list.list().len(), 3);
    let whole = site.bot().get(&format!("/repos/{repository}/commits/{sha}/status")).is(200);
    assert_eq!((whole.text("/state"), whole.text("/sha"), whole.number("/total_count")), ("failure".into(), sha, 2));
}

fn every_state_is_taken(site: &Site) {
    let repository = site.repository("status");
    let path = format!("/repos/{repository}/statuses/{}", head(site, &repository));
    for state in ["pending", "success", "error", "failure", "warning"] {
        site.mara().post(&path, &json!({"state": state, "context": state})).is(201);
    }
}

fn an_unknown_commit_is_refused(site: &Site) {
    let repository = site.repository("status");
    let path = format!("/repos/{repository}/statuses/0123456789012345678901234567890123456789");
    site.mara().post(&path, &json!({"state": "pending"})).fails();
}
