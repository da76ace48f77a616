//! OAuth applications, with the password of their owner.

use serde_json::{Value, json};

use crate::client::{Client, Seen};
use crate::site::Site;

crate::assertions![
    a_secret_is_told_once,
    a_change_makes_a_new_secret_and_keeps_the_id,
    applications_are_read_one_by_one,
    a_deleted_application_is_gone,
    another_s_application_is_404,
    one_redirect_address_may_be_named_twice,
    an_application_needs_a_name_and_an_address,
    applications_are_listed_in_pages,
    a_token_reaches_them_as_the_password_does,
];

const PATH: &str = "/user/applications/oauth2";

fn application(name: &str) -> Value {
    json!({"name": name, "redirect_uris": ["https://drone.example.org/login"], "confidential_client": true})
}

/// A client of a new account, by password.
fn new_owner(site: &Site) -> Client {
    let account = site.account("owner");
    site.with_password(&account.name, &account.password)
}

#[track_caller]
fn create(client: &Client, name: &str) -> Seen {
    client.post(PATH, &application(name)).is(201)
}

fn a_secret_is_told_once(site: &Site) {
    let owner = new_owner(site);
    let made = create(&owner, "drone");
    assert!(made.text("/client_secret").len() > 40, "{}", made.text("/client_secret").len());
    assert_eq!(made.text("/client_id").len(), 36);
    assert_eq!(made.at("/redirect_uris"), json!(["https://drone.example.org/login"]));
    assert_eq!(made.at("/confidential_client"), true);
    assert_eq!(made.at("/skip_secondary_authorization"), false);
    let listed = owner.get(PATH).is(200);
    assert_eq!(listed.each("/client_id"), [made.at("/client_id")]);
    assert_eq!(listed.each("/client_secret"), [json!("")]);
}

fn a_change_makes_a_new_secret_and_keeps_the_id(site: &Site) {
    let owner = new_owner(site);
    let made = create(&owner, "drone");
    let changed = owner.patch(&format!("{PATH}/{}", made.number("/id")), &application("drone")).is(200);
    assert_eq!(changed.text("/client_id"), made.text("/client_id"));
    assert_eq!(changed.number("/id"), made.number("/id"));
    assert!(changed.text("/client_secret").len() > 40);
    assert_ne!(changed.text("/client_secret"), made.text("/client_secret"));
    owner.patch(&format!("{PATH}/999999"), &application("drone")).fails();
}

fn applications_are_read_one_by_one(site: &Site) {
    let owner = new_owner(site);
    let id = create(&owner, "drone").number("/id");
    let found = owner.get(&format!("{PATH}/{id}")).is(200);
    assert_eq!(found.text("/name"), "drone");
    assert_eq!(found.text("/client_secret"), "");
    owner.get(&format!("{PATH}/999999")).is(404);
}

fn a_deleted_application_is_gone(site: &Site) {
    let owner = new_owner(site);
    let id = create(&owner, "drone").number("/id");
    owner.delete(&format!("{PATH}/{id}")).is(204);
    assert!(owner.get(PATH).is(200).list().is_empty());
    owner.delete(&format!("{PATH}/{id}")).is(404);
}

fn another_s_application_is_404(site: &Site) {
    let id = create(&new_owner(site), "drone").number("/id");
    let other = new_owner(site);
    other.get(&format!("{PATH}/{id}")).is(404);
    other.patch(&format!("{PATH}/{id}"), &application("mine")).fails();
    other.delete(&format!("{PATH}/{id}")).is(404);
}

fn one_redirect_address_may_be_named_twice(site: &Site) {
    let owner = new_owner(site);
    let (one, two) = (create(&owner, "drone"), create(&owner, "drone"));
    assert_ne!(one.text("/client_id"), two.text("/client_id"));
    assert_eq!(owner.get(PATH).is(200).each("/name"), ["drone", "drone"]);
}

fn an_application_needs_a_name_and_an_address(site: &Site) {
    let owner = new_owner(site);
    owner
        .post(PATH, &json!({"redirect_uris": ["https://a.example.org/"], "confidential_client": true}))
        .refuses(422, "Name");
    owner.post(PATH, &json!({"name": "drone", "confidential_client": true})).refuses(422, "RedirectURIs");
}

fn applications_are_listed_in_pages(site: &Site) {
    let owner = new_owner(site);
    for number in 1..=3 {
        create(&owner, &format!("drone{number}"));
    }
    let first = owner.get(&format!("{PATH}?page=1&limit=2")).is(200);
    assert_eq!((first.list().len(), first.header("x-total-count")), (2, "3"));
    let second = owner.get(&format!("{PATH}?page=2&limit=2")).is(200);
    assert_eq!((second.list().len(), second.header("x-total-count")), (1, "3"));
    assert!(owner.get(&format!("{PATH}?page=3&limit=2")).is(200).list().is_empty());
}

fn a_token_reaches_them_as_the_password_does(site: &Site) {
    let account = site.account("owner");
    create(&site.with_token(&account.token), "drone");
    let reader = site.with_token(&site.token(&account.name, &account.password, &["read:user"]));
    assert_eq!(reader.get(PATH).is(200).list().len(), 1);
    reader.post(PATH, &application("other")).is(403);
}
