//! `GET /healthz`: 200 while the process works, its ledger can be written and its tasks move. That Gitea or Drone cannot
//! be reached is told, and no reason to be restarted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base::error::chain;
use serde::Serialize;
use tokio::time::Instant;

use super::Web;
use crate::Bridge;

/// For so long it is not asked again whether the ledger can be written: who asks may be anybody.
const FRESH: Duration = Duration::from_secs(2);
/// No task waits longer than this without looking up: a server may ask to be left alone for an hour.
const LONGEST: Duration = Duration::from_mins(75);

/// How it was when it was last asked.
#[derive(Debug, Default)]
pub struct Health {
    ledger: Mutex<Option<(Instant, Option<String>)>>,
}

#[derive(Serialize)]
struct Shown {
    healthy: bool,
    version: &'static str,
    problems: usize,
    /// For who asks from within only: they may name what not everybody may see.
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
    /// What a restart may mend.
    fn unhealthy_reasons(&self, bridge: &Bridge) -> Vec<String> {
        let longest = LONGEST.max(Duration::from_secs(bridge.settings.poll_seconds) * 3);
        let mut unhealthy_reasons = bridge.health.unhealthy_reasons(longest);
        let mut known = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|(at, _)| at.elapsed() > FRESH) {
            *known = Some((Instant::now(), bridge.ledger.check().err().map(|error| chain(&error))));
        }
        unhealthy_reasons.extend(known.iter().filter_map(|(_, error)| error.clone()));
        unhealthy_reasons
    }
}

/// Answers.
pub async fn answer(State(web): State<Web>, headers: HeaderMap) -> Response {
    let unhealthy_reasons = web.health.unhealthy_reasons(&web.bridge);
    let (healthy, problems) = (unhealthy_reasons.is_empty(), web.bridge.health.problems());
    let from_within = !headers.contains_key("x-forwarded-for");
    let shown = Shown {
        healthy,
        version: env!("CARGO_PKG_VERSION"),
        problems: problems.len(),
        details: from_within.then(|| Details { unhealthy_reasons, problems, notes: web.bridge.health.notes() }),
    };
    (if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(shown)).into_response()
}
