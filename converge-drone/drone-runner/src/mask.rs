//! Takes secrets out of a stream before anybody sees it, also where a value lies across two pieces of it.

mod forms;

use std::fmt;
use std::rc::Rc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// What stands in the place of a secret.
pub const STARS: &[u8] = b"******";

/// The values that nobody may see, in every form in which they may show.
#[derive(Clone, Default)]
pub struct Secrets {
    known: Option<Rc<Known>>,
}

struct Known {
    search: AhoCorasick,
    forms: Vec<Vec<u8>>,
    longest: usize,
    /// Whether a form begins with this byte.
    begins: [bool; 256],
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("forms", &self.known.as_ref().map_or(0, |known| known.forms.len())).finish()
    }
}

impl Secrets {
    /// All of these values that are long enough to be told from ordinary words.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let forms = forms::of(values);
        if forms.is_empty() {
            return Self::default();
        }
        // The kind that is built fast and is small: it is built for every stage, with tokens of a kilobyte among the values.
        let search = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&forms);
        let Ok(search) = search else { return Self::default() };
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        let mut begins = [false; 256];
        for form in &forms {
            begins[usize::from(form[0])] = true;
        }
        Self { known: Some(Rc::new(Known { search, forms, longest, begins })) }
    }

    /// A whole text without them.
    pub fn hide(&self, text: &str) -> String {
        let mut mask = Mask::new(self.clone());
        let mut out = Vec::with_capacity(text.len());
        mask.push(text.as_bytes(), &mut out);
        mask.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// One stream. What could be the beginning of a secret is held back until it is known to be one or not.
#[derive(Debug)]
pub struct Mask {
    secrets: Secrets,
    held: Vec<u8>,
    /// How many bytes of `held` belong to a secret whose stars are out already.
    covered: usize,
}

impl Mask {
    /// A stream from its beginning.
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, held: Vec::new(), covered: 0 }
    }

    /// Takes the next piece; writes what can be seen by now to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Some(known) = self.secrets.known.clone() else {
            out.extend_from_slice(piece);
            return;
        };
        self.held.extend_from_slice(piece);
        self.emit(&known, known.undecided(&self.held), out);
    }

    /// The stream is at its end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(known) = self.secrets.known.clone() {
            self.emit(&known, self.held.len(), out);
        }
    }

    /// Writes what lies before `until`. No secret that begins before it can go on after `held`.
    fn emit(&mut self, known: &Known, until: usize, out: &mut Vec<u8>) {
        let found = known.search.find_overlapping_iter(&self.held).map(|found| (found.start(), found.end()));
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

impl Known {
    /// From where on the text could be the beginning of a secret that is not all there yet.
    fn undecided(&self, text: &[u8]) -> usize {
        let first = text.len().saturating_sub(self.longest.saturating_sub(1));
        let could_be = |at: &usize| {
            let end = &text[*at..];
            self.begins[usize::from(end[0])]
                && self.forms.iter().any(|form| form.len() > end.len() && form.starts_with(end))
        };
        (first..text.len()).find(could_be).unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests;
