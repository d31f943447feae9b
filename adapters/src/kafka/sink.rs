//! Writing: answers, decisions, and records that could not be used.
//!
//! Lives here: an idempotent producer with a bounded queue. Sending never waits; what brokers refuse is counted, and
//! while none can be reached nothing is given up. May not: decide what is sent.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::Timestamp;
use rdkafka::error::{KafkaError as Library, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::client::{Context, Link, Receipt, STATISTICS_INTERVAL_MS, refused};
use super::config::KafkaConfig;
use super::error::KafkaError;
use super::record::Polled;
use crate::points::{Point, word};

/// Most records that wait to be delivered.
const QUEUED_RECORDS_MAX: &str = "100000";
/// Most bytes that wait to be delivered, in KiB.
const QUEUED_KIB_MAX: &str = "65536";
/// Longest record sent, in bytes: a dead letter is longer than what it carries.
const MESSAGE_BYTES_MAX: &str = "4194304";

/// Nothing is sent twice, and nothing is given up because brokers are away for long: it waits in the bounded queue.
const FIXED: [(&str, &str); 2] = [("enable.idempotence", "true"), ("message.timeout.ms", "0")];

/// What a record is marked with that is a `CloudEvent` as a whole.
const CLOUD_EVENT_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// Sends records; clones share the queue.
#[derive(Clone)]
pub struct Sink {
    producer: Arc<ThreadedProducer<Context>>,
    link: Arc<Link>,
    dead_letters: Arc<str>,
    /// Of records nobody asks after one by one.
    others: Receipt,
}

/// Answers that were sent together: positions may be shown to others once none of them is under way.
#[derive(Clone, Debug, Default)]
pub struct Batch(Receipt);

impl Batch {
    /// Whether every record sent with it has been taken by a broker, or refused for good.
    pub fn is_delivered(&self) -> bool {
        self.0.left.load(Ordering::Acquire) == 0
    }

    /// Records of it that brokers refused for good.
    pub fn refused(&self) -> usize {
        self.0.refused.load(Ordering::Acquire)
    }

    /// Partition and offset of its first record; none before a broker has taken one.
    pub fn first(&self) -> Option<(i32, i64)> {
        self.0.first()
    }
}

impl Sink {
    /// A sink to these brokers; does not wait for them.
    pub fn open(config: &KafkaConfig) -> Result<Self, KafkaError> {
        Self::with(config, &FIXED)
    }

    /// The same, whose records count in transactions only. How long the library holds on to one follows from
    /// `transaction.timeout.ms`.
    pub(super) fn transactional(config: &KafkaConfig, id: &str) -> Result<Self, KafkaError> {
        Self::with(config, &[("enable.idempotence", "true"), ("transactional.id", id)])
    }

    fn with(config: &KafkaConfig, fixed: &[(&str, &str)]) -> Result<Self, KafkaError> {
        let defaults = [
            ("client.id", "driftform"),
            ("compression.type", "lz4"),
            ("linger.ms", "5"),
            ("message.max.bytes", MESSAGE_BYTES_MAX),
            // As other languages' clients do it, so that one key is in one partition of all topics.
            ("partitioner", "murmur2_random"),
            ("queue.buffering.max.kbytes", QUEUED_KIB_MAX),
            ("queue.buffering.max.messages", QUEUED_RECORDS_MAX),
            ("statistics.interval.ms", STATISTICS_INTERVAL_MS),
        ];
        let link = Arc::new(Link::default());
        let producer = config
            .client(&defaults, fixed)?
            .create_with_context(Context(Arc::clone(&link)))
            .map_err(|error| refused(&error))?;
        Ok(Self {
            producer: Arc::new(producer),
            link,
            dead_letters: config.topics.dead_letters.as_str().into(),
            others: Receipt::default(),
        })
    }

    pub(super) fn producer(&self) -> &ThreadedProducer<Context> {
        &self.producer
    }

    /// Queues a record; `timestamp` is its time, else the library's clock is.
    pub fn send(
        &self,
        topic: &str,
        key: Option<&[u8]>,
        payload: &[u8],
        timestamp: Option<Timestamp>,
    ) -> Result<(), KafkaError> {
        self.queue_for(&self.others, topic, key, payload, timestamp)
    }

    /// The same, of a batch that is asked after later.
    pub fn send_in(
        &self,
        batch: &Batch,
        topic: &str,
        key: Option<&[u8]>,
        payload: &[u8],
        timestamp: Option<Timestamp>,
    ) -> Result<(), KafkaError> {
        self.queue_for(&batch.0, topic, key, payload, timestamp)
    }

    /// The same, to this partition.
    pub fn send_to(
        &self,
        batch: &Batch,
        (topic, partition): (&str, i32),
        key: &[u8],
        payload: &[u8],
    ) -> Result<(), KafkaError> {
        let record = BaseRecord::with_opaque_to(topic, Arc::clone(&batch.0));
        self.queue(record.partition(partition).key(key).payload(payload))
    }

    fn queue_for(
        &self,
        receipt: &Receipt,
        topic: &str,
        key: Option<&[u8]>,
        payload: &[u8],
        timestamp: Option<Timestamp>,
    ) -> Result<(), KafkaError> {
        let mut record = BaseRecord::with_opaque_to(topic, Arc::clone(receipt)).payload(payload);
        record.key = key;
        record.timestamp = timestamp.map(|time| time.0);
        self.queue(record)
    }

    /// Queues a `CloudEvent` in structured JSON, marked as one.
    pub fn cloud_event(&self, topic: &str, event: &str) -> Result<(), KafkaError> {
        let headers =
            OwnedHeaders::new().insert(Header { key: "content-type", value: Some(CLOUD_EVENT_TYPE) });
        let record = BaseRecord::with_opaque_to(topic, Arc::clone(&self.others));
        word(Point::Send, || self.queue(record.payload(event.as_bytes()).headers(headers)))
    }

    /// Queues a record that could not be used for the dead-letter topic: as it was, with headers that say
    /// where it came from, at which stage it was refused, the reason as one word and as a sentence.
    ///
    /// It is safe once [`Sink::flush`] returned and [`Sink::failures`] has not grown; only then may its
    /// position be kept.
    pub fn dead_letter(
        &self,
        refused: &Polled,
        stage: &str,
        reason: &str,
        message: &str,
    ) -> Result<(), KafkaError> {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &refused.headers {
            headers = headers.insert(Header { key, value: value.as_ref() });
        }
        let (partition, offset) = (refused.partition.to_string(), refused.offset.to_string());
        // The names that Kafka Connect uses, which tools for dead letters know.
        for (key, value) in [
            ("__connect.errors.topic", refused.topic.as_ref()),
            ("__connect.errors.partition", &partition),
            ("__connect.errors.offset", &offset),
            ("__connect.errors.stage", stage),
            ("__connect.errors.exception.class.name", reason),
            ("__connect.errors.exception.message", message),
        ] {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let topic = Arc::clone(&self.dead_letters);
        let record = BaseRecord::with_opaque_to(&topic, Arc::clone(&self.others));
        let mut record = record.payload(refused.payload.as_slice()).headers(headers);
        record.key = refused.key.as_deref();
        record.timestamp = Some(refused.timestamp.0);
        word(Point::Send, || self.queue(record))
    }

    /// Waits until everything queued was delivered or refused for good.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.producer
            .flush(timeout)
            .map_err(|_| KafkaError::Flush { left: self.in_flight(), waited: timeout })
    }

    /// Records that brokers refused for good.
    pub fn failures(&self) -> u64 {
        self.link.failures()
    }

    /// Records queued or on their way.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.producer.in_flight_count()).unwrap_or_default()
    }

    /// Whether a broker can be reached.
    pub fn connected(&self) -> bool {
        self.link.connected()
    }

    /// The last thing that went wrong, if anything has.
    pub fn trouble(&self) -> Option<String> {
        self.link.trouble()
    }

    fn queue(&self, record: BaseRecord<'_, [u8], [u8], Receipt>) -> Result<(), KafkaError> {
        // Before it is sent, or a quick delivery would count below nothing.
        record.delivery_opaque.left.fetch_add(1, Ordering::AcqRel);
        self.producer.send(record).map_err(|(error, record)| {
            record.delivery_opaque.left.fetch_sub(1, Ordering::AcqRel);
            let topic = record.topic.to_owned();
            match error {
                Library::MessageProduction(RDKafkaErrorCode::QueueFull) => KafkaError::QueueFull { topic },
                other => KafkaError::Send { topic, message: other.to_string() },
            }
        })
    }
}
