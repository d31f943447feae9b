//! Kafka: records in, in the order of time; answers, decisions and dead letters out.
//!
//! In reading order: what is configured ([`KafkaConfig`]); reading for learning, by assignment and
//! position ([`Source`]); reading for serving, by consumer group ([`GroupSource`]); writing ([`Sink`], and
//! [`TransactionalSink`] exactly once); what is longer than a record, in pieces ([`cut`], [`Assembly`], [`fetch_parcel`]); a broker
//! inside this process for the demo and tests ([`EmbeddedBroker`]); looking into a topic
//! ([`read_topic`]). Everything here blocks: the daemon gives each reader a thread of its own.
//!
//! May not: decode what is inside a record, or let rdkafka's types out.

mod admin;
mod bell;
mod client;
mod config;
mod embedded;
mod error;
mod fetch;
mod group;
mod inspect;
mod lanes;
mod parcel;
mod plan;
mod record;
mod sink;
mod source;
mod transaction;

#[cfg(test)]
mod tests;

pub use admin::{create_models_topic, open_trials_topics, positions_near_end};
pub use config::{KafkaConfig, StartAt, Topics};
pub use embedded::EmbeddedBroker;
pub use error::KafkaError;
pub use fetch::fetch_parcel;
pub use group::{GroupSource, Membership};
pub use inspect::read_topic;
pub use parcel::{Assembly, PIECE_BYTES_MAX, Parcel, ParcelError, cut};
pub use plan::Lost;
pub use record::{Header, Polled, Positions, TopicRole};
pub use sink::{Batch, Sink};
pub use source::Source;
pub use transaction::{Ending, TransactionalSink};
