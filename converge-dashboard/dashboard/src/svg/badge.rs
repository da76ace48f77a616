//! A badge: two words side by side, as shields.io draws them, and the same as its JSON endpoint.

use serde::Serialize;

/// Width of a character, and of the space on both sides of a text, in pixels.
const CHARACTER: usize = 7;
const SPACE: usize = 12;
/// The longest text of each side, in characters.
const LONGEST: usize = 40;

/// The colour of a badge's right side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// All is well.
    Green,
    /// Some of it is.
    Yellow,
    /// It fails.
    Red,
    /// Not known.
    Grey,
}

impl Colour {
    /// A ground on which white text has a contrast of at least 4.5.
    fn ground(self) -> &'static str {
        match self {
            Self::Green => "#1b6b34",
            Self::Yellow => "#7a4b00",
            Self::Red => "#a3231b",
            Self::Grey => "#5a6068",
        }
    }
}

/// A badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// The left side.
    pub label: String,
    /// The right side.
    pub message: String,
    /// The colour of the right side.
    pub colour: Colour,
}

/// A badge as shields.io's endpoint reads it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint<'a> {
    schema_version: u32,
    label: &'a str,
    message: &'a str,
    color: &'static str,
}

impl Badge {
    /// The badge for shields.io.
    pub fn endpoint(&self) -> Endpoint<'_> {
        Endpoint { schema_version: 1, label: &self.label, message: &self.message, color: self.colour.ground() }
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let (label, message) = (shortened(&self.label), shortened(&self.message));
        let width = |text: &str| text.chars().count() * CHARACTER + SPACE;
        let (left, right) = (width(&label), width(&message));
        let whole = left + right;
        let (label, message, ground) = (escaped(&label), escaped(&message), self.colour.ground());
        let (first, second) = (left / 2, left + right / 2);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" aria-label=\"{label}: {message}\">\
             <title>{label}: {message}</title>\
             <rect width=\"{left}\" height=\"20\" fill=\"#33383e\"/><rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{ground}\"/>\
             <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
             <text x=\"{first}\" y=\"14\">{label}</text><text x=\"{second}\" y=\"14\">{message}</text></g></svg>\n"
        )
    }
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_says_its_words_and_runs_nothing() {
        let badge = Badge { label: "a<script>\"&".into(), message: "level 3".into(), colour: Colour::Green };
        let svg = badge.svg();
        assert!(
            svg.contains("aria-label=\"a&lt;script&gt;&quot;&amp;: level 3\"") && !svg.contains("<script"),
            "{svg}"
        );
        let endpoint = serde_json::to_value(badge.endpoint()).unwrap();
        let expected =
            serde_json::json!({"schemaVersion": 1, "label": "a<script>\"&", "message": "level 3", "color": "#1b6b34"});
        assert_eq!(endpoint, expected);
    }

    #[test]
    fn a_long_text_is_cut() {
        let badge = Badge { label: "x".repeat(10_000), message: String::new(), colour: Colour::Grey };
        assert!(badge.svg().len() < 1500);
    }
}
