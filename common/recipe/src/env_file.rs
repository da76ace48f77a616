//! A recipe's `.env`. Edits touch only our own keys.
//!
//! Comments, order, `# length=…` modifiers, quotes, CRLF, duplicates, a missing last newline and bytes that are no text
//! all stay as they are. A file in which nothing is set is written back byte for byte. The grammar is the one of abra's
//! parser: the last definition of a key counts, a quoted value may span lines, and `$NAME` refers to what was defined above.

mod statement;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use base::error::{Class, Explain};
use statement::{Definition, Odd, Part};

/// A `.env`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    parts: Vec<Part>,
}

/// A line that abra cannot read. abra reads nothing of a file that has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OddLine {
    /// The number, from 1.
    pub line: usize,
    /// The key, if the value is what cannot be read.
    pub key: Option<String>,
}

/// The reason why a key cannot be set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The key is no name.
    #[error("`{0}` is no name of a setting")]
    Key(String),
    /// No notation of the value can be read back.
    #[error("abra could not read the value of `{0}` back from a .env file")]
    Value(String),
    /// A line before it that cannot be read would take the value in.
    #[error("`{0}` cannot be set beside a line that opens a quote and does not close it")]
    Quote(String),
}

impl Explain for Error {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Key(_) => "letters, digits and underscores, not beginning with a digit".into(),
            Self::Value(_) => VALUE_HINT.into(),
            Self::Quote(_) => "correct or remove that line".into(),
        })
    }
}

/// The remedy for a value that no `.env` can hold.
pub const VALUE_HINT: &str = "take out a NUL, and do not end a value of several lines with a backslash";

/// True if a `.env` can hold the value.
pub fn can_hold(value: &str) -> bool {
    value::write(value, None, b"KEY=", b"\n").is_some()
}

impl EnvFile {
    /// Parses any bytes. Lines that are not definitions are kept as they are.
    pub fn parse(text: &[u8]) -> Self {
        Self { parts: statement::parts(text) }
    }

    /// The file's content.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.parts.iter().flat_map(Part::raw).collect()
    }

    /// Every key's value, as abra sees it.
    pub fn values(&self) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        for part in &self.parts {
            if let Part::Definition(it) = part {
                let value = value::read(&it.written, &values);
                values.insert(it.key.clone(), value);
            }
        }
        values
    }

    /// The value of `key`, as abra sees it.
    pub fn get(&self, key: &str) -> Option<String> {
        self.values().remove(key)
    }

    /// The lines that abra cannot read.
    pub fn odd_lines(&self) -> Vec<OddLine> {
        let mut line = 1;
        let mut odd = Vec::new();
        for part in &self.parts {
            if let Part::Odd(Odd { key, .. }) = part {
                odd.push(OddLine { line, key: key.clone() });
            }
            line += part.raw().split(|byte| *byte == b'\n').count() - 1;
        }
        odd
    }

    /// Sets `key`. Where it is defined, its last definition changes in place and keeps its quotes where they still fit,
    /// and its comment; else a line is added at the end. A line of the key that cannot be read is replaced.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        if !is_key(key) {
            return Err(Error::Key(key.into()));
        }
        let is_odd = self.parts.iter().any(|part| matches!(part, Part::Odd(odd) if odd.key.as_deref() == Some(key)));
        if !is_odd && self.get(key).as_deref() == Some(value) {
            return Ok(());
        }
        let mut edited = self.clone();
        edited.replace(key, value).ok_or_else(|| Error::Value(key.into()))?;
        let edited = Self::parse(&edited.to_bytes());
        if edited.get(key).as_deref() != Some(value) {
            return Err(Error::Quote(key.into()));
        }
        *self = edited;
        Ok(())
    }

    /// Sets `key` without a look at what stands before it. `None` if no notation of the value can be read back.
    fn replace(&mut self, key: &str, value: &str) -> Option<()> {
        let is_of_key = |part: &Part| match part {
            Part::Definition(it) => it.key == key,
            Part::Odd(it) => it.key.as_deref() == Some(key),
            Part::Other(_) => false,
        };
        let end = self.line_end();
        let at = self.parts.iter().rposition(is_of_key).unwrap_or_else(|| {
            self.finish_last_line(&end);
            self.parts.extend([Part::Other(Vec::new()), Part::Other(end.clone())]);
            self.parts.len() - 2
        });
        let (before, quote) = match &self.parts[at] {
            Part::Definition(it) => (it.before.clone(), it.written.first().copied()),
            _ => (format!("{key}=").into_bytes(), None),
        };
        let after = self.parts.get(at + 1).map(Part::raw).unwrap_or_default();
        let after = &after[..statement::line_end(&after, 0)];
        let written = value::write(value, quote, &before, after).or_else(|| {
            // What follows on the line would become part of the value.
            self.parts.insert(at + 1, Part::Other(end));
            value::write(value, quote, &before, b"\n")
        });
        self.parts[at] = Part::Definition(Definition { key: key.into(), before, written: written? });
        Some(())
    }

    /// The keys a sample knows: those it defines and those it offers in a comment (`#KEY=value`).
    pub fn known_keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for part in &self.parts {
            match part {
                Part::Definition(it) => keys.push(it.key.clone()),
                Part::Other(raw) => keys.extend(raw.split(|byte| *byte == b'\n').filter_map(offered_key)),
                Part::Odd(_) => {}
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The line end the file uses.
    fn line_end(&self) -> Vec<u8> {
        let text = self.to_bytes();
        let first = text.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        if first.ends_with(b"\r\n") { b"\r\n".to_vec() } else { b"\n".to_vec() }
    }

    fn finish_last_line(&mut self, end: &[u8]) {
        if self.to_bytes().last().is_some_and(|byte| *byte != b'\n') {
            self.parts.push(Part::Other(end.to_vec()));
        }
    }
}

/// The key that a comment offers.
fn offered_key(line: &[u8]) -> Option<String> {
    let text = line.trim_ascii_start().strip_prefix(b"#")?.trim_ascii_start();
    let key = statement::key(text, 0).filter(|key| key.separator == b'=')?;
    is_key(&key.name).then_some(key.name)
}

/// True if `text` is a valid name of a setting.
pub fn is_key(text: &str) -> bool {
    let is_key_byte =
        |(at, byte): (usize, u8)| byte == b'_' || byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit());
    text.bytes().enumerate().all(is_key_byte) && !text.is_empty()
}

#[cfg(test)]
mod tests;
