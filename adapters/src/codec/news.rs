//! What records bring that the schema does not have.
//!
//! Lives here: finding it and naming its kind. Does not live here: whether it is taken (that is decided
//! elsewhere), reading it (once the schema has it, it is read like anything else).

use model::schema::{BUCKETS_DEFAULT, NAME_BYTES_MAX};
use model::{Addition, Feature, FeatureKind};
use serde_json::Value;

use super::envelope::{Envelope, Message};
use super::pointer::Pointer;
use super::{Event, JsonCodec, values};

impl JsonCodec {
    /// The features in an event's record that stand under `/features` and are not in the schema: a number is numeric, a
    /// truth value boolean, a text categorical, and nothing else is a feature. In the order of their names.
    pub fn news(&self, event: &Event) -> Vec<Addition> {
        let mut news = Vec::new();
        if let Some(Value::Object(fields)) = event.message.fields.get("features") {
            let unknown = fields.iter().filter(|(name, _)| !self.known.contains(*name));
            news.extend(unknown.filter_map(|(name, value)| feature(name, value)));
            news.sort_by(|a, b| a.name.cmp(&b.name));
        }
        news.into_iter().map(Addition::Feature).collect()
    }

    /// The class that a label names, for one that was refused because the schema does not have it.
    pub fn class_of_label(&self, bytes: &[u8], envelope: Envelope) -> Option<Addition> {
        let message = Message::parse(bytes, envelope).ok()?;
        class(self.config.label.value.find(&message.fields)?)
    }

    /// The class that the label names which rides in an event.
    pub fn class_of_event(&self, bytes: &[u8], envelope: Envelope) -> Option<Addition> {
        let message = Message::parse(bytes, envelope).ok()?;
        class(self.riding(&message)?.1)
    }
}

fn class(value: &Value) -> Option<Addition> {
    let text = values::text(value)?;
    // 3.0 means the class `3`: not every producer keeps integers apart.
    let name = if value.is_number() { text.strip_suffix(".0").unwrap_or(&text) } else { &text };
    named(name).then(|| Addition::Class(name.to_owned()))
}

/// The feature that a field is, if it can be one.
fn feature(name: &str, value: &Value) -> Option<Feature> {
    let kind = match value {
        Value::Number(_) => FeatureKind::Numeric,
        Value::Bool(_) => FeatureKind::Boolean,
        Value::String(_) => FeatureKind::Categorical { buckets: BUCKETS_DEFAULT },
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    let readable = named(name) && values::feature(value, kind, &Pointer::of_feature(name)).is_ok();
    readable.then(|| Feature { name: name.to_owned(), kind })
}

fn named(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
}

#[cfg(test)]
mod tests;
