//! The statements of a `.env`, as godotenv 1.5 finds them: abra's parser is a fork of it.
//!
//! godotenv refuses a whole file for one statement that it cannot read. Here that statement alone is odd, and reading goes on
//! with the next line.

/// A part of a `.env`; the parts joined are the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Blanks, empty lines, comments.
    Other(Vec<u8>),
    /// `KEY=value`, `KEY: value`, `export KEY=value`.
    Definition(Definition),
    /// A line that godotenv refuses.
    Odd(Odd),
}

/// A definition in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub key: String,
    /// Up to the value: `export`, key, equals sign, blanks.
    pub before: Vec<u8>,
    /// The value as written, with its quotes. May span lines.
    pub written: Vec<u8>,
}

/// The rest of a line from the statement on that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd {
    /// The key, if the value is what cannot be read.
    pub key: Option<String>,
    pub raw: Vec<u8>,
}

impl Definition {
    fn is_quoted(&self) -> bool {
        matches!(self.written.first(), Some(b'"' | b'\''))
    }
}

impl Part {
    /// The bytes.
    pub(super) fn raw(&self) -> Vec<u8> {
        match self {
            Self::Other(raw) | Self::Odd(Odd { raw, .. }) => raw.clone(),
            Self::Definition(Definition { before, written, .. }) => [before.as_slice(), written].concat(),
        }
    }
}

/// The key of a statement, and the place of its value.
#[derive(Debug)]
pub(super) struct Key {
    pub name: String,
    /// `=` or `:`.
    pub separator: u8,
    pub value_at: usize,
}

/// Takes a file apart.
pub(super) fn parts(text: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut done = 0;
    loop {
        let start = next_statement(text, done);
        if start > done {
            parts.push(Part::Other(text[done..start].to_vec()));
        }
        if start == text.len() {
            return parts;
        }
        let (part, end) = match definition(text, start) {
            Ok(definition) => {
                let end = start + definition.before.len() + definition.written.len();
                (Part::Definition(definition), end)
            }
            Err(key) => {
                let end = line_end(text, start);
                (Part::Odd(Odd { key, raw: text[start..end].to_vec() }), end)
            }
        };
        // The comment behind a value without quotes ends with its line, also with one that a lone CR ends.
        let rest = match &part {
            Part::Definition(it) if !it.is_quoted() => line_end(text, end),
            _ => end,
        };
        parts.push(part);
        if rest > end {
            parts.push(Part::Other(text[end..rest].to_vec()));
        }
        done = rest;
    }
}

/// Reads the definition at `start`; an error is the key, if that could be read.
pub(super) fn definition(text: &[u8], start: usize) -> Result<Definition, Option<String>> {
    let key = key(text, start).ok_or(None)?;
    let end = value_end(text, key.value_at).ok_or_else(|| Some(key.name.clone()))?;
    Ok(Definition {
        key: key.name,
        before: text[start..key.value_at].to_vec(),
        written: text[key.value_at..end].to_vec(),
    })
}

/// Reads the key at `start`. `None` if a character that no name has comes before its separator.
pub(super) fn key(text: &[u8], start: usize) -> Option<Key> {
    let exported = start + b"export".len();
    let is_exported = text[start..].starts_with(b"export") && blank(text, exported) > 0;
    let start = if is_exported { skip_blanks(text, exported) } else { start };
    for (at, byte) in text.iter().enumerate().skip(start) {
        match byte {
            b'=' | b':' => {
                let name = as_go_reads(&text[start..at]).trim_end().to_owned();
                return Some(Key { name, separator: *byte, value_at: skip_blanks(text, at + 1) });
            }
            byte if is_key_byte(*byte) => {}
            _ => return None,
        }
    }
    // godotenv takes a last line without separator and line end for the value of the empty name.
    None
}

/// True for the bytes of a name and of blanks around it. godotenv takes each byte for a character of Latin-1.
fn is_key_byte(byte: u8) -> bool {
    let letter = matches!(byte, 0xAA | 0xB5 | 0xBA | 0xC0..=0xD6 | 0xD8..=0xF6 | 0xF8..=0xFF);
    let number = matches!(byte, 0xB2 | 0xB3 | 0xB9 | 0xBC..=0xBE);
    let blank = matches!(byte, b'\t' | 0x0B | 0x0C | b'\r' | b' ' | 0x85 | 0xA0);
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || letter || number || blank
}

/// Where the value at `start` ends; `None` if its quote is not closed.
fn value_end(text: &[u8], start: usize) -> Option<usize> {
    let Some(quote) = text.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\'')) else {
        return Some(unquoted_end(text, start));
    };
    let closes = |at: &usize| text[*at] == quote && text[at - 1] != b'\\';
    let end = (start + 1..text.len()).find(closes)? + 1;
    // What follows cannot be read: the quote that was found opens a later value rather than closes this one.
    let rest = next_statement(text, end);
    let is_on_same_line = rest < text.len() && !text[end..rest].contains(&b'\n');
    let is_odd = is_on_same_line && key(text, rest).is_none() && text[start..end].contains(&b'\n');
    (!is_odd).then_some(end)
}

/// The end of a value without quotes: before the last comment of its line, and before the blanks there.
fn unquoted_end(text: &[u8], start: usize) -> usize {
    let line = &text[start..line_end(text, start)];
    let is_comment = |at: &usize| line[*at] == b'#' && trailing_blank(&line[..*at]) > 0;
    let mut end = (1..line.len()).rev().find(is_comment).unwrap_or(line.len());
    while end > 0 {
        match trailing_blank(&line[..end]) {
            0 => break,
            blank => end -= blank,
        }
    }
    start + end
}

/// Where the next statement starts: behind white space and comments.
fn next_statement(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < text.len() {
        match white_space(&text[at..]) {
            0 if text[at] == b'#' => {
                at += text[at..].iter().position(|byte| *byte == b'\n').unwrap_or(text.len() - at);
            }
            0 => return at,
            space => at += space,
        }
    }
    at
}

/// Where the line at `from` ends, before its line end.
pub(super) fn line_end(text: &[u8], from: usize) -> usize {
    text[from..].iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(text.len(), |length| from + length)
}

fn skip_blanks(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while blank(text, at) > 0 {
        at += blank(text, at);
    }
    at
}

/// The length of the blank at `at`; 0 for another character. The CR of a line end is none.
fn blank(text: &[u8], at: usize) -> usize {
    match text.get(at..).unwrap_or_default() {
        [b'\r', b'\n', ..] => 0,
        [b'\t' | 0x0B | 0x0C | b'\r' | b' ', ..] => 1,
        [0xC2, 0x85 | 0xA0, ..] => 2,
        _ => 0,
    }
}

/// The length of the blank that `text` ends with.
fn trailing_blank(text: &[u8]) -> usize {
    match text {
        [.., b'\t' | 0x0B | 0x0C | b'\r' | b' '] => 1,
        [.., 0xC2, 0x85 | 0xA0] => 2,
        _ => 0,
    }
}

/// The length of the white space, line ends among it, that `text` begins with.
fn white_space(text: &[u8]) -> usize {
    let first = text.get(..text.len().min(4)).unwrap_or_default();
    let chunk = first.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    chunk.chars().next().filter(|c| c.is_whitespace()).map_or(0, char::len_utf8)
}

/// The text as Go reads bytes that are no UTF-8: U+FFFD for each of them.
pub(super) fn as_go_reads(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}
