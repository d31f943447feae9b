//! One JSON object a line, as cells in the order of a header.
//!
//! Lives here: reading an object without losing the order of its keys. May not: know columns' kinds.

use std::fmt;

use csv::StringRecord;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// The keys and values of one object, in its own order.
pub(super) struct Line(Vec<(String, Value)>);

impl Line {
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(text).map_err(|error| format!("not a JSON object: {error}"))
    }

    /// The keys, which make the header if this is the first line.
    pub(super) fn keys(&self) -> StringRecord {
        self.0.iter().map(|(key, _)| key).collect()
    }

    /// The values as cells, in the order of the header; absent keys are missing values.
    pub(super) fn cells(mut self, header: &StringRecord, out: &mut StringRecord) -> Result<(), String> {
        out.clear();
        for (at, column) in header.iter().enumerate() {
            // Lines mostly have the header's order.
            let found = match self.0.get(at) {
                Some((key, _)) if key == column => Some(at),
                Some(_) | None => self.0.iter().position(|(key, _)| key == column),
            };
            let value = found.map(|at| std::mem::take(&mut self.0[at].1));
            out.push_field(&cell(column, value.unwrap_or_default())?);
        }
        match self.0.iter().find(|(key, _)| header.iter().all(|column| column != key)) {
            Some((key, _)) => {
                Err(format!("`{key}` is not in the first line; give it there, as null perhaps"))
            }
            None => Ok(()),
        }
    }
}

fn cell(column: &str, value: Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Bool(truth) => Ok(truth.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text),
        Value::Array(_) | Value::Object(_) => {
            Err(format!("`{column}` is nested; a string, number, boolean or null was expected"))
        }
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Line;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if entries.len() > model::schema::FEATURES_MAX {
                return Err(A::Error::custom("it has more keys than a schema may have features"));
            }
            entries.push((key, value));
        }
        Ok(Line(entries))
    }
}
