//! Reading for serving: a consumer group shares the partitions among replicas.
//!
//! Lives here: at-least-once reading, where only what was answered is stored, and the library commits in
//! the background. May not: keep state of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerGroupMetadata};
use rdkafka::error::{KafkaError as Library, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

use super::admin;
use super::client::{Context, FETCH_WAIT_MS, Link, STATISTICS_INTERVAL_MS, is_transient, refused};
use super::config::{KafkaConfig, StartAt};
use super::error::KafkaError;
use super::record::{Polled, TopicRole};

/// Most bytes that wait in this process, in KiB.
const QUEUED_KIB_MAX: &str = "32768";

/// Longest that going back waits for the library.
const REWIND_WAIT: Duration = Duration::from_secs(5);

/// Reads one topic together with the other members of a group.
pub struct GroupSource {
    consumer: BaseConsumer<Context>,
    link: Arc<Link>,
    role: TopicRole,
    topic: Arc<str>,
    group: String,
}

impl GroupSource {
    /// Joins the group; the first records come once the group has shared out the partitions.
    pub fn open(config: &KafkaConfig, group: &str, role: TopicRole, topic: &str) -> Result<Self, KafkaError> {
        let link = Arc::new(Link::default());
        let consumer = consumer(config, group, &link)?;
        admin::partitions(config, &consumer, role, topic)?;
        let failed =
            |error: Library| KafkaError::Read { topic: topic.to_owned(), message: error.to_string() };
        consumer.subscribe(&[topic]).map_err(failed)?;
        link.set_connected(true);
        Ok(Self { consumer, link, role, topic: topic.into(), group: group.to_owned() })
    }

    /// Up to `max` records; waits at most `wait` for the first one.
    ///
    /// Has to be called within `max.poll.interval.ms` of the last time, or the group goes on without us.
    pub fn poll(&mut self, max: usize, wait: Duration) -> Result<Vec<Polled>, KafkaError> {
        let deadline = Instant::now() + wait;
        let mut out = Vec::new();
        while out.len() < max {
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = if out.is_empty() { left } else { Duration::ZERO };
            match self.consumer.poll(limit) {
                Some(Ok(message)) => out.push(Polled::from_message(self.role, &self.topic, &message)),
                Some(Err(error)) => self.judge(&error)?,
                None if limit.is_zero() => break,
                // The library returns early after a change in the group.
                None => {}
            }
        }
        Ok(out)
    }

    /// Notes that the record at this offset and all before it in its partition are done; committed in the background.
    pub fn store(&self, partition: i32, offset: i64) -> Result<(), KafkaError> {
        match self.consumer.store_offset(&self.topic, partition, offset) {
            // The partition went to another member, which answers the record again.
            Ok(())
            | Err(Library::StoreOffset(RDKafkaErrorCode::State | RDKafkaErrorCode::UnknownPartition)) => {
                Ok(())
            }
            Err(error) => Err(KafkaError::Commit { group: self.group.clone(), message: error.to_string() }),
        }
    }

    /// As whom this reads, as of now. Once the group has shared out partitions anew, nobody can commit by it any more.
    pub fn membership(&self) -> Option<Membership> {
        let group = self.consumer.group_metadata()?;
        Some(Membership { group, topic: Arc::clone(&self.topic) })
    }

    /// Has brokers know at once what was stored, without waiting for them: what a member that dies now had done is not
    /// done again.
    pub fn commit_stored(&self) {
        if let Err(error) = self.consumer.commit_consumer_state(CommitMode::Async)
            && error.rdkafka_error_code() != Some(RDKafkaErrorCode::NoOffset)
        {
            self.link.set_trouble(error.to_string());
        }
    }

    /// The partitions that it has now.
    pub fn assigned(&self) -> Result<Vec<i32>, KafkaError> {
        let list = self.assignment()?;
        Ok(list.elements().iter().map(TopicPartitionListElem::partition).collect())
    }

    /// Has nothing more come until [`Self::go_on`], while polling still keeps its place in the group.
    pub fn pause(&self) -> Result<(), KafkaError> {
        self.consumer.pause(&self.assignment()?).map_err(|error| self.failed(&error))
    }

    /// Has records come again.
    pub fn go_on(&self) -> Result<(), KafkaError> {
        self.consumer.resume(&self.assignment()?).map_err(|error| self.failed(&error))
    }

    fn assignment(&self) -> Result<TopicPartitionList, KafkaError> {
        self.consumer.assignment().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &Library) -> KafkaError {
        KafkaError::Read { topic: self.topic.to_string(), message: error.to_string() }
    }

    /// Goes back to the first of the records that were not done: they come again, unless the partition has gone to
    /// another member, to whom they come then.
    pub fn rewind(&self, starts: &BTreeMap<i32, i64>) {
        let went = list(&self.topic, starts, 0)
            .and_then(|list| self.consumer.seek_partitions(list, REWIND_WAIT).map(drop));
        if let Err(error) = went {
            self.link.set_trouble(error.to_string());
        }
    }

    /// Whether a broker can be reached.
    pub fn connected(&self) -> bool {
        self.link.connected()
    }

    /// The last thing that went wrong, if anything has.
    pub fn trouble(&self) -> Option<String> {
        self.link.trouble()
    }

    fn judge(&self, error: &Library) -> Result<(), KafkaError> {
        let fatal = matches!(error, Library::MessageConsumptionFatal(_));
        match error.rdkafka_error_code() {
            Some(code) if !fatal && is_transient(code) => {
                self.link.set_trouble(error.to_string());
                Ok(())
            }
            Some(_) | None => {
                Err(KafkaError::Read { topic: self.topic.to_string(), message: error.to_string() })
            }
        }
    }
}

/// A member of a group, with the partitions that it had at one moment.
pub struct Membership {
    group: ConsumerGroupMetadata,
    topic: Arc<str>,
}

impl Membership {
    /// Where the group goes on after these offsets, and as whom that is said.
    pub(super) fn after(
        &self,
        ends: &BTreeMap<i32, i64>,
    ) -> KafkaResult<(TopicPartitionList, &ConsumerGroupMetadata)> {
        Ok((list(&self.topic, ends, 1)?, &self.group))
    }
}

fn list(topic: &str, offsets: &BTreeMap<i32, i64>, further: i64) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(offset + further))?;
    }
    Ok(list)
}

fn consumer(
    config: &KafkaConfig,
    group: &str,
    link: &Arc<Link>,
) -> Result<BaseConsumer<Context>, KafkaError> {
    let defaults = [
        ("client.id", "driftform"),
        ("fetch.wait.max.ms", FETCH_WAIT_MS),
        ("partition.assignment.strategy", "cooperative-sticky"),
        ("queued.max.messages.kbytes", QUEUED_KIB_MAX),
        ("statistics.interval.ms", STATISTICS_INTERVAL_MS),
    ];
    let start = match config.start_at {
        StartAt::Earliest => "earliest",
        StartAt::Latest => "latest",
    };
    let fixed = [
        ("group.id", group),
        ("enable.auto.commit", "true"),
        // Stored by hand once answered: then the library's own commits are safe, also while the group
        // changes.
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", start),
    ];
    config
        .client(&defaults, &fixed)?
        .create_with_context(Context(Arc::clone(link)))
        .map_err(|error| refused(&error))
}
