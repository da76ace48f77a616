//! Trying again for as long as it makes sense: a server that restarts is no reason to lose a build.

use std::time::Duration;

use base::error::{Explain, chain};
use tokio::time::{Instant, sleep};

use super::Error;

/// The wait after the first failure; it doubles.
const FIRST: Duration = Duration::from_millis(200);

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_secs(15);

/// How often an answer that says "failed" is asked for again: it is a server's restart, or it stays.
const FAILURES: u32 = 6;

/// How long to go on, and how far we are.
#[derive(Debug, Clone)]
pub struct Patience {
    until: Option<Instant>,
    failures: u32,
    wait: Duration,
}

impl Patience {
    /// As long as the server cannot be reached.
    pub fn endless() -> Self {
        Self { until: None, failures: 0, wait: FIRST }
    }

    /// For this long.
    pub fn of(time: Duration) -> Self {
        Self { until: Some(Instant::now() + time), ..Self::endless() }
    }

    /// How long to wait after the next failure: doubled each time, with jitter.
    pub fn pause(&mut self) -> Duration {
        let wait = self.wait.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.wait = (self.wait * 2).min(LONGEST);
        wait
    }

    /// Calls until it succeeds, or fails in a way that does not pass.
    pub async fn call<T>(mut self, what: &str, mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
        loop {
            let error = match attempt().await {
                Err(error) if error.class().is_retried() => error,
                settled => return settled,
            };
            if matches!(error, Error::Answer { .. }) {
                self.failures += 1;
            }
            let pause = self.pause();
            let is_late = self.until.is_some_and(|until| Instant::now() + pause > until);
            if is_late || self.failures >= FAILURES {
                return Err(error);
            }
            tracing::debug!("cannot {what}, trying again: {}", chain(&error));
            sleep(pause).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> Error {
        Error::Answer { status: 500, said: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_restarts_is_waited_for_and_one_that_stays_broken_is_not() {
        let mut made = 0;
        let passes = Patience::endless().call("try", async || {
            made += 1;
            if made < 4 { Err(failed()) } else { Ok(made) }
        });
        assert_eq!(passes.await.unwrap(), 4);
        assert!(Patience::endless().call("try", async || Err::<(), _>(failed())).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_kept_and_a_conflict_ends_it_at_once() {
        let began = Instant::now();
        let waits = Patience::of(Duration::from_mins(1)).call("try", async || Err::<(), _>(Error::Secret));
        assert!(waits.await.is_err());
        assert!(began.elapsed() < Duration::from_secs(61) && began.elapsed() > Duration::from_secs(20));
        let mut made = 0;
        let conflict = Patience::endless().call("try", async || {
            made += 1;
            Err::<(), _>(Error::Conflict)
        });
        assert!(conflict.await.is_err());
        assert_eq!(made, 1);
    }
}
