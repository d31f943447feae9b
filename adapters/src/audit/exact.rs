//! Exact: values in a line as they were, to the last bit.
//!
//! Lives here: plain data as JSON in which numbers that JSON cannot write are the strings `NaN`, `Infinity` and
//! `-Infinity`, as Protocol Buffers write them, and back. May not: know whose values they are.
//!
//! Enums that serde tags within (`#[serde(tag)]`) or not at all cannot be read back where they hold such a number.

mod read;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Error, Value};

const NOT_A_NUMBER: &str = "NaN";
const INFINITE: &str = "Infinity";
const MINUS_INFINITE: &str = "-Infinity";

/// As JSON; keys of maps have to be text.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    value.serialize(write::Exact)
}

/// The value of this JSON.
pub fn from_json<T: DeserializeOwned>(json: &Value) -> Result<T, Error> {
    T::deserialize(read::Exact(json))
}

#[cfg(test)]
mod tests;
