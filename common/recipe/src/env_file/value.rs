//! One value of a `.env`: its end on the line, its meaning, its notation.

use std::collections::BTreeMap;

/// How many bytes at the start of `line` are the value.
pub(super) fn length(line: &[u8]) -> usize {
    if let Some(quote) = line.first().copied().filter(|byte| is_quote(*byte))
        && let Some(end) = closing(line, quote)
    {
        return end + 1;
    }
    // As the parser abra uses: a `#` right after the equals sign is a value, not a comment.
    let comment = line.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#']));
    line[..comment.unwrap_or(line.len())].trim_ascii_end().len()
}

/// Where the quote that `line` begins with is closed.
fn closing(line: &[u8], quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in line.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quote == b'"' => escaped = true,
            _ if *byte == quote => return Some(at),
            _ => {}
        }
    }
    None
}

fn is_quote(byte: u8) -> bool {
    byte == b'"' || byte == b'\''
}

/// Returns the value that `written` stands for, after the definitions above it.
pub(super) fn read(written: &[u8], above: &BTreeMap<String, String>) -> String {
    let text = String::from_utf8_lossy(written);
    let quoted = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(literal) = quoted('\'') {
        return literal.into();
    }
    let (text, escapes) = quoted('"').map_or((&*text, false), |inner| (inner, true));
    let mut value = String::new();
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' if escapes => match rest.next() {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some(other) => value.push(other),
                None => value.push('\\'),
            },
            '$' => {
                let (name, length) = reference(rest.as_str());
                if length == 0 {
                    value.push('$');
                } else {
                    value.push_str(above.get(name).map_or("", String::as_str));
                    rest = rest.as_str()[length..].chars();
                }
            }
            other => value.push(other),
        }
    }
    value
}

/// The name that `NAME…` or `{NAME}…` begins with, and how many bytes it takes; 0 when it is no reference.
fn reference(text: &str) -> (&str, usize) {
    let braced = text.strip_prefix('{');
    let from = braced.unwrap_or(text);
    let length = from.bytes().enumerate().take_while(|(at, byte)| super::is_key_byte(*byte, *at)).count();
    let name = &from[..length];
    match (length, braced) {
        (0, _) => ("", 0),
        (_, None) => (name, length),
        (_, Some(_)) if from[length..].starts_with('}') => (name, length + 2),
        (_, Some(_)) => ("", 0),
    }
}

/// Writes `value` so that every parser reads it back the same, in the quote it had where that is possible.
pub(super) fn write(value: &str, quote_before: Option<u8>, comment_follows: bool) -> Vec<u8> {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c))
        && !(value.is_empty() && comment_follows);
    let single = !value.contains('\'');
    let double = !value.contains(['"', '\\', '$', '`']);
    match quote_before {
        Some(b'"') if double => format!("\"{value}\""),
        Some(b'\'') if single => format!("'{value}'"),
        _ if plain => value.into(),
        _ if double => format!("\"{value}\""),
        _ if single => format!("'{value}'"),
        _ => {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
            format!("\"{escaped}\"")
        }
    }
    .into_bytes()
}
