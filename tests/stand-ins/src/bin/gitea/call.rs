//! A received request.

use axum::http::HeaderMap;
use serde_json::Value;

use crate::answer::{Answer, invalid};

#[derive(Debug)]
pub struct Call {
    pub method: String,
    /// As received, still percent-encoded.
    pub path: String,
    pub raw_query: String,
    /// Decoded parts of the path.
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Call {
    pub fn new(method: String, path: String, raw_query: String, headers: HeaderMap, body: Vec<u8>) -> Self {
        let segments = path.split('/').filter(|part| !part.is_empty()).map(|part| unescaped(part, false)).collect();
        Self { method, segments, query: pairs(&raw_query), path, raw_query, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A value of the query, empty if absent.
    pub fn asked(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body as a form.
    pub fn form(&self) -> Form {
        Form(pairs(&String::from_utf8_lossy(&self.body)))
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        let lines = self.headers.get_all("cookie").into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| unescaped(value, false))
    }

    /// The body as JSON; an empty body counts as an empty object.
    pub fn json(&self) -> Answer<Json> {
        if self.body.iter().all(u8::is_ascii_whitespace) || self.body == b"null" {
            return Ok(Json(Value::Object(serde_json::Map::new())));
        }
        let value: Value = serde_json::from_slice(&self.body).map_err(|error| invalid(error.to_string()))?;
        if value.is_object() { Ok(Json(value)) } else { Err(invalid("[]: Deserialization")) }
    }
}

/// The fields of a form.
#[derive(Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// An object in the body.
#[derive(Debug)]
pub struct Json(Value);

impl Json {
    pub fn text(&self, name: &str) -> Answer<Option<&str>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(format!("[{name}]: Deserialization: a text is wanted"))),
        }
    }

    pub fn text_or<'a>(&'a self, name: &str, other: &'a str) -> Answer<&'a str> {
        Ok(self.text(name)?.unwrap_or(other))
    }

    /// A required text; Gitea's error message uses another name for the field.
    pub fn required(&self, name: &str, called: &str) -> Answer<&str> {
        let found = self.text(name)?.filter(|text| !text.is_empty());
        found.ok_or_else(|| invalid(format!("[{called}]: Required")))
    }

    pub fn flag(&self, name: &str) -> Answer<Option<bool>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(invalid(format!("[{name}]: Deserialization: true or false is wanted"))),
        }
    }

    pub fn texts(&self, name: &str) -> Answer<Option<Vec<String>>> {
        let wrong = || invalid(format!("[{name}]: Deserialization: a list of texts is wanted"));
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value.clone()).map(Some).map_err(|_| wrong()),
        }
    }

    pub fn at(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }
}

/// Parses `a=b&c=d`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| (unescaped(key, true), unescaped(value, true))).collect()
}

/// Decodes `%XX`; in a form, also a plus as a space.
pub fn unescaped(text: &str, in_form: bool) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(code)) => {
                plain.push(code);
                at += 3;
                continue;
            }
            (b'+', _) if in_form => plain.push(b' '),
            (byte, _) => plain.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Percent-encodes everything but letters, digits and `-._~`.
pub fn escaped(text: &str) -> String {
    let mut whole = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            whole.extend(["%", &format!("{byte:02X}")]);
        }
    }
    whole
}
