//! Permissions of an account for a repository.

use serde_json::{Value, json};

use crate::client::Client;
use crate::site::Site;

crate::assertions![
    a_repository_states_the_permissions_of_its_reader,
    collaborators_are_204_or_404,
    a_permission_is_read_by_its_owner_and_by_administrators,
    a_collaborator_administers_one_repository_only,
    a_removed_collaborator_loses_the_right_at_once,
    a_reader_may_not_change_a_repository,
];

fn may(client: &Client, repository: &str) -> Value {
    client.get(&format!("/repos/{repository}")).is(200).at("/permissions")
}

fn give(site: &Site, repository: &str, name: &str, permission: &str) {
    let path = format!("/repos/{repository}/collaborators/{name}");
    site.administrator().put(&path, &json!({"permission": permission})).is(204);
}

fn a_repository_states_the_permissions_of_its_reader(site: &Site) {
    let repository = site.repository("mine");
    assert_eq!(may(&site.bot(), &repository), json!({"admin": false, "push": false, "pull": true}));
    assert_eq!(may(&site.mara(), &repository), json!({"admin": false, "push": true, "pull": true}));
    assert_eq!(may(&site.administrator(), &repository), json!({"admin": true, "push": true, "pull": true}));
    assert_eq!(may(&site.sam(), &repository), json!({"admin": false, "push": false, "pull": true}));
}

fn collaborators_are_204_or_404(site: &Site) {
    let repository = site.repository("shared");
    let path = |name: &str| format!("/repos/{repository}/collaborators/{name}");
    site.administrator().get(&path(&site.sam.name)).is(404);
    give(site, &repository, &site.sam.name, "write");
    site.administrator().get(&path(&site.sam.name)).is(204);
    // A member of a team is no collaborator.
    site.administrator().get(&path(&site.mara.name)).is(404);
    let listed = site.administrator().get(&format!("/repos/{repository}/collaborators")).is(200);
    assert_eq!(listed.each("/login"), [json!(site.sam.name)]);
}

fn a_permission_is_read_by_its_owner_and_by_administrators(site: &Site) {
    let repository = site.repository("asked");
    let path = |name: &str| format!("/repos/{repository}/collaborators/{name}/permission");
    let administrator = site.administrator();
    assert_eq!(administrator.get(&path(&site.bot.name)).is(200).text("/permission"), "read");
    // Mara may push through a team with some units only: this answer does not show it.
    assert_eq!(administrator.get(&path(&site.mara.name)).is(200).text("/permission"), "read");
    assert_eq!(site.bot().get(&path(&site.bot.name)).is(200).text("/user/login"), site.bot.name);
    site.bot().get(&path(&site.mara.name)).refuses(403, "");
    give(site, &repository, &site.bot.name, "admin");
    assert_eq!(site.bot().get(&path(&site.bot.name)).is(200).text("/permission"), "admin");
    site.bot().get(&path(&site.mara.name)).is(200);
    administrator.get(&path("nobody-of-that-name")).is(404);
}

fn a_collaborator_administers_one_repository_only(site: &Site) {
    let (one, other) = (site.repository("one"), site.repository("other"));
    give(site, &one, &site.bot.name, "admin");
    assert_eq!(may(&site.bot(), &one)["admin"], true);
    assert_eq!(may(&site.bot(), &other)["admin"], false);
    site.bot().get(&format!("/repos/{one}/hooks")).is(200);
    site.bot().get(&format!("/repos/{other}/hooks")).refuses(403, "");
}

fn a_removed_collaborator_loses_the_right_at_once(site: &Site) {
    let repository = site.repository("left");
    give(site, &repository, &site.bot.name, "admin");
    site.administrator().delete(&format!("/repos/{repository}/collaborators/{}", site.bot.name)).is(204);
    assert_eq!(may(&site.bot(), &repository)["admin"], false);
    site.bot().get(&format!("/repos/{repository}/hooks")).is(403);
}

fn a_reader_may_not_change_a_repository(site: &Site) {
    let repository = site.repository("fixed");
    site.bot().patch(&format!("/repos/{repository}"), &json!({"description": "mine"})).is(403);
    site.bot().delete(&format!("/repos/{repository}")).is(403);
    let file = json!({"content": "aGVsbG8K", "message": "mine", "branch": "main"});
    site.bot().post(&format!("/repos/{repository}/contents/mine.txt"), &file).is(403);
    site.bot().put(&format!("/repos/{repository}/collaborators/{}", site.sam.name), &json!({})).is(403);
}
