//! The title of a web page, for errors.

use html5gum::{Token, Tokenizer};

/// The longest quoted text.
const LONGEST: usize = 200;

/// The title of a page, if it has one.
pub fn title(html: &str) -> Option<String> {
    let mut title: Option<Vec<u8>> = None;
    for Ok(token) in Tokenizer::new(html) {
        match (token, &mut title) {
            (Token::StartTag(tag), None) if &**tag.name == b"title" => title = Some(Vec::new()),
            (Token::String(text), Some(title)) => title.extend_from_slice(&text),
            (Token::EndTag(tag), Some(_)) if &**tag.name == b"title" => break,
            _ => {}
        }
    }
    quoted(&String::from_utf8_lossy(&title?))
}

/// A text made fit for one line of an error: no control characters, single spaces, not too long.
pub fn quoted(text: &str) -> Option<String> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let line = words.join(" ");
    if line.is_empty() {
        return None;
    }
    let mut short: String = line.chars().take(LONGEST).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    Some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_and_made_one_line() {
        assert_eq!(title("<html><head><title>\n Sign \t In </title>").as_deref(), Some("Sign In"));
        assert_eq!(title("<html><body>nothing"), None);
        assert_eq!(title("<title> </title>"), None);
        assert_eq!(quoted(&"é".repeat(300)).unwrap().chars().count(), LONGEST + 1);
        assert_eq!(quoted("one\u{1b}[31mtwo").as_deref(), Some("one [31mtwo"));
    }
}
