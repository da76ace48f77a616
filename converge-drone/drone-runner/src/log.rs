//! A step's output on its way to Drone: secrets out, cut into lines, live in batches, and kept to be uploaded whole.

mod kept;
mod lines;
mod live;

use std::rc::Rc;

use tokio::time::Instant;

use super::mask::{Mask, Secrets};
use super::rpc::wire::Line;
use kept::Kept;
use lines::Lines;
pub use live::Live;

/// One step's log. Memory is bounded, whatever the step writes.
#[derive(Debug)]
pub struct Log {
    mask: Mask,
    lines: Lines,
    kept: Kept,
    live: Rc<Live>,
    began: Instant,
    next: u64,
    clear: Vec<u8>,
}

impl Log {
    /// An empty log that keeps this many bytes. `live` sends what is written while the step runs.
    pub fn new(secrets: Secrets, keep: usize, live: Rc<Live>) -> Self {
        Self {
            mask: Mask::new(secrets),
            lines: Lines::default(),
            kept: Kept::new(keep),
            live,
            began: Instant::now(),
            next: 0,
            clear: Vec::new(),
        }
    }

    /// Takes the next piece of output. Waits a little where Drone takes lines slower than the step writes them.
    pub async fn write(&mut self, piece: &[u8]) {
        let mut clear = std::mem::take(&mut self.clear);
        self.mask.push(piece, &mut clear);
        self.lines.push(&clear);
        clear.clear();
        self.clear = clear;
        while let Some(text) = self.lines.next() {
            self.line(text);
        }
        self.live.make_room().await;
    }

    /// A line of the runner's own.
    pub fn note(&mut self, text: &str) {
        self.line(format!("{text}\n"));
    }

    fn line(&mut self, out: String) {
        let line = Line { pos: self.next, out, time: self.began.elapsed().as_secs() };
        self.next += 1;
        self.kept.push(&line);
        self.live.push(line);
    }

    /// The output is at its end.
    pub fn finish(&mut self) {
        let mut clear = std::mem::take(&mut self.clear);
        self.mask.finish(&mut clear);
        self.lines.push(&clear);
        while let Some(text) = self.lines.next() {
            self.line(text);
        }
        if let Some(text) = self.lines.rest() {
            self.line(text);
        }
        self.live.close();
    }

    /// The whole log, as Drone keeps it.
    pub fn into_json(self) -> Vec<u8> {
        self.kept.into_json()
    }
}
