//! One value of a `.env`: its meaning and its notation.

use std::collections::BTreeMap;

use super::statement;
use super::statement::as_go_reads;

/// A reference to a key that is not defined. It stands for nothing, where a value may not begin, end or go on by itself.
const EMPTY: &str = "${_EMPTY_}";

/// Returns the value that `written` stands for, after the definitions above it.
pub(super) fn read(written: &[u8], above: &BTreeMap<String, String>) -> String {
    let text = as_go_reads(written).replace("\r\n", "\n");
    match text.chars().next() {
        Some('\'') => within(&text, '\'').to_owned(),
        Some('"') => expanded(&unescaped(within(&text, '"')), above),
        _ => expanded(&text, above),
    }
}

/// The text between quotes. Every quote at its ends is taken off, also one that an escape precedes.
fn within(text: &str, quote: char) -> &str {
    let open = text.strip_suffix(quote).unwrap_or(text);
    open.trim_end_matches(quote).trim_start_matches(quote)
}

/// The text of double quotes without its escapes, except those of `$`.
fn unescaped(text: &str) -> String {
    // In two passes, as godotenv: a line break of the first is a character of the second.
    let first = replaced(text, |next| match next {
        'n' => Some("\n".into()),
        'r' => Some("\r".into()),
        '\n' => None,
        other => Some(format!("\\{other}")),
    });
    replaced(&first, |next| (next != '$').then(|| next.to_string()))
}

/// Replaces each backslash and the character behind it. `None` keeps the backslash, and goes on with that character.
fn replaced(text: &str, by: impl Fn(char) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        let replacement = if next == '\\' { rest.clone().next().and_then(&by) } else { None };
        match replacement {
            Some(replacement) => {
                result.push_str(&replacement);
                rest.next();
            }
            None => result.push(next),
        }
    }
    result
}

/// The text with the values of its references. Names are in upper case; `\$` is a dollar.
fn expanded(text: &str, above: &BTreeMap<String, String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let escaped = rest[..at].ends_with('\\');
        result.push_str(&rest[..at - usize::from(escaped)]);
        let inside = &rest[at + 1..];
        let open = inside.strip_prefix('(').unwrap_or(inside);
        let open = open.strip_prefix('{').unwrap_or(open);
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let name = &open[..open.find(|c| !is_name(c)).unwrap_or(open.len())];
        let after = &open[name.len()..];
        let after = after.strip_prefix('}').unwrap_or(after);
        if escaped || name.is_empty() {
            result.push_str(&rest[at..rest.len() - after.len()]);
        } else {
            result.push_str(above.get(name).map_or("", String::as_str));
        }
        rest = after;
    }
    result + rest
}

/// Writes `value` behind `before`, in the quote it had where that is possible. `after` is what follows on the line. `None`
/// if abra's parser reads none of the notations back.
pub(super) fn write(value: &str, quote_before: Option<u8>, before: &[u8], after: &[u8]) -> Option<Vec<u8>> {
    if value.contains('\0') {
        return None;
    }
    let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c));
    let is_literal = !value.contains(['"', '\\', '$', '`', '\n', '\r']);
    let in_single = || format!("'{value}'");
    let in_double = || format!("\"{value}\"");
    let escaped = || {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        value.replace('\n', "\\n").replace('\r', "\\r")
    };
    // Versions of the parser differ about a single quote behind backslashes.
    let fits_single = !value.contains(['\'', '\n', '\r']);
    let unquoted = unquoted(value);
    let notations = [
        (quote_before == Some(b'"') && is_literal).then(in_double),
        (quote_before == Some(b'\'') && fits_single).then(in_single),
        is_plain.then(|| value.to_owned()),
        is_literal.then(in_double),
        fits_single.then(in_single),
        (!unquoted.contains(EMPTY)).then(|| unquoted.clone()),
        Some(format!("\"{}\"", escaped())),
        Some(unquoted.clone()),
        Some(format!("\"{}{EMPTY}\"", escaped())),
    ];
    notations.into_iter().flatten().map(String::into_bytes).find(|written| is_read_back(value, written, before, after))
}

/// `value` without quotes: it may not look like a quote, a comment or a blank at its ends.
fn unquoted(value: &str) -> String {
    let is_blank = |c: char| matches!(c, '\t' | '\u{b}' | '\u{c}' | ' ' | '\u{85}' | '\u{a0}');
    let mut text = String::with_capacity(value.len());
    let mut before = None;
    for next in value.chars() {
        let is_comment = next == '#' && before.is_none_or(is_blank);
        let is_quote_or_blank = before.is_none() && (matches!(next, '"' | '\'') || is_blank(next));
        if is_comment || is_quote_or_blank {
            text.push_str(EMPTY);
        }
        if next == '$' {
            text.push('\\');
        }
        text.push(next);
        before = Some(next);
    }
    if before.is_some_and(is_blank) {
        text.push_str(EMPTY);
    }
    text
}

fn is_read_back(value: &str, written: &[u8], before: &[u8], after: &[u8]) -> bool {
    let line = [before, written, after].concat();
    statement::definition(&line, 0).is_ok_and(|read_back| {
        read_back.before == before
            && read_back.written == written
            && read(&read_back.written, &BTreeMap::new()) == value
    })
}
