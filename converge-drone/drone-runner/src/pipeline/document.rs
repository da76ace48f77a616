//! The keys of a pipeline file. Unknown keys are refused; keys for Drone's server are accepted and ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::when::When;
use super::yaml::Node;

/// True for the pipeline with this name; `default` is the name of a pipeline without one, as in Drone.
pub fn is_pipeline(document: &Node, name: &str) -> bool {
    let has = document.text_of("name").filter(|name| !name.is_empty()).unwrap_or("default");
    document.text_of("kind") == Some("pipeline") && has == name
}

/// Keys of other runners. They ask for something that this runner does not do, so that they are never taken for a place of
/// anchors.
const OF_OTHERS: [&str; 5] = ["environment", "image_pull_secrets", "server", "services", "volumes"];

/// True for a key of a pipeline that asks for nothing, as Drone has it: `x-…`, `.…`, and any other with an anchor below it.
pub fn is_extension(key: &str, has_anchor: bool) -> bool {
    key.starts_with("x-") || key.starts_with('.') || (has_anchor && !OF_OTHERS.contains(&key))
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
    #[serde(rename = "version", default)]
    _version: IgnoredAny,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Platform {
    pub os: Option<String>,
    pub arch: Option<String>,
    // The server compares them with those of the runner.
    #[serde(rename = "variant")]
    _variant: IgnoredAny,
    #[serde(rename = "version")]
    _version: IgnoredAny,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clone {
    pub disable: bool,
    pub depth: i64,
    pub skip_verify: bool,
    pub trace: bool,
    // For runners that clone with a plugin.
    #[serde(rename = "retries")]
    _retries: IgnoredAny,
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
    // Declared by Drone's runner, and without effect there too.
    #[serde(rename = "shell", default)]
    _shell: IgnoredAny,
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

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Text(String::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (mut secret, mut text) = (None, None);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "from_secret" => secret = Some(map.next_value()?),
                "value" => text = Some(map.next_value()?),
                _ => return Err(A::Error::unknown_field(&key, &["from_secret", "value"])),
            }
        }
        let value = secret.map(Value::Secret).or(text.map(Value::Text));
        value.ok_or_else(|| A::Error::missing_field("from_secret"))
    }
}
