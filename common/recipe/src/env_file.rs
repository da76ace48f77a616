//! A recipe's `.env`. Edits touch only our own keys.
//!
//! Comments, order, `# length=…` modifiers, quotes, CRLF, duplicates, a missing last newline and bytes that are no text
//! all stay as they are. A file in which nothing is set is written back byte for byte. The grammar is the one of the
//! parser abra uses: the last definition of a key counts, and `$NAME` refers to what was defined above.

mod value;

use std::collections::BTreeMap;

use base::error::{Class, Explain};

/// The lines of a `.env`, each with its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    /// A comment, an empty line, or something that is no definition.
    Other(Vec<u8>),
    Definition(Definition),
}

/// `KEY=value # comment`, taken apart; the parts joined are the line as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Definition {
    key: String,
    /// Up to the value: indent, `export`, key, equals sign, blanks.
    before: Vec<u8>,
    /// The value as written, with its quotes.
    written: Vec<u8>,
    /// After the value: blanks and comment.
    after: Vec<u8>,
    /// `\n`, `\r\n`, or nothing on the last line.
    end: Vec<u8>,
}

/// The reason why a key cannot be set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The key is no name.
    #[error("`{0}` is no name of a setting")]
    Key(String),
    /// The value does not fit on one line.
    #[error("the value of `{0}` contains a line break or a NUL")]
    Value(String),
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Key(_) => "letters, digits and underscores, not beginning with a digit".into(),
            Self::Value(_) => {
                "a setting in a .env file is one line; longer texts belong in a secret or a config".into()
            }
        })
    }
}

impl EnvFile {
    /// Parses any bytes. Lines that are not definitions are kept as they are.
    pub fn parse(text: &[u8]) -> Self {
        Self { lines: text.split_inclusive(|byte| *byte == b'\n').map(read_line).collect() }
    }

    /// The file's content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for line in &self.lines {
            match line {
                Line::Other(raw) => text.extend_from_slice(raw),
                Line::Definition(it) => {
                    for part in [&it.before, &it.written, &it.after, &it.end] {
                        text.extend_from_slice(part);
                    }
                }
            }
        }
        text
    }

    /// Every key's value, as abra sees it.
    pub fn values(&self) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        for it in self.definitions() {
            let value = value::read(&it.written, &values);
            values.insert(it.key.clone(), value);
        }
        values
    }

    /// The value of `key`, as abra sees it.
    pub fn get(&self, key: &str) -> Option<String> {
        self.values().remove(key)
    }

    /// Sets `key`. Where it is defined, its last definition changes in place and keeps its quotes where they still fit,
    /// and its comment; else a line is added at the end.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        check(key, value)?;
        if self.get(key).as_deref() == Some(value) {
            return Ok(());
        }
        let last = self.lines.iter_mut().rev().find_map(|line| match line {
            Line::Definition(it) if it.key == key => Some(it),
            _ => None,
        });
        if let Some(it) = last {
            // Without a blank before it, a comment would become part of the value.
            if it.after.first().is_some_and(|byte| !is_blank(*byte)) {
                it.after.clear();
            }
            it.written = value::write(value, it.written.first().copied(), !it.after.is_empty());
            return Ok(());
        }
        let end = self.line_end();
        self.finish_last_line(&end);
        self.lines.push(Line::Definition(Definition {
            key: key.into(),
            before: format!("{key}=").into_bytes(),
            written: value::write(value, None, false),
            after: Vec::new(),
            end,
        }));
        Ok(())
    }

    /// Removes every definition of `key`.
    pub fn remove(&mut self, key: &str) {
        self.lines.retain(|line| !matches!(line, Line::Definition(it) if it.key == key));
    }

    /// The keys a sample knows: those it defines and those it offers in a comment (`#KEY=value`).
    pub fn known_keys(&self) -> Vec<String> {
        let commented = |raw: &[u8]| {
            let text = raw.trim_ascii_start().strip_prefix(b"#")?.trim_ascii_start();
            read_definition(text).map(|it| it.key)
        };
        let mut keys: Vec<_> = self
            .lines
            .iter()
            .filter_map(|line| match line {
                Line::Definition(it) => Some(it.key.clone()),
                Line::Other(raw) => commented(raw),
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.lines.iter().filter_map(|line| match line {
            Line::Definition(it) => Some(it),
            Line::Other(_) => None,
        })
    }

    /// The line end the file uses.
    fn line_end(&self) -> Vec<u8> {
        let of = |line: &Line| match line {
            Line::Other(raw) => raw.ends_with(b"\r\n"),
            Line::Definition(it) => it.end == b"\r\n",
        };
        if self.lines.first().is_some_and(of) { b"\r\n".to_vec() } else { b"\n".to_vec() }
    }

    fn finish_last_line(&mut self, end: &[u8]) {
        match self.lines.last_mut() {
            Some(Line::Other(raw)) if !raw.ends_with(b"\n") => raw.extend_from_slice(end),
            Some(Line::Definition(it)) if it.end.is_empty() => it.end = end.to_vec(),
            _ => {}
        }
    }
}

fn check(key: &str, value: &str) -> Result<(), Error> {
    if !is_key(key) {
        return Err(Error::Key(key.into()));
    }
    if value.contains(['\n', '\r', '\0']) {
        return Err(Error::Value(key.into()));
    }
    Ok(())
}

/// True if `text` is a valid name of a setting.
pub fn is_key(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| is_key_byte(byte, at)) && !text.is_empty()
}

fn is_key_byte(byte: u8, at: usize) -> bool {
    byte == b'_' || byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit())
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn read_line(line: &[u8]) -> Line {
    read_definition(line).map_or_else(|| Line::Other(line.to_vec()), Line::Definition)
}

/// Takes a definition apart. A quote that is not closed on its line is part of the value.
fn read_definition(line: &[u8]) -> Option<Definition> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let blanks = |from: usize| text[from..].iter().take_while(|byte| is_blank(**byte)).count();
    let mut at = blanks(0);
    if text[at..].starts_with(b"export ") {
        at += b"export".len();
        at += blanks(at);
    }
    let key_length = text[at..].iter().enumerate().take_while(|(at, byte)| is_key_byte(**byte, *at)).count();
    let key = String::from_utf8(text[at..at + key_length].to_vec()).ok().filter(|key| !key.is_empty())?;
    at += key_length;
    at += blanks(at);
    if text[at..].first() != Some(&b'=') {
        return None;
    }
    at += 1;
    at += blanks(at);
    let value_end = at + value::length(&text[at..]);
    Some(Definition {
        key,
        before: text[..at].to_vec(),
        written: text[at..value_end].to_vec(),
        after: text[value_end..].to_vec(),
        end: line[text.len()..].to_vec(),
    })
}

#[cfg(test)]
mod tests;
