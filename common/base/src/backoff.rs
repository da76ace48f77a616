//! Trying again: bounded, with jitter, only for transient errors.

use std::time::Duration;

use tokio::time::sleep;

use crate::error::Explain;

/// How often and how fast to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// How many attempts at most, the first included.
    pub attempts: u32,
    /// How long to wait after the first failure; it doubles after each.
    pub first: Duration,
    /// The longest wait between two attempts.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { attempts: 6, first: Duration::from_millis(200), longest: Duration::from_secs(3) }
    }
}

impl Backoff {
    /// One attempt only.
    pub const ONCE: Self = Self { attempts: 1, first: Duration::ZERO, longest: Duration::ZERO };

    /// The wait after attempt number `attempt` (counted from 1), between half and all of the doubled one.
    fn pause(self, attempt: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << (attempt - 1).min(16)).min(self.longest);
        doubled.mul_f64(0.5 + fastrand::f64() / 2.0)
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
}
