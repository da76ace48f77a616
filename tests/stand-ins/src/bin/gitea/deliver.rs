//! Delivery of events to hooks.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::model::{Hook, Of};
use crate::seal::uuid;
use crate::server::Server;
use crate::state::State;

#[derive(Debug)]
pub struct Delivery {
    url: String,
    secret: String,
    event: String,
    kind: String,
    body: String,
}

/// Queues a delivery for every hook that subscribes to this kind of event.
pub fn event(server: &Server, state: &State, repository: i64, event: &str, kind: &str, body: &Value) {
    let owner = state.repositories.get(&repository).map(|repository| repository.owner);
    let hears = |hook: &&Hook| {
        let here = match hook.of {
            Of::Repository(id) => id == repository,
            Of::Organisation(id) => Some(id) == owner,
        };
        here && hook.active && hook.events.iter().any(|wanted| wanted == kind)
    };
    for hook in state.hooks.values().filter(hears) {
        to(server, hook, event, kind, body);
    }
}

pub fn to(server: &Server, hook: &Hook, event: &str, kind: &str, body: &Value) {
    let delivery = Delivery {
        url: hook.url.clone(),
        secret: hook.secret.clone(),
        event: event.to_owned(),
        kind: kind.to_owned(),
        body: body.to_string(),
    };
    // Fails only while the server ends.
    drop(server.deliveries.send(delivery));
}

/// Sends one delivery after the other, as long as the server runs.
pub async fn all(server: Arc<Server>) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build();
    let (Ok(client), Some(mut waiting)) = (client, server.waiting()) else { return };
    while let Some(delivery) = waiting.recv().await {
        if let Err(error) = one(&client, &delivery).await {
            eprintln!("cannot deliver {}: {}", delivery.kind, error.without_url());
        }
    }
}

async fn one(client: &reqwest::Client, delivery: &Delivery) -> Result<(), reqwest::Error> {
    let mut request = client.post(&delivery.url).header("Content-Type", "application/json");
    for brand in ["Gitea", "Gogs", "GitHub"] {
        request = request.header(format!("X-{brand}-Event"), &delivery.event);
        request = request.header(format!("X-{brand}-Event-Type"), &delivery.kind);
    }
    request = request.header("X-Gitea-Delivery", uuid());
    let signature = signature(&delivery.secret, &delivery.body);
    if !delivery.secret.is_empty() {
        request = request.header("X-Hub-Signature-256", format!("sha256={signature}"));
    }
    request = request.header("X-Gitea-Signature", signature);
    request.body(delivery.body.clone()).send().await?.error_for_status().map(drop)
}

/// Signature of the exact bytes that are sent; empty without a secret.
fn signature(secret: &str, body: &str) -> String {
    if secret.is_empty() {
        return String::new();
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body.as_bytes());
    base::hex::encode(mac.finalize().into_bytes())
}
