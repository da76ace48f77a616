//! The routers that a probe can ask: those of one host under the wildcard.

use super::routed::{Routed, RouterLabel};

/// A router of the Swarm provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Router {
    /// The host that its rule names.
    pub host: String,
    /// A path that it answers.
    pub path: &'static str,
}

/// The service of Traefik's own interface. It has no page at `/` while the dashboard is off.
const INTERFACE: &str = "api@internal";

/// Returns the routers to ask, those of services for which `is_own` is true first.
pub fn candidates(routed: &[Routed], domain: &str, is_own: impl Fn(&str) -> bool) -> Vec<Router> {
    let (own, others): (Vec<&Routed>, Vec<&Routed>) = routed.iter().partition(|service| is_own(&service.service));
    let services = own.into_iter().chain(others);
    services.flat_map(routers).filter(|router| is_covered(&router.host, domain)).collect()
}

fn routers(service: &Routed) -> Vec<Router> {
    let http = || service.labels.iter().filter(|label| label.protocol == "http");
    let rules = http().filter(|label| label.option == "rule");
    rules
        .filter_map(|rule| {
            let of_interface = |label: &RouterLabel| {
                label.router == rule.router && label.option == "service" && label.value == INTERFACE
            };
            let path = if http().any(of_interface) { "/api/version" } else { "/" };
            Some(Router { host: host(&rule.value)?, path })
        })
        .collect()
}

/// The first host of a rule that consists of hosts alone.
fn host(rule: &str) -> Option<String> {
    let mut rest = rule;
    let mut first = None;
    loop {
        rest = rest.trim_start().strip_prefix("Host(")?;
        let (hosts, after) = rest.split_once(')')?;
        let host = hosts.split(',').next()?.trim().trim_matches(['`', '"']);
        first = first.or_else(|| (!host.is_empty()).then(|| host.to_ascii_lowercase()));
        rest = match after.trim_start() {
            "" => return first,
            more => more.strip_prefix("||")?,
        };
    }
}

/// True if the certificate of `domain` and its wildcard covers the host.
fn is_covered(host: &str, domain: &str) -> bool {
    host == domain || host.split_once('.').is_some_and(|(first, parent)| !first.is_empty() && parent == domain)
}

#[cfg(test)]
mod tests {
    use super::super::routed::tests::service;
    use super::*;

    #[test]
    fn rules_of_hosts_alone_are_asked() {
        for (rule, expected) in [
            ("Host(`a.ci.example.org`)", Some("a.ci.example.org")),
            ("Host(\"A.ci.example.org\")", Some("a.ci.example.org")),
            ("Host(`a.ci.example.org`, `b.ci.example.org`)", Some("a.ci.example.org")),
            ("Host(`a.ci.example.org`) || Host(`b.ci.example.org`)", Some("a.ci.example.org")),
            ("Host(`a.ci.example.org`) && PathPrefix(`/api`)", None),
            ("!Host(`a.ci.example.org`)", None),
            ("HostRegexp(`.+`)", None),
            ("PathPrefix(`/`)", None),
            ("Host(``)", None),
            ("Host(", None),
            ("", None),
        ] {
            assert_eq!(host(rule).as_deref(), expected, "{rule}");
        }
    }

    #[test]
    fn our_own_comes_first_and_only_what_the_certificate_covers() {
        let enable = ("traefik.enable", "true");
        let app = |name: &str, host: &str, of: &str| {
            let rule = format!("Host(`{host}`)");
            service(
                name,
                enable,
                &[("traefik.http.routers.r.rule", rule.as_str()), ("traefik.http.routers.r.service", of)],
            )
            .unwrap()
        };
        let routed = [
            app("drone_app", "drone.ci.example.org", "drone"),
            app("elsewhere", "www.example.org", "www"),
            app("too_deep", "a.b.ci.example.org", "deep"),
            app("traefik_app", "traefik.ci.example.org", "api@internal"),
        ];
        let asked = candidates(&routed, "ci.example.org", |service| service == "traefik_app");
        let asked: Vec<_> = asked.iter().map(|router| (router.host.as_str(), router.path)).collect();
        assert_eq!(asked, [("traefik.ci.example.org", "/api/version"), ("drone.ci.example.org", "/")]);
    }
}
