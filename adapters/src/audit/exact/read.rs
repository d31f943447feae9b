//! Reading: JSON as it stands, but text is a number where a number is asked for.
//!
//! May not: write.

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

use super::{INFINITE, MINUS_INFINITE, NOT_A_NUMBER};

/// JSON to be read.
#[derive(Clone, Copy)]
pub(super) struct Exact<'a>(pub(super) &'a Value);

type Members<'a> = MapDeserializer<'a, Pairs<'a>, Error>;
type Pairs<'a> =
    std::iter::Map<serde_json::map::Iter<'a>, fn((&'a String, &'a Value)) -> (&'a str, Exact<'a>)>;

fn members(map: &Map<String, Value>) -> Members<'_> {
    let pair: fn(_) -> _ =
        |(key, value): (&String, &_)| -> (&str, Exact<'_>) { (key.as_str(), Exact(value)) };
    MapDeserializer::new(map.iter().map(pair))
}

impl<'de> IntoDeserializer<'de, Error> for Exact<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Exact<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(values) => {
                let mut values = SeqDeserializer::new(values.iter().map(Exact));
                let read = visitor.visit_seq(&mut values)?;
                values.end().map(|()| read)
            }
            Value::Object(map) => {
                let mut members = members(map);
                let read = visitor.visit_map(&mut members)?;
                members.end().map(|()| read)
            }
            plain => plain.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0.as_str() {
            None => self.0.deserialize_any(visitor),
            Some(NOT_A_NUMBER) => visitor.visit_f64(f64::NAN),
            Some(INFINITE) => visitor.visit_f64(f64::INFINITY),
            Some(MINUS_INFINITE) => visitor.visit_f64(f64::NEG_INFINITY),
            Some(other) => Err(Error::custom(format!("`{other}` is no number"))),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(map) => visitor.visit_enum(MapAccessDeserializer::new(members(map))),
            plain => plain.deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}
