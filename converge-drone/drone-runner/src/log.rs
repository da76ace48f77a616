//! The log of a step: masks secrets, splits lines, sends them live in batches, keeps the end for the upload.

mod lines;
mod live;
mod tail;

use std::rc::Rc;

use tokio::time::Instant;

use super::mask::{Mask, MaskedValues};
use super::rpc::wire::Line;
use lines::LineBuffer;
pub use live::LiveLog;
use tail::LogTail;

/// The log of one step, in bounded memory.
#[derive(Debug)]
pub struct StepLog {
    mask: Mask,
    lines: LineBuffer,
    tail: LogTail,
    live: Rc<LiveLog>,
    started: Instant,
    next: u64,
    /// The buffer for masked output, kept to save allocations.
    masked: Vec<u8>,
}

impl StepLog {
    /// An empty log. The upload has the last `limit` bytes; `live` gets every line at once.
    pub fn new(secrets: MaskedValues, limit: usize, live: Rc<LiveLog>) -> Self {
        Self {
            mask: Mask::new(secrets),
            lines: LineBuffer::default(),
            tail: LogTail::new(limit),
            live,
            started: Instant::now(),
            next: 0,
            masked: Vec::new(),
        }
    }

    /// Adds output. Waits a short time if Drone takes lines slower than the step writes them.
    pub async fn write(&mut self, piece: &[u8]) {
        let mut masked = std::mem::take(&mut self.masked);
        self.mask.push(piece, &mut masked);
        self.lines.push(&masked);
        masked.clear();
        self.masked = masked;
        while let Some(text) = self.lines.next() {
            self.line(text);
        }
        self.live.wait_for_room().await;
    }

    /// Adds a line of the runner.
    pub fn note(&mut self, text: &str) {
        self.line(format!("{text}\n"));
    }

    fn line(&mut self, out: String) {
        let line = Line { pos: self.next, out, time: self.started.elapsed().as_secs() };
        self.next += 1;
        self.tail.push(&line);
        self.live.push(line);
    }

    /// Adds the rest of the output, at its end.
    pub fn finish(&mut self) {
        let mut masked = std::mem::take(&mut self.masked);
        self.mask.finish(&mut masked);
        self.lines.push(&masked);
        while let Some(text) = self.lines.next() {
            self.line(text);
        }
        if let Some(text) = self.lines.rest() {
            self.line(text);
        }
        self.live.close();
    }

    /// The log for the upload.
    pub fn into_json(self) -> Vec<u8> {
        self.tail.into_json()
    }
}
