//! A text without its line breaks. Programs break base64 into lines of 76, 64 or other lengths, and at any place of a secret
//! if more than the secret is encoded.

use std::ops::Range;

use super::forms::Forms;

/// The number of characters before a break from which the next line is waited for. With fewer, every line that ends in the
/// first character of a form would be late.
pub const EARLY: usize = 3;

/// The bytes of a text without line breaks, with their places in the text.
#[derive(Debug, Default)]
pub struct Unbroken {
    bytes: Vec<u8>,
    places: Vec<usize>,
    /// True if the text ends with a break.
    ends_with_break: bool,
}

impl Unbroken {
    /// Leaves out newlines with the blanks after them, also newlines that JSON escapes. Keeps the memory of an earlier text.
    pub fn read(&mut self, text: &[u8]) {
        self.bytes.clear();
        self.places.clear();
        self.ends_with_break = false;
        let is_special = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\\');
        let mut at = 0;
        while at < text.len() {
            let end = text[at..].iter().position(is_special).map_or(text.len(), |length| at + length);
            self.add(text, at..end);
            let escaped = text.get(end) == Some(&b'\\');
            at = match text.get(end + 1) {
                Some(b'n' | b'r') | None if escaped => end + 2,
                _ if escaped => {
                    self.add(text, end..end + 1);
                    at = end + 1;
                    continue;
                }
                _ => end,
            };
            self.ends_with_break |= end < text.len();
            let blanks = text.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace());
            at += blanks.count();
        }
    }

    fn add(&mut self, text: &[u8], part: Range<usize>) {
        if !part.is_empty() {
            self.bytes.extend_from_slice(&text[part.clone()]);
            self.places.extend(part);
            self.ends_with_break = false;
        }
    }

    /// The place from which the text, of this length, may be the beginning of a form.
    pub fn undecided(&self, forms: &Forms, length: usize) -> usize {
        let shortest = if self.ends_with_break { EARLY } else { 1 };
        let first = self.bytes.len().saturating_sub(forms.longest().saturating_sub(1));
        let last = (self.bytes.len() + 1).saturating_sub(shortest);
        (first..last).find(|at| forms.may_go_on(&self.bytes[*at..])).map_or(length, |at| self.places[at])
    }

    /// The places of the forms that begin before `until`: start and end.
    pub fn find<'a>(&'a self, forms: &'a Forms, until: usize) -> impl Iterator<Item = (usize, usize)> + 'a {
        let count = self.places.partition_point(|place| *place < until);
        (0..count).filter_map(|at| {
            let length = forms.longest_at(&self.bytes[at..])?;
            Some((self.places[at], self.places[at + length - 1] + 1))
        })
    }
}
