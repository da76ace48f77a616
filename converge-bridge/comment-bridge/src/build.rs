//! Makes exactly one build of each order in Drone, follows it and cancels it.
//!
//! Each round compares the open triggers of the ledger with the builds in Drone ([`snapshot`]); [`decision`] chooses the
//! next step and [`round`] takes it. A build is made only if Drone, asked just before, has none for the comment; the
//! intent is in the ledger first. A build that appears late, from an attempt that was given up, is a twin and is cancelled.

mod act;
mod attempts;
mod decision;
mod fault;
mod round;
mod snapshot;
#[cfg(test)]
mod tests;
mod timeout;

use std::sync::Arc;
use std::time::Duration;

use super::Bridge;
use super::stop::{LEDGER_SUBJECT, LedgerRetry, Stop};
use attempts::Attempts;
use timeout::Timeout;

/// The interval of the rounds while a trigger is open.
const ROUND: Duration = Duration::from_secs(2);

/// The interval while none is open, in case a wake-up was missed.
const IDLE: Duration = Duration::from_mins(1);

/// The time of the next round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// No trigger is open.
    Idle,
    /// A trigger is open.
    Open,
    /// More work is due, with a fresh snapshot.
    AtOnce,
    /// Drone fails: no call until the time is over.
    RetryAfter(Duration),
}

/// Works until the shutdown.
pub async fn run(bridge: &Arc<Bridge>) {
    let mut attempts = Attempts::default();
    let mut timeout = Timeout::default();
    let mut ledger = LedgerRetry::new(LEDGER_SUBJECT);
    loop {
        let (waker, time) = match one(bridge, &mut attempts, &mut timeout, &mut ledger).await {
            Ok(Next::Idle) => (Some(&bridge.wakers.build), IDLE),
            Ok(Next::Open) => (Some(&bridge.wakers.build), ROUND),
            Ok(Next::AtOnce) => (None, Duration::ZERO),
            Ok(Next::RetryAfter(time)) => (None, time),
            Err(Stop::Ledger(error)) => (None, ledger.failed(&bridge.health, &error)),
            // A failed call to Drone is handled within the round; no call goes to Gitea.
            Err(Stop::Shutdown | Stop::Gitea(_)) => return,
        };
        if !bridge.wait(waker, time).await {
            return;
        }
    }
}

/// One round, once the ledger can be written again.
async fn one(
    bridge: &Bridge,
    attempts: &mut Attempts,
    timeout: &mut Timeout,
    ledger: &mut LedgerRetry,
) -> Result<Next, Stop> {
    bridge.check_running()?;
    ledger.recover(&bridge.ledger, &bridge.health)?;
    round::round(bridge, attempts, timeout).await
}
