//! A scalar: its text as written, and the reading of it as a truth value or a number, as in go-yaml 2.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The namespace of YAML's own tags.
const NAMESPACE: &str = "tag:yaml.org,2002:";

/// A scalar.
#[derive(Debug)]
pub struct Scalar {
    text: String,
    /// True if the text stands without quotes and without a tag.
    is_plain: bool,
    is_null: bool,
}

impl Scalar {
    /// Makes a scalar; the error says that the tag does not fit.
    pub fn new(text: String, has_no_quotes: bool, tag: Option<&str>) -> Result<Self, String> {
        let tag = tag.map(|tag| tag.strip_prefix(NAMESPACE).unwrap_or(tag));
        let is_plain = has_no_quotes && tag.is_none();
        let is_null = tag == Some("null") || is_plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
        if tag == Some("binary") {
            let text: String = text.split_ascii_whitespace().collect();
            let decoded = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = decoded.ok_or("a value with !!binary is no text in base64")?;
            return Ok(Self { text, is_plain, is_null });
        }
        Ok(Self { text, is_plain, is_null })
    }

    /// The text as it is written; `None` for null.
    pub fn text(&self) -> Option<&str> {
        (!self.is_null).then_some(self.text.as_str())
    }

    /// True for the key that merges.
    pub fn is_merge(&self) -> bool {
        self.is_plain && self.text == "<<"
    }

    /// The truth value; `None` if it is neither true nor false.
    pub fn truth(&self) -> Option<bool> {
        match self.text.as_str() {
            _ if !self.is_plain => None,
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        }
    }

    /// The whole number; `None` if it is no number.
    pub fn integer(&self) -> Option<i64> {
        let text = self.text.replace('_', "");
        let (is_negative, digits) = match text.strip_prefix(['+', '-']) {
            Some(digits) => (text.starts_with('-'), digits),
            None => (false, text.as_str()),
        };
        let (digits, radix) = match digits.as_bytes() {
            [b'0', b'x' | b'X', ..] => (&digits[2..], 16),
            [b'0', b'o' | b'O', ..] => (&digits[2..], 8),
            [b'0', b'b' | b'B', ..] => (&digits[2..], 2),
            [b'0', _, ..] => (&digits[1..], 8),
            _ => (digits, 10),
        };
        if !self.is_plain || !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return None;
        }
        match i64::from_str_radix(digits, radix) {
            Ok(number) => Some(if is_negative { -number } else { number }),
            // A decimal fraction, or a number such as 08: what is before the point counts.
            Err(_) if text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) => {
                let number = text.parse::<f64>().ok().filter(|number| number.abs() < 1e15)?;
                #[allow(clippy::cast_possible_truncation, reason = "it is small")]
                Some(number as i64)
            }
            Err(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar::new(text.into(), true, None).unwrap()
    }

    #[test]
    fn truth_values_are_those_of_drone() {
        for (text, expected) in [
            ("true", Some(true)),
            ("True", Some(true)),
            ("yes", Some(true)),
            ("y", Some(true)),
            ("ON", Some(true)),
            ("off", Some(false)),
            ("No", Some(false)),
            ("FALSE", Some(false)),
            ("tRue", None),
            ("1", None),
            ("", None),
        ] {
            assert_eq!(plain(text).truth(), expected, "{text}");
        }
        assert_eq!(Scalar::new("true".into(), false, None).unwrap().truth(), None, "a text in quotes is a text");
    }

    #[test]
    fn whole_numbers_are_those_of_drone() {
        for (text, expected) in [
            ("1", Some(1)),
            ("+49", Some(49)),
            ("-0", Some(0)),
            ("-7", Some(-7)),
            ("1_000", Some(1000)),
            ("0x1F", Some(31)),
            ("0o755", Some(493)),
            ("0755", Some(493)),
            ("0b11", Some(3)),
            ("0", Some(0)),
            ("08", Some(8)),
            ("1.0", Some(1)),
            ("1e2", Some(100)),
            ("", None),
            ("0x", None),
            ("+-1", None),
            ("one", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(plain(text).integer(), expected, "{text}");
        }
        assert_eq!(Scalar::new("1".into(), false, None).unwrap().integer(), None, "a text in quotes is a text");
    }
}
