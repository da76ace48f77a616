//! Tolerant access to JSON. A value stays text until it is asked for, so that a hostile document takes no more memory than
//! its own length, and a value of a wrong type spoils no other.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The known fields of an object. A key that stands twice has its last value.
pub(crate) struct Object<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Object<'a> {
    /// The fields with these keys; `None` if the text is no object.
    pub(crate) fn of(json: &'a str, keys: &[&'static str]) -> Option<Self> {
        read(json, Known(keys)).map(Self)
    }

    /// The text of a value, `null` included; `None` if it is missing.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    /// The value, if it is of this type.
    pub(crate) fn value<T: Deserialize<'a>>(&self, key: &str) -> Option<T> {
        value(self.get(key)?)
    }
}

/// The value of a text, if it is of this type.
pub(crate) fn value<'a, T: Deserialize<'a>>(json: &'a str) -> Option<T> {
    serde_json::from_str(json).ok()
}

/// The first `most` entries of an array, and the number of the others; `None` if the text is no array.
pub(crate) fn entries(json: &str, most: usize) -> Option<(Vec<&str>, usize)> {
    read(json, Entries(most))
}

/// The first `most` fields of an object in their order, and the number of the others; `None` if the text is no object.
pub(crate) fn fields(json: &str, most: usize) -> Option<(Vec<(String, &str)>, usize)> {
    read(json, Fields(most))
}

fn read<'a, S: DeserializeSeed<'a>>(json: &'a str, seed: S) -> Option<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = seed.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(value)
}

#[derive(Clone, Copy)]
struct Known<'k>(&'k [&'static str]);

impl<'de> DeserializeSeed<'de> for Known<'_> {
    type Value = Vec<(&'static str, &'de str)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Known<'_> {
    type Value = Vec<(&'static str, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values: Self::Value = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let Some(key) = self.0.iter().find(|known| **known == key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value::<&RawValue>()?.get();
            match values.iter_mut().find(|(known, _)| known == key) {
                Some(before) => before.1 = value,
                None => values.push((key, value)),
            }
        }
        Ok(values)
    }
}

struct Entries(usize);

impl<'de> DeserializeSeed<'de> for Entries {
    type Value = (Vec<&'de str>, usize);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries {
    type Value = (Vec<&'de str>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < self.0 {
            match list.next_element::<&RawValue>()? {
                Some(entry) => kept.push(entry.get()),
                None => return Ok((kept, 0)),
            }
        }
        let mut others = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            others += 1;
        }
        Ok((kept, others))
    }
}

struct Fields(usize);

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = (Vec<(String, &'de str)>, usize);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = (Vec<(String, &'de str)>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < self.0 {
            match map.next_entry::<String, &RawValue>()? {
                Some((key, value)) => kept.push((key, value.get())),
                None => return Ok((kept, 0)),
            }
        }
        let mut others = 0;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            others += 1;
        }
        Ok((kept, others))
    }
}
