//! Organisations, teams and their members: the base of the bridge's permission checks.

use serde_json::{Value, json};

use crate::site::Site;

crate::assertions![
    an_organisation_is_read,
    membership_is_204_or_404,
    a_caller_outside_is_sent_to_the_public_members,
    a_public_membership_is_seen_from_outside,
    membership_follows_its_team_at_once,
    members_and_teams_are_listed,
    only_owners_make_teams,
    repositories_of_an_organisation_are_listed,
    the_organisations_of_an_account_are_listed,
];

fn an_organisation_is_read(site: &Site) {
    let organisation = &site.organisation;
    let found = site.bot().get(&format!("/orgs/{organisation}")).is(200);
    assert_eq!(found.text("/username"), *organisation);
    assert_eq!(found.text("/name"), *organisation);
    assert_eq!(found.text("/visibility"), "public");
    assert!(found.number("/id") > 0);
    site.bot().get("/orgs/no-such-organisation").is(404);
    // A user is no organisation.
    site.bot().get(&format!("/orgs/{}", site.mara.name)).is(404);
}

fn membership_is_204_or_404(site: &Site) {
    let member = |name: &str| site.bot().get(&format!("/orgs/{}/members/{name}", site.organisation));
    for name in [&site.bot.name, &site.mara.name, &site.milo.name] {
        assert_eq!(member(name).is(204).0.body, "");
    }
    member(&site.mara.name.to_uppercase()).is(204);
    member(&site.sam.name).is(404);
    member("nobody-of-that-name").is(404);
    site.bot().get(&format!("/orgs/no-such-organisation/members/{}", site.mara.name)).is(404);
}

fn a_caller_outside_is_sent_to_the_public_members(site: &Site) {
    let path = format!("/orgs/{}/members/{}", site.organisation, site.mara.name);
    let sent = site.sam().get(&path).is(303);
    let to = format!("/api/v1/orgs/{}/public_members/{}", site.organisation, site.mara.name);
    assert!(sent.header("location").ends_with(&to), "{}", sent.header("location"));
    site.anonymous().get(&path).refuses(401, "token is required");
}

fn a_public_membership_is_seen_from_outside(site: &Site) {
    let path = format!("/orgs/{}/public_members/{}", site.organisation, site.milo.name);
    site.sam().get(&path).is(404);
    site.milo().put(&path, &Value::Null).is(204);
    site.sam().get(&path).is(204);
    site.milo().delete(&path).is(204);
    site.sam().get(&path).is(404);
}

fn membership_follows_its_team_at_once(site: &Site) {
    let user = site.account("joining");
    let member = format!("/orgs/{}/members/{}", site.organisation, user.name);
    site.bot().get(&member).is(404);
    site.team(&site.name("team"), "read", &[&user]);
    site.bot().get(&member).is(204);
    site.administrator().delete(&member).is(204);
    site.bot().get(&member).is(404);
}

fn members_and_teams_are_listed(site: &Site) {
    let organisation = &site.organisation;
    let members = site.bot().get(&format!("/orgs/{organisation}/members?limit=50")).is(200).each("/login");
    assert!(members.contains(&json!(site.bot.name)) && members.contains(&json!(site.mara.name)), "{members:?}");
    assert!(!members.contains(&json!(site.sam.name)));
    let teams = site.bot().get(&format!("/orgs/{organisation}/teams?limit=50")).is(200);
    let readers = teams.list().into_iter().find(|team| team["name"] == "readers").unwrap();
    assert_eq!(readers["includes_all_repositories"], true);
    assert_eq!(readers["units_map"]["repo.issues"], "read");
    let people = site.administrator().get(&format!("/teams/{}/members", readers["id"])).is(200).each("/login");
    assert_eq!(people, [json!(site.bot.name)]);
}

fn only_owners_make_teams(site: &Site) {
    let team = json!({"name": site.name("team"), "permission": "read", "units": ["repo.code"]});
    site.mara().post(&format!("/orgs/{}/teams", site.organisation), &team).refuses(403, "");
    site.sam().post(&format!("/orgs/{}/teams", site.organisation), &team).refuses(403, "");
}

fn repositories_of_an_organisation_are_listed(site: &Site) {
    let (shown, hidden) = (site.repository("shown"), site.repository_with("hidden", &json!({"private": true})));
    let path = format!("/orgs/{}/repos", site.organisation);
    let for_member = site.bot().pages(&path, "/full_name");
    assert!(for_member.contains(&json!(shown)) && for_member.contains(&json!(hidden)), "{for_member:?}");
    let for_stranger = site.sam().pages(&path, "/full_name");
    assert!(for_stranger.contains(&json!(shown)) && !for_stranger.contains(&json!(hidden)));
    site.bot().get("/orgs/no-such-organisation/repos").is(404);
}

fn the_organisations_of_an_account_are_listed(site: &Site) {
    let user = site.account("belonging");
    site.team(&site.name("team"), "read", &[&user]);
    let own = site.with_token(&user.token);
    assert_eq!(own.get("/user/orgs").is(200).each("/username"), [json!(site.organisation)]);
    assert!(site.sam().get("/user/orgs").is(200).list().is_empty());
}
