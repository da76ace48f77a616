//! Probes Traefik: the certificate over HTTPS for an unused name, the redirect over HTTP.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::tls::TlsInfo;
use reqwest::{Client, Response};
use serde::{Deserialize, Serialize};

use crate::certificate::fingerprint;

/// The deadline of an answer, which comes from this host.
const DEADLINE: Duration = Duration::from_secs(3);

/// The answers of Traefik.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The fingerprint of the certificate served for a name under the wildcard, or why there is none.
    pub certificate: Result<String, String>,
    /// `Ok` if plain HTTP redirects to HTTPS, else the answer seen instead.
    pub redirect: Result<(), String>,
}

/// Asks at `address`, for a name under the wildcard of `domain`.
pub async fn ask(address: IpAddr, domain: &str) -> Probe {
    // An unused name: only the wildcard certificate covers it.
    let name = format!("probe-{:016x}.{domain}", fastrand::u64(..));
    let (certificate, redirect) = tokio::join!(served(address, &name), redirects(address, &name));
    Probe { certificate, redirect }
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
