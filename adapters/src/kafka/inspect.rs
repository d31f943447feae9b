//! Looking into a topic, for tests and tools.
//!
//! Lives here: reading a whole topic once. May not: be used where a topic may be large.

use std::time::{Duration, Instant};

use super::config::KafkaConfig;
use super::error::KafkaError;
use super::record::{Polled, Positions, TopicRole};
use super::source::Source;

/// Records asked for at a time.
const BATCH: usize = 1_000;

/// Every record of a topic from offset `from` on, oldest first, up to its end or until `timeout`.
pub fn read_topic(
    config: &KafkaConfig,
    topic: &str,
    from: i64,
    timeout: Duration,
) -> Result<Vec<Polled>, KafkaError> {
    let deadline = Instant::now() + timeout;
    let mut source = Source::open(config, &[(TopicRole::Other, topic)], &Positions::new())?;
    let mut records = Vec::new();
    while !source.at_end() && Instant::now() < deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        // Short, because the end of a topic is found without a record.
        let batch = source.poll(BATCH, left.min(Duration::from_millis(50)))?;
        records.extend(batch.into_iter().filter(|record| record.offset >= from));
    }
    Ok(records)
}
