//! Replaces secrets in a stream by stars, also if a value spans two pieces of the stream.

mod encodings;
mod forms;
mod text;
mod unbroken;

use std::fmt;
use std::rc::Rc;

use forms::Forms;
use unbroken::Unbroken;

/// The replacement of a secret.
const STARS: &[u8] = b"******";

/// The shortest masked value, in characters. Shorter ones are ordinary words: masked, they would make a log unreadable.
pub const SHORTEST: usize = 8;

/// The secret values, in every form in which a log may show them.
#[derive(Clone, Default)]
pub struct MaskedValues {
    forms: Option<Rc<AllForms>>,
}

/// The forms of all values.
struct AllForms {
    /// Forms that programs print as one piece.
    whole: Forms,
    /// Forms that programs break into lines: base64 and hexadecimal text.
    broken: Forms,
}

impl fmt::Debug for MaskedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |forms: &Rc<AllForms>| forms.whole.len() + forms.broken.len();
        f.debug_struct("MaskedValues").field("forms", &self.forms.as_ref().map_or(0, count)).finish()
    }
}

/// True if the mask hides this value, or if it is empty.
pub fn hides(value: &[u8]) -> bool {
    value.trim_ascii().is_empty() || encodings::parts(value).next().is_some()
}

impl MaskedValues {
    /// Makes the forms of these values, of those that the mask [`hides`].
    pub fn new<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let (whole, broken) = encodings::of(values);
        if whole.is_empty() && broken.is_empty() {
            return Self::default();
        }
        Self { forms: Some(Rc::new(AllForms { whole: Forms::new(whole), broken: Forms::new(broken) })) }
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
    /// The bytes of `held` without line breaks.
    unbroken: Unbroken,
}

impl Mask {
    /// The mask of a new stream.
    pub fn new(secrets: MaskedValues) -> Self {
        Self { secrets, held: Vec::new(), covered: 0, unbroken: Unbroken::default() }
    }

    /// Masks the next piece, and writes the decided part to `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let Some(forms) = self.secrets.forms.clone() else {
            out.extend_from_slice(piece);
            return;
        };
        self.held.extend_from_slice(piece);
        self.unbroken.read(&self.held);
        let until = forms.undecided(&self.held).min(self.unbroken.undecided(&forms.broken, self.held.len()));
        self.emit(&forms, until, out);
    }

    /// Writes the rest, at the end of the stream.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(forms) = self.secrets.forms.clone() {
            self.unbroken.read(&self.held);
            self.emit(&forms, self.held.len(), out);
        }
    }

    /// Writes the bytes before `until`. No secret that begins there may end after `held`.
    fn emit(&mut self, forms: &AllForms, until: usize, out: &mut Vec<u8>) {
        let whole = (0..until).filter_map(|at| Some((at, at + forms.whole.longest_at(&self.held[at..])?)));
        let mut found: Vec<(usize, usize)> = whole.chain(self.unbroken.find(&forms.broken, until)).collect();
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

impl AllForms {
    /// The index from which the text may be the beginning of a whole form.
    fn undecided(&self, text: &[u8]) -> usize {
        let first = text.len().saturating_sub(self.whole.longest().saturating_sub(1));
        (first..text.len()).find(|at| self.whole.may_go_on(&text[*at..])).unwrap_or(text.len())
    }
}

#[cfg(test)]
mod tests;
