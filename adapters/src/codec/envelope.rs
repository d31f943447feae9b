//! What a record says of itself around its fields: the time Kafka has for it, and `CloudEvents` 1.0, whose attributes stand in
//! headers (binary mode) or around the data (structured mode).
//!
//! Lives here: finding the attributes, and which of several places counts. May not: read the fields themselves.
//!
//! A field of the record counts before an attribute of its envelope, and that before the time Kafka has.

use model::{EventId, Timestamp};
use serde_json::Value;

use super::error::DecodeError;
use super::pointer::Pointer;
use super::{RECORD_BYTES_MAX, values};

/// A header's name begins so in binary mode.
const HEADER_PREFIX: &str = "ce_";

/// What is known of a record without reading its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    received: Timestamp,
    id: Option<String>,
    subject: Option<String>,
    time: Option<String>,
}

impl From<Timestamp> for Envelope {
    /// Of a record that has nothing but a time.
    fn from(received: Timestamp) -> Self {
        Self { received, id: None, subject: None, time: None }
    }
}

impl Envelope {
    /// Of a record that was received then with these headers.
    pub fn of_headers(received: Timestamp, headers: &[(String, Option<Vec<u8>>)]) -> Self {
        let mut envelope = Self::from(received);
        for (name, value) in headers {
            let Some(attribute) = name.strip_prefix(HEADER_PREFIX) else { continue };
            let text = value.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
            envelope.set(attribute, text);
        }
        envelope
    }

    /// The time Kafka has for the record.
    pub fn received(&self) -> Timestamp {
        self.received
    }

    fn set(&mut self, attribute: &str, text: Option<&str>) {
        let place = match attribute {
            "id" => &mut self.id,
            "subject" => &mut self.subject,
            "time" => &mut self.time,
            _ => return,
        };
        *place = text.map(str::to_owned);
    }
}

/// A record as JSON, without its envelope.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) fields: Value,
    envelope: Envelope,
}

impl Message {
    /// Reads bytes; takes the data out of a structured `CloudEvent`.
    pub(super) fn parse(bytes: &[u8], mut envelope: Envelope) -> Result<Self, DecodeError> {
        let mut fields = parse(bytes)?;
        if let Value::Object(event) = &mut fields
            && event.get("specversion").is_some_and(Value::is_string)
        {
            for attribute in ["id", "subject", "time"] {
                envelope.set(attribute, event.get(attribute).and_then(Value::as_str));
            }
            fields = event.remove("data").ok_or(DecodeError::NoData)?;
        }
        Ok(Self { fields, envelope })
    }

    /// The id of an event: its own, or that of the `CloudEvent`.
    pub(super) fn event_id(&self, at: &Pointer) -> Result<EventId, DecodeError> {
        self.id(at, self.envelope.id.as_deref())
    }

    /// The id of the event that something is said of: its own field, or what the `CloudEvent` has as its subject.
    pub(super) fn subject_id(&self, at: &Pointer) -> Result<EventId, DecodeError> {
        self.id(at, self.envelope.subject.as_deref())
    }

    fn id(&self, at: &Pointer, attribute: Option<&str>) -> Result<EventId, DecodeError> {
        match (at.find(&self.fields), attribute) {
            (Some(value), _) => values::id(value, at),
            (None, Some(text)) => values::id(&Value::from(text), at),
            (None, None) => Err(DecodeError::MissingId(at.clone())),
        }
    }

    /// When it happened.
    pub(super) fn time(&self, at: Option<&Pointer>) -> Result<Timestamp, DecodeError> {
        if let Some((at, value)) = at.and_then(|at| Some((at, at.find(&self.fields)?))) {
            return values::time(value, at);
        }
        match &self.envelope.time {
            Some(text) => values::time(&Value::from(text.as_str()), &Pointer::of_attribute("time")),
            None => Ok(self.envelope.received),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Value, DecodeError> {
    match bytes.len() {
        0 => Err(DecodeError::Empty),
        1..=RECORD_BYTES_MAX => serde_json::from_slice(bytes).map_err(|error| not_json(bytes, &error)),
        bytes => Err(DecodeError::TooLarge { bytes }),
    }
}

fn not_json(bytes: &[u8], error: &serde_json::Error) -> DecodeError {
    let message = error.to_string();
    // The library has no code for it, only these words.
    if message.starts_with("number out of range") {
        return DecodeError::NumberTooLarge(message);
    }
    let contains = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    if contains(b"NaN") || contains(b"Infinity") {
        let hint = "`NaN` and `Infinity` are not JSON, write null for a missing number";
        return DecodeError::NotJson(format!("{message} ({hint})"));
    }
    DecodeError::NotJson(message)
}

#[cfg(test)]
mod tests;
