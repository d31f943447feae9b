//! Reader: records of the topics into records of the learn plane, each under the schema of its place in
//! the stream.
//!
//! Lives here: what becomes of a field or a class that the schema does not have. It is taken at the first
//! record that has it, before that record, so a replay of the topics takes it at the same place. May not:
//! know what follows from it, read a clock.

use std::sync::Arc;

use adapters::codec::{DecodeError, Envelope, JsonCodec};
use adapters::kafka::{Polled, TopicRole};
use model::{Addition, Adoption, Record, Schema, Timestamp};
use policies::evolve::EvolveLimits;
use serde_json::Value;

/// Reads records, and follows the schema while it grows.
#[derive(Clone, Debug)]
pub struct Reader {
    codec: JsonCodec,
    /// None where the schema stays as it is.
    limits: Option<EvolveLimits>,
}

impl Reader {
    /// Begins with the codec's schema.
    pub fn new(codec: JsonCodec, limits: Option<EvolveLimits>) -> Self {
        Self { codec, limits }
    }

    /// Appends what one record means: itself, after what the schema gains by it.
    pub fn read(&mut self, record: &Polled, out: &mut Vec<Record>) -> Result<(), DecodeError> {
        let bytes = record.payload.as_slice();
        let envelope = Envelope::of_headers(record.timestamp, &record.headers);
        match record.role {
            TopicRole::Labels => self.label(bytes, &envelope, out),
            TopicRole::Metrics => {
                out.push(Record::Metric(self.codec.decode_metric(bytes, envelope)?));
                Ok(())
            }
            TopicRole::Events | TopicRole::Predictions | TopicRole::Models | TopicRole::Other => {
                self.event(bytes, &envelope, out)
            }
        }
    }

    /// What an event shows for each feature, for whoever is asked about it; nothing where it cannot be read.
    pub fn shown(&self, record: &Polled) -> Option<Vec<Value>> {
        let envelope = Envelope::of_headers(record.timestamp, &record.headers);
        self.codec.shown(&record.payload, envelope).ok()
    }

    /// The schema as of the last record.
    pub fn schema(&self) -> &Schema {
        self.codec.schema()
    }

    fn event(&mut self, bytes: &[u8], envelope: &Envelope, out: &mut Vec<Record>) -> Result<(), DecodeError> {
        let mut event = match (self.codec.decode_event(bytes, envelope.clone()), self.limits) {
            (Err(error @ DecodeError::UnknownClass { .. }), Some(limits)) => {
                let class = self.codec.class_of_event(bytes, envelope.clone()).ok_or(error)?;
                self.adopt(limits, class, envelope.received(), out);
                // Still refused if the class was not taken.
                self.codec.decode_event(bytes, envelope.clone())?
            }
            (decoded, _) => decoded?,
        };
        if let Some(limits) = self.limits {
            for addition in self.codec.news(&event) {
                self.adopt(limits, addition, event.sample.time, out);
            }
        }
        if event.sample.row.values().len() < self.codec.schema().features().len() {
            // Read again, with what it brought.
            event = self.codec.decode_event(bytes, envelope.clone())?;
        }
        out.push(Record::Sample(event.sample));
        out.extend(event.label.map(Record::Label));
        Ok(())
    }

    fn label(&mut self, bytes: &[u8], envelope: &Envelope, out: &mut Vec<Record>) -> Result<(), DecodeError> {
        let told = match (self.codec.decode_label(bytes, envelope.clone()), self.limits) {
            (Err(error @ DecodeError::UnknownClass { .. }), Some(limits)) => {
                let class = self.codec.class_of_label(bytes, envelope.clone()).ok_or(error)?;
                self.adopt(limits, class, envelope.received(), out);
                // Still refused if the class was not taken.
                self.codec.decode_label(bytes, envelope.clone())?
            }
            (decoded, _) => decoded?,
        };
        out.push(told.into());
        Ok(())
    }

    fn adopt(&mut self, limits: EvolveLimits, addition: Addition, time: Timestamp, out: &mut Vec<Record>) {
        if let Some(schema) = limits.adopt(self.codec.schema(), &addition) {
            self.codec = self.codec.widened(Arc::new(schema));
            out.push(Record::Adoption(Adoption { time, addition }));
        }
    }
}

#[cfg(test)]
mod tests;
