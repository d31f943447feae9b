//! Which topics exist, how many partitions they have and how far those reach.
//!
//! Lives here: the questions asked while opening. May not: read records.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError as Library, RDKafkaErrorCode};
use rdkafka::metadata::MetadataPartition;

use super::client::{Context, Obstacle, refused};
use super::config::{KafkaConfig, Topics};
use super::error::KafkaError;
use super::record::{Positions, TopicRole};

/// Partitions of a topic that is created here; more than one needs somebody who knows the keys.
const PARTITIONS_NEW: i32 = 1;
/// Words of the library that are heard out for an error that says more.
const TOLD_MAX: usize = 64;
/// How long what trials are made of is kept where its topics are created here, in milliseconds: a day, and six hours of what is
/// large.
const TRIALS_KEPT_MS: &str = "86400000";
const OBSERVATIONS_KEPT_MS: &str = "86400000";
const STRETCHES_KEPT_MS: &str = "21600000";

/// Partitions of a topic, which is created if that is wanted.
pub(super) fn partitions(
    config: &KafkaConfig,
    consumer: &BaseConsumer<Context>,
    role: TopicRole,
    topic: &str,
) -> Result<Vec<i32>, KafkaError> {
    let found = existing(config, consumer, topic)?;
    if !found.is_empty() {
        return Ok(found);
    }
    if !config.create_topics {
        return Err(KafkaError::NoTopic { topic: topic.to_owned(), brokers: config.brokers.clone() });
    }
    create(config, role, topic)?;
    Ok((0..PARTITIONS_NEW).collect())
}

/// Creates the topic of models if it is not there and that is wanted: a producer's topics appear by themselves at best,
/// and are not compacted then.
pub fn create_models_topic(config: &KafkaConfig) -> Result<(), KafkaError> {
    if config.create_topics { create(config, TopicRole::Models, &config.topics.models) } else { Ok(()) }
}

/// The topics of trials, created if they are not there and that is wanted, that of the trials with so many partitions;
/// how many it has.
pub fn open_trials_topics(config: &KafkaConfig, partitions: i32) -> Result<i32, KafkaError> {
    let Topics { trials, stretches, observations, .. } = &config.topics;
    let consumer: BaseConsumer<Context> =
        config.client(&[], &[])?.create_with_context(Context::default()).map_err(|error| refused(&error))?;
    for (topic, partitions, keep_ms) in [
        (trials, partitions, TRIALS_KEPT_MS),
        (observations, PARTITIONS_NEW, OBSERVATIONS_KEPT_MS),
        (stretches, PARTITIONS_NEW, STRETCHES_KEPT_MS),
    ] {
        let is_there = !existing(config, &consumer, topic)?.is_empty();
        if !is_there && config.create_topics {
            let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
            create_new(config, topic, &new.set("retention.ms", keep_ms))?;
        } else if !is_there {
            return Err(KafkaError::NoTopic { topic: topic.clone(), brokers: config.brokers.clone() });
        }
    }
    let created_now = || i32::try_from(existing(config, &consumer, trials).ok()?.len()).ok();
    Ok(created_now().filter(|found| *found > 0).unwrap_or(partitions))
}

/// Where to begin so that about the last so many records of a topic are read again.
pub fn positions_near_end(config: &KafkaConfig, topic: &str, records: i64) -> Result<Positions, KafkaError> {
    let consumer: BaseConsumer<Context> =
        config.client(&[], &[])?.create_with_context(Context::default()).map_err(|error| refused(&error))?;
    let found = partitions(config, &consumer, TopicRole::Other, topic)?;
    let of_one = records / i64::try_from(found.len()).unwrap_or(1).max(1);
    let mut positions = Positions::new();
    for partition in found {
        let (first, end) = watermarks(config, &consumer, topic, partition)?;
        positions.insert((topic.to_owned(), partition), first.max(end - of_one));
    }
    Ok(positions)
}

