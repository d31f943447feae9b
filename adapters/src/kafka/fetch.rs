//! Fetching one parcel from where it is known to lie.
//!
//! Lives here: a reader of one partition from one offset on, for as long as that takes. May not: remember where it has been.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as Library, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::bell::Bell;
use super::client::{Context, Link, is_transient};
use super::config::KafkaConfig;
use super::error::KafkaError;
use super::parcel::{Assembly, Parcel};
use super::plan::consumer;

/// The parcel of this digest, whose first piece is at this partition and offset; none if its last piece has not come within
/// the time, or is not there any more.
pub fn fetch_parcel(
    config: &KafkaConfig,
    topic: &str,
    (partition, offset): (i32, i64),
    (digest, bytes_max): (&str, usize),
    timeout: Duration,
) -> Result<Option<Parcel>, KafkaError> {
    let deadline = Instant::now() + timeout;
    let failed = |error: &Library| KafkaError::Read { topic: topic.to_owned(), message: error.to_string() };
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(offset)).map_err(|error| failed(&error))?;
    let consumer: Arc<BaseConsumer<Context>> =
        consumer(config, &Arc::new(Link::default()), &Arc::new(Bell::default()))?;
    consumer.assign(&list).map_err(|error| failed(&error))?;
    let mut assembly = Assembly::new(bytes_max);
    while Instant::now() < deadline {
        match consumer.poll(deadline.saturating_duration_since(Instant::now())) {
            // A record that is no piece is not for us; one that is missing will be missed.
            Some(Ok(message)) => match assembly.add(message.payload().unwrap_or_default()) {
                Ok(Some(parcel)) if parcel.digest == digest => return Ok(Some(parcel)),
                Ok(_) | Err(_) => {}
            },
            // It was sent before we were told of it, so what is not before the end has gone.
            Some(Err(Library::PartitionEOF(_))) => return Ok(None),
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                    return Ok(None);
                }
                Some(code) if is_transient(code) => {}
                Some(_) | None => return Err(failed(&error)),
            },
            None => {}
        }
    }
    Ok(None)
}
