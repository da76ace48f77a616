//! The live log of a step: sends lines in batches while the step runs. Lines that are dropped here are in the uploaded log
//! nevertheless.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use base::error::{Explain, chain};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::rpc::Client;
use crate::rpc::wire::Line;

/// The interval of batches.
const INTERVAL: Duration = Duration::from_millis(100);

/// The limit of bytes that wait to be sent.
const LIMIT: usize = 512 * 1024;

/// The longest time that the live log may delay a step.
const DELAY: Duration = Duration::from_secs(1);

/// The pause after a failed batch.
const PAUSE: Duration = Duration::from_secs(2);

/// The lines of a running step that wait to be sent.
#[derive(Debug, Default)]
pub struct LiveLog {
    waiting: RefCell<Waiting>,
    added: Notify,
    sent: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Line>,
    bytes: usize,
    is_closed: bool,
    /// True if the last batch failed.
    has_failed: bool,
}

impl LiveLog {
    /// Adds a line, and drops the oldest ones at twice the limit.
    pub fn push(&self, line: Line) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.bytes += line.out.len();
        waiting.lines.push_back(line);
        while waiting.bytes > 2 * LIMIT {
            let Some(oldest) = waiting.lines.pop_front() else { break };
            waiting.bytes -= oldest.out.len();
        }
        drop(waiting);
        self.added.notify_one();
    }

    /// Waits until fewer bytes than the limit wait, unless the last batch failed.
    pub async fn wait_for_room(&self) {
        let is_full = || {
            let waiting = self.waiting.borrow();
            waiting.bytes > LIMIT && !waiting.has_failed
        };
        if is_full() {
            let wait = async {
                while is_full() {
                    self.sent.notified().await;
                }
            };
            // From now on lines are dropped: a late viewer must not delay the step.
            if timeout(DELAY, wait).await.is_err() {
                self.waiting.borrow_mut().has_failed = true;
            }
        }
    }

    /// Ends [`send`](Self::send) when the last line is sent.
    pub fn close(&self) {
        self.waiting.borrow_mut().is_closed = true;
        self.added.notify_one();
    }

    /// Sends lines until the log is closed and empty.
    pub async fn send(&self, client: &Client, step: i64) {
        let mut last: Option<Instant> = None;
        loop {
            let is_closed = {
                let waiting = self.waiting.borrow();
                if waiting.lines.is_empty() && waiting.is_closed {
                    return;
                }
                if waiting.lines.is_empty() { None } else { Some(waiting.is_closed) }
            };
            let Some(is_closed) = is_closed else {
                self.added.notified().await;
                continue;
            };
            // The first line is sent at once; later ones wait for the interval.
            if let Some(last) = last.filter(|_| !is_closed)
                && let Some(pause) = INTERVAL.checked_sub(last.elapsed())
                && self.waiting.borrow().bytes < LIMIT / 4
            {
                sleep(pause).await;
            }
            last = Some(Instant::now());
            let sent = client.append_log(step, &self.take()).await;
            self.sent.notify_one();
            let has_failed = sent.is_err();
            self.waiting.borrow_mut().has_failed = has_failed;
            match sent {
                Ok(()) => {}
                Err(error) => {
                    tracing::debug!("live lines were not sent: {}", chain(&error));
                    if self.waiting.borrow().is_closed || !error.class().is_retried() {
                        return;
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn take(&self) -> Vec<Line> {
        let mut waiting = self.waiting.borrow_mut();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while bytes < LIMIT / 2
            && let Some(line) = waiting.lines.pop_front()
        {
            bytes += line.out.len();
            batch.push(line);
        }
        waiting.bytes -= bytes;
        batch
    }
}
