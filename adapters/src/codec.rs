//! What bytes mean: JSON records into samples, labels and metrics, predictions into JSON.
//!
//! In reading order: where a value sits ([`Pointer`], [`CodecConfig`]); what stands around a record ([`Envelope`]); reading
//! ([`JsonCodec`]), also what the schema does not have yet; what is said about a bad record ([`DecodeError`]). A bad record never stops the stream: it is an error to be
//! sent where it can be found again.
//!
//! May not: know topics, files or clocks.

mod config;
mod decode;
mod encode;
mod envelope;
mod error;
mod news;
mod pointer;
pub(crate) mod said;
mod time;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{Feature, Schema};

pub use config::{CodecConfig, EventPaths, LabelPaths, MetricPaths};
pub use decode::{Event, Told};
pub use encode::Marks;
pub use envelope::Envelope;
pub use error::{CodecError, DecodeError};
pub use pointer::Pointer;
pub(crate) use time::MILLIS_MAX;

/// Longest record that is read, in bytes.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// Reads and writes the JSON of one schema.
#[derive(Clone, Debug)]
pub struct JsonCodec {
    schema: Arc<Schema>,
    config: CodecConfig,
    /// One pointer a feature, in the schema's order.
    features: Vec<Pointer>,
    /// Fields under `/features` that have a meaning already.
    known: BTreeSet<String>,
}

impl JsonCodec {
    /// A codec for this schema; refuses paths for features the schema does not have.
    pub fn new(schema: Arc<Schema>, config: CodecConfig) -> Result<Self, CodecError> {
        let known = || schema.features().iter().map(|feature| feature.name.as_str());
        if let Some(name) = config.event.features.keys().find(|name| known().all(|known| known != *name)) {
            let hint = crate::text::did_you_mean(name, known());
            return Err(CodecError::UnknownFeature { name: name.clone(), hint });
        }
        Ok(Self::over(schema, config))
    }

    /// This codec for a schema that evolved: fields keep their places, and what is new sits under
    /// `/features`.
    #[must_use]
    pub fn widened(&self, schema: Arc<Schema>) -> Self {
        Self::over(schema, self.config.clone())
    }

    fn over(schema: Arc<Schema>, config: CodecConfig) -> Self {
        let path = |feature: &Feature| config.event.features.get(&feature.name).cloned();
        let features: Vec<Pointer> = schema
            .features()
            .iter()
            .map(|feature| path(feature).unwrap_or_else(|| Pointer::of_feature(&feature.name)))
            .collect();
        let names = schema.features().iter().map(|feature| feature.name.as_str());
        let paths = features
            .iter()
            .chain([&config.event.id])
            .chain(&config.event.time)
            .chain(&config.event.label)
            .chain(&config.event.prediction);
        let known = names.chain(paths.filter_map(Pointer::under_features)).map(str::to_owned).collect();
        Self { schema, config, features, known }
    }

    /// The schema it reads.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }
}
