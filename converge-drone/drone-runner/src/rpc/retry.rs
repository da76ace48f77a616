//! Retries of calls to Drone: a server that restarts must not cost a build.

use std::time::Duration;

use base::backoff::{Backoff, Retries};
use base::error::{Explain, chain};
use tokio::time::sleep;

use super::Error;

/// The backoff of calls and polls.
pub const BACKOFF: Backoff = Backoff::unlimited(Duration::from_millis(200), Duration::from_secs(15));

/// The limit of attempts that the server answers with an error: by then it is broken, not restarting.
const ANSWERS: u32 = 6;

/// Calls until success or a permanent failure. `action` names the call in the log.
pub async fn retry<T>(action: &str, mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut retries = Retries::new(BACKOFF);
    let mut answers = 0;
    loop {
        let error = match attempt().await {
            Err(error) if error.class().is_retried() => error,
            settled => return settled,
        };
        answers += u32::from(matches!(error, Error::Answer { .. }));
        if answers >= ANSWERS {
            return Err(error);
        }
        tracing::debug!("cannot {action}, retrying: {}", chain(&error));
        sleep(retries.failed(None)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    fn failed() -> Error {
        Error::Answer { status: 500, message: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_restarts_is_waited_for_and_one_that_stays_broken_is_not() {
        let mut made = 0;
        let passes = retry("try", async || {
            made += 1;
            if made < 4 { Err(failed()) } else { Ok(made) }
        });
        assert_eq!(passes.await.unwrap(), 4);
        assert!(retry("try", async || Err::<(), _>(failed())).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_secret_is_retried_and_a_conflict_is_not() {
        let began = Instant::now();
        let waits = timeout(Duration::from_mins(1), retry("try", async || Err::<(), _>(Error::Secret)));
        assert!(waits.await.is_err());
        assert!(began.elapsed() < Duration::from_secs(61) && began.elapsed() > Duration::from_secs(20));
        let mut made = 0;
        let conflict = retry("try", async || {
            made += 1;
            Err::<(), _>(Error::Conflict)
        });
        assert!(conflict.await.is_err());
        assert_eq!(made, 1);
    }
}
