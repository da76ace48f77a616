//! `GET /healthz`: 200 while the ledger can be written and the tasks run. An unreachable Gitea or Drone is reported, but
//! is no reason for a restart.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base::error::chain;
use serde::Serialize;
use tokio::time::Instant;

use super::AppState;
use crate::Bridge;

/// The time for which a test of the ledger is reused: the path is public.
const FRESH: Duration = Duration::from_secs(2);
/// The longest pause of a healthy task: a server may ask for a wait of an hour.
const LONGEST: Duration = Duration::from_mins(75);

/// The last test of the ledger.
#[derive(Debug, Default)]
pub struct Health {
    ledger: Mutex<Option<(Instant, Option<String>)>>,
}

#[derive(Serialize)]
struct Shown {
    healthy: bool,
    version: &'static str,
    problems: usize,
    /// For requests from the same container only: the problems may name private repositories.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Serialize)]
struct Details {
    unhealthy_reasons: Vec<String>,
    problems: BTreeMap<String, String>,
    notes: BTreeMap<String, String>,
}

impl Health {
    /// Problems that a restart may mend.
    fn unhealthy_reasons(&self, bridge: &Bridge) -> Vec<String> {
        let longest = LONGEST.max(Duration::from_secs(bridge.settings.poll_seconds) * 3);
        let mut unhealthy_reasons = bridge.health.unhealthy_reasons(longest);
        let mut known = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(at, _)| at.elapsed() > FRESH) {
            *known = Some((Instant::now(), bridge.ledger.check_writable().err().map(|error| chain(&error))));
        }
        unhealthy_reasons.extend(known.iter().filter_map(|(_, error)| error.clone()));
        unhealthy_reasons
    }
}

/// Answers the request.
pub async fn answer(
    State(app): State<AppState>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let unhealthy_reasons = app.health.unhealthy_reasons(&app.bridge);
    let (healthy, problems) = (unhealthy_reasons.is_empty(), app.bridge.health.problems());
    let is_local = peer.is_some_and(|Extension(ConnectInfo(peer))| peer.ip().is_loopback());
    let from_within = is_local && !headers.contains_key("x-forwarded-for");
    let shown = Shown {
        healthy,
        version: env!("CARGO_PKG_VERSION"),
        problems: problems.len(),
        details: from_within.then(|| Details { unhealthy_reasons, problems, notes: app.bridge.health.notes() }),
    };
    (if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(shown)).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::to_bytes;
    use axum::http::HeaderValue;

    use super::*;
    use crate::tests::fake::{bridge, settings};
    use http::testing::{Fake, not_found};

    #[tokio::test]
    async fn problems_are_named_within_the_container_only() {
        let bridge = bridge(&Fake::new(|_, _| not_found()), settings());
        bridge.health.raise("poll org:recipes", "recipes/private#7");
        let app = AppState { bridge, health: Arc::default() };
        for (peer, forwarded, is_named) in [
            (Some("127.0.0.1:4711"), None, true),
            (Some("[::1]:4711"), None, true),
            (Some("127.0.0.1:4711"), Some("203.0.113.9"), false),
            (Some("10.10.0.9:4711"), None, false),
            (None, None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(from) = forwarded {
                headers.insert("x-forwarded-for", HeaderValue::from_static(from));
            }
            let peer = peer.map(|peer| Extension(ConnectInfo(peer.parse().unwrap())));
            let answer = answer(State(app.clone()), peer, headers).await;
            let shown = to_bytes(answer.into_body(), 10_000).await.unwrap();
            let shown = String::from_utf8(shown.to_vec()).unwrap();
            assert!(shown.contains("\"problems\":1"), "{shown}");
            assert_eq!(shown.contains("recipes/private"), is_named, "{shown}");
        }
    }
}
