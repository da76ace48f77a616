//! Routers that would request certificates from an ACME resolver.

use std::collections::HashMap;

use bollard::models::Service;
use bollard::query_parameters::ListServicesOptions;
use docker::{Docker, Error};
use serde::{Deserialize, Serialize};

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

/// Routers of any service that name an ACME resolver: with one, Traefik would ask for certificates by itself.
pub async fn observe(docker: &Docker) -> Result<Vec<AcmeRouter>, Error> {
    // Traefik routes only these.
    let filters = HashMap::from([("label".to_owned(), vec!["traefik.enable=true".to_owned()])]);
    let options = ListServicesOptions { filters: Some(filters), ..Default::default() };
    let routed = docker.call("list routed services", async |client| client.list_services(Some(options)).await).await?;
    let mut routers: Vec<AcmeRouter> = routed.into_iter().flat_map(routers_of).collect();
    routers.sort();
    Ok(routers)
}

fn routers_of(service: Service) -> Vec<AcmeRouter> {
    let Some(spec) = service.spec else { return Vec::new() };
    let name = spec.name.unwrap_or_default();
    let labels = spec.labels.unwrap_or_default().into_iter();
    labels
        .filter(|(label, resolver)| {
            let label = label.to_ascii_lowercase();
            label.starts_with("traefik.http.routers.") && label.ends_with(".tls.certresolver") && !resolver.is_empty()
        })
        .map(|(label, resolver)| AcmeRouter { service: name.clone(), label, resolver })
        .collect()
}
