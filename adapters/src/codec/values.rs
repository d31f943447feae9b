//! One JSON value into one id, time, number or class.
//!
//! Lives here: what each kind accepts. May not: know which field it reads for.

use model::{EventId, FeatureKind, Schema, Target, Timestamp, Truth, category_value};
use serde_json::Value;

use super::error::DecodeError;
use super::pointer::Pointer;
use super::time::{MILLIS_MAX, MILLIS_MIN, parse_rfc3339};
use crate::text::shortened;

/// Most class names that a message lists.
const CLASSES_SHOWN_MAX: usize = 10;

const TIME: &str = "an RFC 3339 time with its zone, or integer milliseconds since 1970 up to the year 9999,";

/// The id: a string, or an integer as text.
pub(super) fn id(value: &Value, at: &Pointer) -> Result<EventId, DecodeError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            return Err(wrong_type(value, at, "a string or an integer"));
        }
    };
    let expected = format!("an id of 1 to {} bytes", model::sample::ID_BYTES_MAX);
    EventId::new(&text).map_err(|_| out_of_range(value, at, &expected))
}

/// The time: RFC 3339 text or integer milliseconds.
pub(super) fn time(value: &Value, at: &Pointer) -> Result<Timestamp, DecodeError> {
    let millis = match value {
        Value::String(text) => parse_rfc3339(text),
        Value::Number(number) if !number.is_f64() => {
            number.as_i64().filter(|millis| (MILLIS_MIN..=MILLIS_MAX).contains(millis))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            return Err(wrong_type(value, at, TIME));
        }
    };
    millis.map(Timestamp).ok_or_else(|| out_of_range(value, at, TIME))
}

/// One feature as the number a row holds.
pub(super) fn feature(value: &Value, kind: FeatureKind, at: &Pointer) -> Result<f32, DecodeError> {
    match kind {
        FeatureKind::Numeric => number(value, at),
        FeatureKind::Boolean => boolean(value, at),
        FeatureKind::Categorical { buckets } => {
            let text = text(value).ok_or_else(|| wrong_type(value, at, "a string, number or boolean"))?;
            Ok(category_value(&text, buckets))
        }
    }
}

/// The label of an event under this schema.
pub(super) fn truth(value: &Value, schema: &Schema, at: &Pointer) -> Result<Truth, DecodeError> {
    match schema.target() {
        Target::Regression => number(value, at).map(Truth::Number),
        Target::Classification { classes } => {
            if text(value).is_none() {
                return Err(wrong_type(value, at, "the name of a class"));
            }
            class(value, schema).map(Truth::Class).ok_or_else(|| DecodeError::UnknownClass {
                at: at.clone(),
                found: shown(value),
                known: listed(classes),
            })
        }
    }
}

/// The place of a class that the schema has.
pub(super) fn class(value: &Value, schema: &Schema) -> Option<u32> {
    let text = text(value)?;
    // 1.0 may mean the class `1`: not every producer keeps integers apart.
    schema.class_index(&text).or_else(|| schema.class_index(text.strip_suffix(".0")?))
}

/// A number that is finite in 64 bits.
pub(super) fn wide_number(value: &Value, at: &Pointer) -> Result<f64, DecodeError> {
    let number = value.as_f64().ok_or_else(|| wrong_type(value, at, "a number"))?;
    if number.is_finite() { Ok(number) } else { Err(out_of_range(value, at, "a finite number")) }
}

/// A name.
pub(super) fn name(value: &Value, at: &Pointer) -> Result<String, DecodeError> {
    match value.as_str() {
        Some("") => Err(out_of_range(value, at, "a name")),
        Some(name) => Ok(name.to_owned()),
        None => Err(wrong_type(value, at, "a name")),
    }
}

pub(super) fn number(value: &Value, at: &Pointer) -> Result<f32, DecodeError> {
    let narrow = value.as_f64().ok_or_else(|| wrong_type(value, at, "a number"))? as f32;
    let expected = "a number that is finite in 32 bits";
    if narrow.is_finite() { Ok(narrow) } else { Err(out_of_range(value, at, expected)) }
}

fn boolean(value: &Value, at: &Pointer) -> Result<f32, DecodeError> {
    let expected = "true, false, 1 or 0";
    match value {
        Value::Bool(truth) => Ok(f32::from(u8::from(*truth))),
        Value::Number(number) => match number.as_f64() {
            Some(bit @ (0.0 | 1.0)) => Ok(bit as f32),
            Some(_) | None => Err(out_of_range(value, at, expected)),
        },
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(wrong_type(value, at, expected))
        }
    }
}

/// A scalar as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn wrong_type(value: &Value, at: &Pointer, expected: &str) -> DecodeError {
    DecodeError::WrongType { at: at.clone(), found: shown(value), expected: expected.to_owned() }
}

pub(super) fn out_of_range(value: &Value, at: &Pointer, expected: &str) -> DecodeError {
    DecodeError::OutOfRange { at: at.clone(), found: shown(value), expected: expected.to_owned() }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => format!("the boolean {truth}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string {:?}", shortened(text)),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(_) => "an object".into(),
    }
}

fn listed(classes: &[String]) -> String {
    let shown: Vec<_> =
        classes.iter().take(CLASSES_SHOWN_MAX).map(|class| format!("`{}`", shortened(class))).collect();
    let rest = classes.len() - shown.len();
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}
