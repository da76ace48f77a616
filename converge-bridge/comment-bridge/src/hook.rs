//! The webhook: finds comments sooner than a poll would, and does nothing a poll would not.
//!
//! What it is told is believed as far as who signed it goes, and used only to know which comment to look at: [`decide`]
//! reads that comment again before anything is done. Work is off the request: the answer is there when the ledger is
//! written. A stranger gets a status and no word.
//!
//! [`decide`]: super::decide

mod event;
mod signed;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use base::error::chain;
use jiff::SignedDuration;
use secrecy::SecretString;

use super::Bridge;
use super::ledger::{self, Found};
use super::metrics::DeliveryResult;
use super::web::Web;
use daemon::limit::Limit;
use signed::Room;

pub use event::told;
pub use signed::Signed;

/// What it takes to receive deliveries.
#[derive(Debug)]
pub struct Hook {
    secret: SecretString,
    limit: Arc<Limit>,
    room: Arc<Room>,
}

impl Hook {
    /// Receives what was signed with this secret.
    pub fn new(secret: SecretString) -> Self {
        Self { secret, limit: Arc::default(), room: Arc::default() }
    }
}

/// `POST /hook`.
pub async fn receive(State(web): State<Web>, signed: Signed) -> StatusCode {
    let bridge = &web.bridge;
    let found = told(signed.event(), signed.body());
    let (verdict, answer) = match found.map(|found| take(bridge, &found)) {
        None => (DeliveryResult::Ignored, StatusCode::OK),
        Some(Ok(verdict)) => (verdict, StatusCode::OK),
        // Gitea shows it as failed; the comment is found by the next poll.
        Some(Err(error)) => {
            tracing::warn!("cannot write a delivery down: {}", chain(&error));
            (DeliveryResult::Failed, StatusCode::SERVICE_UNAVAILABLE)
        }
    };
    bridge.metrics.delivery(verdict);
    answer
}

/// Writes a comment down, if it is new, not too old, and a poll would find it too.
fn take(bridge: &Bridge, found: &Found) -> Result<DeliveryResult, ledger::Error> {
    if bridge.settings.is_bot(&found.author) {
        return Ok(DeliveryResult::Ignored);
    }
    let Some(source) = bridge.settings.source_of(&found.pull.repository) else { return Ok(DeliveryResult::Ignored) };
    // A source that was never read has no beginning yet; its first reading finds what counts.
    let Some(cursor) = bridge.ledger.cursor(&source)? else { return Ok(DeliveryResult::Ignored) };
    let now = bridge.clock.now();
    let catch_up = i64::try_from(bridge.settings.catch_up_hours).unwrap_or(i64::MAX / 3600);
    let age = now.duration_since(found.created);
    if found.created < cursor.baseline || age > SignedDuration::from_hours(catch_up) {
        return Ok(DeliveryResult::Ignored);
    }
    let is_new = bridge.ledger.insert_found(std::slice::from_ref(found), None, now)? > 0;
    if is_new {
        tracing::info!(comment = found.comment, pull = %found.pull, "told of a command");
        bridge.bells.decide.notify_one();
    }
    Ok(if is_new { DeliveryResult::Accepted } else { DeliveryResult::Duplicate })
}
