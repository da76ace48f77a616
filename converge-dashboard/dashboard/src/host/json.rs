//! Values of documents from outside: a value of another type is an absent one, and a text has a limit.

use jiff::Timestamp;
use serde_json::Value;

/// The longest text that is shown, in characters.
const LONGEST: usize = 1000;

/// Reads a document of this schema. The error says what is wrong with it, without its content.
pub fn document(bytes: &[u8], schema: u64) -> Result<Value, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| "is not JSON, or not whole".to_owned())?;
    match value.get("schema") {
        Some(found) if found.as_u64() == Some(schema) => Ok(value),
        Some(found) if found.is_u64() => Err(format!("has schema {found}, and this dashboard knows {schema}")),
        _ => Err("has no schema".into()),
    }
}

/// The text at `key`, cut after its limit.
pub fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(limited)
}

/// The name at `key`: a text of plain characters, which cannot carry a sentence.
pub fn name(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().filter(|name| is_name(name)).map(str::to_owned)
}

/// True for a text of plain characters.
pub fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":-_.\\@+".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(is_plain)
}

/// The time at `key`.
pub fn time(value: &Value, key: &str) -> Option<Timestamp> {
    value.get(key)?.as_str()?.parse().ok()
}

/// The count at `key`.
pub fn count(value: &Value, key: &str) -> Option<u64> {
    value.get(key)?.as_u64()
}

/// The entries of the list at `key`; of a value of another type none.
pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of the list at `key`.
pub fn texts(value: &Value, key: &str) -> Vec<String> {
    list(value, key).iter().filter_map(Value::as_str).map(limited).collect()
}

fn limited(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_of_another_type_is_absent_and_a_text_has_a_limit() {
        let value = json!({ "text": "ä".repeat(2000), "name": "a b", "number": -1, "list": {}, "time": "yesterday" });
        assert_eq!(text(&value, "text").unwrap().chars().count(), LONGEST + 1);
        assert_eq!(text(&value, "number"), None);
        assert_eq!(name(&value, "name"), None);
        assert_eq!(count(&value, "number"), None);
        assert_eq!(time(&value, "time"), None);
        assert_eq!(list(&value, "list"), [Value::Null; 0]);
    }

    #[test]
    fn a_document_of_another_schema_is_told_apart_from_one_that_is_not_whole() {
        assert!(document(br#"{"schema": 1}"#, 1).is_ok());
        let cases = [
            ("{\"schema\": 1", "is not JSON, or not whole"),
            ("{}", "has no schema"),
            ("[]", "has no schema"),
            ("{\"schema\": \"<b>\"}", "has no schema"),
            ("{\"schema\": 99}", "has schema 99, and this dashboard knows 1"),
        ];
        for (text, expected) in cases {
            assert_eq!(document(text.as_bytes(), 1).unwrap_err(), expected);
        }
        let deep = "[".repeat(100_000);
        assert!(document(deep.as_bytes(), 1).is_err(), "a deep document ends no thread");
    }
}
