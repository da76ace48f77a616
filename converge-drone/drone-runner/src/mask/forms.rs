//! The forms in which a secret shows: as it is, line by line, in base64, in an address, in JSON.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Shorter values are ordinary words; with them in stars nobody could read a log.
const SHORTEST: usize = 8;

/// Every form of these values.
pub fn of<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
    let mut all = BTreeSet::new();
    for value in values {
        let lines = value.lines();
        for part in lines.chain([value]).map(str::trim).filter(|part| part.chars().count() >= SHORTEST) {
            all.insert(part.as_bytes().to_vec());
            base64(part.as_bytes(), &mut all);
            for (lower, plus) in [(false, false), (true, false), (false, true), (true, true)] {
                all.insert(url(part, lower, plus).into_bytes());
            }
            let json = serde_json::to_string(part).unwrap_or_default();
            all.insert(json.trim_matches('"').as_bytes().to_vec());
        }
    }
    all.retain(|form| form.len() >= SHORTEST);
    all.into_iter().collect()
}

/// In base64, by itself or within something longer: three ways to lie on its groups of three bytes.
fn base64(bytes: &[u8], all: &mut BTreeSet<Vec<u8>>) {
    for engine in [STANDARD, URL_SAFE] {
        all.insert(engine.encode(bytes).into_bytes());
        for before in 0..3 {
            let mut padded = vec![0; before];
            padded.extend_from_slice(bytes);
            let text = engine.encode(&padded).into_bytes();
            // A character that also holds bits of a neighbour is not known.
            let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            all.insert(text[first..end].to_vec());
        }
    }
}

#[allow(clippy::format_push_string, reason = "once for each secret")]
fn url(text: &str, lower: bool, plus: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' if plus => out.push('+'),
            _ if lower => out.push_str(&format!("%{byte:02x}")),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
