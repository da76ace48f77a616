//! Addresses in configurations: domains, servers, the target of a probe, and addresses without their secrets.

use std::net::{IpAddr, Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::configuration::Problem;

/// The target of health probes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Probe {
    /// An address of this machine's on which ports 80 and 443 lead to Traefik.
    pub address: IpAddr,
}

impl Default for Probe {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into() }
    }
}

impl Probe {
    /// Checks the address.
    pub fn problem(&self) -> Option<Problem> {
        let message = || format!("is {}, which nothing can connect to", self.address);
        let is_unusable = self.address.is_unspecified() || self.address.is_multicast();
        is_unusable.then(|| Problem::new("probe.address", message(), "give an address of this machine's"))
    }
}

/// Checks the setting `domain`; `example` is a valid one.
pub fn domain_setting_problem(domain: &str, example: &str) -> Option<Problem> {
    let why = domain_problem(domain)?;
    Some(Problem::new("domain", format!("is `{}`, {why}", shown(domain)), format!("write a name such as {example}")))
}

/// Returns the reason why an app cannot have this domain.
pub fn domain_problem(domain: &str) -> Option<&'static str> {
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if domain.starts_with("*.") {
        Some("a wildcard; the certificate's wildcard is understood")
    } else if domain.contains('/') || domain.contains(':') {
        Some("an address, not a domain")
    } else if !labels.iter().all(is_label) || domain.len() > 200 {
        Some("no domain name")
    } else if labels.len() < 2 {
        Some("a name without a dot, which no certificate has a wildcard for")
    } else {
        None
    }
}

/// Returns the reason why this is not a server's address: scheme, host and optional port.
pub fn server_problem(address: &str) -> Option<String> {
    let url = match Url::parse(address) {
        Ok(url) => url,
        Err(error) => return Some(format!("no address ({error})")),
    };
    if !matches!(url.scheme(), "https" | "http") {
        return Some("which begins neither with https:// nor with http://".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("which carries a login; secrets come as credentials".into());
    }
    if url.query().is_some() || url.fragment().is_some() || url.path() != "/" {
        return Some("which has a path; only a host is taken".into());
    }
    None
}

/// Checks the server's address in the setting `at`; `example` is a valid one.
pub fn server_setting_problem(at: &str, address: &str, example: &str) -> Option<Problem> {
    let why = server_problem(address)?;
    Some(Problem::new(at, format!("is `{}`, {why}", shown(address)), format!("write it such as {example}")))
}

/// Returns an address without its possible secrets: the login before an `@`, and the query.
pub fn shown(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), address),
    };
    // A password may hold any character, so the last `@` that can end it counts; a path may hold one too.
    let host_ends = rest.find('/').unwrap_or(rest.len());
    let login_ends =
        rest[..host_ends].rfind('@').or_else(|| rest.rfind('@').filter(|_| rest[..host_ends].contains(':')));
    let (login, rest) = login_ends.map_or(("", rest), |at| (&rest[..at], &rest[at + 1..]));
    let login = match login {
        "" => "",
        // git's way to write an address over ssh.
        "git" if scheme.is_empty() => "git@",
        _ => "…@",
    };
    match rest.find(['?', '#']) {
        Some(at) => format!("{scheme}{login}{}?…", &rest[..at]),
        None => format!("{scheme}{login}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_their_secrets() {
        let cases = [
            ("https://git.example.org", "https://git.example.org"),
            ("https://ci-bot:canary@git.example.org/a", "https://…@git.example.org/a"),
            ("https://canary@git.example.org", "https://…@git.example.org"),
            ("https://ci-bot:can/ary@git.example.org", "https://…@git.example.org"),
            ("https://ci-bot:can@ary@git.example.org", "https://…@git.example.org"),
            ("https://ci-bot:can?ary@git.example.org/", "https://…@git.example.org/"),
            ("https://git.example.org/?token=canary", "https://git.example.org/?…"),
            ("https://git.example.org/#canary", "https://git.example.org/?…"),
            ("https://example.org/a@b.git", "https://example.org/a@b.git"),
            ("ci-bot:canary@git.example.org", "…@git.example.org"),
            ("git@git.example.org:recipes/x.git", "git@git.example.org:recipes/x.git"),
            ("/srv/catalogue/traefik.git", "/srv/catalogue/traefik.git"),
            ("drone", "drone"),
            ("", ""),
        ];
        for (address, expected) in cases {
            assert_eq!(shown(address), expected, "{address}");
        }
    }

    #[test]
    fn a_server_is_a_scheme_and_a_host() {
        for right in ["https://git.example.org", "http://10.99.0.1:3000", "https://git.example.org/"] {
            assert_eq!(server_problem(right), None, "{right}");
        }
        for wrong in
            ["git.example.org", "ssh://git.example.org", "https://a:b@c", "https://a/b", "https://a?b", "https://"]
        {
            assert!(server_problem(wrong).is_some(), "{wrong}");
        }
    }
}
