//! The heartbeat of a task: one beat each time something woke it and it was polled.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::time::Instant;

/// The time of a task's last beat.
#[derive(Debug)]
pub struct Heartbeat {
    began: Instant,
    /// Milliseconds from `began` to the last beat.
    last: AtomicU64,
}

impl Heartbeat {
    /// The heartbeat of a task that begins now.
    pub fn begin() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }

    /// The time since the last beat.
    pub fn age(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    fn beat(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(since, Ordering::Relaxed);
    }

    /// Runs `task` with this heartbeat. In a `join!`, a task is polled only after its own waker was called.
    pub async fn follow<T>(self: Arc<Self>, task: impl Future<Output = T>) -> T {
        let mut task = pin!(task);
        let flag = Arc::new(WakeFlag { is_woken: AtomicBool::new(true), outer: Mutex::new(None) });
        let waker = Waker::from(flag.clone());
        std::future::poll_fn(move |context| {
            flag.forward_to(context.waker());
            if !flag.is_woken.swap(false, Ordering::AcqRel) {
                return Poll::Pending;
            }
            self.beat();
            task.as_mut().poll(&mut Context::from_waker(&waker))
        })
        .await
    }
}

/// Records that a task was woken, and wakes the outer task.
struct WakeFlag {
    is_woken: AtomicBool,
    outer: Mutex<Option<Waker>>,
}

impl WakeFlag {
    fn forward_to(&self, waker: &Waker) {
        let mut outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner);
        if !outer.as_ref().is_some_and(|outer| outer.will_wake(waker)) {
            *outer = Some(waker.clone());
        }
    }
}

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        let outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}
