//! Why a task stops before its work is done, and the backoff while the ledger fails.

use std::time::Duration;

use base::backoff::{Backoff, Retries};
use base::error::chain;
use daemon::health::Health;
use http::Error;
use tokio::time::Instant;

use super::ledger::{self, Ledger};

/// The subject of the ledger's problems in the health report, which make the bridge unhealthy.
pub const LEDGER_SUBJECT: &str = "ledger";

/// The subject of the ledger's problems in the report task, which leave the bridge healthy.
pub const REPORT_LEDGER_SUBJECT: &str = "ledger (report)";

/// The backoff of everything that is tried again: 1 s to 60 s, or as long as the server asks for.
pub const RETRIES: Retries = Retries::new(Backoff::unlimited(Duration::from_secs(1), Duration::from_mins(1)));

/// Reason to stop before the work is done.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// A call to Gitea failed.
    #[error(transparent)]
    Gitea(#[from] Error),
    /// The ledger could not be read or written. Work that cannot be recorded is not done.
    #[error("the ledger failed")]
    Ledger(#[from] ledger::Error),
    /// The bridge shuts down.
    #[error("the bridge shuts down")]
    Shutdown,
}

/// True if a call that failed like this certainly had no effect. A server may fail after it has done the work.
pub fn had_no_effect(error: &Error) -> bool {
    matches!(
        error,
        Error::Refused { .. }
            | Error::NotFound { .. }
            | Error::NotServed { .. }
            | Error::Rejected { .. }
            | Error::Redirected { .. }
            | Error::Tls { .. }
    )
}

/// The number of pull requests in a row that must find Gitea down before all others wait: a single failure may have its
/// reason in the pull request.
pub const SEVERAL: usize = 2;

/// True if Gitea serves no pull request at present, or does not know the bot: others meet the same failure.
pub fn is_of_the_server(error: &Error) -> bool {
    error.is_unavailable()
        || matches!(error, Error::Failing { status: 429 | 502..=504, .. } | Error::Refused { status: 401, .. })
}

/// Backoff of a task while the ledger fails.
#[derive(Debug)]
pub struct LedgerRetry {
    /// The subject of the problem in the health report.
    subject: &'static str,
    retries: Retries,
}

impl LedgerRetry {
    /// Backoff that reports its problem under `subject`.
    pub fn new(subject: &'static str) -> Self {
        Self { subject, retries: RETRIES }
    }

    /// Raises the problem and returns the time to wait.
    pub fn failed(&mut self, health: &Health, error: &ledger::Error) -> Duration {
        health.raise(self.subject, &chain(error));
        self.retries.failed(None)
    }

    /// The end of the wait; `None` outside of one.
    pub fn next_attempt(&self) -> Option<Instant> {
        self.retries.next_attempt()
    }

    /// After a failure, tests that the ledger can be written again and resolves the problem.
    pub fn recover(&mut self, ledger: &Ledger, health: &Health) -> Result<(), ledger::Error> {
        if self.retries.is_failing() {
            ledger.check_writable()?;
            self.succeeded(health);
        }
        Ok(())
    }

    /// Resolves the problem: the ledger was used.
    pub fn succeeded(&mut self, health: &Health) {
        self.retries.succeeded();
        health.resolve(self.subject);
    }
}
