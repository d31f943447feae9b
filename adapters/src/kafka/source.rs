//! Reading for learning: every partition assigned, started at a known position, merged by time.
//!
//! Lives here: opening at positions, polling, telling positions and lag. There is one owner of the
//! learning state, so there is no consumer group; the group only shows others how far it has come. May
//! not: decode records, or decide what to do about what was lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError as Library, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::admin;
use super::bell::Bell;
use super::client::{Context, Link, is_transient};
use super::config::KafkaConfig;
use super::error::KafkaError;
use super::lanes::{Lane, Turn, turn};
use super::plan::{Feed, Lost, Plan, consumer};
use super::record::{Polled, Positions, TopicRole};
use crate::points::{Point, word};

/// Reads topics from known positions, in the order of time.
pub struct Source {
    // Before the consumer: each feed keeps it alive.
    feeds: Vec<Feed>,
    lanes: Vec<Lane>,
    consumer: Arc<BaseConsumer<Context>>,
    bell: Arc<Bell>,
    link: Arc<Link>,
    lost: Vec<Lost>,
    group: String,
    alignment_wait: Duration,
}

impl Source {
    /// Opens every partition of these topics at its position, or where the configuration says to start.
    ///
    /// A position that is no longer there is not an error: see [`Source::lost`].
    pub fn open(
        config: &KafkaConfig,
        topics: &[(TopicRole, &str)],
        positions: &Positions,
    ) -> Result<Self, KafkaError> {
        let link = Arc::new(Link::default());
        let bell = Arc::new(Bell::default());
        let consumer = consumer(config, &link, &bell)?;
        let mut plan = Plan::default();
        for (role, topic) in topics {
            for partition in admin::partitions(config, &consumer, *role, topic)? {
                plan.add(config, &consumer, *role, topic, partition, positions)?;
            }
        }
        let feeds = plan.assign(&consumer, &bell)?;
        link.set_connected(true);
        Ok(Self {
            lanes: feeds.iter().map(|_| Lane::default()).collect(),
            feeds,
            consumer,
            bell,
            link,
            lost: plan.lost,
            group: config.group.clone(),
            alignment_wait: config.alignment_wait,
        })
    }

    /// Up to `max` records, oldest first; waits at most `wait` for the first one.
    ///
    /// Nothing comes while no broker can be reached: see [`Source::connected`].
    pub fn poll(&mut self, max: usize, wait: Duration) -> Result<Vec<Polled>, KafkaError> {
        let deadline = Instant::now() + wait;
        let mut out = Vec::new();
        // Once a poll every queue is looked at, whether it has rung or not.
        self.feeds.iter().for_each(|feed| feed.stirred.store(true, Ordering::Relaxed));
        self.serve()?;
        while out.len() < max {
            self.refill()?;
            let now = Instant::now();
            let held = match turn(&mut self.lanes, now, self.alignment_wait) {
                Turn::Take(index) => {
                    out.extend(self.take(index));
                    continue;
                }
                Turn::Hold(held) => held,
                Turn::Idle => Duration::MAX,
            };
            let left = deadline.saturating_duration_since(now);
            if !out.is_empty() || left.is_zero() {
                break;
            }
            self.bell.wait(held.min(left));
            self.serve()?;
        }
        Ok(out)
    }

    /// The offsets after what has been given out.
    pub fn positions(&self) -> Positions {
        self.feeds.iter().map(|feed| ((feed.topic.to_string(), feed.partition), feed.next)).collect()
    }

    /// Shows these positions to others under the group; does not wait for the brokers.
    ///
    /// Nothing is ever read back from it: call it last, when the positions are safe.
    pub fn commit(&self, positions: &Positions) -> Result<(), KafkaError> {
        let refused =
            |error: Library| KafkaError::Commit { group: self.group.clone(), message: error.to_string() };
        let mut list = TopicPartitionList::new();
        for ((topic, partition), next) in positions {
            list.add_partition_offset(topic, *partition, Offset::Offset(*next)).map_err(refused)?;
        }
        word(Point::Commit, || self.consumer.commit(&list, CommitMode::Async)).map_err(refused)
    }

    /// Records that are there but have not been given out, as far as known.
    pub fn lag(&self) -> u64 {
        let lag = |feed: &Feed| {
            let told = self.link.high(&feed.topic, feed.partition).unwrap_or_default();
            feed.high.max(told).saturating_sub(feed.next).max(0) as u64
        };
        self.feeds.iter().map(lag).sum()
    }

    /// Whether everything there was has been given out.
    pub fn at_end(&self) -> bool {
        self.lanes.iter().all(|lane| lane.at_end)
    }

    /// Whether a broker can be reached.
    pub fn connected(&self) -> bool {
        self.link.connected()
    }

    /// The last thing that went wrong, if anything has.
    pub fn trouble(&self) -> Option<String> {
        self.link.trouble()
    }

    /// Positions that were gone when the source was opened; reading went on at the oldest record.
    pub fn lost(&self) -> &[Lost] {
        &self.lost
    }

    /// Lets the library run its callbacks and take note of errors.
    fn serve(&self) -> Result<(), KafkaError> {
        match self.consumer.poll(Duration::ZERO) {
            None => Ok(()),
            Some(Ok(stray)) => Err(KafkaError::Read {
                topic: stray.topic().to_owned(),
                message: "a record came past its partition's queue; open the source again".into(),
            }),
            Some(Err(error)) => self.judge(&error, "the brokers"),
        }
    }

    fn refill(&mut self) -> Result<(), KafkaError> {
        for index in 0..self.feeds.len() {
            if self.lanes[index].head.is_none() && self.feeds[index].stirred.swap(false, Ordering::AcqRel) {
                self.refill_one(index)?;
            }
        }
        Ok(())
    }

    fn refill_one(&mut self, index: usize) -> Result<(), KafkaError> {
        let (feed, lane) = (&mut self.feeds[index], &mut self.lanes[index]);
        let Some(next) = feed.queue.poll(Duration::ZERO) else { return Ok(()) };
        // There may be more behind it, and the bell only rings for the first.
        feed.stirred.store(true, Ordering::Release);
        match next {
            Ok(message) => {
                let record = Polled::from_message(feed.role, &feed.topic, &message);
                feed.high = feed.high.max(record.offset + 1);
                lane.arrive(record);
                self.link.set_connected(true);
                Ok(())
            }
            Err(Library::PartitionEOF(_)) => {
                lane.end();
                self.link.set_connected(true);
                Ok(())
            }
            Err(error) => self.feed_failed(index, &error),
        }
    }

    fn feed_failed(&self, index: usize, error: &Library) -> Result<(), KafkaError> {
        let feed = &self.feeds[index];
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                Err(KafkaError::PositionLost {
                    topic: feed.topic.to_string(),
                    partition: feed.partition,
                    wanted: feed.next,
                })
            }
            Some(_) | None => self.judge(error, &feed.topic),
        }
    }

    fn judge(&self, error: &Library, topic: &str) -> Result<(), KafkaError> {
        let fatal = matches!(error, Library::MessageConsumptionFatal(_));
        match error.rdkafka_error_code() {
            Some(code) if !fatal && is_transient(code) => {
                self.link.set_connected(false);
                self.link.set_trouble(error.to_string());
                Ok(())
            }
            Some(_) | None => Err(KafkaError::Read { topic: topic.to_owned(), message: error.to_string() }),
        }
    }

    fn take(&mut self, index: usize) -> Option<Polled> {
        let record = self.lanes[index].head.take()?;
        self.feeds[index].next = record.offset + 1;
        Some(record)
    }
}
