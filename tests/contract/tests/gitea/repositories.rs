//! Repositories.

use forge::Request;
use serde_json::json;

use crate::site::Site;

crate::assertions![
    a_repository_is_read_by_everybody,
    a_repository_is_found_without_regard_to_case,
    an_unknown_repository_is_404,
    a_taken_name_is_409,
    a_renamed_repository_redirects,
    a_renamed_repository_redirects_writes_as_well,
    a_renamed_repository_keeps_its_id,
    a_repository_becomes_private,
    an_archived_repository_is_read_only,
    an_empty_repository_says_so,
    a_deleted_repository_is_gone,
    one_s_repositories_are_listed,
    a_fork_knows_its_parent,
    a_page_of_a_repository_is_there_for_people,
];

fn a_repository_is_read_by_everybody(site: &Site) {
    let repository = site.repository("read");
    let seen = site.anonymous().get(&format!("/repos/{repository}")).is(200);
    let (owner, name) = repository.split_once('/').unwrap();
    assert_eq!((seen.text("/owner/login"), seen.text("/name")), (owner.to_owned(), name.to_owned()));
    assert_eq!(seen.text("/full_name"), repository);
    assert_eq!(seen.text("/default_branch"), "main");
    assert_eq!(seen.text("/clone_url"), format!("{}/{repository}.git", site.called));
    assert_eq!(seen.text("/html_url"), format!("{}/{repository}", site.called));
    for (field, value) in [("private", false), ("fork", false), ("archived", false), ("empty", false)] {
        assert_eq!(seen.at(&format!("/{field}")), value, "{field}");
    }
    assert!(seen.number("/id") > 0 && seen.at("/updated_at").is_string() && seen.at("/ssh_url").is_string());
}

fn a_repository_is_found_without_regard_to_case(site: &Site) {
    let repository = site.repository("case");
    let seen = site.bot().get(&format!("/repos/{}", repository.to_uppercase())).is(200);
    assert_eq!(seen.text("/full_name"), repository);
}

fn an_unknown_repository_is_404(site: &Site) {
    site.bot().get(&format!("/repos/{}/no-such-repository", site.organisation)).refuses(404, "");
    site.bot().get("/repos/nobody-of-that-name/anything").refuses(404, "");
}

fn a_taken_name_is_409(site: &Site) {
    let repository = site.repository("taken");
    let again = json!({"name": repository.split_once('/').unwrap().1});
    site.administrator().post(&format!("/orgs/{}/repos", site.organisation), &again).refuses(409, "already exists");
}

fn a_renamed_repository_redirects(site: &Site) {
    let repository = site.repository("old");
    let name = site.name("new");
    let renamed = site.administrator().patch(&format!("/repos/{repository}"), &json!({"name": name})).is(200);
    let now = renamed.text("/full_name");
    assert_eq!(now, format!("{}/{name}", site.organisation));
    let sent = site.bot().get(&format!("/repos/{repository}")).is(301);
    assert!(sent.header("location").ends_with(&format!("/api/v1/repos/{now}")), "{}", sent.header("location"));
    let deeper = site.bot().get(&format!("/repos/{repository}/branches/main?x=y")).is(301);
    assert!(
        deeper.header("location").ends_with(&format!("/repos/{now}/branches/main?x=y")),
        "{}",
        deeper.header("location")
    );
}

fn a_renamed_repository_redirects_writes_as_well(site: &Site) {
    // Answers 301, after which many clients send a GET: nothing is written, without an error.
    let repository = site.repository("old");
    let pull = site.pull_request(&repository, "change");
    site.administrator().patch(&format!("/repos/{repository}"), &json!({"name": site.name("new")})).is(200);
    site.administrator().patch(&format!("/repos/{repository}"), &json!({"description": "x"})).is(301);
    site.mara().post(&format!("/repos/{repository}/issues/{pull}/comments"), &json!({"body": "hello"})).is(301);
    site.administrator().delete(&format!("/repos/{repository}")).is(301);
}

