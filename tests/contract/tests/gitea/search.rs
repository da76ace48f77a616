//! The search over a whole organisation: the request of an idle poll.

use serde_json::{Value, json};

use crate::client::{Client, Seen};
use crate::site::{Site, eventually};

crate::assertions![
    pull_requests_of_an_organisation_are_found,
    closed_ones_are_found_and_issues_are_left_out,
    a_comment_brings_its_pull_request_back,
    older_changes_are_left_out,
    an_edited_comment_does_not_bring_it_back,
    private_ones_are_found_by_members_only,
    results_come_in_pages_newest_first,
    an_unknown_owner_is_refused,
];

/// Sends the poll's request, for an owner of its own so that other assertions do not interfere.
fn search(client: &Client, owner: &str, more: &str) -> Seen {
    client.get(&format!("/repos/issues/search?type=pulls&state=all&owner={owner}&limit=50{more}")).is(200)
}

/// A new organisation with the members bot, Mara and Milo: its name, and a function that opens a pull request in it.
fn organisation(site: &Site) -> String {
    let name = site.name("org");
    let administrator = site.administrator();
    administrator.post("/orgs", &json!({"username": name, "visibility": "public"})).is(201);
    for (team, permission, people) in
        [("readers", "read", vec![&site.bot]), ("writers", "write", vec![&site.mara, &site.milo])]
    {
        let units = ["repo.code", "repo.issues", "repo.pulls"];
        let map: serde_json::Map<String, Value> =
            units.iter().map(|it| ((*it).to_owned(), json!(permission))).collect();
        let team = json!({"name": team, "permission": permission, "units": units, "units_map": map,
            "includes_all_repositories": true});
        let id = administrator.post(&format!("/orgs/{name}/teams"), &team).is(201).number("/id");
        for person in people {
            administrator.put(&format!("/teams/{id}/members/{}", person.name), &Value::Null).is(204);
        }
    }
    name
}

fn repository(site: &Site, owner: &str, private: bool) -> String {
    let repository =
        json!({"name": site.name("recipe"), "auto_init": true, "default_branch": "main", "private": private});
    site.administrator().post(&format!("/orgs/{owner}/repos"), &repository).is(201).text("/full_name")
}

fn encoded(moment: &str) -> String {
    moment.replace('+', "%2B")
}

fn pull_requests_of_an_organisation_are_found(site: &Site) {
    let owner = organisation(site);
    let (one, two) = (repository(site, &owner, false), repository(site, &owner, false));
    let pulls = [site.pull_request(&one, "change"), site.pull_request(&two, "change")];
    let found = search(&site.bot(), &owner, "");
    assert_eq!(found.header("x-total-count"), "2");
    let name = |it: &Value| format!("{} {}", it["repository"]["full_name"].as_str().unwrap(), it["number"]);
    let mut names: Vec<String> = found.list().iter().map(name).collect();
    names.sort();
    let mut wanted = [format!("{one} {}", pulls[0]), format!("{two} {}", pulls[1])];
    wanted.sort();
    assert_eq!(names, wanted);
    let entry = &found.list()[0];
    assert!(entry["updated_at"].is_string() && entry["pull_request"].is_object());
    assert_eq!((&entry["comments"], &entry["state"]), (&json!(0), &json!("open")));
    assert_eq!(entry["user"]["login"], json!(site.milo.name));
    assert!(entry["repository"]["id"].is_i64() && entry["repository"]["owner"] == json!(owner));
}

fn closed_ones_are_found_and_issues_are_left_out(site: &Site) {
    let owner = organisation(site);
    let repository = repository(site, &owner, false);
    let (open, closed) = (site.pull_request(&repository, "open"), site.pull_request(&repository, "closed"));
    site.milo().patch(&format!("/repos/{repository}/pulls/{closed}"), &json!({"state": "closed"})).is(201);
    site.sam().post(&format!("/repos/{repository}/issues"), &json!({"title": "Only an issue"})).is(201);
    assert_eq!(search(&site.bot(), &owner, "").each("/number"), [json!(closed), json!(open)]);
}

fn a_comment_brings_its_pull_request_back(site: &Site) {
    let owner = organisation(site);
    let repository = repository(site, &owner, false);
    let pull = site.pull_request(&repository, "change");
    let before = search(&site.bot(), &owner, "").each("/updated_at")[0].as_str().unwrap().to_owned();
    eventually("a comment in another second", || {
        let id = site.sam().comment(&repository, pull, "!testme");
        let path = format!("/repos/{repository}/issues/comments/{id}");
        site.bot().get(&path).is(200).text("/created_at") > before
    });
    let found = search(&site.bot(), &owner, "");
    let after = found.each("/updated_at")[0].as_str().unwrap().to_owned();
    assert!(after > before, "{before} {after}");
    let since = search(&site.bot(), &owner, &format!("&since={}", encoded(&after)));
    assert_eq!(since.each("/number"), [json!(pull)], "the moment itself is included");
}

fn older_changes_are_left_out(site: &Site) {
    let owner = organisation(site);
    let repository = repository(site, &owner, false);
    site.pull_request(&repository, "change");
    let none = search(&site.bot(), &owner, "&since=2099-01-01T00:00:00Z");
    assert!(none.list().is_empty());
    assert_eq!(none.header("x-total-count"), "0");
}

fn an_edited_comment_does_not_bring_it_back(site: &Site) {
    let owner = organisation(site);
    let repository = repository(site, &owner, false);
    let pull = site.pull_request(&repository, "change");
    let id = site.mara().comment(&repository, pull, "before");
    let path = format!("/repos/{repository}/issues/comments/{id}");
    let before = search(&site.bot(), &owner, "").each("/updated_at");
    let made = site.bot().get(&path).is(200).text("/updated_at");
    eventually("an edit in another second", || {
        site.mara().patch(&path, &json!({"body": site.name("edit")})).is(200);
        site.bot().get(&path).is(200).text("/updated_at") > made
    });
    assert_eq!(search(&site.bot(), &owner, "").each("/updated_at"), before);
}

fn private_ones_are_found_by_members_only(site: &Site) {
    let owner = organisation(site);
    let repository = repository(site, &owner, true);
    let pull = site.pull_request(&repository, "change");
    assert_eq!(search(&site.bot(), &owner, "").each("/number"), [json!(pull)]);
    assert!(search(&site.sam(), &owner, "").list().is_empty());
}

fn results_come_in_pages_newest_first(site: &Site) {
    let owner = organisation(site);
    let repository = repository(site, &owner, false);
    let pulls: Vec<i64> = (1..=3).map(|number| site.pull_request(&repository, &format!("change{number}"))).collect();
    let page = |number: u32| {
        let path = format!("/repos/issues/search?type=pulls&state=all&owner={owner}&limit=2&page={number}");
        site.bot().get(&path).is(200)
    };
    let first = page(1);
    assert_eq!((first.each("/number"), first.header("x-total-count")), (vec![json!(pulls[2]), json!(pulls[1])], "3"));
    assert!(first.header("link").contains("rel=\"next\""), "{}", first.header("link"));
    assert_eq!(page(2).each("/number"), [json!(pulls[0])]);
    assert!(page(3).list().is_empty());
}

fn an_unknown_owner_is_refused(site: &Site) {
    let path = "/repos/issues/search?type=pulls&state=all&owner=no-such-organisation";
    site.bot().get(path).refuses(400, "");
    site.bot().get(&format!("/repos/issues/search?since=yesterday&owner={}", site.organisation)).refuses(422, "");
}
