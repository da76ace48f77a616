//! The lines that somebody may be watching: sent in batches while the step runs, as well as that is possible. What gets
//! lost here is in the whole log all the same.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::rpc::wire::Line;
use crate::rpc::{Client, Error};

/// How long lines are gathered before they are sent.
const GATHER: Duration = Duration::from_millis(100);

/// The most bytes that wait to be sent.
const MOST: usize = 512 * 1024;

/// How long a step may be slowed down for whoever watches.
const SLOWED: Duration = Duration::from_secs(1);

/// How long a server that does not take lines is left alone.
const REST: Duration = Duration::from_secs(2);

/// The lines that wait to be sent.
#[derive(Debug, Default)]
pub struct Live {
    waiting: RefCell<Waiting>,
    came: Notify,
    went: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: VecDeque<Line>,
    bytes: usize,
    is_closed: bool,
    /// The server did not take the last batch.
    is_refused: bool,
}

impl Live {
    /// Adds a line; the oldest go where there are too many.
    pub fn push(&self, line: Line) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.bytes += line.out.len();
        waiting.lines.push_back(line);
        while waiting.bytes > 2 * MOST {
            let Some(oldest) = waiting.lines.pop_front() else { break };
            waiting.bytes -= oldest.out.len();
        }
        drop(waiting);
        self.came.notify_one();
    }

    /// Waits until there is room for more, if the server takes lines at all.
    pub async fn make_room(&self) {
        let is_full = || {
            let waiting = self.waiting.borrow();
            waiting.bytes > MOST && !waiting.is_refused
        };
        if is_full() {
            let wait = async {
                while is_full() {
                    self.went.notified().await;
                }
            };
            // Late: then lines are lost to whoever watches, rather than the step's time to everybody.
            if timeout(SLOWED, wait).await.is_err() {
                self.waiting.borrow_mut().is_refused = true;
            }
        }
    }

    /// There is no more to come.
    pub fn close(&self) {
        self.waiting.borrow_mut().is_closed = true;
        self.came.notify_one();
    }

    /// Sends what comes, until it is closed and all is sent.
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
                self.came.notified().await;
                continue;
            };
            // The first line goes at once; the next ones wait for company.
            if let Some(last) = last.filter(|_| !is_closed)
                && let Some(pause) = GATHER.checked_sub(last.elapsed())
                && self.waiting.borrow().bytes < MOST / 4
            {
                sleep(pause).await;
            }
            last = Some(Instant::now());
            let sent = client.batch(step, &self.take()).await;
            self.went.notify_one();
            let is_refused = sent.is_err();
            self.waiting.borrow_mut().is_refused = is_refused;
            match sent {
                Ok(()) => {}
                Err(error) => {
                    tracing::debug!("lines were not taken: {}", base::error::chain(&error));
                    if self.waiting.borrow().is_closed || !matters(&error) {
                        return;
                    }
                    sleep(REST).await;
                }
            }
        }
    }

    fn take(&self) -> Vec<Line> {
        let mut waiting = self.waiting.borrow_mut();
        let mut batch = Vec::new();
        let mut bytes = 0;
        while bytes < MOST / 2
            && let Some(line) = waiting.lines.pop_front()
        {
            bytes += line.out.len();
            batch.push(line);
        }
        waiting.bytes -= bytes;
        batch
    }
}

/// Whether trying again could help.
fn matters(error: &Error) -> bool {
    use base::error::Explain;
    error.class().is_retried()
}
