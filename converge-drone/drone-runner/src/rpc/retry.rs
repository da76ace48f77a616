//! Retries of calls to Drone: a server that restarts must not cost a build.

use std::time::Duration;

use base::backoff::{Backoff, Retries};
use base::error::{Explain, chain};
use tokio::time::{Instant, sleep};

use super::Error;

/// The backoff of calls and polls.
pub const BACKOFF: Backoff = Backoff::unlimited(Duration::from_millis(200), Duration::from_secs(15));

/// The time in which failures of Drone itself are retried: by then it is broken, not restarting.
const FAILURES: Duration = Duration::from_mins(2);

/// The time after which Drone ends a build by itself.
const DAY: Duration = Duration::from_hours(24);

/// Calls until Drone answers. Another server's answer is none. `action` names the call in the log.
pub async fn retry<T>(action: &str, mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut retries = Retries::new(BACKOFF);
    let mut failing_since = None;
    loop {
        let error = match attempt().await {
            Err(error) if error.class().is_retried() => error,
            settled => return settled,
        };
        if !matches!(error, Error::Failed(_)) {
            failing_since = None;
        } else if failing_since.get_or_insert_with(Instant::now).elapsed() >= FAILURES {
            return Err(error);
        }
        tracing::debug!("cannot {action}, retrying: {}", chain(&error));
        sleep(retries.failed(None)).await;
    }
}

/// Calls until Drone has done it, or says that it does not know the object, for a day. `age` is the time since the begin,
/// over restarts.
pub async fn insist<T>(
    action: &str,
    age: impl Fn() -> Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut retries = Retries::new(BACKOFF);
    loop {
        let error = match attempt().await {
            Err(Error::Unknown) => return Err(Error::Unknown),
            Err(error) => error,
            done => return done,
        };
        if age() >= DAY {
            return Err(error);
        }
        if !retries.is_failing() {
            tracing::warn!("cannot {action}, retrying for a day: {}", chain(&error));
        }
        sleep(retries.failed(None)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn is_given_up(error: impl Fn() -> Error) -> bool {
        timeout(Duration::from_hours(1), retry("try", async || Err::<(), _>(error()))).await.is_ok()
    }

    fn not_drone(status: u16) -> Error {
        Error::NotDrone { status, message: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_restarts_is_waited_for_and_one_that_stays_broken_is_not() {
        let mut made = 0;
        let passes = retry("try", async || {
            made += 1;
            if made < 9 { Err(Error::Failed(String::new())) } else { Ok(made) }
        });
        assert_eq!(passes.await.unwrap(), 9);
        assert!(is_given_up(|| Error::Failed(String::new())).await);
    }

    #[tokio::test(start_paused = true)]
    async fn only_drones_own_answer_ends_a_call() {
        for status in [200, 302, 403, 404, 413, 500, 502, 503] {
            assert!(!is_given_up(|| not_drone(status)).await, "{status}");
        }
        assert!(!is_given_up(|| Error::Secret).await);
        for settled in [|| Error::Conflict, || Error::Unknown, || Error::LogRefused { status: 413 }] {
            let mut made = 0;
            let result = retry("try", async || {
                made += 1;
                Err::<(), _>(settled())
            });
            assert!(result.await.is_err());
            assert_eq!(made, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_reported_for_a_day() {
        for error in [|| Error::Conflict, || Error::Failed(String::new()), || not_drone(404), || Error::Secret] {
            let began = Instant::now();
            let made = insist("try", || began.elapsed(), async || Err::<(), _>(error())).await;
            assert!(made.is_err());
            let hours = began.elapsed().as_secs_f64() / 3600.0;
            assert!((24.0..24.1).contains(&hours), "{hours} h");
        }
        let unknown = insist("try", || Duration::ZERO, async || Err::<(), _>(Error::Unknown)).await;
        assert!(matches!(unknown, Err(Error::Unknown)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_proxy_does_not_count_as_a_failure_of_drone() {
        let began = Instant::now();
        let mut made = 0;
        let passes = retry("try", async || {
            made += 1;
            match began.elapsed().as_secs() {
                100..200 => Err(not_drone(404)),
                0..300 => Err(Error::Failed(String::new())),
                _ => Ok(()),
            }
        });
        assert!(passes.await.is_ok());
    }
}
