//! Lists, read entry by entry: an entry that cannot be understood hides no other, and a list that is not whole says so.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Answer, Call, Error, quoted};

/// The fields by which an entry that is left out is named.
const NAMES: [&str; 5] = ["id", "number", "full_name", "slug", "name"];

/// A list, or a page of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<T> {
    /// The call.
    pub call: Call,
    /// The entries that were understood, in their order.
    pub read: Vec<T>,
    /// The entries that were left out, each with the reason.
    pub left_out: Vec<String>,
    /// The number of entries that the server counts and does not show.
    pub missing: usize,
}

impl<T> Entries<T> {
    /// Reads a JSON list. `understood` checks an entry.
    pub(crate) fn of<W: DeserializeOwned>(
        answer: &Answer,
        understood: impl Fn(W) -> Result<T, String>,
    ) -> Result<Self, Error> {
        let mut entries = Self { call: answer.call.clone(), read: Vec::new(), left_out: Vec::new(), missing: 0 };
        for raw in answer.json_ref::<Vec<&RawValue>>()? {
            match entry(raw, &understood) {
                Ok(entry) => entries.read.push(entry),
                Err(why) => entries.left_out.push(why),
            }
        }
        Ok(entries)
    }

    /// The number of entries that were shown.
    pub fn shown(&self) -> usize {
        self.read.len() + self.left_out.len()
    }

    /// Returns the entries if none is missing, and logs those that were left out.
    pub(crate) fn told(self) -> Result<Vec<T>, Error> {
        for why in &self.left_out {
            tracing::warn!("left out of {}: {why}", self.call);
        }
        self.whole()
    }

    /// Returns the entries if none is missing.
    pub fn whole(self) -> Result<Vec<T>, Error> {
        let (read, whole) = self.into_parts();
        whole.map(|()| read)
    }

    /// Returns the entries, and an error if one is missing.
    pub fn into_parts(self) -> (Vec<T>, Result<(), Error>) {
        if self.missing == 0 {
            return (self.read, Ok(()));
        }
        let why = format!("it lists {} of {} entries", self.shown(), self.shown() + self.missing);
        (self.read, Err(Error::NotUnderstood { call: self.call, why }))
    }
}

/// Reads an entry of a list, or returns the reason to leave it out.
pub(crate) fn entry<W: DeserializeOwned, T>(
    raw: &RawValue,
    understood: impl Fn(W) -> Result<T, String>,
) -> Result<T, String> {
    // serde_json quotes values, which may be secrets.
    let odd = |_| "a field is missing or of another type".to_owned();
    let read = serde_json::from_str(raw.get()).map_err(odd).and_then(understood);
    read.map_err(|why| format!("{}: {why}", name(raw)))
}

/// Reads `null` as the empty value: Go writes it for an empty list or map.
pub(crate) fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Names an entry by its id, its number or its name.
fn name(raw: &RawValue) -> String {
    let fields: Map<String, Value> = serde_json::from_str(raw.get()).unwrap_or_default();
    let named = NAMES.iter().filter_map(|name| match fields.get(*name)? {
        Value::Number(number) => Some(format!("{name} {number}")),
        Value::String(text) => Some(format!("{name} {}", quoted(text)?)),
        _ => None,
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { "an entry without a name".into() } else { format!("the entry with {}", named.join(", ")) }
}