/// The first and the next offset of a partition.
pub(super) fn watermarks(
    config: &KafkaConfig,
    consumer: &BaseConsumer<Context>,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), KafkaError> {
    let deadline = Instant::now() + config.request_timeout;
    loop {
        match consumer.fetch_watermarks(topic, partition, config.request_timeout) {
            // Just created: brokers tell each other in a moment, and each question takes a journey there and back.
            Err(error) if is_not_known_yet(&error) && Instant::now() < deadline => {}
            answer => return answer.map_err(|error| failed(config, consumer, topic, &error)),
        }
    }
}

fn is_not_known_yet(error: &Library) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownPartition
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
        )
    )
}

fn existing(
    config: &KafkaConfig,
    consumer: &BaseConsumer<Context>,
    topic: &str,
) -> Result<Vec<i32>, KafkaError> {
    let metadata = consumer
        .fetch_metadata(Some(topic), config.request_timeout)
        .map_err(|error| failed(config, consumer, topic, &error))?;
    let Some(found) = metadata.topics().iter().find(|found| found.name() == topic) else {
        return Ok(Vec::new());
    };
    match found.error().map(RDKafkaErrorCode::from) {
        None => Ok(found.partitions().iter().map(MetadataPartition::id).collect()),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(Vec::new()),
        Some(code) => Err(KafkaError::Refused { topic: topic.to_owned(), message: code.to_string() }),
    }
}

/// What the library has told beside the answer says more: that nobody answered may have been a wrong password.
fn obstacle(consumer: &BaseConsumer<Context>) -> Option<Obstacle> {
    for _ in 0..TOLD_MAX {
        // Nothing comes of what is no error, and there may be more behind it. Nothing is assigned: no record can come.
        drop(consumer.poll(Duration::ZERO));
        if let Some(obstacle) = consumer.context().0.obstacle() {
            return Some(obstacle);
        }
    }
    None
}

fn failed(
    config: &KafkaConfig,
    consumer: &BaseConsumer<Context>,
    topic: &str,
    error: &Library,
) -> KafkaError {
    if let Some(obstacle) = obstacle(consumer) {
        return obstacle.at(&config.brokers);
    }
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::TimedOutQueue
            | RDKafkaErrorCode::Resolve,
        ) => KafkaError::Unreachable {
            brokers: config.brokers.clone(),
            waited: config.request_timeout,
            message: error.to_string(),
        },
        Some(_) | None => KafkaError::Refused { topic: topic.to_owned(), message: error.to_string() },
    }
}

/// Creating is the one thing the library does only asynchronously: a thread of its own waits for it, so
/// that this may be called from anywhere.
fn create(config: &KafkaConfig, role: TopicRole, topic: &str) -> Result<(), KafkaError> {
    let mut new = NewTopic::new(topic, PARTITIONS_NEW, TopicReplication::Fixed(-1));
    if role == TopicRole::Models {
        // The newest of a key is all that anybody needs.
        new = new.set("cleanup.policy", "compact");
    }
    create_new(config, topic, &new)
}

fn create_new(config: &KafkaConfig, topic: &str, new: &NewTopic<'_>) -> Result<(), KafkaError> {
    let refused_by = |message: String| KafkaError::CreateTopic { topic: topic.to_owned(), message };
    let admin: AdminClient<Context> =
        config.client(&[], &[])?.create_with_context(Context::default()).map_err(|error| refused(&error))?;
    let options = AdminOptions::new().operation_timeout(Some(config.request_timeout));
    let created = thread::scope(|scope| {
        let wait = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
            let created = admin.create_topics([new], &options);
            let limit = config.request_timeout + Duration::from_secs(1);
            runtime.block_on(async { Ok::<_, std::io::Error>(tokio::time::timeout(limit, created).await) })
        });
        wait.join().expect("waiting for the broker does not panic")
    });
    let results = created
        .map_err(|error| refused_by(error.to_string()))?
        .map_err(|_| refused_by("no answer".into()))?
        .map_err(|error| refused_by(error.to_string()))?;
    match results.into_iter().next() {
        Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => Ok(()),
        Some(Err((_, code))) => Err(refused_by(code.to_string())),
    }
}
