//! Files, branches, commits and tags, through the API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::site::Site;

crate::assertions![
    a_file_is_made_read_changed_and_removed,
    a_file_is_read_raw_by_any_ref,
    a_raw_file_at_an_unknown_ref_is_the_default_branch_s,
    a_missing_file_is_404,
    a_change_needs_the_file_s_present_hash,
    a_file_on_a_new_branch_makes_the_branch,
    a_folder_is_a_list,
    a_branch_is_read,
    a_branch_with_a_slash_is_read,
    a_commit_is_read_by_hash_and_by_branch,
    commits_are_listed_newest_first,
    tags_are_listed_with_their_commits,
    an_unknown_commit_is_404,
];

pub fn file(text: &str, message: &str) -> Value {
    json!({"content": STANDARD.encode(text), "message": message, "branch": "main"})
}

fn a_file_is_made_read_changed_and_removed(site: &Site) {
    let repository = site.repository("files");
    let path = format!("/repos/{repository}/contents/folder/.drone.yml");
    let made = site.mara().post(&path, &file("kind: pipeline\n", "add it")).is(201);
    assert_eq!(made.text("/content/path"), "folder/.drone.yml");
    assert_eq!(made.text("/commit/sha").len(), 40);
    let read = site.bot().get(&format!("{path}?ref=main")).is(200);
    assert_eq!(read.text("/encoding"), "base64");
    assert_eq!(STANDARD.decode(read.text("/content")).unwrap(), b"kind: pipeline\n");
    assert_eq!((read.text("/type"), read.number("/size")), ("file".to_owned(), 15));
    let mut change = file("kind: other\n", "change it");
    change["sha"] = read.at("/sha");
    let changed = site.mara().put(&path, &change).is(200);
    assert_ne!(changed.text("/content/sha"), read.text("/sha"));
    let remove = json!({"sha": changed.text("/content/sha"), "message": "remove it", "branch": "main"});
    site.mara().ask("DELETE", &path, Some(&remove)).is(200);
    site.bot().get(&path).is(404);
}

fn a_file_is_read_raw_by_any_ref(site: &Site) {
    let repository = site.repository("raw");
    let path = format!("/repos/{repository}/contents/.drone.yml");
    let sha = site.mara().post(&path, &file("kind: pipeline\n", "add it")).is(201).text("/commit/sha");
    let newer = site.bot().get(&path).is(200).text("/sha");
    let mut change = file("kind: newer\n", "change it");
    change["sha"] = json!(newer);
    change["new_branch"] = json!("newer");
    site.mara().put(&path, &change).is(200);
    for tail in [".drone.yml?ref=newer", "newer/.drone.yml"] {
        assert_eq!(
            site.bot().get(&format!("/repos/{repository}/raw/{tail}")).is(200).0.body,
            "kind: newer\n",
            "{tail}"
        );
    }
    for tail in [
        ".drone.yml",
        ".drone.yml?ref=main",
        &format!(".drone.yml?ref={sha}"),
        &format!("{sha}/.drone.yml"),
        "main/.drone.yml",
    ] {
        let raw = site.bot().get(&format!("/repos/{repository}/raw/{tail}")).is(200);
        assert_eq!(raw.0.body, "kind: pipeline\n", "{tail}");
    }
}

fn a_raw_file_at_an_unknown_ref_is_the_default_branch_s(site: &Site) {
    // A trap: a client that needs certainty asks for the commit first.
    let repository = site.repository("raw");
    let raw = site.bot().get(&format!("/repos/{repository}/raw/README.md?ref=nowhere")).is(200);
    assert!(raw.0.body.contains('#'));
}

fn a_missing_file_is_404(site: &Site) {
    let repository = site.repository("missing");
    for path in
        ["raw/.drone.yml", "raw/main/.drone.yml", "contents/.drone.yml?ref=main", "contents/README.md?ref=nowhere"]
    {
        site.bot().get(&format!("/repos/{repository}/{path}")).refuses(404, "");
    }
}

fn a_change_needs_the_file_s_present_hash(site: &Site) {
    let repository = site.repository("hash");
    let path = format!("/repos/{repository}/contents/a.txt");
    site.mara().post(&path, &file("one\n", "add it")).is(201);
    site.mara().post(&path, &file("two\n", "add it again")).refuses(422, "already exists");
    let mut stale = file("two\n", "change it");
    stale["sha"] = json!("0123456789012345678901234567890123456789");
    site.mara().put(&path, &stale).refuses(422, "sha does not match");
}

fn a_file_on_a_new_branch_makes_the_branch(site: &Site) {
    let repository = site.repository("branched");
    let mut change = file("one\n", "add it");
    change["new_branch"] = json!("change");
    let made = site.mara().post(&format!("/repos/{repository}/contents/a.txt"), &change).is(201);
    let branch = site.bot().get(&format!("/repos/{repository}/branches/change")).is(200);
    assert_eq!(branch.text("/commit/id"), made.text("/commit/sha"));
    site.bot().get(&format!("/repos/{repository}/contents/a.txt?ref=main")).is(404);
    site.bot().get(&format!("/repos/{repository}/contents/a.txt?ref=change")).is(200);
}

