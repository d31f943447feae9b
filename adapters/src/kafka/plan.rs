//! What a source is to read, and from where.
//!
//! Lives here: positions against what is there, queues, the assignment. May not: read records.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError as Library;
use rdkafka::{Offset, TopicPartitionList};

use super::admin;
use super::bell::Bell;
use super::client::{Context, FETCH_WAIT_MS, Link, STATISTICS_INTERVAL_MS, refused};
use super::config::{KafkaConfig, StartAt};
use super::error::KafkaError;
use super::record::{Positions, TopicRole};

/// Most bytes that wait in this process, in KiB.
const QUEUED_KIB_MAX: &str = "32768";

/// A position that could not be taken up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The position wanted.
    pub wanted: i64,
    /// Where reading goes on instead: the oldest record there is.
    pub resumed: i64,
    /// The end of the partition.
    pub end: i64,
}

/// One partition being read.
pub(super) struct Feed {
    pub(super) role: TopicRole,
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) queue: PartitionQueue<Context>,
    /// Whether the queue may have something; set by the library.
    pub(super) stirred: Arc<AtomicBool>,
    /// The offset after the last record given out.
    pub(super) next: i64,
    /// The end of the partition as last seen here.
    pub(super) high: i64,
}

/// The client, which rings the bell for what is not a record.
pub(super) fn consumer(
    config: &KafkaConfig,
    link: &Arc<Link>,
    bell: &Arc<Bell>,
) -> Result<Arc<BaseConsumer<Context>>, KafkaError> {
    let defaults = [
        ("client.id", "driftform"),
        ("fetch.wait.max.ms", FETCH_WAIT_MS),
        ("queued.max.messages.kbytes", QUEUED_KIB_MAX),
        ("statistics.interval.ms", STATISTICS_INTERVAL_MS),
    ];
    let fixed = [
        ("group.id", config.group.as_str()),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "true"),
        // What is gone is told, never skipped in silence.
        ("auto.offset.reset", "error"),
    ];
    let mut consumer: BaseConsumer<Context> = config
        .client(&defaults, &fixed)?
        .create_with_context(Context(Arc::clone(link)))
        .map_err(|error| refused(&error))?;
    let bell = Arc::clone(bell);
    consumer.set_nonempty_callback(move || bell.ring());
    Ok(Arc::new(consumer))
}

/// What is to be assigned.
#[derive(Default)]
pub(super) struct Plan {
    parts: Vec<(TopicRole, Arc<str>, i32, i64, i64)>,
    pub(super) lost: Vec<Lost>,
}

impl Plan {
    /// Notes a partition and where it is to start.
    pub(super) fn add(
        &mut self,
        config: &KafkaConfig,
        consumer: &BaseConsumer<Context>,
        role: TopicRole,
        topic: &str,
        partition: i32,
        positions: &Positions,
    ) -> Result<(), KafkaError> {
        let (first, end) = admin::watermarks(config, consumer, topic, partition)?;
        let next = match (positions.get(&(topic.to_owned(), partition)), config.start_at) {
            (Some(wanted), _) if (first..=end).contains(wanted) => *wanted,
            (Some(wanted), _) => {
                let topic = topic.to_owned();
                self.lost.push(Lost { topic, partition, wanted: *wanted, resumed: first, end });
                first
            }
            (None, StartAt::Earliest) => first,
            (None, StartAt::Latest) => end,
        };
        self.parts.push((role, topic.into(), partition, next, end));
        Ok(())
    }

    /// Starts reading all of them.
    pub(super) fn assign(
        &self,
        consumer: &Arc<BaseConsumer<Context>>,
        bell: &Arc<Bell>,
    ) -> Result<Vec<Feed>, KafkaError> {
        let failed = |error: Library| KafkaError::Client(error.to_string());
        let mut list = TopicPartitionList::new();
        for (_, topic, partition, next, _) in &self.parts {
            list.add_partition_offset(topic, *partition, Offset::Offset(*next)).map_err(failed)?;
        }
        let feed = |(role, topic, partition, next, high): &(TopicRole, Arc<str>, i32, i64, i64)| {
            let mut queue = consumer
                .split_partition_queue(topic, *partition)
                .ok_or_else(|| KafkaError::Client(format!("no queue for `{topic}` partition {partition}")))?;
            let stirred = Arc::new(AtomicBool::new(true));
            let (flag, bell) = (Arc::clone(&stirred), Arc::clone(bell));
            queue.set_nonempty_callback(move || {
                flag.store(true, Ordering::Release);
                bell.ring();
            });
            let (role, topic, partition) = (*role, Arc::clone(topic), *partition);
            Ok(Feed { role, topic, partition, queue, stirred, next: *next, high: *high })
        };
        // Queues first: a partition that has none of its own yet sends its first records to the shared one.
        let feeds = self.parts.iter().map(feed).collect::<Result<Vec<_>, _>>()?;
        consumer.assign(&list).map_err(failed)?;
        Ok(feeds)
    }
}
