//! A record as it came from Kafka, and where reading goes on.
//!
//! Lives here: plain data. May not: read or write.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Timestamp;
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};

/// The next offset of each topic and partition.
pub type Positions = BTreeMap<(String, i32), i64>;

/// What a topic carries; records of the same time come in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopicRole {
    /// Events to answer.
    Events,
    /// Answers, of this or another service.
    Predictions,
    /// Late truth.
    Labels,
    /// Measurements and budgets.
    Metrics,
    /// Which model is served; compacted where it is created.
    Models,
    /// Anything else.
    Other,
}

/// A header: its name, and its bytes if it has any.
pub type Header = (String, Option<Vec<u8>>);

/// One record, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polled {
    /// What its topic carries.
    pub role: TopicRole,
    /// Its topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
    /// Its offset in the partition.
    pub offset: i64,
    /// The time Kafka has for it; 0 where it has none.
    pub timestamp: Timestamp,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its bytes; empty for a tombstone.
    pub payload: Vec<u8>,
    /// Its headers.
    pub headers: Vec<Header>,
}

impl Polled {
    pub(super) fn from_message(role: TopicRole, topic: &Arc<str>, message: &BorrowedMessage<'_>) -> Self {
        Self {
            role,
            topic: Arc::clone(topic),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: Timestamp(message.timestamp().to_millis().unwrap_or_default()),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().unwrap_or_default().to_vec(),
            headers: message.headers().map(headers).unwrap_or_default(),
        }
    }
}

fn headers(headers: &impl Headers) -> Vec<Header> {
    headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
}
