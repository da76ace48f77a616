//! The values of a tree, by serde. A key that occurs twice in a mapping that is read is an error.

use std::fmt;
use std::rc::Rc;
use std::slice::Iter;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::{Content, Entry, Error, Node, Scalar};

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), place: None }
    }
}

impl Node {
    /// Reads a value.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        T::deserialize(self)
    }

    /// Reads a mapping, without the keys that the value does not know and that `is_extension` names: it gets the key, and
    /// true if an anchor stands at or below its value.
    pub fn read_extended<T: DeserializeOwned>(&self, is_extension: fn(&str, bool) -> bool) -> Result<T, Error> {
        T::deserialize(Extended { node: self, is_extension })
    }

    fn visit<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Error> {
        self.visit_with(visitor, |_, _| true)
    }

    /// Visits the node; of a mapping the entries for which `is_read` is true, which gets a key and its value.
    fn visit_with<'de, V: Visitor<'de>>(
        &self,
        visitor: V,
        is_read: impl Fn(&Self, &Self) -> bool,
    ) -> Result<V::Value, Error> {
        let result = match &self.content {
            Content::Scalar(scalar) => match scalar.text() {
                Some(text) => visitor.visit_str(text),
                None => visitor.visit_unit(),
            },
            Content::List(nodes) => visitor.visit_seq(SeqDeserializer::new(nodes.iter().map(Element))),
            Content::Mapping(mapping) => {
                if let Some((key, place)) = &mapping.repeated {
                    return Err(Error::new(format!("key `{key}` occurs twice"), *place));
                }
                let entries = mapping.entries.iter().filter(|(key, value)| is_read(key, value));
                visitor.visit_map(MapDeserializer::new(entries.map(|(key, value)| (Element(key), Element(value)))))
            }
        };
        result.map_err(|error: Error| error.at(self.place))
    }

    /// The scalar's reading as a type with this name.
    fn scalar<T>(&self, wanted: &str, read: impl FnOnce(&Scalar) -> Option<T>) -> Result<T, Error> {
        let (value, found) = match &self.content {
            Content::Scalar(scalar) => (read(scalar), format!("`{}`", scalar.text().unwrap_or("null"))),
            Content::List(_) => (None, "a list".into()),
            Content::Mapping(_) => (None, "a mapping".into()),
        };
        value.ok_or_else(|| Error::new(format!("{found} is not {wanted}"), self.place))
    }
}

/// A node as an element of a list or a mapping.
#[derive(Clone, Copy)]
struct Element<'a>(&'a Rc<Node>);

impl<'a> IntoDeserializer<'_, Error> for Element<'a> {
    type Deserializer = &'a Node;

    fn into_deserializer(self) -> &'a Node {
        self.0
    }
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// A text is every scalar; null is an empty one.
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let text = self.scalar("a text", |scalar| Some(scalar.text().unwrap_or_default().to_owned()))?;
        visitor.visit_string(text).map_err(|error: Error| error.at(self.place))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let read = |scalar: &Scalar| if scalar.text().is_none() { Some(false) } else { scalar.truth() };
        visitor.visit_bool(self.scalar("true or false", read)?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let read = |scalar: &Scalar| if scalar.text().is_none() { Some(0) } else { scalar.integer() };
        visitor.visit_i64(self.scalar("a whole number", read)?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() {
            let none: Iter<'_, Rc<Node>> = [].iter();
            return visitor.visit_seq(SeqDeserializer::new(none.map(Element)));
        }
        self.visit(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() {
            let none: Iter<'_, Entry> = [].iter();
            return visitor.visit_map(MapDeserializer::new(none.map(|(key, value)| (Element(key), Element(value)))));
        }
        self.visit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct
        enum
    }
}

/// A mapping with keys that its reader does not know.
struct Extended<'a> {
    node: &'a Node,
    is_extension: fn(&str, bool) -> bool,
}

impl<'de> Deserializer<'de> for Extended<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.node.visit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.node.visit_with(visitor, |key, value| {
            let key = key.text().unwrap_or_default();
            fields.contains(&key) || !(self.is_extension)(key, value.has_anchor)
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
