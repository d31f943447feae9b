//! Reading for learning: every partition assigned, started at a known position, merged by time.
//!
//! Lives here: opening at positions, polling, telling positions and lag. There is one owner of the
//! learning state, so there is no consumer group; the group only shows others how far it has come. May
//! not: decode records, or decide what to do about what was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError as Library, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};

use super::admin;
use super::bell::Bell;
use super::client::{Context, Link, STATISTICS_INTERVAL_MS, is_transient, refused};
use super::config::{KafkaConfig, StartAt};
use super::error::KafkaError;
use super::lanes::{Lane, Turn, turn};
use super::record::{Polled, Positions, TopicRole};

/// Most bytes that wait in this process, in KiB.
const QUEUED_KIB_MAX: &str = "32768";
/// Longest that a broker waits for new records before it says there are none, in milliseconds. Only then
/// is a partition known to be at its end, so this is also how late a merged record can be.
const FETCH_WAIT_MS: &str = "100";

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
struct Feed {
    role: TopicRole,
    topic: Arc<str>,
    partition: i32,
    queue: PartitionQueue<Context>,
    /// Whether the queue may have something; set by the library.
    stirred: Arc<AtomicBool>,
    /// The offset after the last record given out.
    next: i64,
    /// The end of the partition as last seen here.
    high: i64,
}

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
            for partition in admin::partitions(config, &consumer, topic)? {
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
        self.consumer.commit(&list, CommitMode::Async).map_err(refused)
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

fn consumer(
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
struct Plan {
    parts: Vec<(TopicRole, Arc<str>, i32, i64, i64)>,
    lost: Vec<Lost>,
}

impl Plan {
    fn add(
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

    fn assign(
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
