//! One read of the log.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use base::terminal::visible;

/// The most bytes of one part.
pub const LARGEST: u64 = 64 * 1024;

/// Whole lines of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The position after these lines.
    pub end: u64,
    /// The visible text.
    pub text: String,
}

/// Reads the lines from a position on, at most [`LARGEST`] bytes. `None` if there is no whole line yet. A line longer than
/// that is cut into parts; the rest of the log is returned if `is_ended`. A position beyond the end is one of an earlier
/// file: the log is read from its beginning.
pub fn read(file: &mut File, from: u64, is_ended: bool) -> io::Result<Option<Part>> {
    let length = file.metadata()?.len();
    let from = if from > length { 0 } else { from };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(last) => last + 1,
        None if is_ended || bytes.len() as u64 == LARGEST => bytes.len(),
        None => 0,
    };
    // The run has ended and this is the last part: the line without its end belongs to it.
    let is_last = is_ended && from + bytes.len() as u64 == length;
    bytes.truncate(if is_last { bytes.len() } else { whole });
    let end = from + bytes.len() as u64;
    Ok((!bytes.is_empty()).then(|| Part { end, text: visible(&String::from_utf8_lossy(&bytes)) }))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn log(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn whole_lines_are_read_and_the_last_one_at_the_end() {
        let mut file = log(b"one\ntwo\nthr");
        let part = read(&mut file, 0, false).unwrap().unwrap();
        assert_eq!(part, Part { end: 8, text: "one\ntwo\n".into() });
        assert_eq!(read(&mut file, 8, false).unwrap(), None);
        assert_eq!(read(&mut file, 8, true).unwrap(), Some(Part { end: 11, text: "thr".into() }));
        assert_eq!(read(&mut file, 11, true).unwrap(), None);
    }

    #[test]
    fn a_position_of_another_file_begins_again() {
        assert_eq!(read(&mut log(b"one\n"), 99, false).unwrap().unwrap().text, "one\n");
    }

    #[test]
    fn a_line_of_ten_megabytes_is_read_in_parts() {
        let mut file = log(&vec![b'x'; 10_000_000]);
        let (mut at, mut parts) = (0, 0);
        while let Some(part) = read(&mut file, at, true).unwrap() {
            assert!(part.end - at <= LARGEST);
            (at, parts) = (part.end, parts + 1);
        }
        assert_eq!((at, parts), (10_000_000, 10_000_000_u64.div_ceil(LARGEST)));
    }
}
