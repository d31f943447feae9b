//! Reader: records of the topics into records of the learn plane, each under the schema of its place in
//! the stream.
//!
//! Lives here: what becomes of a field or a class that the schema does not have. It is taken at the first
//! record that has it, before that record, so a replay of the topics takes it at the same place. May not:
//! know what follows from it, read a clock.

use std::sync::Arc;

use adapters::codec::{DecodeError, JsonCodec};
use adapters::kafka::{Polled, TopicRole};
use model::{Addition, Adoption, Record, Timestamp};
use policies::evolve::EvolveLimits;

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
        let (bytes, received) = (record.payload.as_slice(), record.timestamp);
        match record.role {
            TopicRole::Labels => self.label(bytes, received, out),
            TopicRole::Metrics => {
                out.push(Record::Metric(self.codec.decode_metric(bytes, received)?));
                Ok(())
            }
            TopicRole::Events | TopicRole::Predictions | TopicRole::Other => {
                self.sample(bytes, received, out)
            }
        }
    }

    fn sample(
        &mut self,
        bytes: &[u8],
        received: Timestamp,
        out: &mut Vec<Record>,
    ) -> Result<(), DecodeError> {
        let mut sample = match self.limits {
            None => self.codec.decode_sample(bytes, received)?,
            Some(limits) => {
                let (sample, news) = self.codec.decode_sample_with_news(bytes, received)?;
                for addition in news {
                    self.adopt(limits, addition, sample.time, out);
                }
                sample
            }
        };
        if sample.row.values().len() < self.codec.schema().features().len() {
            // Read again, with what it brought.
            sample = self.codec.decode_sample(bytes, received)?;
        }
        out.push(Record::Sample(sample));
        Ok(())
    }

    fn label(&mut self, bytes: &[u8], received: Timestamp, out: &mut Vec<Record>) -> Result<(), DecodeError> {
        let decoded = self.codec.decode_label(bytes, received);
        if let (Err(DecodeError::UnknownClass { .. }), Some(limits)) = (&decoded, self.limits)
            && let Some(class) = self.codec.class_of_label(bytes)
        {
            self.adopt(limits, class, received, out);
            // Still refused if the class was not taken.
            out.push(self.codec.decode_label(bytes, received)?.into());
            return Ok(());
        }
        out.push(decoded?.into());
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
