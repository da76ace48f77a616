//! Probes Traefik: the certificate over HTTPS for an unused name, the redirect over HTTP, and a router that comes from
//! Swarm.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::router::Router;
use crate::certificate::fingerprint;

/// The deadline of an answer, which comes from this host.
const DEADLINE: Duration = Duration::from_secs(3);
/// The number of routers that are asked if the first does not answer.
const MORE: usize = 4;
/// The body of Traefik's own 404: no router has the name.
const NO_ROUTER: &str = "404 page not found";

/// The answers of Traefik.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The fingerprint of the certificate served for a name under the wildcard, or why there is none.
    pub certificate: Result<String, String>,
    /// `Ok` if plain HTTP redirects to HTTPS, else the answer seen instead.
    pub redirect: Result<(), String>,
    /// `Ok` if a router that comes from Swarm answers, else the answer seen instead. `None` if no service has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<Result<(), String>>,
}

/// Asks at `address`, for a name under the wildcard of `domain` and for the hosts of `routers`.
pub async fn ask(address: IpAddr, domain: &str, routers: &[Router]) -> Probe {
    // An unused name: only the wildcard certificate covers it.
    let name = format!("probe-{:016x}.{domain}", fastrand::u64(..));
    let (certificate, redirect, router) =
        tokio::join!(served(address, &name), redirects(address, &name), any_answers(address, routers));
    Probe { certificate, redirect, router }
}

async fn served(address: IpAddr, name: &str) -> Result<String, String> {
    let answer = get(address, 443, &format!("https://{name}/"), name).await?;
    // Any status will do: no app has this name.
    let seen = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    seen.map(fingerprint).ok_or_else(|| "it serves no certificate".into())
}

async fn redirects(address: IpAddr, name: &str) -> Result<(), String> {
    let answer = get(address, 80, &format!("http://{name}/"), name).await?;
    let location = answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if answer.status().is_redirection() && location.starts_with("https://") {
        Ok(())
    } else {
        Err(format!("plain HTTP answers {} and redirects to no https:// address", answer.status()))
    }
}

/// Asks the first router; if it does not answer, some of the others at once. One answer is enough.
async fn any_answers(address: IpAddr, routers: &[Router]) -> Option<Result<(), String>> {
    let (first, others) = routers.split_first()?;
    let seen = match answers(address, first).await {
        Ok(()) => return Some(Ok(())),
        Err(seen) => seen,
    };
    let mut asked = JoinSet::new();
    for router in others.iter().take(MORE) {
        let router = router.clone();
        asked.spawn(async move { answers(address, &router).await });
    }
    while let Some(answer) = asked.join_next().await {
        if let Ok(Ok(())) = answer {
            return Some(Ok(()));
        }
    }
    Some(Err(seen))
}

/// An error of the app behind it is an answer of the router.
async fn answers(address: IpAddr, router: &Router) -> Result<(), String> {
    let Router { host, path } = router;
    let url = format!("https://{host}{path}");
    let failed = |seen: &str| format!("{url}: {seen}");
    let answer = get(address, 443, &url, host).await.map_err(|error| failed(&error))?;
    if answer.status() != StatusCode::NOT_FOUND {
        return Ok(());
    }
    let body = answer.text().await.unwrap_or_default();
    if body.trim() == NO_ROUTER { Err(failed("Traefik has no router for this host")) } else { Ok(()) }
}

async fn get(address: IpAddr, port: u16, url: &str, name: &str) -> Result<Response, String> {
    let client = Client::builder()
        // What it serves is compared by its fingerprint, which is stricter than any authority.
        .tls_danger_accept_invalid_certs(true)
        .tls_info(true)
        .resolve(name, SocketAddr::new(address, port))
        .redirect(Policy::none())
        .no_proxy()
        .timeout(DEADLINE)
        .build()
        .map_err(|error| base::error::chain(&error))?;
    // The name is made up; without it the error reads the same every time.
    client.get(url).send().await.map_err(|error| base::error::chain(&error.without_url()))
}
