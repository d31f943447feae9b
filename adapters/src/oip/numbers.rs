//! The elements of a tensor in JSON: one flat list, or lists in lists as the shape has them.
//!
//! Lives here: reading them straight into their vector, each within the range of its datatype. May not: know whose they
//! are.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use super::tensor::{Data, Datatype};

/// Reads the elements; how many there are is for the caller to compare where the list is flat.
pub(super) fn read(json: &str, datatype: Datatype, shape: &[usize]) -> Result<Data, serde_json::Error> {
    let count = shape.iter().product();
    let mut list = List { data: Data::none(datatype), datatype, shape, count };
    let mut reader = serde_json::Deserializer::from_str(json);
    let kind = Level { list: &mut list, depth: 0 }.deserialize(&mut reader)?;
    reader.end()?;
    if kind == Kind::Element {
        return Err(Error::custom("`data` is a list"));
    }
    Ok(list.data)
}

/// What is being read.
struct List<'a> {
    data: Data,
    datatype: Datatype,
    shape: &'a [usize],
    /// Elements of that shape: more are not read.
    count: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Element,
    List,
}

/// One value at some depth of lists in lists.
struct Level<'a, 'b> {
    list: &'a mut List<'b>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_> {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "elements of {}", self.list.datatype.name())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Kind, E> {
        match &mut self.list.data {
            Data::Bools(items) => items.push(value),
            _ => return Err(self.odd("a boolean")),
        }
        self.counted()
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Kind, E> {
        let range = self.list.datatype.range();
        let fits = range.is_none_or(|(_, most)| value <= most);
        match &mut self.list.data {
            Data::Unsigned(items) if fits => items.push(value),
            Data::Signed(items) if fits => items.push(value.cast_signed()),
            Data::Floats(items) => items.push(value as f64),
            _ => return Err(self.odd(&value.to_string())),
        }
        self.counted()
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Kind, E> {
        let range = self.list.datatype.range();
        let fits = range.is_none_or(|(least, _)| value >= least);
        match &mut self.list.data {
            Data::Signed(items) if fits => items.push(value),
            Data::Floats(items) => items.push(value as f64),
            _ => return Err(self.odd(&value.to_string())),
        }
        self.counted()
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Kind, E> {
        match &mut self.list.data {
            Data::Floats(items) => items.push(value),
            _ => return Err(self.odd(&value.to_string())),
        }
        self.counted()
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Kind, E> {
        match &mut self.list.data {
            Data::Bytes(items) => items.push(value.as_bytes().to_vec()),
            _ => return Err(self.odd("a string")),
        }
        self.counted()
    }

    /// JSON has no `NaN`: null is a missing number, and a missing text.
    fn visit_unit<E: Error>(self) -> Result<Kind, E> {
        match &mut self.list.data {
            Data::Floats(items) => items.push(f64::NAN),
            Data::Bytes(items) => items.push(Vec::new()),
            Data::Bools(_) | Data::Unsigned(_) | Data::Signed(_) => return Err(self.odd("null")),
        }
        self.counted()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let Self { list, depth } = self;
        if depth >= list.shape.len() {
            return Err(Error::custom("lists lie deeper in each other than the shape has dimensions"));
        }
        let (mut length, mut kind) = (0, None);
        while let Some(found) = items.next_element_seed(Level { list: &mut *list, depth: depth + 1 })? {
            if kind.is_some_and(|kind| kind != found) {
                return Err(Error::custom("elements and lists beside each other"));
            }
            (length, kind) = (length + 1, Some(found));
        }
        let size = list.shape[depth];
        let flat = depth == 0 && kind != Some(Kind::List);
        let innermost = depth + 1 == list.shape.len();
        if !flat && (length != size || (innermost != (kind == Some(Kind::Element)) && length > 0)) {
            return Err(Error::custom(format!("the lists in `data` are not of shape {:?}", list.shape)));
        }
        Ok(Kind::List)
    }
}

impl Level<'_, '_> {
    fn odd<E: Error>(&self, found: &str) -> E {
        E::custom(format!("{found} is no {}", self.list.datatype.name()))
    }

    fn counted<E: Error>(self) -> Result<Kind, E> {
        if self.list.data.count() > self.list.count {
            return Err(E::custom(format!("more elements than a shape of {:?} has", self.list.shape)));
        }
        Ok(Kind::Element)
    }
}

#[cfg(test)]
mod tests;
