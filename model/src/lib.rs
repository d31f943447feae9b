//! What a network is: from the schema of a stream to a trained model on disk.
//!
//! In reading order: what flows ([`sample`]) as described ([`schema`]) and scaled ([`encoder`]); what
//! may be searched ([`space`]).
//!
//! May not: Kafka, HTTP, async, clocks, decisions. Candle's types do not leave this crate.

pub mod error;
pub mod sample;
pub mod schema;
pub mod space;

pub use error::ModelError;
pub use sample::{EventId, Generation, Label, Metric, Output, Reading, Record, Row, Sample, Timestamp, Truth};
pub use schema::{Feature, FeatureKind, Objective, Schema, Target, category_bucket};
pub use space::{Gene, Genome, SearchSpace};
