//! Routers that would request certificates from an ACME resolver.

use serde::{Deserialize, Serialize};

use super::routed::Routed;

/// A router that asks an ACME resolver for certificates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcmeRouter {
    /// The service with the label.
    pub service: String,
    /// The label.
    pub label: String,
    /// The resolver it names.
    pub resolver: String,
}

/// Returns the routers, of HTTP and TCP, that name an ACME resolver: with one, Traefik asks for certificates by itself.
pub fn routers(routed: &[Routed]) -> Vec<AcmeRouter> {
    let mut routers: Vec<AcmeRouter> = routed
        .iter()
        .flat_map(|service| {
            let labels = service.labels.iter();
            let labels = labels.filter(|label| label.option == "tls.certresolver" && !label.value.is_empty());
            labels.map(|label| AcmeRouter {
                service: service.service.clone(),
                label: label.label.clone(),
                resolver: label.value.clone(),
            })
        })
        .collect();
    routers.sort();
    routers
}

#[cfg(test)]
mod tests {
    use super::super::routed::tests::service;
    use super::*;

    #[test]
    fn resolvers_of_http_and_tcp_routers_are_seen() {
        let labels = [
            ("traefik.http.routers.web.tls.certresolver", "production"),
            ("traefik.http.routers.web.tls", "true"),
            ("traefik.TCP.routers.db.tls.CertResolver", "staging"),
            ("traefik.http.routers.other.tls.certresolver", ""),
        ];
        let seen = routers(&[service("app", ("traefik.enable", "True"), &labels).unwrap()]);
        let seen: Vec<_> = seen.iter().map(|one| (one.label.as_str(), one.resolver.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("traefik.TCP.routers.db.tls.CertResolver", "staging"),
                ("traefik.http.routers.web.tls.certresolver", "production"),
            ]
        );
    }
}
