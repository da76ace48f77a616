//! Splits a stream into lines.

/// The longest line, in bytes. Longer ones are cut: Drone's page does not show them, and memory stays bounded.
const LONGEST: usize = 16 * 1024;

/// The output that has not been read as lines yet.
#[derive(Debug, Default)]
pub struct LineBuffer {
    buffer: Vec<u8>,
    /// The start of the next line in the buffer.
    at: usize,
}

impl LineBuffer {
    /// Adds output.
    pub fn push(&mut self, piece: &[u8]) {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole line with its newline, or the first part of a long line.
    pub fn next(&mut self) -> Option<String> {
        let rest = &self.buffer[self.at..];
        let within = &rest[..rest.len().min(LONGEST)];
        let length = match within.iter().position(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            None if rest.len() > LONGEST => whole_characters(within),
            None => return None,
        };
        self.at += length;
        Some(String::from_utf8_lossy(&rest[..length]).into_owned())
    }

    /// The last line, if it has no newline.
    pub fn rest(&mut self) -> Option<String> {
        let rest = self.buffer.split_off(self.at);
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

/// The length without a cut character at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (LineBuffer::default(), Vec::new());
        for piece in pieces {
            lines.push(piece);
            while let Some(line) = lines.next() {
                found.push(line);
            }
        }
        found.extend(lines.rest());
        found
    }

    #[test]
    fn lines_are_found_wherever_the_stream_is_cut() {
        assert_eq!(all(&[b"on", b"e\ntwo\n\nth", b"ree"]), ["one\n", "two\n", "\n", "three"]);
        assert_eq!(all(&[b"\xc3", b"\xa4\n\xff\n"]), ["\u{e4}\n", "\u{fffd}\n"]);
    }

    #[test]
    fn a_line_without_end_is_cut_between_characters() {
        let long = "\u{e4}".repeat(LONGEST);
        let found = all(&[b"x", long.as_bytes()]);
        assert!(found.len() > 1 && found.iter().all(|line| line.len() <= LONGEST));
        assert_eq!(found.concat(), format!("x{long}"));
    }
}
