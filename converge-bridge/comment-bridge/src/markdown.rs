//! Escapes foreign text for a comment: it is shown as written and has no effect.
//!
//! Beside Markdown, Gitea notifies names after an `@`, links numbers after a `#` and commits, and replaces words in colons by
//! pictures. No Markdown escape prevents that, so a zero-width space is inserted there.

use base::terminal::{line, tail};

/// A zero-width space, which splits a mention, a reference or an address.
const GAP: char = '\u{200b}';

/// Escapes text for a line or a table cell, at most `most` characters of it.
pub fn text(words: &str, most: usize) -> String {
    let line = line(words, most);
    let mut safe = String::with_capacity(line.len() * 2);
    let (mut before, mut hex) = (None, 0);
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let begins = safe.is_empty() || is_digits(&safe);
        match c {
            '\\' | '`' | '*' | '_' | '~' | '^' | '<' | '>' | '&' => safe.extend(['\\', c]),
            // Gitea reads a backslash before these as mathematics.
            '[' => safe.push_str("&#91;"),
            ']' => safe.push_str("&#93;"),
            '$' => safe.push_str("&#36;"),
            '|' => safe.push_str("&#124;"),
            '#' | '-' | '+' | '=' | ':' | '.' | ')' if begins => match c {
                ')' => safe.push_str("&#41;"),
                c => safe.extend(['\\', c]),
            },
            c => safe.push(c),
        }
        hex = if c.is_ascii_hexdigit() { hex + 1 } else { 0 };
        if next.is_some_and(|next| is_joint(before, c, next, hex)) || (next == Some('.') && ends_in_www(&safe)) {
            safe.push(GAP);
            hex = 0;
        }
        before = Some(c);
    }
    safe
}

/// True if Gitea would replace or link the characters around `c`.
fn is_joint(before: Option<char>, c: char, next: char, hex: usize) -> bool {
    match c {
        '@' | '#' | '!' => next.is_alphanumeric() || matches!(next, '-' | '_'),
        ':' => next.is_alphanumeric() || matches!(next, '/' | '+' | '-' | '_'),
        '[' => next == '[',
        // A reference to another tracker.
        '-' => before.is_some_and(|before| before.is_ascii_uppercase()) && next.is_ascii_digit(),
        // Seven hexadecimal digits are a commit.
        _ => hex == 6 && next.is_ascii_hexdigit(),
    }
}

/// True if the text ends in `www`, which becomes an address with a dot.
fn ends_in_www(text: &str) -> bool {
    text.get(text.len().saturating_sub(3)..).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// True for digits only, where a list may begin.
fn is_digits(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

/// Returns text as inline code (not for tables), at most `most` characters of it; empty if nothing is visible.
pub fn code(words: &str, most: usize) -> String {
    let line = line(words, most);
    if line.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(&line) + 1);
    let space = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{line}{space}{ticks}")
}

/// Returns the last `lines` lines of a log as a code block, at most `columns` characters of each.
pub fn fence(log: &str, lines: usize, columns: usize) -> String {
    let shown = tail(log, lines, columns).join("\n");
    let ticks = "`".repeat((longest_run(&shown) + 1).max(3));
    format!("{ticks}text\n{shown}\n{ticks}")
}

/// Returns a link; `label` is Markdown already. Without a usable address, returns the label alone.
pub fn link(label: &str, address: &str) -> String {
    match destination(address) {
        Some(address) => format!("[{label}]({address})"),
        None => label.to_owned(),
    }
}

/// Returns a picture; `label` is Markdown already.
pub fn picture(label: &str, address: &str) -> String {
    match destination(address) {
        Some(address) => format!("![{label}]({address})"),
        None => label.to_owned(),
    }
}

/// Escapes an address for the brackets of a link.
fn destination(address: &str) -> Option<String> {
    let known = address.starts_with("https://") || address.starts_with("http://");
    let mut safe = String::with_capacity(address.len());
    for byte in address.bytes() {
        match byte {
            b'&' => safe.push_str("&amp;"),
            b if b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$*+,;=%".contains(&b) => safe.push(char::from(b)),
            b => safe.extend(['%', hex(b >> 4), hex(b & 15)]),
        }
    }
    known.then_some(safe)
}

/// A hexadecimal digit.
fn hex(digit: u8) -> char {
    char::from_digit(digit.into(), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
