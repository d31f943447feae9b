//! What librdkafka tells us beside records: whether brokers are connected, how far topics reach, what was
//! delivered.
//!
//! Lives here: the context every client shares. May not: read or write records.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError as Library, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::statistics::Statistics;
use rdkafka::{ClientContext, Message, TopicPartitionList};

use super::error::KafkaError;

/// How often a client tells how it is, in milliseconds; the age of what `lag` and `connected` say.
pub(super) const STATISTICS_INTERVAL_MS: &str = "1000";

/// Longest that a broker waits for new records before it says there are none, in milliseconds. Only then
/// is a partition known to be at its end, so this is also how late a merged record can be.
pub(super) const FETCH_WAIT_MS: &str = "100";

/// What became of the records that were sent for one purpose.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// Still under way.
    pub(super) left: AtomicUsize,
    /// Refused for good.
    pub(super) refused: AtomicUsize,
    /// Partition and offset of the first one that a broker has taken.
    pub(super) first: Mutex<Option<(i32, i64)>>,
}

impl Delivery {
    fn took(&self, partition: i32, offset: i64) {
        let mut first = held(&self.first);
        if first.is_none_or(|(_, before)| offset < before) {
            *first = Some((partition, offset));
        }
    }

    /// Partition and offset of the first one that a broker has taken.
    pub(super) fn first(&self) -> Option<(i32, i64)> {
        *held(&self.first)
    }
}

/// Shared by the sender and the library.
pub(super) type Receipt = Arc<Delivery>;

/// What keeps a client from brokers that are there, and what the library said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// They do not believe who it is.
    Login(String),
    /// There is no TLS with them.
    Tls(String),
}

impl Obstacle {
    fn of(code: Option<RDKafkaErrorCode>, reason: &str) -> Option<Self> {
        match code? {
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => {
                Some(Self::Login(reason.to_owned()))
            }
            RDKafkaErrorCode::SSL => Some(Self::Tls(reason.to_owned())),
            _ => None,
        }
    }

    /// As an error.
    pub(super) fn at(self, brokers: &str) -> KafkaError {
        let brokers = brokers.to_owned();
        match self {
            Self::Login(message) => KafkaError::Login { brokers, message },
            Self::Tls(message) => KafkaError::Tls { brokers, message },
        }
    }
}

/// What is known about a client's connection.
#[derive(Debug, Default)]
pub(super) struct Link {
    connected: AtomicBool,
    failures: AtomicU64,
    trouble: Mutex<Option<String>>,
    obstacle: Mutex<Option<Obstacle>>,
    high: Mutex<BTreeMap<(String, i32), i64>>,
}

impl Link {
    pub(super) fn connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
    }

    /// Records that were given up.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        held(&self.trouble).clone()
    }

    pub(super) fn set_trouble(&self, message: String) {
        *held(&self.trouble) = Some(message);
    }

    /// What keeps us from the brokers, if they are there.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        held(&self.obstacle).clone()
    }

    /// The end of a partition as last heard of.
    pub(super) fn high(&self, topic: &str, partition: i32) -> Option<i64> {
        held(&self.high).get(&(topic.to_owned(), partition)).copied()
    }

    fn failed(&self, message: String) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.set_trouble(message);
    }

    fn observe(&self, statistics: &Statistics) {
        let connected = statistics.brokers.values().any(|broker| broker.state == "UP");
        self.set_connected(connected);
        if connected {
            *held(&self.obstacle) = None;
        }
        let mut high = held(&self.high);
        for (name, topic) in &statistics.topics {
            for (partition, state) in topic.partitions.iter().filter(|(_, state)| state.hi_offset >= 0) {
                high.insert((name.clone(), *partition), state.hi_offset);
            }
        }
    }
}

/// Nothing that holds these locks can leave them half changed.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The context of every client.
#[derive(Clone, Debug, Default)]
pub(super) struct Context(pub(super) Arc<Link>);

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, message),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(target: "librdkafka", facility, message);
            }
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.0.observe(&statistics);
    }

    fn error(&self, error: Library, reason: &str) {
        // The end of a partition is told as an error; it is none.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tracing::warn!(target: "librdkafka", %error, reason);
        if let Some(obstacle) = Obstacle::of(error.rdkafka_error_code(), reason) {
            *held(&self.0.obstacle) = Some(obstacle);
        }
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.0.set_connected(false);
            // That they are down says less than why.
            if self.0.obstacle().is_some() {
                return;
            }
        }
        self.0.set_trouble(reason.to_owned());
    }
}

impl ConsumerContext for Context {
    fn commit_callback(&self, result: KafkaResult<()>, _offsets: &TopicPartitionList) {
        // Nothing is read back from commits: a failed one only makes the lag look older than it is.
        if let Err(error) = result {
            tracing::debug!(target: "librdkafka", %error, "positions were not committed");
        }
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Receipt;

    fn delivery(&self, result: &DeliveryResult<'_>, receipt: Receipt) {
        match result {
            Ok(message) => {
                receipt.took(message.partition(), message.offset());
                self.0.set_connected(true);
            }
            Err((error, message)) => {
                receipt.refused.fetch_add(1, Ordering::AcqRel);
                self.0.failed(format!("topic `{}`: {error}", message.topic()));
            }
        }
        // Last: whoever sees that none is left may ask for the rest.
        receipt.left.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Errors after which the library goes on by itself, and those that need somebody.
pub(super) fn is_transient(code: RDKafkaErrorCode) -> bool {
    !matches!(
        code,
        RDKafkaErrorCode::Fatal
            | RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::GroupAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::AutoOffsetReset
            | RDKafkaErrorCode::OffsetOutOfRange
            | RDKafkaErrorCode::UnsupportedFeature
            | RDKafkaErrorCode::InvalidArgument
    )
}

/// A client's configuration may be refused; the library names the property.
pub(super) fn refused(error: &Library) -> KafkaError {
    match error {
        Library::ClientConfig(_, message, name, _) => {
            KafkaError::Property { name: name.clone(), message: message.clone() }
        }
        other => KafkaError::Client(other.to_string()),
    }
}
