//! A set of byte strings, searched at a place of a text. Sorted strings need no automaton, whose size could be refused.

use std::collections::BTreeSet;

use super::SHORTEST;

/// The number of bytes at the start of a form whose hash is looked up first.
const START: usize = 4;

/// The number of hashes.
const HASHES: usize = 1 << 16;

/// The forms of secrets, each of at least [`SHORTEST`] bytes.
pub struct Forms {
    sorted: Vec<Vec<u8>>,
    longest: usize,
    /// True at a byte that begins a form.
    bytes: [bool; 256],
    /// True at the hash of the start of a form.
    starts: Vec<bool>,
}

impl Forms {
    /// Leaves out forms that are too short.
    pub fn new(all: BTreeSet<Vec<u8>>) -> Self {
        let mut forms = Self { sorted: Vec::new(), longest: 0, bytes: [false; 256], starts: vec![false; HASHES] };
        for form in all.into_iter().filter(|form| form.len() >= SHORTEST) {
            forms.bytes[usize::from(form[0])] = true;
            forms.starts[hash(&form)] = true;
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
        if text.len() < SHORTEST || !self.starts[hash(text)] {
            return None;
        }
        let stem = &text[..SHORTEST];
        let first = self.sorted.partition_point(|form| &form[..SHORTEST] < stem);
        let candidates = self.sorted[first..].iter().take_while(|form| form.starts_with(stem));
        candidates.filter(|form| text.starts_with(form)).map(Vec::len).max()
    }

    /// True if the text is the beginning of a longer form.
    pub fn may_go_on(&self, text: &[u8]) -> bool {
        if !self.bytes[usize::from(text[0])] || (text.len() >= START && !self.starts[hash(text)]) {
            return false;
        }
        let first = self.sorted.partition_point(|form| form.as_slice() < text);
        // The text itself comes before all longer forms.
        let mut next = self.sorted[first..].iter().skip_while(|form| form.as_slice() == text);
        next.next().is_some_and(|form| form.starts_with(text))
    }
}

/// The hash of the first bytes; false hits are rare, as most starts of a text begin no form.
fn hash(text: &[u8]) -> usize {
    let start = u32::from_le_bytes([text[0], text[1], text[2], text[3]]);
    (start.wrapping_mul(0x9e37_79b1) >> 16) as usize
}
