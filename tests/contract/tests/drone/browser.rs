//! A login at Drone through Gitea's pages, step by step.

use std::collections::BTreeMap;

use forge::{Account, Answer, Http, Request};

use crate::client::{Client, Seen};

/// A user's browser at Gitea.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<String, String>,
}

/// Logs `account` in and returns Drone's answer to the redirect from Gitea.
pub fn login(drone: &str, account: &Account) -> Seen {
    let (state, back) = back_to_drone(drone, account);
    answer(drone, &back, Some(&state))
}

/// The redirect from Gitea to Drone (path and query), and the state in Drone's cookie.
pub fn back_to_drone(drone: &str, account: &Account) -> (String, String) {
    let sent = Client::anonymous(drone).get("/login").is(303);
    let state = sent.cookie("_oauth_state_").expect("a state");
    let authorise = sent.header("location").to_owned();
    let gitea = authorise.split("/login/oauth/").next().unwrap().to_owned();
    let mut browser = Browser::default();
    browser.send(Request::new("GET", format!("{gitea}/user/login")));
    let fields = [("user_name", account.name.as_str()), ("password", account.password.as_str())];
    assert_eq!(browser.send(Request::new("POST", format!("{gitea}/user/login")).form(&fields)).status, 303);
    let mut came = browser.send(Request::new("GET", &authorise));
    if came.status == 200 {
        let value = |key: &str| query(&authorise, key).unwrap_or_default();
        let (client, state, redirect) = (value("client_id"), value("state"), value("redirect_uri"));
        let fields = [
            ("client_id", client.as_str()),
            ("state", &state),
            ("scope", ""),
            ("nonce", ""),
            ("redirect_uri", &redirect),
            ("granted", "true"),
        ];
        came = browser.send(Request::new("POST", format!("{gitea}/login/oauth/grant")).form(&fields));
    }
    let location = came.header("location").unwrap_or_else(|| panic!("{}: {}", came.status, came.body)).to_owned();
    let back = location.strip_prefix(drone).unwrap_or_else(|| panic!("{location} does not lead to {drone}"));
    (state, back.to_owned())
}

/// Drone's answer to the redirect from Gitea.
pub fn answer(drone: &str, back: &str, state: Option<&str>) -> Seen {
    let mut client = Client::anonymous(drone);
    if let Some(state) = state {
        client = client.with_cookie(&format!("_oauth_state_={state}"));
    }
    client.get(back)
}

impl Browser {
    fn send(&mut self, request: Request) -> Answer {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = Http::default().send(&request.header("Cookie", pairs.join("; "))).unwrap();
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}

/// A value in the query of a URL.
pub fn query(address: &str, key: &str) -> Option<String> {
    let url = reqwest::Url::parse(address).ok()?;
    url.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}
