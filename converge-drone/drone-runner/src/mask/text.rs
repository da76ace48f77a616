//! The forms of a text: in an address, in JSON, in HTML, quoted for a shell or by a language.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Characters that the writers of addresses leave unchanged, beside letters, digits, `-`, `_` and `.`: of forms, RFC 3986,
/// Python, Java, JavaScript, Go, curl and the URL standard.
const OF_ADDRESSES: [&str; 12] = [
    "",
    "~",
    "/",
    "~/",
    "*",
    "~!*'()",
    "~!*'();/?:@&=+$,#",
    "~$&+,;=",
    "~$&+:=@",
    "~!$&'()*+,;=",
    "~!$&'()*+,;=:@/",
    "~!$%&'()*+,",
];

/// A writer of JSON.
struct Json {
    /// Characters that it writes as `\u` beside those that every writer escapes.
    escaped: &'static str,
    /// True if it writes `/` as `\/`.
    slash: bool,
    /// True if it writes every character beyond ASCII as `\u`.
    ascii: bool,
    /// True if it writes the digits of `\u` in upper case.
    upper: bool,
}

const JSON: [Json; 9] = [
    // JavaScript, Rust, Go without HTML.
    Json { escaped: "", slash: false, ascii: false, upper: false },
    // Go, Rails.
    Json { escaped: "<>&\u{2028}\u{2029}", slash: false, ascii: false, upper: false },
    // Python, Ruby.
    Json { escaped: "", slash: false, ascii: true, upper: false },
    // PHP, its JSON_UNESCAPED_UNICODE, its JSON_HEX_*.
    Json { escaped: "", slash: true, ascii: true, upper: false },
    Json { escaped: "", slash: true, ascii: false, upper: false },
    Json { escaped: "<>&'\"", slash: true, ascii: true, upper: true },
    // Jackson in ASCII.
    Json { escaped: "", slash: false, ascii: true, upper: true },
    // Gson.
    Json { escaped: "<>&='", slash: false, ascii: false, upper: false },
    // .NET.
    Json { escaped: "<>&'+`\"", slash: false, ascii: true, upper: true },
];

/// Quotes and apostrophe in HTML and XML: of PHP, Go, Python, XML, and of text between tags.
const OF_HTML: [(&str, &str); 6] = [
    ("&quot;", "&#39;"),
    ("&#34;", "&#39;"),
    ("&quot;", "&#x27;"),
    ("&quot;", "&#039;"),
    ("&quot;", "&apos;"),
    ("\"", "'"),
];

/// Characters before which `printf %q` of bash writes a backslash, beside `#` and `~` at the start of a word.
const OF_BASH: &str = " \t!\"$&'()*,;<>?[\\]^`{|}";

/// Characters before which regular expressions have a backslash.
const OF_EXPRESSIONS: &str = r".[](){}*+?|^$\";