fn a_renamed_repository_keeps_its_id(site: &Site) {
    let repository = site.repository("old");
    let id = site.bot().get(&format!("/repos/{repository}")).is(200).number("/id");
    let renamed = site.administrator().patch(&format!("/repos/{repository}"), &json!({"name": site.name("new")}));
    assert_eq!(renamed.is(200).number("/id"), id);
    let by_id = site.bot().get(&format!("/repositories/{id}")).is(200);
    assert_ne!(by_id.text("/full_name"), repository);
    // The old name is free again, and a new repository with it ends the redirect.
    let again = json!({"name": repository.split_once('/').unwrap().1});
    site.administrator().post(&format!("/orgs/{}/repos", site.organisation), &again).is(201);
    assert_ne!(site.bot().get(&format!("/repos/{repository}")).is(200).number("/id"), id);
}

fn a_repository_becomes_private(site: &Site) {
    let repository = site.repository("hiding");
    site.sam().get(&format!("/repos/{repository}")).is(200);
    site.administrator().patch(&format!("/repos/{repository}"), &json!({"private": true})).is(200);
    site.sam().get(&format!("/repos/{repository}")).is(404);
    assert_eq!(site.bot().get(&format!("/repos/{repository}")).is(200).at("/private"), true);
}

fn an_archived_repository_is_read_only(site: &Site) {
    let repository = site.repository("archived");
    let pull = site.pull_request(&repository, "late");
    let archived = site.administrator().patch(&format!("/repos/{repository}"), &json!({"archived": true})).is(200);
    assert_eq!(archived.at("/archived"), true);
    site.bot().get(&format!("/repos/{repository}/pulls/{pull}")).is(200);
    let comment = json!({"body": "too late"});
    site.mara().post(&format!("/repos/{repository}/issues/{pull}/comments"), &comment).refuses(423, "archived");
}

fn an_empty_repository_says_so(site: &Site) {
    let repository = site.repository_with("empty", &json!({"auto_init": false}));
    let seen = site.bot().get(&format!("/repos/{repository}")).is(200);
    assert_eq!((seen.at("/empty"), seen.text("/default_branch")), (json!(true), "main".to_owned()));
    site.bot().get(&format!("/repos/{repository}/branches/main")).is(404);
    site.bot().get(&format!("/repos/{repository}/raw/.drone.yml")).is(404);
}

fn a_deleted_repository_is_gone(site: &Site) {
    let repository = site.repository("leaving");
    site.mara().delete(&format!("/repos/{repository}")).is(403);
    site.administrator().delete(&format!("/repos/{repository}")).is(204);
    site.bot().get(&format!("/repos/{repository}")).is(404);
}

fn one_s_repositories_are_listed(site: &Site) {
    let repository = site.repository_with("listed", &json!({"private": true}));
    let mut page = 1;
    let found = loop {
        let list = site.bot().get(&format!("/user/repos?page={page}&limit=50")).is(200).list();
        assert!(!list.is_empty(), "{repository} is on no page");
        if let Some(found) = list.into_iter().find(|entry| entry["full_name"] == json!(repository)) {
            break found;
        }
        page += 1;
    };
    assert_eq!(found["permissions"], json!({"admin": false, "push": false, "pull": true}));
    assert_eq!(found["private"], true);
    let stranger = site.with_token(&site.account("stranger").token);
    assert!(stranger.get("/user/repos").is(200).list().is_empty());
}

fn a_fork_knows_its_parent(site: &Site) {
    let repository = site.repository("forked");
    let user = site.account("forker");
    let fork = site.with_token(&user.token).post(&format!("/repos/{repository}/forks"), &json!({})).is(202);
    assert_eq!(fork.text("/owner/login"), user.name);
    assert_eq!(fork.at("/fork"), true);
    assert_eq!(fork.text("/parent/full_name"), repository);
}

fn a_page_of_a_repository_is_there_for_people(site: &Site) {
    let repository = site.repository("shown");
    let pull = site.pull_request(&repository, "page");
    for path in [repository.clone(), format!("{repository}/pulls/{pull}")] {
        let page = site.http.send(&Request::new("GET", format!("{}/{path}", site.address))).unwrap();
        assert_eq!(page.status, 200, "{path}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
    }
}
