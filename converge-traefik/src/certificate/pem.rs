//! PEM as it is found: read entry by entry, with each flaw named, and written anew.
//!
//! The reader accepts more than Go's (which Traefik uses), because every entry is encoded anew before it is deployed.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;

/// The start of a BEGIN line.
const BEGIN: &str = "-----BEGIN ";
/// The start of an END line.
const END: &str = "-----END ";
/// The end of both.
const DASHES: &str = "-----";
/// The length of a line of base64.
const WIDTH: usize = 64;

/// Base64 with or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text of a file, read.
#[derive(Debug, Default)]
pub struct Pem {
    /// The entries, in their order.
    pub entries: Vec<Entry>,
    /// The flaws of the text, each once.
    pub flaws: Vec<Flaw>,
}

/// One entry of a file.
#[derive(Debug)]
pub struct Entry {
    /// The label: `CERTIFICATE`. Empty if the BEGIN line is damaged.
    pub label: String,
    /// The decoded content.
    pub content: Content,
}

/// The content of an entry.
#[derive(PartialEq, Eq)]
pub enum Content {
    /// The bytes.
    Der(Vec<u8>),
    /// The content needs a passphrase.
    Encrypted,
    /// The BEGIN line, the END line or the base64 is damaged.
    Damaged,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Der(_) => "Der(..)",
            Self::Encrypted => "Encrypted",
            Self::Damaged => "Damaged",
        })
    }
}

/// A flaw of a file that does not hinder this reader, but others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// A byte order mark.
    ByteOrderMark,
    /// Blanks in front of a BEGIN line.
    Indented,
    /// `\n` written as two characters.
    EscapedLineBreaks,
    /// Text in front of a BEGIN line or behind an END line, on the same line.
    SharedLine,
    /// A line break or blank that is not one of ASCII's usual ones.
    OddBlanks,
    /// Base64 without its padding.
    NoPadding,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByteOrderMark => "a byte order mark",
            Self::Indented => "indented lines",
            Self::EscapedLineBreaks => "line breaks written as `\\n`",
            Self::SharedLine => "other text on the line of a BEGIN or END",
            Self::OddBlanks => "line breaks or blanks that are no usual ones",
            Self::NoPadding => "base64 without its padding",
        })
    }
}

impl Pem {
    /// Reads a file.
    pub fn read(text: &str) -> Self {
        let mut pem = Self::default();
        let mut rest = text;
        while let Some(at) = rest.find(BEGIN) {
            pem.outside(&rest[..at]);
            pem.before(&text[..text.len() - rest.len() + at]);
            rest = pem.entry(&rest[at + BEGIN.len()..]);
        }
        pem.outside(rest);
        pem.flaws.sort_unstable();
        pem.flaws.dedup();
        pem
    }

    /// Reads the entry behind a BEGIN, and returns the text after it.
    fn entry<'a>(&mut self, text: &'a str) -> &'a str {
        let label = text.split(DASHES).next().unwrap_or_default();
        if label.len() == text.len() || !is_label(label) {
            self.damaged("");
            return text;
        }
        let after = &text[label.len() + DASHES.len()..];
        let end = after.find(END);
        let next = after.find(BEGIN).unwrap_or(after.len());
        let Some(end) = end.filter(|end| *end < next) else {
            self.damaged(label);
            return &after[next..];
        };
        let body = &after[..end];
        let Some(after) = after[end + END.len()..].strip_prefix(label).and_then(|rest| rest.strip_prefix(DASHES))
        else {
            self.damaged(label);
            return &after[end + END.len()..];
        };
        let content = self.content(label, body);
        self.entries.push(Entry { label: label.to_owned(), content });
        self.behind(after);
        after
    }

    fn damaged(&mut self, label: &str) {
        self.entries.push(Entry { label: label.to_owned(), content: Content::Damaged });
    }

    fn content(&mut self, label: &str, body: &str) -> Content {
        let plain = body.replace("\\r", "").replace("\\n", "\n").replace("\\t", "").replace('\\', "");
        if plain.len() != body.len() {
            self.flaws.push(Flaw::EscapedLineBreaks);
        }
        let without_cr = plain.replace("\r\n", "\n");
        if without_cr.contains(|c: char| (c.is_whitespace() || is_invisible(c)) && !" \t\n".contains(c)) {
            self.flaws.push(Flaw::OddBlanks);
        }
        let (headers, base64): (Vec<&str>, Vec<&str>) =
            without_cr.split(['\n', '\r']).partition(|line| line.contains(':'));
        if label.starts_with("ENCRYPTED ") || headers.iter().any(|header| header.contains("ENCRYPTED")) {
            return Content::Encrypted;
        }
        let base64: String = base64.concat().chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect();
        match LENIENT.decode(&base64) {
            Ok(der) if !der.is_empty() => {
                if !base64.len().is_multiple_of(4) {
                    self.flaws.push(Flaw::NoPadding);
                }
                Content::Der(der)
            }
            _ => Content::Damaged,
        }
    }

    /// Looks at the text between entries: a damaged BEGIN or END line there is an entry that cannot be read.
    fn outside(&mut self, text: &str) {
        if text.contains('\u{feff}') {
            self.flaws.push(Flaw::ByteOrderMark);
        }
        let is_marker = |line: &str| {
            let has_word = line.contains("BEGIN ") || line.contains("END ");
            let is_dash = |c: char| c == '-' || ('\u{2010}'..='\u{2015}').contains(&c);
            has_word && line.contains(is_dash) && (line.contains("CERTIFICATE") || line.contains("PRIVATE KEY"))
        };
        let is_told = self.entries.last().is_some_and(|last| last.content == Content::Damaged);
        if !is_told && text.lines().any(is_marker) {
            self.damaged("");
        }
    }

    /// Looks at the text in front of a BEGIN.
    fn before(&mut self, text: &str) {
        let line = text.rsplit(['\n', '\r']).next().unwrap_or_default();
        let line = line.trim_start_matches('\u{feff}');
        if line.ends_with("\\n") {
            self.flaws.push(Flaw::EscapedLineBreaks);
        } else if !line.is_empty() {
            let is_blank = line.chars().all(char::is_whitespace);
            self.flaws.push(if is_blank { Flaw::Indented } else { Flaw::SharedLine });
        }
    }

    /// Looks at the text behind an END.
    fn behind(&mut self, text: &str) {
        let line = text.split(['\n', '\r']).next().unwrap_or_default();
        if line.starts_with('\\') {
            self.flaws.push(Flaw::EscapedLineBreaks);
        } else if !line.trim_end_matches([' ', '\t']).is_empty() {
            self.flaws.push(if line.trim().is_empty() { Flaw::OddBlanks } else { Flaw::SharedLine });
        }
        if text.starts_with('\r') && !text.starts_with("\r\n") {
            self.flaws.push(Flaw::OddBlanks);
        }
    }
}

fn is_label(label: &str) -> bool {
    let is_of_label = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
    !label.is_empty() && label.len() <= 40 && label.chars().all(is_of_label)
}

/// True for characters without a width that editors and web pages leave in a text.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{00ad}')
}

/// Writes an entry.
pub fn write(label: &str, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(WIDTH));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + END + label + DASHES + "\n"
}
