//! The end of a program: its work gets a little time after the signal.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::time::timeout;

/// The work ended by itself or panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task has ended by itself")]
pub struct Died;

/// The way the work ended after the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Everything in flight was finished.
    Finished,
    /// The grace period ended first.
    Late,
}

/// Runs `work` until `shutdown` is true; then calls `stop` and waits up to `grace` for what is in flight.
pub async fn run(
    work: impl Future<Output = ()>,
    mut shutdown: watch::Receiver<bool>,
    grace: Duration,
    stop: impl FnOnce(),
) -> Result<Drained, Died> {
    let mut work = std::pin::pin!(AssertUnwindSafe(work).catch_unwind());
    let ended = tokio::select! {
        biased;
        _ = shutdown.wait_for(|shutdown| *shutdown) => None,
        ended = &mut work => Some(ended),
    };
    stop();
    if ended.is_some() {
        // A panic was logged where it happened.
        return Err(Died);
    }
    match timeout(grace, work).await {
        Ok(Ok(())) => Ok(Drained::Finished),
        Ok(Err(_)) => Err(Died),
        Err(_) => Ok(Drained::Late),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(4);

    async fn ended(work: impl Future<Output = ()>, is_told: bool) -> (Result<Drained, Died>, bool) {
        let (sender, shutdown) = watch::channel(is_told);
        let mut stopped = false;
        let ended = run(work, shutdown, GRACE, || stopped = true).await;
        drop(sender);
        (ended, stopped)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_or_ends_by_itself_is_an_error() {
        assert_eq!(ended(async { panic!("a task") }, false).await, (Err(Died), true));
        assert_eq!(ended(async {}, false).await, (Err(Died), true));
    }

    #[tokio::test(start_paused = true)]
    async fn work_in_flight_may_end_and_work_that_hangs_is_left() {
        let sleeps = tokio::time::sleep(Duration::from_secs(3));
        assert_eq!(ended(sleeps, true).await, (Ok(Drained::Finished), true));
        let began = tokio::time::Instant::now();
        assert_eq!(ended(std::future::pending(), true).await, (Ok(Drained::Late), true));
        assert_eq!(began.elapsed(), GRACE);
        assert_eq!(ended(async { panic!("while it ends") }, true).await, (Err(Died), true));
    }
}
