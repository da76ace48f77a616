//! A text that holds a JSON object: a program's settings in a variable. A patch names the fields that differ; the others
//! keep their bytes and their order, so that a composed text is exact.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::difference;

/// The fields of a JSON object, in the order of the text.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Returns the text with the patch merged into its object; `None` if it holds no object.
pub fn merged(text: &str, patch: &Map<String, Value>) -> Option<String> {
    let Fields(fields) = serde_json::from_str(text).ok()?;
    let mut fields: Vec<_> = fields.into_iter().map(|(key, raw)| (key, raw.get().to_owned())).collect();
    for (key, value) in patch {
        let at = fields.iter().position(|(there, _)| there == key);
        match (at, value) {
            (Some(at), Value::Null) => drop(fields.remove(at)),
            (None, Value::Null) => {}
            (Some(at), Value::Object(patch)) => {
                fields[at].1 = merged(&fields[at].1, patch).unwrap_or_else(|| value.to_string());
            }
            (Some(at), _) => fields[at].1 = value.to_string(),
            (None, _) => fields.push((key.clone(), value.to_string())),
        }
    }
    let fields: Vec<String> = fields.iter().map(|(key, raw)| format!("{}:{raw}", Value::from(key.as_str()))).collect();
    Some(format!("{{{}}}", fields.join(",")))
}

/// Returns the shortest patch that leads from one text to another; `None` if the other text itself is shorter.
pub fn patch(from: &str, to: &str) -> Option<Value> {
    let object = |text| serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    let patch = difference::patch(&object(from)?, &object(to)?)?;
    let is_exact = merged(from, patch.as_object()?).as_deref() == Some(to);
    (is_exact && patch.to_string().len() < to.len()).then_some(patch)
}
