//! The webhook: finds comments sooner than a poll, and does nothing else.
//!
//! A signed delivery only names a comment: [`decide`] reads that comment again before anything is done. The answer is sent
//! once the ledger is written. An unsigned request gets a status without a body.
//!
//! [`decide`]: super::decide

mod event;
mod signed;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use base::error::chain;
use secrecy::SecretString;

use super::Bridge;
use super::ledger::{self, Found};
use super::metrics::DeliveryResult;
use daemon::limit::Limit;
use signed::MemoryBudget;

pub use event::command_in;
pub use signed::Signed;

/// The receiver of deliveries.
#[derive(Debug)]
pub struct Hook {
    secret: SecretString,
    limit: Arc<Limit>,
    memory: Arc<MemoryBudget>,
}

impl Hook {
    /// Receives deliveries that are signed with this secret.
    pub fn new(secret: SecretString) -> Self {
        Self { secret, limit: Arc::default(), memory: Arc::default() }
    }
}

/// The state of the handler.
#[derive(Debug, Clone)]
pub struct HookState {
    /// The context of the tasks.
    pub bridge: Arc<Bridge>,
    /// The receiver.
    pub hook: Arc<Hook>,
}

/// The route of the webhook.
pub fn router(bridge: Arc<Bridge>, hook: Hook) -> Router {
    Router::new().route("/hook", post(receive)).with_state(HookState { bridge, hook: Arc::new(hook) })
}

/// `POST /hook`.
pub async fn receive(State(state): State<HookState>, signed: Signed) -> StatusCode {
    let bridge = &state.bridge;
    let found = command_in(signed.event(), signed.body());
    let (result, answer) = match found.map(|found| record(bridge, &found)) {
        None => (DeliveryResult::Ignored, StatusCode::OK),
        Some(Ok(result)) => (result, StatusCode::OK),
        // Gitea shows the delivery as failed; the next poll finds the comment.
        Some(Err(error)) => {
            tracing::warn!("cannot record a delivery: {}", chain(&error));
            (DeliveryResult::Failed, StatusCode::SERVICE_UNAVAILABLE)
        }
    };
    bridge.metrics.delivery(result);
    answer
}

/// Records a comment that is new, not too old, and on a watched pull request.
fn record(bridge: &Bridge, found: &Found) -> Result<DeliveryResult, ledger::Error> {
    if bridge.settings.is_bot(&found.author) {
        return Ok(DeliveryResult::Ignored);
    }
    let Some(source) = bridge.settings.source_of(&found.pull.repository) else { return Ok(DeliveryResult::Ignored) };
    // A source without a cursor has no beginning yet; its first read sets it.
    let Some(cursor) = bridge.ledger.cursor(&source)? else { return Ok(DeliveryResult::Ignored) };
    let now = bridge.clock.now();
    let age = now.duration_since(found.created);
    if found.created < cursor.baseline || age > bridge.settings.catch_up() {
        return Ok(DeliveryResult::Ignored);
    }
    let is_new = bridge.ledger.insert_found(std::slice::from_ref(found), None, now)? > 0;
    if is_new {
        tracing::info!(comment = found.comment, pull = %found.pull, "command found by the webhook");
        bridge.wakers.decide.notify_one();
    }
    Ok(if is_new { DeliveryResult::Accepted } else { DeliveryResult::Duplicate })
}
