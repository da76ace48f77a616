//! The cookies of one server, in the part of RFC 6265 that a login needs.

use std::collections::BTreeMap;
use std::fmt;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// The cookies of one server. Each server has its own jar, so that no cookie is sent to the other one.
#[derive(Default)]
pub(super) struct Jar {
    cookies: BTreeMap<String, Cookie>,
}

struct Cookie {
    value: SecretString,
    path: String,
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.cookies.keys()).finish()
    }
}

impl Jar {
    /// Applies a `Set-Cookie` header of an answer from `url`.
    pub fn set(&mut self, url: &Url, header: &SecretString) {
        let mut parts = header.expose_secret().split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let mut path = "/".to_owned();
        let (mut secure, mut gone) = (false, false);
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => path = value.into(),
                "secure" => secure = true,
                "max-age" => gone = value.trim().parse().is_ok_and(|seconds: i64| seconds <= 0),
                _ => {}
            }
        }
        if gone {
            self.cookies.remove(name);
        } else if !secure || url.scheme() == "https" {
            self.cookies.insert(name.into(), Cookie { value: SecretString::from(value), path });
        }
    }

    /// True if there is a cookie of this name.
    pub fn has(&self, name: &str) -> bool {
        self.cookies.contains_key(name)
    }

    /// The `Cookie` header for a request to `url`.
    pub fn header(&self, url: &Url) -> Option<SecretString> {
        let matching = self.cookies.iter().filter(|(_, cookie)| covers(&cookie.path, url.path()));
        let pairs: Vec<String> =
            matching.map(|(name, cookie)| format!("{name}={}", cookie.value.expose_secret())).collect();
        (!pairs.is_empty()).then(|| SecretString::from(pairs.join("; ")))
    }
}

/// True if the path of a cookie covers the path of a request.
fn covers(cookie: &str, request: &str) -> bool {
    let whole = cookie.strip_suffix('/').unwrap_or(cookie);
    request.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(jar: &Jar, url: &str) -> Option<String> {
        jar.header(&Url::parse(url).unwrap()).map(|header| header.expose_secret().to_owned())
    }

    fn jar(url: &str, headers: &[&str]) -> Jar {
        let mut jar = Jar::default();
        for header in headers {
            jar.set(&Url::parse(url).unwrap(), &SecretString::from(*header));
        }
        jar
    }

    #[test]
    fn cookies_are_kept_replaced_and_dropped() {
        let jar =
            jar("https://a/", &["one=1; Path=/; HttpOnly", "two=2", "one=3; Path=/; SameSite=lax", "two=; Max-Age=0"]);
        assert_eq!(header(&jar, "https://a/x").as_deref(), Some("one=3"));
        assert!(jar.has("one") && !jar.has("two"));
    }

    #[test]
    fn a_value_may_hold_equals_signs_and_a_header_may_be_nonsense() {
        let jar = jar("https://a/", &["session=YWJj==; Path=/", "nonsense", "", ";;="]);
        assert_eq!(header(&jar, "https://a/").unwrap().matches("session=YWJj==").count(), 1);
    }

    #[test]
    fn a_secure_cookie_needs_https_and_a_path_is_kept_to() {
        assert_eq!(header(&jar("http://a/", &["one=1; Secure"]), "http://a/"), None);
        let under = jar("https://a/git/", &["one=1; Path=/git"]);
        assert_eq!(header(&under, "https://a/git/user").as_deref(), Some("one=1"));
        assert_eq!(header(&under, "https://a/github"), None);
    }

    #[test]
    fn values_of_cookies_are_never_printed() {
        let jar = jar("https://a/", &["session=canary; Path=/"]);
        assert_eq!(format!("{jar:?}"), "{\"session\"}");
    }
}
