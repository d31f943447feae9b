//! What bytes mean: JSON records into samples, labels and metrics, predictions into JSON.
//!
//! In reading order: where a value sits ([`Pointer`], [`CodecConfig`]); reading ([`JsonCodec`]); what is
//! said about a bad record ([`DecodeError`]). A bad record never stops the stream: it is an error to be
//! sent where it can be found again.
//!
//! May not: know topics, files or clocks.

mod config;
mod decode;
mod encode;
mod error;
mod pointer;
mod time;
mod values;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use model::{Feature, Schema};

pub use config::{CodecConfig, EventPaths, LabelPaths, MetricPaths};
pub use error::{CodecError, DecodeError};
pub use pointer::Pointer;

/// Longest record that is read, in bytes.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// Reads and writes the JSON of one schema.
#[derive(Clone, Debug)]
pub struct JsonCodec {
    schema: Arc<Schema>,
    config: CodecConfig,
    /// One pointer a feature, in the schema's order.
    features: Vec<Pointer>,
}

impl JsonCodec {
    /// A codec for this schema; refuses paths for features the schema does not have.
    pub fn new(schema: Arc<Schema>, config: CodecConfig) -> Result<Self, CodecError> {
        let known = || schema.features().iter().map(|feature| feature.name.as_str());
        if let Some(name) = config.event.features.keys().find(|name| known().all(|known| known != *name)) {
            let hint = crate::text::did_you_mean(name, known());
            return Err(CodecError::UnknownFeature { name: name.clone(), hint });
        }
        let path = |feature: &Feature| config.event.features.get(&feature.name).cloned();
        let features = schema
            .features()
            .iter()
            .map(|feature| path(feature).unwrap_or_else(|| Pointer::of_feature(&feature.name)))
            .collect();
        Ok(Self { schema, config, features })
    }

    /// The schema it reads.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }
}
