//! The pages of a login, as a program sees them that reads their forms.

use serde_json::json;

use crate::browser::{Browser, form_to, forms, query, words};
use crate::grants::{Flow, REDIRECT, authorize};
use crate::site::Site;

crate::assertions![
    an_anonymous_request_is_sent_to_the_login_page,
    the_login_page_has_a_form_with_two_fields,
    the_login_leads_back_to_what_was_asked_for,
    a_wrong_password_is_the_form_again,
    the_consent_page_has_a_form_with_a_button,
    consent_is_asked_once,
    a_refused_consent_goes_back_with_an_error,
    a_consent_that_was_not_asked_for_is_refused,
    an_unknown_application_is_a_page_with_400,
    an_unregistered_redirect_address_is_a_page_with_400,
    a_public_application_is_asked_each_time,
    a_login_that_must_change_its_password_is_sent_to_do_so,
    a_prohibited_login_is_told_so,
    an_inactive_login_gets_no_further,
    other_pages_have_no_form_of_a_login,
];

fn an_anonymous_request_is_sent_to_the_login_page(site: &Site) {
    let browser = Browser::new(site);
    let sent = browser.get(&authorize("11111111-1111-1111-1111-111111111111", REDIRECT, "s")).is(303);
    let to = sent.header("location");
    assert!(to.contains("/user/login?"), "{to}");
    let back = query(to, "redirect_to").unwrap();
    assert!(back.starts_with("/login/oauth/authorize?client_id=11111111"), "{back}");
}

fn the_login_page_has_a_form_with_two_fields(site: &Site) {
    let page = Browser::new(site).get("/user/login").is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let form = form_to(&page, "/user/login");
    assert_eq!(form.method, "post");
    assert_eq!((form.names("text"), form.names("password")), (vec!["user_name"], vec!["password"]));
    let captcha = form.fields.iter().any(|(_, name, _)| name.contains("captcha"));
    assert!(!captcha, "{form:?}");
}

fn the_login_leads_back_to_what_was_asked_for(site: &Site) {
    let (flow, browser) = (Flow::new(site), Browser::new(site));
    let sent = browser.get(&flow.authorize("back")).is(303);
    let page = browser.get(sent.header("location")).is(200);
    let form = form_to(&page, "/user/login");
    let mut fields = form.untouched();
    fields.retain(|(name, _)| !["user_name", "password"].contains(name));
    fields.extend([("user_name", flow.account.name.as_str()), ("password", flow.account.password.as_str())]);
    let back = browser.post(&form.action, &fields).is(303);
    let location = back.header("location").to_owned();
    assert!(location.contains("/login/oauth/authorize?"), "{location}");
    assert_eq!(query(&location, "state").as_deref(), Some("back"));
    form_to(&browser.get(&location).is(200), "/login/oauth/grant");
}

fn a_wrong_password_is_the_form_again(site: &Site) {
    let browser = Browser::new(site);
    browser.get("/user/login").is(200);
    for name in [site.bot.name.as_str(), "nobody-of-that-name"] {
        let page = browser.post("/user/login", &[("user_name", name), ("password", "not this")]).is(200);
        assert_eq!(form_to(&page, "/user/login").names("password"), ["password"]);
        assert_eq!(words(&page, ".flash-error"), "Username or password is incorrect.");
    }
    browser.get("/user/settings").is(303);
}

fn the_consent_page_has_a_form_with_a_button(site: &Site) {
    let flow = Flow::new(site);
    let page = flow.browser.get(&flow.authorize("asked")).is(200);
    let form = form_to(&page, "/login/oauth/grant");
    assert_eq!(form.method, "post");
    assert_eq!(form.value("client_id"), Some(flow.client.as_str()));
    assert_eq!(form.value("state"), Some("asked"));
    assert_eq!(form.value("redirect_uri"), Some(REDIRECT));
    assert_eq!(form.value("scope"), Some(""));
    assert_eq!(form.value("nonce"), Some(""));
    let buttons: Vec<_> = form.fields.iter().filter(|(kind, ..)| kind == "submit").collect();
    assert!(buttons.iter().any(|(_, name, value)| (name.as_str(), value.as_str()) == ("granted", "true")));
    assert!(buttons.iter().any(|(_, name, value)| (name.as_str(), value.as_str()) == ("granted", "false")));
}

fn consent_is_asked_once(site: &Site) {
    let flow = Flow::new(site);
    flow.code();
    let again = flow.browser.get(&flow.authorize("again")).is(303);
    assert!(query(again.header("location"), "code").is_some());
    // Also in another browser.
    let other = Browser::of(site, &flow.account.name, &flow.account.password);
    other.get(&flow.authorize("other")).is(303);
}