fn a_folder_is_a_list(site: &Site) {
    let repository = site.repository("folder");
    site.mara().post(&format!("/repos/{repository}/contents/docs/a.txt"), &file("one\n", "add it")).is(201);
    let top = site.bot().get(&format!("/repos/{repository}/contents?ref=main")).is(200);
    let found: Vec<_> = top.list().iter().map(|entry| (entry["name"].clone(), entry["type"].clone())).collect();
    assert_eq!(found, [(json!("README.md"), json!("file")), (json!("docs"), json!("dir"))]);
    assert_eq!(site.bot().get(&format!("/repos/{repository}/contents/docs")).is(200).each("/path"), ["docs/a.txt"]);
}

fn a_branch_is_read(site: &Site) {
    let repository = site.repository("branch");
    let branch = site.bot().get(&format!("/repos/{repository}/branches/main")).is(200);
    assert_eq!((branch.text("/name"), branch.text("/commit/id").len()), ("main".to_owned(), 40));
    assert!(branch.text("/commit/message").starts_with("Initial commit"), "{}", branch.text("/commit/message"));
    assert!(branch.at("/commit/author/name").is_string() && branch.at("/commit/timestamp").is_string());
    site.bot().get(&format!("/repos/{repository}/branches/nowhere")).refuses(404, "");
    assert_eq!(site.bot().get(&format!("/repos/{repository}/branches")).is(200).each("/name"), ["main"]);
}

fn a_branch_with_a_slash_is_read(site: &Site) {
    let repository = site.repository("slash");
    let mut change = file("one\n", "add it");
    change["new_branch"] = json!("feature/one");
    site.mara().post(&format!("/repos/{repository}/contents/a.txt"), &change).is(201);
    let branch = site.bot().get(&format!("/repos/{repository}/branches/feature/one")).is(200);
    assert_eq!(branch.text("/name"), "feature/one");
    assert_eq!(
        site.bot().get(&format!("/repos/{repository}/branches/feature%2Fone")).is(200).text("/name"),
        "feature/one"
    );
}

fn a_commit_is_read_by_hash_and_by_branch(site: &Site) {
    let repository = site.repository("commit");
    let sha = site.bot().get(&format!("/repos/{repository}/branches/main")).is(200).text("/commit/id");
    for what in [sha.as_str(), "main", &sha[..10]] {
        let commit = site.bot().get(&format!("/repos/{repository}/git/commits/{what}")).is(200);
        assert_eq!(commit.text("/sha"), sha, "{what}");
        assert!(commit.text("/commit/message").starts_with("Initial commit"));
        assert!(commit.at("/commit/author/email").is_string() && commit.at("/commit/committer/date").is_string());
        assert_eq!(commit.text("/author/login"), site.administrator.name);
        assert!(commit.text("/html_url").ends_with(&format!("/{repository}/commit/{sha}")));
    }
}

fn commits_are_listed_newest_first(site: &Site) {
    let repository = site.repository("commits");
    for number in 1..=2 {
        let path = format!("/repos/{repository}/contents/{number}.txt");
        site.mara().post(&path, &file("x\n", &format!("add {number}"))).is(201);
    }
    let list = site.bot().get(&format!("/repos/{repository}/commits?sha=main&limit=2")).is(200);
    let messages: Vec<String> =
        list.each("/commit/message").iter().map(|it| it.as_str().unwrap().trim().into()).collect();
    assert_eq!(messages, ["add 2", "add 1"]);
    assert_eq!(list.header("x-total-count"), "3");
}

fn tags_are_listed_with_their_commits(site: &Site) {
    let repository = site.repository("tagged");
    let sha = site.bot().get(&format!("/repos/{repository}/branches/main")).is(200).text("/commit/id");
    let annotated = json!({"tag_name": "1.0.0+1.2.3", "message": "the first", "target": "main"});
    site.mara().post(&format!("/repos/{repository}/tags"), &annotated).is(201);
    site.mara().post(&format!("/repos/{repository}/tags"), &annotated).is(409);
    let tags = site.bot().get(&format!("/repos/{repository}/tags")).is(200);
    assert_eq!((tags.each("/name"), tags.each("/commit/sha")), (vec![json!("1.0.0+1.2.3")], vec![json!(sha)]));
    assert_eq!(tags.list()[0]["message"].as_str().unwrap().trim(), "the first");
    let found = site.bot().get(&format!("/repos/{repository}/git/refs/tags/1.0.0+1.2.3")).is(200);
    let found = if found.json().is_array() { found.json()[0].clone() } else { found.json() };
    assert_eq!(found["object"]["type"], "tag");
    assert_ne!(found["object"]["sha"], json!(sha), "an annotated tag is an object of its own");
}

fn an_unknown_commit_is_404(site: &Site) {
    let repository = site.repository("nowhere");
    let sha = "0123456789012345678901234567890123456789";
    site.bot().get(&format!("/repos/{repository}/git/commits/{sha}")).refuses(404, "");
    site.bot().get(&format!("/repos/{repository}/git/commits/nowhere")).refuses(404, "");
    site.bot().get(&format!("/repos/{repository}/commits?sha=nowhere")).refuses(404, "");
}
