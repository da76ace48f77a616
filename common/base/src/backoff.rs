//! Retries with exponential backoff and jitter. [`Backoff::retry`] calls something until it succeeds; [`Retries`] counts
//! the failures of something that its owner calls by itself.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Explain;

/// The longest wait that a server may ask for.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// The number of attempts and the waits between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The largest number of attempts, the first included. [`Retries`] does not look at it.
    pub attempts: u32,
    /// The wait after the first failure; each later one doubles it.
    pub first: Duration,
    /// The longest wait between two attempts.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { attempts: 6, ..Self::unlimited(Duration::from_millis(200), Duration::from_secs(3)) }
    }
}

impl Backoff {
    /// One attempt only.
    pub const ONCE: Self = Self { attempts: 1, first: Duration::ZERO, longest: Duration::ZERO };

    /// Any number of attempts.
    pub const fn unlimited(first: Duration, longest: Duration) -> Self {
        Self { attempts: u32::MAX, first, longest }
    }

    /// Returns the wait after this number of failures in a row: the doubled wait, less up to a quarter of it by chance.
    fn pause(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let doubled = self.first.saturating_mul(1 << doublings).min(self.longest);
        doubled.mul_f64(0.75 + fastrand::f64() / 4.0)
    }

    /// Calls `attempt` until it succeeds, fails with an error that is not transient, or the attempts are used up.
    pub async fn retry<T, E, F>(self, mut attempt: F) -> Result<T, E>
    where
        E: Explain,
        F: AsyncFnMut() -> Result<T, E>,
    {
        for number in 1..self.attempts {
            match attempt().await {
                Err(error) if error.class().is_retried() => {
                    tracing::debug!(attempt = number, error = crate::error::chain(&error), "trying again");
                    sleep(self.pause(number)).await;
                }
                settled => return settled,
            }
        }
        attempt().await
    }
}

/// The failures in a row of one thing, and the time of its next attempt. Kept in memory by tokio's clock: no step of the
/// wall clock and no restart makes a wait longer.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    backoff: Backoff,
    failures: u32,
    next: Option<Instant>,
}

impl Retries {
    /// No failure yet.
    pub const fn new(backoff: Backoff) -> Self {
        Self { backoff, failures: 0, next: None }
    }

    /// Counts a failure and returns the wait before the next attempt: the backoff's, or the one that the server asks for
    /// (`Retry-After`) when that is longer, up to an hour.
    pub fn failed(&mut self, retry_after: Option<Duration>) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let pause = self
            .backoff
            .pause(self.failures)
            .max(self.backoff.first)
            .max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER));
        self.next = Some(Instant::now() + pause);
        pause
    }

    /// Forgets all failures. Returns true if there were any.
    pub fn succeeded(&mut self) -> bool {
        self.next = None;
        std::mem::take(&mut self.failures) > 0
    }

    /// The number of failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// True if the last attempt failed.
    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// The time of the next attempt; `None` when it is due.
    pub fn next_attempt(&self) -> Option<Instant> {
        self.next.filter(|next| *next > Instant::now())
    }

    /// True if the next attempt may be made.
    pub fn is_due(&self) -> bool {
        self.next_attempt().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Class;

    #[derive(Debug, thiserror::Error)]
    #[error("made up")]
    struct MadeUp(Class);

    impl Explain for MadeUp {
        fn class(&self) -> Class {
            self.0
        }
    }

    async fn attempts_until_settled(class: Class, succeeds_at: u32) -> (u32, bool) {
        let mut made = 0;
        let result = Backoff::default()
            .retry(async || {
                made += 1;
                if made == succeeds_at { Ok(()) } else { Err(MadeUp(class)) }
            })
            .await;
        (made, result.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn transient_errors_are_tried_again_until_they_pass() {
        assert_eq!(attempts_until_settled(Class::Transient, 3).await, (3, true));
    }

    #[tokio::test(start_paused = true)]
    async fn the_attempts_are_bounded() {
        assert_eq!(attempts_until_settled(Class::Transient, u32::MAX).await, (6, false));
    }

    #[tokio::test(start_paused = true)]
    async fn other_errors_are_not_tried_again() {
        for class in [Class::Configuration, Class::Conflict, Class::Blocked, Class::Failed, Class::Bug] {
            assert_eq!(attempts_until_settled(class, u32::MAX).await, (1, false));
        }
    }

    const A_MINUTE: Retries = Retries::new(Backoff::unlimited(Duration::from_secs(1), Duration::from_mins(1)));

    #[tokio::test(start_paused = true)]
    async fn waits_grow_to_the_longest_and_to_what_the_server_asks_for() {
        let mut retries = A_MINUTE;
        assert!(retries.is_due() && !retries.is_failing());
        let waits: Vec<f64> = (0..10).map(|_| retries.failed(None).as_secs_f64()).collect();
        for (number, wait) in waits.iter().enumerate() {
            let most = f64::from(1 << number.min(6)).min(60.0);
            assert!((most * 0.75).max(1.0) <= *wait && *wait <= most, "{waits:?}");
        }
        assert!(!retries.is_due() && retries.is_failing());
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(retries.is_due());
        assert_eq!(retries.failed(Some(Duration::from_mins(5))), Duration::from_mins(5));
        assert_eq!(retries.failed(Some(Duration::MAX)), LONGEST_RETRY_AFTER);
        assert_eq!(retries.failures(), 12);
        assert_eq!(retries.next_attempt(), Some(Instant::now() + LONGEST_RETRY_AFTER));
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_forgets_the_failures() {
        let mut retries = A_MINUTE;
        retries.failed(None);
        retries.failed(None);
        assert!(!retries.is_due() && retries.failures() == 2);
        assert!(retries.succeeded());
        assert!(retries.is_due() && !retries.is_failing() && !retries.succeeded());
        assert!(retries.failed(None) <= Duration::from_secs(1));
    }

    #[test]
    fn a_wait_never_overflows() {
        let backoff = Backoff::unlimited(Duration::from_hours(1), Duration::MAX);
        assert!(backoff.pause(u32::MAX) <= Duration::from_hours(1 << 16));
        assert_eq!(Backoff::ONCE.pause(0), Duration::ZERO);
    }
}
