//! The bot's owner at Gitea, by hand in a browser.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use forge::{Account, Answer, Forge, Http, Request};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// A browser that is signed in at Gitea.
#[derive(Debug)]
pub struct Browser {
    http: Http,
    address: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Signs in.
    pub fn sign_in(forge: &Forge, account: &Account) -> Self {
        let mut browser =
            Self { http: forge.http().clone(), address: forge.address().to_owned(), cookies: BTreeMap::new() };
        browser.get("/user/login");
        let answer = browser.post("/user/login", &[("user_name", &account.name), ("password", &account.password)]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// Opens a page.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send(Request::new("GET", format!("{}{path}", self.address)))
    }

    /// Sends a form.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Request::new("POST", format!("{}{path}", self.address)).form(fields))
    }

    fn send(&mut self, request: Request) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = self.http.send(&request.header("Cookie", cookies.join("; "))).unwrap();
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie is a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Takes back every grant the account gave to an OAuth application.
    pub fn revoke_grants(&mut self) {
        let page = self.get("/user/settings/applications").body;
        let grants: Vec<&str> = page
            .split('"')
            .filter(|word| word.contains("/applications/oauth2/") && word.contains("/revoke/"))
            .collect();
        assert!(!grants.is_empty(), "no grant is shown");
        for grant in grants {
            let path = grant.strip_prefix(&self.address).unwrap_or(grant);
            let answer = self.post(path, &[]);
            assert!(answer.status < 400, "{path}: {} {}", answer.status, answer.body);
        }
    }

    /// Turns two-factor login on.
    pub fn turn_two_factor_on(&mut self) {
        let page = self.get("/user/settings/security/two_factor/enroll").body;
        let secret = page.split("alt=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
        let secret = secret.into_iter().find(|text| text.len() >= 16 && text.bytes().all(|b| BASE32.contains(&b)));
        let passcode = passcode(secret.expect("the page shows the secret"));
        let answer = self.post("/user/settings/security/two_factor/enroll", &[("passcode", &passcode)]);
        assert_eq!(
            answer.header("location").map(|to| to.ends_with("/user/settings/security")),
            Some(true),
            "{answer:?}"
        );
    }
}

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The six digits of this half minute (RFC 6238).
fn passcode(secret: &str) -> String {
    let (mut key, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in secret.bytes() {
        let value = BASE32.iter().position(|known| *known == byte).unwrap();
        (bits, count) = (bits << 5 | u32::try_from(value).unwrap(), count + 5);
        if count >= 8 {
            count -= 8;
            key.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let mut hmac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    hmac.update(&step.to_be_bytes());
    let hash = hmac.finalize().into_bytes();
    let from = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[from..from + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
