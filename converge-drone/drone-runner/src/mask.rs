//! Replaces secrets in a stream by stars, also if a value spans two pieces of the stream.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The replacement of a secret.
const STARS: &[u8] = b"******";

/// The secret values, in every form in which a log may show them.
#[derive(Clone, Default)]
pub struct MaskedValues {
    matcher: Option<Rc<Matcher>>,
}

struct Matcher {
    search: AhoCorasick,
    forms: Vec<Vec<u8>>,
    longest: usize,
    /// True at a byte that begins a form.
    first_bytes: [bool; 256],
}

impl fmt::Debug for MaskedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedValues")
            .field("forms", &self.matcher.as_ref().map_or(0, |matcher| matcher.forms.len()))
            .finish()
    }
}

impl MaskedValues {
    /// Makes the forms of these values. Values under 8 characters are left out.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let forms = forms(values);
        if forms.is_empty() {
            return Self::default();
        }
        // Built for every stage, with tokens of a kilobyte: this kind is small and is built fast.
        let search = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&forms);
        let Ok(search) = search else { return Self::default() };
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        let mut first_bytes = [false; 256];
        for form in &forms {
            first_bytes[usize::from(form[0])] = true;
        }
        Self { matcher: Some(Rc::new(Matcher { search, forms, longest, first_bytes })) }
    }

    /// Masks a whole text.
    pub fn hide(&self, text: &str) -> String {
        let mut mask = Mask::new(self.clone());
        let mut out = Vec::with_capacity(text.len());
        mask.push(text.as_bytes(), &mut out);
        mask.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// The mask of one stream. Bytes that may begin a secret are held back until the next piece decides.
#[derive(Debug)]
pub struct Mask {
    secrets: MaskedValues,
    held: Vec<u8>,
    /// The number of bytes at the start of `held` whose stars are written already.
    covered: usize,
}

impl Mask {
    /// The mask of a new stream.
    pub fn new(secrets: MaskedValues) -> Self {
        Self { secrets, held: Vec::new(), covered: 0 }
    }

    /// Masks the next piece, and writes the decided part to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Some(matcher) = self.secrets.matcher.clone() else {
            out.extend_from_slice(piece);
            return;
        };
        self.held.extend_from_slice(piece);
        self.emit(&matcher, matcher.undecided(&self.held), out);
    }

    /// Writes the rest, at the end of the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(matcher) = self.secrets.matcher.clone() {
            self.emit(&matcher, self.held.len(), out);
        }
    }

    /// Writes the bytes before `until`. No secret that begins there may end after `held`.
    fn emit(&mut self, matcher: &Matcher, until: usize, out: &mut Vec<u8>) {
        let found = matcher.search.find_overlapping_iter(&self.held).map(|found| (found.start(), found.end()));
        let mut found: Vec<(usize, usize)> = found.filter(|(start, _)| *start < until).collect();
        found.sort_unstable();
        let mut covered = self.covered;
        for (start, end) in found {
            if start >= covered {
                out.extend_from_slice(&self.held[covered..start]);
                out.extend_from_slice(STARS);
            }
            covered = covered.max(end);
        }
        if covered < until {
            out.extend_from_slice(&self.held[covered..until]);
            covered = until;
        }
        self.held.drain(..until);
        self.covered = covered - until;
    }
}

impl Matcher {
    /// The index from which the text may be the beginning of a secret.
    fn undecided(&self, text: &[u8]) -> usize {
        let first = text.len().saturating_sub(self.longest.saturating_sub(1));
        let could_be = |at: &usize| {
            let end = &text[*at..];
            self.first_bytes[usize::from(end[0])]
                && self.forms.iter().any(|form| form.len() > end.len() && form.starts_with(end))
        };
        (first..text.len()).find(could_be).unwrap_or(text.len())
    }
}

/// The shortest masked value, in characters. Shorter ones are ordinary words: masked, they would make a log unreadable.
const SHORTEST: usize = 8;

/// Makes every form of these values: plain, line by line, in base64, in an address, in JSON.
fn forms<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
    let mut all = BTreeSet::new();
    for value in values {
        let lines = value.lines();
        for part in lines.chain([value]).map(str::trim).filter(|part| part.chars().count() >= SHORTEST) {
            all.insert(part.as_bytes().to_vec());
            add_base64(part.as_bytes(), &mut all);
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

/// Adds base64, alone or within a longer text: three alignments to the groups of three bytes.
fn add_base64(bytes: &[u8], all: &mut BTreeSet<Vec<u8>>) {
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

#[cfg(test)]
mod tests;