/// Adds every form of this text.
pub fn add_texts(text: &str, all: &mut BTreeSet<Vec<u8>>) {
    let mut add = |form: String| all.extend([form.into_bytes()]);
    // `[[ … == … ]]` under `set -x`; regular expressions of bash and Python.
    add(backslashed(text, |_| true));
    add(backslashed(text, |c| OF_EXPRESSIONS.contains(c)));
    add(backslashed(text, |c| OF_EXPRESSIONS.contains(c) || "-&~# \t\n\r\u{b}\u{c}".contains(c)));
    // Most secrets have the same text in every other form.
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return;
    }
    for kept in OF_ADDRESSES {
        for (lower, plus) in [(false, false), (true, false), (false, true), (true, true)] {
            add(address(text, kept, lower, plus));
        }
    }
    for writer in &JSON {
        let once = json(text, writer);
        // JSON as a text within JSON.
        add(json(&once, writer));
        add(once);
    }
    for (quote, apostrophe) in OF_HTML {
        let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        add(html.replace('"', quote).replace('\'', apostrophe));
    }
    // `set -x` and quoting for a shell: bash and busybox; Python; dash; bash with control characters; `%q`; Ruby;
    // `declare -p`.
    add(text.replace('\'', r"'\''"));
    add(text.replace('\'', "'\"'\"'"));
    add(dash(text));
    add(ansi_c(text, true));
    add(ansi_c(text, false));
    add(bash(text));
    add(backslashed(text, |c| c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-.,:+/@\n".contains(c)));
    add(backslashed(text, |c| "\"\\$`".contains(c)));
    // A value that is stored with the quotes of JSON or of a shell, and read.
    add(serde_json::from_str(&format!("\"{text}\"")).unwrap_or_default());
    add(unquoted(text));
    // SQL, YAML; PHP; Python, JavaScript.
    add(text.replace('\'', "''"));
    add(backslashed(text, |c| "'\\".contains(c)));
    let escaped = |text: String| text.replace('\n', r"\n").replace('\r', r"\r").replace('\t', r"\t");
    add(escaped(backslashed(text, |c| "'\\".contains(c))));
    add(escaped(text.replace('\\', r"\\")));
}

fn address(text: &str, kept: &str, lower: bool, plus: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        match byte {
            _ if byte.is_ascii_alphanumeric() || "-_.".contains(c) || (byte.is_ascii() && kept.contains(c)) => {
                out.push(c);
            }
            b' ' if plus => out.push('+'),
            _ => {
                let _ = if lower { write!(out, "%{byte:02x}") } else { write!(out, "%{byte:02X}") };
            }
        }
    }
    out
}

fn json(text: &str, writer: &Json) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let short = match c {
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '"' | '\\' => Some(c),
            '/' if writer.slash => Some(c),
            _ => None,
        };
        match short {
            Some(short) if !writer.escaped.contains(c) => out.extend(['\\', short]),
            None if !c.is_control() && !writer.escaped.contains(c) && (c.is_ascii() || !writer.ascii) => out.push(c),
            // JSON needs no escape of these, and most writers have none.
            None if c == '\u{7f}' || (c.is_control() && !c.is_ascii() && !writer.ascii) => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = if writer.upper { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
                }
            }
        }
    }
    out
}

/// Runs of apostrophes in double quotes, all else in single quotes.
fn dash(text: &str) -> String {
    let mut out = String::new();
    let mut last = ' ';
    for c in text.chars() {
        match (last == '\'', c == '\'') {
            (false, true) => out.push_str("'\""),
            (true, false) => out.push_str("\"'"),
            _ => {}
        }
        out.push(c);
        last = c;
    }
    if last == '\'' { out + "\"" } else { out }
}

/// The inner text of `$'…'`; bytes beyond ASCII as octal numbers where bash has no UTF-8.
fn ansi_c(text: &str, utf8: bool) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str(r"\a"),
            '\u{8}' => out.push_str(r"\b"),
            '\t' => out.push_str(r"\t"),
            '\n' => out.push_str(r"\n"),
            '\u{b}' => out.push_str(r"\v"),
            '\u{c}' => out.push_str(r"\f"),
            '\r' => out.push_str(r"\r"),
            '\u{1b}' => out.push_str(r"\E"),
            '\\' | '\'' => out.extend(['\\', c]),
            _ if c.is_ascii_control() || !(c.is_ascii() || utf8) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\{byte:03o}");
                }
            }
            _ => out.push(c),
        }
    }
    out
}

/// The form of `printf %q`, without control characters.
fn bash(text: &str) -> String {
    let quoted = backslashed(text, |c| OF_BASH.contains(c)).replace(":~", ":\\~").replace("=~", "=\\~");
    if text.starts_with(['#', '~']) { format!("\\{quoted}") } else { quoted }
}

/// The text without the backslashes that quote other characters.
fn unquoted(text: &str) -> String {
    let mut chars = text.chars();
    std::iter::from_fn(|| chars.next().and_then(|c| if c == '\\' { chars.next() } else { Some(c) })).collect()
}

fn backslashed(text: &str, is_marked: impl Fn(char) -> bool) -> String {
    text.chars().flat_map(|c| is_marked(c).then_some('\\').into_iter().chain([c])).collect()
}
