//! OAuth, from the consent to the refreshed token: the base of Drone's login and of its access to Gitea.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forge::{Account, Request};
use serde_json::{Value, json};

use crate::browser::{Browser, form_to, forms, query};
use crate::client::Seen;
use crate::site::{Site, random};

crate::assertions![
    a_code_is_exchanged_for_tokens,
    a_code_serves_once,
    a_wrong_secret_is_refused,
    a_regenerated_secret_kills_the_old_one,
    another_redirect_address_is_refused,
    an_access_token_is_as_good_as_the_account,
    tokens_are_refreshed,
    a_refresh_token_is_no_access_token,
    a_regenerated_secret_stops_the_refresh,
    a_revoked_grant_is_the_end_of_its_tokens,
    a_deleted_application_is_the_end_of_its_tokens,
    the_user_s_profile_is_told_to_the_token,
];

pub const REDIRECT: &str = "https://drone.example.org/login";

/// An account, its application, and a browser with its login.
pub struct Flow<'a> {
    pub site: &'a Site,
    pub account: Account,
    pub browser: Browser<'a>,
    pub application: i64,
    pub client: String,
    pub secret: String,
}

impl<'a> Flow<'a> {
    pub fn new(site: &'a Site) -> Self {
        Self::of(site, site.account("granting"))
    }

    pub fn of(site: &'a Site, account: Account) -> Self {
        let application = json!({"name": "drone", "redirect_uris": [REDIRECT], "confidential_client": true});
        let made = site.with_token(&account.token).post("/user/applications/oauth2", &application).is(201);
        let browser = Browser::of(site, &account.name, &account.password);
        let (client, secret) = (made.text("/client_id"), made.text("/client_secret"));
        Self { site, account, browser, application: made.number("/id"), client, secret }
    }

    /// The URL to which Drone sends a browser.
    pub fn authorize(&self, state: &str) -> String {
        authorize(&self.client, REDIRECT, state)
    }

    /// Consents if asked, and returns the code.
    #[track_caller]
    pub fn code(&self) -> String {
        let state = random(8);
        let page = self.browser.get(&self.authorize(&state));
        let back = if page.0.status == 200 { self.consent(&page).is(303) } else { page.is(303) };
        let location = back.header("location").to_owned();
        assert!(location.starts_with(&format!("{REDIRECT}?")), "{location}");
        assert_eq!(query(&location, "state"), Some(state));
        query(&location, "code").unwrap()
    }

    /// Presses the button that grants access.
    #[track_caller]
    pub fn consent(&self, page: &Seen) -> Seen {
        let form = form_to(page, "/login/oauth/grant");
        let mut fields = form.untouched();
        let yes = form.fields.iter().find(|(kind, _, value)| kind == "submit" && value == "true").unwrap();
        fields.push((&yes.1, &yes.2));
        self.browser.post(&form.action, &fields)
    }

    /// Exchanges a code as Drone does: all values in the form.
    #[track_caller]
    pub fn exchange(&self, code: &str) -> Seen {
        self.exchange_with(code, &self.secret, REDIRECT)
    }

    #[track_caller]
    pub fn exchange_with(&self, code: &str, secret: &str, redirect: &str) -> Seen {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &self.client),
            ("client_secret", secret),
            ("redirect_uri", redirect),
        ];
        self.token_request(&fields, None)
    }

    /// Refreshes as Drone does: the credentials in a header.
    #[track_caller]
    fn refresh(&self, token: &str) -> Seen {
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", self.client, self.secret)));
        self.token_request(&[("grant_type", "refresh_token"), ("refresh_token", token)], Some(basic))
    }

    fn token_request(&self, fields: &[(&str, &str)], authorization: Option<String>) -> Seen {
        let request = Request::new("POST", format!("{}/login/oauth/access_token", self.site.address)).form(fields);
        let mut request = request.header("Accept", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        Seen(self.site.http.send(&request).unwrap())
    }

    fn application_path(&self) -> String {
        format!("/user/applications/oauth2/{}", self.application)
    }

    fn regenerate(&self) -> String {
        let application = json!({"name": "drone", "redirect_uris": [REDIRECT], "confidential_client": true});
        let own = self.site.with_token(&self.account.token);
        own.patch(&self.application_path(), &application).is(200).text("/client_secret")
    }
}

pub fn authorize(client: &str, redirect: &str, state: &str) -> String {
    let redirect = redirect.replace(':', "%3A").replace('/', "%2F");
    format!("/login/oauth/authorize?client_id={client}&redirect_uri={redirect}&response_type=code&state={state}")
}

/// Asserts an error in OAuth's form.
#[track_caller]
fn refused(seen: Seen, error: &str) {
    let seen = seen.is(400);
    assert_eq!(seen.text("/error"), error, "{}", seen.0.body);
    assert!(!seen.text("/error_description").is_empty());
}

fn a_code_is_exchanged_for_tokens(site: &Site) {
    let flow = Flow::new(site);
    let tokens = flow.exchange(&flow.code()).is(200);
    assert_eq!(tokens.text("/token_type"), "bearer");
    assert_eq!(tokens.number("/expires_in"), 3600);
    assert_ne!(tokens.text("/access_token"), tokens.text("/refresh_token"));
    let user = site.with_token(&tokens.text("/access_token")).get("/user").is(200);
    assert_eq!(user.text("/login"), flow.account.name);
}

