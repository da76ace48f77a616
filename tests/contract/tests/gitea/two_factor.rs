//! An account with a second factor, used by a program with its password.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forge::{Account, Request};
use hmac::{Hmac, KeyInit, Mac};
use scraper::{Html, Selector};
use sha1::Sha1;

use crate::browser::{Browser, form_to};
use crate::site::Site;

crate::assertions![
    a_password_without_passcode_is_401,
    a_password_with_passcode_is_enough,
    existing_tokens_still_work,
    the_login_page_asks_for_the_second_factor,
];

/// An account with a second factor, and the factor's secret.
fn enrolled(site: &Site) -> (Account, String) {
    let user = site.account("careful");
    let browser = Browser::of(site, &user.name, &user.password);
    let page = browser.get("/user/settings/security/two_factor/enroll").is(200);
    let secret = secret_on(&page.0.body);
    let form = form_to(&page, "/user/settings/security/two_factor/enroll");
    assert_eq!(form.names("text"), ["passcode"]);
    browser.post(&form.action, &[("passcode", &passcode(&secret))]).is(303);
    (user, secret)
}

/// The secret, which the page shows beside its picture.
fn secret_on(page: &str) -> String {
    let document = Html::parse_document(page);
    let every = Selector::parse("body *").unwrap();
    let is_secret = |word: &str| word.len() >= 16 && word.bytes().all(|it| matches!(it, b'A'..=b'Z' | b'2'..=b'7'));
    let words = document.select(&every).flat_map(|element| element.text().collect::<Vec<_>>());
    let mut secrets = words.flat_map(str::split_whitespace).filter(|word| is_secret(word));
    secrets.next().unwrap_or_else(|| panic!("no secret in {page}")).to_owned()
}

/// The passcode of the present 30 s step (RFC 6238).
fn passcode(secret: &str) -> String {
    let (mut key, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in secret.bytes() {
        let value = if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
        (bits, count) = ((bits << 5) | u32::from(value), count + 5);
        if count >= 8 {
            count -= 8;
            key.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(since.as_secs() / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0xf);
    let number = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

fn a_password_without_passcode_is_401(site: &Site) {
    let (user, _) = enrolled(site);
    site.with_password(&user.name, &user.password).get("/user").is(401);
}

fn a_password_with_passcode_is_enough(site: &Site) {
    let (user, secret) = enrolled(site);
    let basic = STANDARD.encode(format!("{}:{}", user.name, user.password));
    let ask = |passcode: &str| {
        let request = Request::new("GET", format!("{}/api/v1/user", site.address));
        let request = request.header("Authorization", format!("Basic {basic}")).header("X-Gitea-OTP", passcode);
        site.http.send(&request).unwrap().status
    };
    assert_eq!(ask("000000"), 401);
    assert_eq!(ask(&passcode(&secret)), 200);
}

fn existing_tokens_still_work(site: &Site) {
    let (user, _) = enrolled(site);
    site.with_token(&user.token).get("/user").is(200);
    site.with_password(&user.name, &user.token).get("/user").is(200);
}

fn the_login_page_asks_for_the_second_factor(site: &Site) {
    let (user, _) = enrolled(site);
    let browser = Browser::new(site);
    browser.get("/user/login").is(200);
    let fields = [("user_name", user.name.as_str()), ("password", user.password.as_str())];
    let sent = browser.post("/user/login", &fields).is(303);
    assert!(sent.header("location").ends_with("/user/two_factor"), "{}", sent.header("location"));
    let page = browser.get("/user/two_factor").is(200);
    let form = form_to(&page, "/user/two_factor");
    assert!(form.names("text").contains(&"passcode"), "{form:?}");
    browser.get("/user/settings").is(303);
}
