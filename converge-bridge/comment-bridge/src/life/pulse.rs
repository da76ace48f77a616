//! Whether a task still moves, seen from outside of it: it is asked to go on only when something woke it, and each
//! time that happens is a beat.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// When a task last moved.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    /// Milliseconds since it began.
    last: AtomicU64,
}

impl Pulse {
    /// That of a task which begins now.
    pub fn begin() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }

    /// How long ago the last beat was.
    pub fn age(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    fn beat(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(since, Ordering::Relaxed);
    }

    /// The same task, with its beats. Of several in one `join!` each is asked only when it was woken itself.
    pub async fn follow<T>(self: Arc<Self>, task: impl Future<Output = T>) -> T {
        let mut task = pin!(task);
        let woken = Arc::new(Woken { was: AtomicBool::new(true), by: Mutex::new(None) });
        let waker = Waker::from(woken.clone());
        std::future::poll_fn(move |context| {
            woken.tells(context.waker());
            if !woken.was.swap(false, Ordering::AcqRel) {
                return Poll::Pending;
            }
            self.beat();
            task.as_mut().poll(&mut Context::from_waker(&waker))
        })
        .await
    }
}

/// That a task was woken, and whom to tell.
struct Woken {
    was: AtomicBool,
    by: Mutex<Option<Waker>>,
}

impl Woken {
    fn tells(&self, waker: &Waker) {
        let mut by = self.by.lock().unwrap_or_else(PoisonError::into_inner);
        if !by.as_ref().is_some_and(|by| by.will_wake(waker)) {
            *by = Some(waker.clone());
        }
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was.store(true, Ordering::Release);
        let by = self.by.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(by) = by {
            by.wake();
        }
    }
}