fn a_code_serves_once(site: &Site) {
    let flow = Flow::new(site);
    let code = flow.code();
    flow.exchange(&code).is(200);
    refused(flow.exchange(&code), "unauthorized_client");
    refused(flow.exchange("no-such-code"), "unauthorized_client");
}

fn a_wrong_secret_is_refused(site: &Site) {
    let flow = Flow::new(site);
    let code = flow.code();
    refused(flow.exchange_with(&code, "not-this", REDIRECT), "unauthorized_client");
}

fn a_regenerated_secret_kills_the_old_one(site: &Site) {
    let flow = Flow::new(site);
    let secret = flow.regenerate();
    let code = flow.code();
    refused(flow.exchange(&code), "unauthorized_client");
    flow.exchange_with(&code, &secret, REDIRECT).is(200);
}

fn another_redirect_address_is_refused(site: &Site) {
    let flow = Flow::new(site);
    let code = flow.code();
    refused(flow.exchange_with(&code, &flow.secret, "https://elsewhere.example.org/login"), "unauthorized_client");
}

fn an_access_token_is_as_good_as_the_account(site: &Site) {
    let flow = Flow::of(site, site.mara.clone());
    let repository = site.repository("granted");
    let token = flow.exchange(&flow.code()).is(200).text("/access_token");
    let client = site.with_token(&token);
    client.get("/user/repos?page=1&limit=10").is(200);
    client.get(&format!("/orgs/{}/members/{}", site.organisation, site.bot.name)).is(204);
    let file = json!({"content": "aGVsbG8K", "message": "by token", "branch": "main"});
    client.post(&format!("/repos/{repository}/contents/token.txt"), &file).is(201);
    let bearer = Request::new("GET", format!("{}/api/v1/user", site.address));
    let bearer = bearer.header("Authorization", format!("Bearer {token}"));
    assert_eq!(site.http.send(&bearer).unwrap().status, 200);
    // In git's form: a password beside any name.
    site.with_password("oauth2", &token).get("/user").is(200);
    site.with_password(&token, "x-oauth-basic").get("/user").is(200);
}

fn tokens_are_refreshed(site: &Site) {
    let flow = Flow::new(site);
    let first = flow.exchange(&flow.code()).is(200);
    let second = flow.refresh(&first.text("/refresh_token")).is(200);
    assert_eq!(second.number("/expires_in"), 3600);
    site.with_token(&second.text("/access_token")).get("/user").is(200);
    // Earlier tokens stay valid until they expire.
    site.with_token(&first.text("/access_token")).get("/user").is(200);
    let third = flow.refresh(&second.text("/refresh_token")).is(200);
    site.with_token(&third.text("/access_token")).get("/user").is(200);
    refused(flow.refresh("not-this"), "unauthorized_client");
}

fn a_refresh_token_is_no_access_token(site: &Site) {
    let flow = Flow::new(site);
    let tokens = flow.exchange(&flow.code()).is(200);
    site.with_token(&tokens.text("/refresh_token")).get("/user").is(401);
}

fn a_regenerated_secret_stops_the_refresh(site: &Site) {
    let flow = Flow::new(site);
    let tokens = flow.exchange(&flow.code()).is(200);
    flow.regenerate();
    refused(flow.refresh(&tokens.text("/refresh_token")), "invalid_client");
    // Issued tokens stay valid.
    site.with_token(&tokens.text("/access_token")).get("/user").is(200);
}

fn a_revoked_grant_is_the_end_of_its_tokens(site: &Site) {
    let flow = Flow::new(site);
    let tokens = flow.exchange(&flow.code()).is(200);
    revoke(&flow);
    site.with_token(&tokens.text("/access_token")).get("/user").is(401);
    refused(flow.refresh(&tokens.text("/refresh_token")), "invalid_grant");
    // The next login asks for consent again, and works after it.
    let page = flow.browser.get(&flow.authorize("again")).is(200);
    assert!(forms(&page.0.body).iter().any(|form| form.action.ends_with("/login/oauth/grant")));
    let again = flow.exchange(&flow.code()).is(200);
    site.with_token(&again.text("/access_token")).get("/user").is(200);
}

/// Revokes the grant on the account's page of applications.
fn revoke(flow: &Flow<'_>) {
    let page = flow.browser.get("/user/settings/applications").is(200);
    let (begin, end) = (format!("/user/settings/applications/oauth2/{}/revoke/", flow.application), '"');
    let at = page.0.body.find(&begin).unwrap_or_else(|| panic!("nothing to revoke in {}", page.0.body));
    let path: String = page.0.body[at..].chars().take_while(|it| *it != end).collect();
    flow.browser.post(&path, &[]).is(200);
}

fn a_deleted_application_is_the_end_of_its_tokens(site: &Site) {
    let flow = Flow::new(site);
    let tokens = flow.exchange(&flow.code()).is(200);
    site.with_token(&flow.account.token).delete(&flow.application_path()).is(204);
    site.with_token(&tokens.text("/access_token")).get("/user").is(401);
    refused(flow.refresh(&tokens.text("/refresh_token")), "invalid_client");
}

fn the_user_s_profile_is_told_to_the_token(site: &Site) {
    let flow = Flow::new(site);
    let token = flow.exchange(&flow.code()).is(200).text("/access_token");
    let request = Request::new("GET", format!("{}/login/oauth/userinfo", site.address));
    let seen = Seen(site.http.send(&request.header("Authorization", format!("Bearer {token}"))).unwrap()).is(200);
    assert_eq!(seen.at("/preferred_username"), Value::String(flow.account.name.clone()));
}
