//! Which brokers and topics, and how long to wait for them.
//!
//! Lives here: the configuration, its defaults, and the librdkafka properties made of it. May not:
//! connect.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rdkafka::ClientConfig;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::KafkaError;
use crate::files::read_whole_text;

/// Properties this crate's promises rest on; they cannot be set by hand.
const RESERVED: [&str; 10] = [
    "bootstrap.servers",
    "group.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "auto.offset.reset",
    "enable.idempotence",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "transactional.id",
];
/// Properties that hold a secret have one of these in their name.
const SECRETS: [&str; 6] = ["password", "passphrase", "secret", "key.pem", "token", "oauthbearer.config"];

/// Longest value of a property that lies in a file: a chain of certificates is.
const PROPERTY_BYTES_MAX: u64 = 1 << 20;
/// Who vouches for brokers where nothing else is said: those whom the system trusts. OpenSSL is built here, and would look
/// for them where it was built.
const SYSTEMS_CA: (&str, &str) = ("ssl.ca.location", "probe");

/// Where a partition is read from when no position is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartAt {
    /// From the oldest record there is.
    #[default]
    Earliest,
    /// From the next record to come.
    Latest,
}

/// The names of the topics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topics {
    /// Production events.
    pub events: String,
    /// Late labels.
    pub labels: String,
    /// Measurements and budgets.
    pub metrics: String,
    /// Answers.
    pub predictions: String,
    /// Decisions about the model.
    pub decisions: String,
    /// Records that could not be used.
    pub dead_letters: String,
    /// Which model is served.
    pub models: String,
    /// Trials for workers on other machines.
    pub trials: String,
    /// What these trials learn from, in pieces.
    pub stretches: String,
    /// What the trials showed.
    pub observations: String,
}

impl Topics {
    /// `MODEL.events`, `MODEL.labels`, and so on.
    pub fn named(model: &str) -> Self {
        let of = |kind: &str| format!("{model}.{kind}");
        Self {
            events: of("events"),
            labels: of("labels"),
            metrics: of("metrics"),
            predictions: of("predictions"),
            decisions: of("decisions"),
            dead_letters: of("dead-letters"),
            models: of("models"),
            trials: of("trials"),
            stretches: of("stretches"),
            observations: of("observations"),
        }
    }
}

/// How to reach Kafka.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// `host:port`, comma-separated.
    pub brokers: String,
    /// The names of the topics.
    pub topics: Topics,
    /// The group under which a learner's positions are shown.
    pub group: String,
    /// Further librdkafka properties, passed on as they are; secrets among them are never printed.
    #[serde(default, serialize_with = "without_secrets")]
    pub properties: BTreeMap<String, String>,
    /// Further ones whose values lie in files, read anew for each client: secrets that somebody else turns over.
    #[serde(default)]
    pub properties_files: BTreeMap<String, PathBuf>,
    /// Creates topics that do not exist, with one partition.
    #[serde(default)]
    pub create_topics: bool,
    /// Where a partition is read from when no position is known.
    #[serde(default)]
    pub start_at: StartAt,
    /// Longest wait for an answer of the brokers while opening.
    #[serde(default = "request_timeout", with = "human")]
    pub request_timeout: Duration,
    /// Longest that a partition whose next record is on its way holds the others back.
    #[serde(default = "alignment_wait", with = "human")]
    pub alignment_wait: Duration,
}

impl KafkaConfig {
    /// The defaults for one model at these brokers.
    pub fn new(brokers: &str, model: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            topics: Topics::named(model),
            group: format!("driftform-{model}-learn"),
            properties: BTreeMap::new(),
            properties_files: BTreeMap::new(),
            create_topics: false,
            start_at: StartAt::default(),
            request_timeout: request_timeout(),
            alignment_wait: alignment_wait(),
        }
    }

    /// Properties without secrets.
    pub fn shown(properties: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        redacted(properties).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Properties of a client: the given ones, what the operator set, and what our promises rest on.
    pub(super) fn client(
        &self,
        defaults: &[(&str, &str)],
        fixed: &[(&str, &str)],
    ) -> Result<ClientConfig, KafkaError> {
        let refuse =
            |name: &String, message: String| Err(KafkaError::Property { name: name.clone(), message });
        let mut given = self.properties.keys().chain(self.properties_files.keys());
        if let Some(name) = given.find(|name| RESERVED.contains(&name.as_str())) {
            return refuse(name, "it is set by Driftform; remove it from kafka.properties".into());
        }
        if let Some(name) = self.properties.keys().find(|name| self.properties_files.contains_key(*name)) {
            return refuse(name, "it is in kafka.properties_files, too; remove one of them".into());
        }
        let mut client = ClientConfig::new();
        for (name, value) in defaults.iter().chain([&SYSTEMS_CA]) {
            client.set(*name, *value);
        }
        for (name, value) in &self.properties {
            client.set(name, value);
        }
        for (name, path) in &self.properties_files {
            client.set(name, property(name, path)?);
        }
        for (name, value) in fixed {
            client.set(*name, *value);
        }
        client.set("bootstrap.servers", &self.brokers);
        Ok(client)
    }
}

/// The value in a file, without space around it.
fn property(name: &str, path: &Path) -> Result<String, KafkaError> {
    let text = read_whole_text(path, PROPERTY_BYTES_MAX).map_err(|source| KafkaError::PropertyFile {
        name: name.to_owned(),
        path: path.display().to_string(),
        source,
    })?;
    Ok(text.trim().to_owned())
}

impl fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: BTreeMap<_, _> = redacted(&self.properties).collect();
        f.debug_struct("KafkaConfig")
            .field("brokers", &self.brokers)
            .field("topics", &self.topics)
            .field("group", &self.group)
            .field("properties", &properties)
            .finish_non_exhaustive()
    }
}

fn redacted(properties: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    properties.iter().map(|(name, value)| {
        let secret = SECRETS.iter().any(|part| name.contains(part));
        (name.as_str(), if secret { "(hidden)" } else { value.as_str() })
    })
}

fn without_secrets<S: Serializer>(
    properties: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(redacted(properties))
}

fn request_timeout() -> Duration {
    Duration::from_secs(10)
}

fn alignment_wait() -> Duration {
    Duration::from_secs(2)
}

/// Durations as people write them: `10s`, `250ms`.
mod human {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(*duration))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .map_err(|error| serde::de::Error::custom(format!("`{text}`: {error}; write for instance `10s`")))
    }
}
