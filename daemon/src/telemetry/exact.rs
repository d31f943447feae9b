//! Exact: values in the journal as they were, to the last bit.
//!
//! Lives here: numbers that JSON cannot write, and back. May not: know whose values they are.
//!
//! JSON has no word for what is not a number, and a gate has to judge exactly what it judged before. Such numbers
//! become the strings `NaN`, `Infinity` and `-Infinity`, as Protocol Buffers write them. What is missing is
//! left out.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const NOT_A_NUMBER: &str = "NaN";
const INFINITE: &str = "Infinity";
const MINUS_INFINITE: &str = "-Infinity";

/// As JSON; an error says what cannot be told: nothing within a list, and whole numbers of 2^63 and more.
pub fn to_json<T: Serialize>(value: &T) -> Result<Value, String> {
    toml::Value::try_from(value).map(json).map_err(|error| error.to_string())
}

/// The value of this JSON.
pub fn from_json<T: DeserializeOwned>(json: &Value) -> Result<T, String> {
    let read = |numbers| toml::Value::try_into(value(json, numbers));
    // Something may really be called `NaN`: then it is text where a number would be refused.
    read(true)
        .or_else(|first| read(false).map_err(|_| first))
        .map_err(|error: toml::de::Error| error.to_string())
}

fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::Float(number) if number.is_nan() => NOT_A_NUMBER.into(),
        toml::Value::Float(number) if number.is_infinite() => {
            if number > 0.0 {
                INFINITE.into()
            } else {
                MINUS_INFINITE.into()
            }
        }
        toml::Value::Float(number) => number.into(),
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, json(value))).collect(),
    }
}

fn value(json: &Value, numbers: bool) -> toml::Value {
    match json {
        Value::String(text) => match text.as_str() {
            NOT_A_NUMBER if numbers => f64::NAN.into(),
            INFINITE if numbers => f64::INFINITY.into(),
            MINUS_INFINITE if numbers => f64::NEG_INFINITY.into(),
            text => text.into(),
        },
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Value::Bool(truth) => (*truth).into(),
        Value::Array(values) => toml::Value::Array(values.iter().map(|json| value(json, numbers)).collect()),
        Value::Object(members) => {
            let present = members.iter().filter(|(_, json)| !json.is_null());
            toml::Value::Table(present.map(|(key, json)| (key.clone(), value(json, numbers))).collect())
        }
        // Nothing within a list: it is refused where it is read.
        Value::Null => toml::Value::Table(toml::Table::new()),
    }
}

#[cfg(test)]
mod tests;
