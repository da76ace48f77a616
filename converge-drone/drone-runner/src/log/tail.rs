//! The end of a log in the form of the upload: a ring of bytes with a limit.

use std::collections::VecDeque;

use crate::rpc::wire::Line;

/// The last lines, each as JSON and a newline. The JSON of a line contains no newline.
#[derive(Debug)]
pub struct LogTail {
    ring: VecDeque<u8>,
    limit: usize,
    dropped_lines: u64,
}

impl LogTail {
    /// Keeps at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { ring: VecDeque::new(), limit, dropped_lines: 0 }
    }

    /// Adds a line, and drops the oldest ones over the limit.
    pub fn push(&mut self, line: &Line) {
        let Ok(json) = serde_json::to_vec(line) else { return };
        while self.ring.len() + json.len() + 1 > self.limit && !self.ring.is_empty() {
            let end = self.ring.iter().position(|byte| *byte == b'\n').map_or(self.ring.len(), |at| at + 1);
            self.ring.drain(..end);
            self.dropped_lines += 1;
        }
        // Grown in steps: a doubled capacity would be over the limit.
        let room = self.ring.capacity() - self.ring.len();
        if room < json.len() + 1 {
            let step = (self.limit / 8)
                .max(json.len() + 1)
                .min(self.limit.saturating_sub(self.ring.len()).max(json.len() + 1));
            self.ring.reserve_exact(step);
        }
        self.ring.extend(json);
        self.ring.push_back(b'\n');
    }

    /// The lines as a JSON array. If lines were dropped, the first one says how many.
    pub fn into_json(mut self) -> Vec<u8> {
        if self.dropped_lines > 0 {
            let out = format!(
                "[the first {} lines are not kept: the log is larger than this runner keeps]\n",
                self.dropped_lines
            );
            let notice = serde_json::to_vec(&Line { pos: 0, out, time: 0 }).unwrap_or_default();
            for byte in notice.into_iter().chain([b'\n']).rev() {
                self.ring.push_front(byte);
            }
        }
        self.ring.pop_back();
        self.ring.push_front(b'[');
        self.ring.push_back(b']');
        let mut json: Vec<u8> = self.ring.into();
        for byte in &mut json {
            if *byte == b'\n' {
                *byte = b',';
            }
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pos: u64) -> Line {
        Line { pos, out: format!("line \"{pos}\"\n"), time: 0 }
    }

    fn read(tail: LogTail) -> Vec<Line> {
        serde_json::from_slice(&tail.into_json()).unwrap()
    }

    #[test]
    fn a_small_log_is_kept_whole() {
        let mut tail = LogTail::new(1000);
        assert!(read(LogTail::new(1000)).is_empty());
        tail.push(&line(0));
        tail.push(&line(1));
        assert_eq!(read(tail), [line(0), line(1)]);
    }

    #[test]
    fn the_end_of_a_large_log_is_kept_and_the_rest_is_counted() {
        let mut tail = LogTail::new(1000);
        for pos in 0..1000 {
            tail.push(&line(pos));
            assert!(tail.ring.capacity() <= 1200, "{}", tail.ring.capacity());
        }
        let found = read(tail);
        assert!(found[0].out.contains("lines are not kept"));
        assert_eq!(found.last(), Some(&line(999)));
        assert_eq!(found[1].pos + found.len() as u64 - 1, 1000);
    }
}
