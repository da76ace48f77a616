//! The timeout of a build, as Drone has it for the CI repository.

use std::time::Duration;

use base::error::chain;
use jiff::SignedDuration;
use tokio::time::Instant;

use crate::Bridge;
use crate::stop::Stop;

/// The time from the start of a build after which the timeout is asked for; no repository's is much shorter.
pub const ASKED_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The time for which an answer counts: an operator may change the timeout.
const FRESH: Duration = Duration::from_mins(10);

/// The timeout of a repository that has none of its own, as drone-runner has it.
const DEFAULT: Duration = Duration::from_hours(1);

/// The last answer, with its time.
#[derive(Debug, Default)]
pub struct Timeout(Option<(Instant, Option<SignedDuration>)>);

impl Timeout {
    /// Returns the timeout; `None` if Drone does not tell it.
    pub async fn ask(&mut self, bridge: &Bridge) -> Result<Option<SignedDuration>, Stop> {
        if let Some((at, timeout)) = self.0
            && at.elapsed() < FRESH
        {
            return Ok(timeout);
        }
        let timeout = match bridge.interruptible(bridge.drone.timeout()).await? {
            Ok(timeout) => SignedDuration::try_from(timeout.unwrap_or(DEFAULT)).ok(),
            Err(error) => {
                tracing::warn!("the timeout of builds cannot be read: {}", chain(&error));
                None
            }
        };
        self.0 = Some((Instant::now(), timeout));
        Ok(timeout)
    }
}
