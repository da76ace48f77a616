//! Makes exactly one build of each order in Drone, follows it, cancels.
//!
//! Round by round: what is open in the ledger is compared with what Drone has ([`snapshot`]), [`decision`] says what is
//! to be done, and [`round`] does it. A build is only made when Drone, just asked, has none for the comment; the
//! intent is in the ledger before. What comes late of an attempt that was given up is a twin, and cancelled.

mod act;
mod decision;
mod patience;
mod round;
mod snapshot;
#[cfg(test)]
mod tests;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use base::error::chain;

use super::bridge::LEDGER;
use super::{Bridge, ledger};
use patience::Patience;

/// How often Drone is looked at while something is open.
const ROUND: Duration = Duration::from_secs(2);

/// How often the ledger is looked at when nothing is, should a bell have been missed.
const IDLE: Duration = Duration::from_mins(1);

/// What a round leaves to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing is open.
    Idle,
    /// Something is.
    Open,
    /// There is more to be done at once, by a fresh look.
    More,
    /// Drone is left alone for so long.
    Failing(Duration),
}

/// Why a round ends before it is through.
#[derive(Debug)]
enum Halt {
    /// What cannot be written down is not done.
    Ledger(ledger::Error),
    /// The bridge is to end.
    Stopping,
}

/// Works until the bridge is to end.
pub async fn run(bridge: &Arc<Bridge>) {
    let mut patience = Patience::default();
    let mut unwritten = Patience::default();
    while !bridge.is_stopping() {
        let (bell, time) = match one(bridge, &mut patience, &mut unwritten).await {
            Ok(Rest::Idle) => (Some(&bridge.bells.build), IDLE),
            Ok(Rest::Open) => (Some(&bridge.bells.build), ROUND),
            Ok(Rest::More) => (None, Duration::ZERO),
            Ok(Rest::Failing(time)) => (None, time),
            Err(Halt::Ledger(error)) => {
                bridge.health.raise(LEDGER, &chain(&error));
                (None, unwritten.failed())
            }
            Err(Halt::Stopping) => return,
        };
        if !bridge.wait(bell, time).await {
            return;
        }
    }
}

/// One round, once the ledger can be written to again.
async fn one(bridge: &Bridge, patience: &mut Patience, unwritten: &mut Patience) -> Result<Rest, Halt> {
    if unwritten.is_failing() {
        bridge.ledger.check().map_err(Halt::Ledger)?;
        unwritten.answered();
        bridge.health.resolve(LEDGER);
    }
    round::round(bridge, patience).await
}
