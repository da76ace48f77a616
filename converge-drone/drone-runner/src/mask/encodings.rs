//! The forms in which programs print a value: plain, line by line, encoded, quoted, escaped.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::SHORTEST;
use super::text::add_texts;
use super::unbroken::EARLY;

type Set = BTreeSet<Vec<u8>>;

/// All forms of these values: those that are printed as one piece, and those that are broken into lines.
pub fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> (Set, Set) {
    let (mut whole, mut broken) = (Set::new(), Set::new());
    let all: BTreeSet<&[u8]> = values.into_iter().flat_map(parts).collect();
    for part in all {
        whole.insert(part.to_vec());
        // `[[ … == … ]]` under `set -x` where bash has no UTF-8.
        whole.insert(part.iter().flat_map(|byte| [b'\\', *byte]).collect());
        if let Ok(text) = std::str::from_utf8(part) {
            add_texts(text, &mut whole);
        }
        add_base64(part, &mut broken);
        let hex = base::hex::encode(part);
        broken.insert(hex.to_uppercase().into_bytes());
        broken.insert(hex.into_bytes());
    }
    // A break after fewer characters than these is not waited for: then the next line begins with the rest.
    for form in broken.clone() {
        broken.extend((1..EARLY).filter_map(|at| form.get(at..).map(<[u8]>::to_vec)));
    }
    (whole, broken)
}

/// The parts of a value that are long enough: the value, each of its lines, and what stands between quotes. A key is often
/// stored in one line with `\n` for each newline.
pub fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = value.split(|byte| matches!(byte, b'\n' | b'\r'));
    let all = lines.flat_map(escaped_lines).chain(value.split(|byte| matches!(byte, b'\n' | b'\r'))).chain([value]);
    let trimmed = all.map(<[u8]>::trim_ascii).flat_map(|part| [Some(part), between_quotes(part)]);
    trimmed.flatten().filter(|part| String::from_utf8_lossy(part).chars().count() >= SHORTEST)
}

/// Splits a line at `\n` and `\r`, each of two characters.
fn escaped_lines(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.windows(2).position(|pair| matches!(pair, b"\\n" | b"\\r"));
        rest = end.map(|end| &text[end + 2..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// A program that reads a value as JSON or as a shell does prints it without its quotes.
fn between_quotes(part: &[u8]) -> Option<&[u8]> {
    match part {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => Some(inner),
        _ => None,
    }
}

/// Adds base64, alone or within a longer text: three alignments to the groups of three bytes.
fn add_base64(bytes: &[u8], all: &mut Set) {
    for engine in [STANDARD, URL_SAFE] {
        all.insert(engine.encode(bytes).into_bytes());
        for before in 0..3 {
            let mut padded = vec![0; before];
            padded.extend_from_slice(bytes);
            let text = engine.encode(&padded).into_bytes();
            // A character with bits of a neighbouring byte is not part of the form.
            let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            all.insert(text[first..end].to_vec());
        }
    }
}
