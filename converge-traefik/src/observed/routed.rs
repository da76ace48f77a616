//! The services that Traefik routes, from their labels in Swarm.

use bollard::models::Service;
use docker::{Docker, Error};
use serde_json::json;

/// A service that Traefik routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// The service.
    pub service: String,
    /// The labels of its routers.
    pub labels: Vec<RouterLabel>,
}

/// A label of a router.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouterLabel {
    /// The label as it stands.
    pub label: String,
    /// The kind of the router: `http` or `tcp`.
    pub protocol: String,
    /// The router's name.
    pub router: String,
    /// The option, in lower case: `tls.certresolver`.
    pub option: String,
    /// The value.
    pub value: String,
}

/// Reads all services that Traefik routes. Docker's own filter would compare labels letter by letter.
pub async fn observe(docker: &Docker) -> Result<Vec<Routed>, Error> {
    let services: Vec<Service> = docker.list("list routed services", "/services", &json!({})).await?;
    let mut routed: Vec<Routed> = services.into_iter().filter_map(routed).collect();
    routed.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(routed)
}

fn routed(service: Service) -> Option<Routed> {
    let spec = service.spec?;
    let labels = spec.labels.unwrap_or_default();
    let is_enabled = labels.iter().any(|(label, value)| label.eq_ignore_ascii_case("traefik.enable") && is_true(value));
    let mut labels: Vec<RouterLabel> = labels.into_iter().filter_map(|(label, value)| router(label, value)).collect();
    labels.sort();
    is_enabled.then(|| Routed { service: spec.name.unwrap_or_default(), labels })
}

/// The words that Traefik reads as true, which are those of Go's `strconv.ParseBool`.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// Reads `traefik.<protocol>.routers.<router>.<option>`; Traefik disregards the case of all but the name.
fn router(label: String, value: String) -> Option<RouterLabel> {
    let lower = label.to_ascii_lowercase();
    let protocol = ["http", "tcp"].into_iter().find(|one| lower.starts_with(&format!("traefik.{one}.routers.")))?;
    let start = "traefik..routers.".len() + protocol.len();
    let (router, _) = label[start..].split_once('.')?;
    let option = lower[start + router.len() + 1..].to_owned();
    Some(RouterLabel { protocol: protocol.to_owned(), router: router.to_owned(), option, value, label })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A routed service with these labels beside `traefik.enable`.
    pub fn service(name: &str, enable: (&str, &str), labels: &[(&str, &str)]) -> Option<Routed> {
        let labels = labels.iter().chain([&enable]).map(|(label, value)| ((*label).to_owned(), (*value).to_owned()));
        let labels: std::collections::BTreeMap<String, String> = labels.collect();
        let service = json!({ "ID": "id", "Spec": { "Name": name, "Labels": labels } });
        routed(serde_json::from_value(service).unwrap())
    }

    #[test]
    fn every_true_value_of_traefik_is_routed() {
        for value in ["1", "t", "T", "true", "TRUE", "True"] {
            assert!(service("app", ("traefik.enable", value), &[]).is_some(), "{value}");
        }
        assert!(service("app", ("Traefik.Enable", "true"), &[]).is_some());
        for value in ["", "0", "false", "yes", "tRUE", " true"] {
            assert!(service("app", ("traefik.enable", value), &[]).is_none(), "{value}");
        }
        assert!(service("app", ("traefik.enabled", "true"), &[]).is_none());
    }

    #[test]
    fn labels_of_routers_are_read_without_regard_to_case() {
        let labels = [
            ("traefik.HTTP.Routers.Web.TLS.certResolver", "production"),
            ("traefik.tcp.routers.db.tls.certresolver", "staging"),
            ("traefik.http.services.web.loadbalancer.server.port", "80"),
            ("traefik.http.routers.web", "not of a router"),
        ];
        let routed = service("app", ("traefik.enable", "true"), &labels).unwrap();
        let read: Vec<_> = routed.labels.iter().map(|one| (&*one.protocol, &*one.router, &*one.option)).collect();
        assert_eq!(read, [("http", "Web", "tls.certresolver"), ("tcp", "db", "tls.certresolver")]);
    }
}
