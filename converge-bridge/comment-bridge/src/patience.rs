//! How long to wait after a failure: in memory only, so that no step of a clock and no restart makes it longer.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait, but for a server that asks for more.
const LONGEST: Duration = Duration::from_mins(1);
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// How often something failed in a row, and when to try it again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Patience {
    failures: u32,
    until: Option<Instant>,
}

impl Patience {
    /// It failed; the server asks to `wait`, or does not. Says how long to leave it alone.
    pub fn failed(&mut self, wait: Option<Duration>) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        let jittered = doubled.mul_f64(0.75 + fastrand::f64() / 4.0).max(FIRST);
        let pause = jittered.max(wait.unwrap_or_default().min(LONGEST_ASKED));
        self.failures += 1;
        self.until = Some(Instant::now() + pause);
        pause
    }

    /// The same, to be tried again at once.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self { until: None, ..self }
    }

    /// How often it failed in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// When to try it again; nothing when that is now.
    pub fn until(&self) -> Option<Instant> {
        self.until.filter(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_grow_to_a_minute_and_to_what_is_asked_for() {
        let mut patience = Patience::default();
        assert!(patience.until().is_none());
        let waits: Vec<f64> = (0..10).map(|_| patience.failed(None).as_secs_f64()).collect();
        for (number, wait) in waits.iter().enumerate() {
            let most = f64::from(1 << number.min(6)).min(60.0);
            assert!((most * 0.75).max(1.0) <= *wait && *wait <= most, "{waits:?}");
        }
        assert!(patience.until().is_some());
        tokio::time::advance(LONGEST).await;
        assert!(patience.until().is_none());
        assert_eq!(patience.failed(Some(Duration::from_mins(5))), Duration::from_mins(5));
        assert_eq!(patience.failed(Some(Duration::MAX)), LONGEST_ASKED);
        assert_eq!(patience.failures(), 12);
    }
}