fn a_refused_consent_goes_back_with_an_error(site: &Site) {
    let flow = Flow::new(site);
    let page = flow.browser.get(&flow.authorize("no")).is(200);
    let form = form_to(&page, "/login/oauth/grant");
    let mut fields = form.untouched();
    fields.push(("granted", "false"));
    let back = flow.browser.post(&form.action, &fields).is(303);
    let location = back.header("location");
    assert!(location.starts_with(REDIRECT), "{location}");
    assert_eq!(query(location, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(location, "state").as_deref(), Some("no"));
}

fn a_consent_that_was_not_asked_for_is_refused(site: &Site) {
    let flow = Flow::new(site);
    let fields = [("client_id", flow.client.as_str()), ("state", "s"), ("redirect_uri", REDIRECT), ("granted", "true")];
    flow.browser.post("/login/oauth/grant", &fields).is(400);
}

fn an_unknown_application_is_a_page_with_400(site: &Site) {
    let browser = Browser::of(site, &site.bot.name, &site.bot.password);
    let page = browser.get(&authorize("11111111-1111-1111-1111-111111111111", REDIRECT, "s")).is(400);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(words(&page, ".oauth2-authorize-application-box").contains("Client ID not registered"), "{}", page.0.body);
}

fn an_unregistered_redirect_address_is_a_page_with_400(site: &Site) {
    let flow = Flow::new(site);
    let page = flow.browser.get(&authorize(&flow.client, "https://elsewhere.example.org/login", "s")).is(400);
    assert!(words(&page, ".oauth2-authorize-application-box").contains("Unregistered Redirect URI"));
}

fn a_public_application_is_asked_each_time(site: &Site) {
    let flow = Flow::new(site);
    let application = json!({"name": "page", "redirect_uris": [REDIRECT], "confidential_client": false});
    let own = site.with_token(&flow.account.token);
    let client = own.post("/user/applications/oauth2", &application).is(201).text("/client_id");
    // Without PKCE, Gitea does not ask: the answer is an error.
    let back = flow.browser.get(&authorize(&client, REDIRECT, "s")).is(303);
    assert_eq!(query(back.header("location"), "error").as_deref(), Some("invalid_request"));
}

fn a_login_that_must_change_its_password_is_sent_to_do_so(site: &Site) {
    let user = site.account("new");
    let change = json!({"login_name": user.name, "source_id": 0, "must_change_password": true});
    site.administrator().patch(&format!("/admin/users/{}", user.name), &change).is(200);
    let browser = Browser::of(site, &user.name, &user.password);
    let sent = browser.get(&authorize("11111111-1111-1111-1111-111111111111", REDIRECT, "s")).is(303);
    assert!(sent.header("location").contains("/user/settings/change_password"), "{}", sent.header("location"));
    let page = browser.get(sent.header("location")).is(200);
    assert_eq!(form_to(&page, "/user/settings/change_password").names("password"), ["password", "retype"]);
}

fn a_prohibited_login_is_told_so(site: &Site) {
    let user = site.account("prohibited");
    let change = json!({"login_name": user.name, "source_id": 0, "prohibit_login": true});
    site.administrator().patch(&format!("/admin/users/{}", user.name), &change).is(200);
    let browser = Browser::new(site);
    browser.get("/user/login").is(200);
    let fields = [("user_name", user.name.as_str()), ("password", user.password.as_str())];
    let page = browser.post("/user/login", &fields).is(200);
    assert!(words(&page, "title").contains("Sign-In Prohibited"), "{}", words(&page, "title"));
    assert!(!forms(&page.0.body).iter().any(|form| form.names("password") == ["password"]));
}

fn an_inactive_login_gets_no_further(site: &Site) {
    let user = site.account("inactive");
    let change = json!({"login_name": user.name, "source_id": 0, "active": false});
    site.administrator().patch(&format!("/admin/users/{}", user.name), &change).is(200);
    // The password is accepted, and then every page refuses.
    let browser = Browser::of(site, &user.name, &user.password);
    let page = browser.get(&authorize("11111111-1111-1111-1111-111111111111", REDIRECT, "s")).is(200);
    assert!(words(&page, "title").contains("Sign-In Prohibited"), "{}", words(&page, "title"));
}

fn other_pages_have_no_form_of_a_login(site: &Site) {
    let page = Browser::new(site).get("/explore/repos").is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(forms(&page.0.body).iter().all(|form| form.names("password").is_empty()));
}
