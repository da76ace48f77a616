//! The end of a log, in the form Drone takes it: one ring of bytes, no larger than it was told.

use std::collections::VecDeque;

use crate::rpc::wire::Line;

/// The last lines, each as JSON with a newline after it: JSON has none of its own.
#[derive(Debug)]
pub struct Kept {
    ring: VecDeque<u8>,
    most: usize,
    lost_lines: u64,
}

impl Kept {
    /// Keeps at most this many bytes.
    pub fn new(most: usize) -> Self {
        Self { ring: VecDeque::new(), most, lost_lines: 0 }
    }

    /// Adds a line, and lets go of the oldest where there is no room.
    pub fn push(&mut self, line: &Line) {
        let Ok(json) = serde_json::to_vec(line) else { return };
        while self.ring.len() + json.len() + 1 > self.most && !self.ring.is_empty() {
            let end = self.ring.iter().position(|byte| *byte == b'\n').map_or(self.ring.len(), |at| at + 1);
            self.ring.drain(..end);
            self.lost_lines += 1;
        }
        // Grown in steps, never beyond: doubling would take twice of what was allowed.
        let room = self.ring.capacity() - self.ring.len();
        if room < json.len() + 1 {
            let step =
                (self.most / 8).max(json.len() + 1).min(self.most.saturating_sub(self.ring.len()).max(json.len() + 1));
            self.ring.reserve_exact(step);
        }
        self.ring.extend(json);
        self.ring.push_back(b'\n');
    }

    /// A JSON array of all that was kept, with a word on what was not.
    pub fn into_json(mut self) -> Vec<u8> {
        if self.lost_lines > 0 {
            let out = format!(
                "[the first {} lines are not kept: the log is larger than this runner keeps]\n",
                self.lost_lines
            );
            let word = serde_json::to_vec(&Line { pos: 0, out, time: 0 }).unwrap_or_default();
            for byte in word.into_iter().chain([b'\n']).rev() {
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

    fn read(kept: Kept) -> Vec<Line> {
        serde_json::from_slice(&kept.into_json()).unwrap()
    }

    #[test]
    fn a_small_log_is_kept_whole() {
        let mut kept = Kept::new(1000);
        assert!(read(Kept::new(1000)).is_empty());
        kept.push(&line(0));
        kept.push(&line(1));
        assert_eq!(read(kept), [line(0), line(1)]);
    }

    #[test]
    fn of_a_large_log_the_end_is_kept_and_the_rest_is_spoken_of() {
        let mut kept = Kept::new(1000);
        for pos in 0..1000 {
            kept.push(&line(pos));
            assert!(kept.ring.capacity() <= 1200, "{}", kept.ring.capacity());
        }
        let found = read(kept);
        assert!(found[0].out.contains("lines are not kept"));
        assert_eq!(found.last(), Some(&line(999)));
        assert_eq!(found[1].pos + found.len() as u64 - 1, 1000);
    }
}
