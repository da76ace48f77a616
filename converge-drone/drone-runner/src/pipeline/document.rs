//! The keys of a pipeline file. Unknown keys are refused; keys for Drone's server are accepted and ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Error;

/// The keys that select a document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Head {
    pub kind: String,
    #[serde(rename = "type")]
    pub pipeline_type: String,
    pub name: Option<String>,
}

impl Head {
    /// The name; `default` for a pipeline without one, as in Drone.
    pub fn name(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("default")
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    #[serde(rename = "type")]
    _type: IgnoredAny,
    #[serde(rename = "name", default)]
    _name: IgnoredAny,
    pub platform: Option<Platform>,
    pub clone: Option<Clone>,
    pub workspace: Option<Workspace>,
    #[serde(default)]
    pub steps: Vec<RawStep>,
    // Keys for the server; a runner does not need them.
    #[serde(rename = "trigger", default)]
    _trigger: IgnoredAny,
    #[serde(rename = "depends_on", default)]
    _depends_on: IgnoredAny,
    #[serde(rename = "node", default)]
    _node: IgnoredAny,
    #[serde(rename = "concurrency", default)]
    _concurrency: IgnoredAny,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Platform {
    pub os: Option<String>,
    pub arch: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clone {
    pub disable: bool,
    pub depth: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workspace {
    pub path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawStep {
    pub name: String,
    #[serde(default)]
    pub commands: Vec<String>,
    #[serde(default)]
    pub environment: BTreeMap<String, Value>,
    #[serde(default)]
    pub depends_on: Vec<String>,
    pub when: Option<When>,
    pub failure: Option<String>,
    #[serde(default)]
    pub detach: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    pub status: Option<Statuses>,
}

/// One word or a list of words.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a status or a list of statuses")]
pub enum Statuses {
    One(String),
    Many(Vec<String>),
}

impl Default for Statuses {
    fn default() -> Self {
        Self::One("success".into())
    }
}

impl Statuses {
    /// Reads the flags for `success` and `failure`. The error is the unknown word.
    pub fn read(&self) -> Result<(bool, bool), String> {
        let words = match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        };
        let (mut success, mut failure) = (false, false);
        for word in words {
            match word.as_str() {
                "success" => success = true,
                "failure" => failure = true,
                _ => return Err(word.clone()),
            }
        }
        Ok((success, failure))
    }
}

/// The value of a variable.
#[derive(Debug, std::clone::Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// The name of a secret in Drone.
    Secret(String),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or from_secret")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Value, E> {
        // 1.10 would be read as 1.1.
        Err(E::custom("a number with a fraction as a variable's value must be in quotes"))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Text(String::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut secret = None;
        while let Some(key) = map.next_key::<String>()? {
            if key != "from_secret" || secret.is_some() {
                return Err(A::Error::unknown_field(&key, &["from_secret"]));
            }
            secret = Some(map.next_value::<String>()?);
        }
        secret.map(Value::Secret).ok_or_else(|| A::Error::missing_field("from_secret"))
    }
}

/// Reads a document; `line` is its first line in the file.
pub fn read<'de, T: Deserialize<'de>>(document: &'de str, line: usize) -> Result<T, Error> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
    };
    serde_saphyr::from_str_with_options(document, options).map_err(|error| {
        let place = error
            .location()
            .map(|location| format!(", line {}, column {}", line as u64 + location.line(), location.column()));
        let message = error.without_snippet().to_string();
        // The library reports the line within the document; the message needs the line within the file.
        let message = message.split(" at line ").next().unwrap_or_default().trim_end_matches([',', ' ', ':']);
        Error::Yaml(format!("{message}{}", place.unwrap_or_default()))
    })
}
