//! A set of byte strings, searched at a place of a text. Sorted strings need no automaton, whose size could be refused.

use std::collections::BTreeSet;

use super::SHORTEST;

/// The number of pairs of bytes.
const PAIRS: usize = 1 << 16;

/// The forms of secrets, each of at least [`SHORTEST`] bytes.
pub struct Forms {
    sorted: Vec<Vec<u8>>,
    longest: usize,
    /// True at a byte that begins a form.
    bytes: [bool; 256],
    /// True at a pair of bytes that begins a form.
    pairs: Vec<bool>,
}

impl Forms {
    /// Leaves out forms that are too short.
    pub fn new(all: BTreeSet<Vec<u8>>) -> Self {
        let mut forms = Self { sorted: Vec::new(), longest: 0, bytes: [false; 256], pairs: vec![false; PAIRS] };
        for form in all.into_iter().filter(|form| form.len() >= SHORTEST) {
            forms.bytes[usize::from(form[0])] = true;
            forms.pairs[pair(&form)] = true;
            forms.longest = forms.longest.max(form.len());
            forms.sorted.push(form);
        }
        forms
    }

    /// The number of forms.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The length of the longest form.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The length of the longest form with which the text begins.
    pub fn longest_at(&self, text: &[u8]) -> Option<usize> {
        if text.len() < SHORTEST || !self.pairs[pair(text)] {
            return None;
        }
        let stem = &text[..SHORTEST];
        let first = self.sorted.partition_point(|form| &form[..SHORTEST] < stem);
        let candidates = self.sorted[first..].iter().take_while(|form| form.starts_with(stem));
        candidates.filter(|form| text.starts_with(form)).map(Vec::len).max()
    }

    /// True if the text is the beginning of a longer form.
    pub fn may_go_on(&self, text: &[u8]) -> bool {
        if !self.bytes[usize::from(text[0])] || (text.len() > 1 && !self.pairs[pair(text)]) {
            return false;
        }
        let first = self.sorted.partition_point(|form| form.as_slice() < text);
        // The text itself comes before all longer forms.
        let mut next = self.sorted[first..].iter().skip_while(|form| form.as_slice() == text);
        next.next().is_some_and(|form| form.starts_with(text))
    }
}

fn pair(text: &[u8]) -> usize {
    usize::from(text[0]) << 8 | usize::from(text[1])
}
