//! Kafka: records in, in the order of time; answers, decisions and dead letters out.
//!
//! In reading order: what is configured ([`KafkaConfig`]); reading for learning, by assignment and
//! position ([`Source`]); reading for serving, by consumer group ([`GroupSource`]); writing ([`Sink`], and
//! [`TransactionalSink`] exactly once); a broker inside this process for the demo and tests ([`EmbeddedBroker`]); looking into a topic
//! ([`read_topic`]). Everything here blocks: the daemon gives each reader a thread of its own.
//!
//! May not: decode what is inside a record, or let rdkafka's types out.

mod admin;
mod bell;
mod client;
mod config;
mod embedded;
mod error;
mod group;
mod inspect;
mod lanes;
mod plan;
mod record;
mod sink;
mod source;
mod transaction;

#[cfg(test)]
mod tests;

pub use admin::create_models_topic;
pub use config::{KafkaConfig, StartAt, Topics};
pub use embedded::EmbeddedBroker;
pub use error::KafkaError;
pub use group::{GroupSource, Membership};
pub use inspect::read_topic;
pub use plan::Lost;
pub use record::{Header, Polled, Positions, TopicRole};
pub use sink::{Batch, Sink};
pub use source::Source;
pub use transaction::{Ending, TransactionalSink};
