//! A broker for a test: the real Kafka that `KAFKA_BOOTSTRAP` names, or one inside this process.
//!
//! Lives here: the choice, and names that do not collide on a broker that is shared. May not: produce or
//! consume.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use adapters::kafka::EmbeddedBroker;

/// Names the real broker to use, as `host:port`.
pub const BOOTSTRAP_VARIABLE: &str = "KAFKA_BOOTSTRAP";

static MODELS: AtomicU32 = AtomicU32::new(0);

/// A broker that is there for as long as this value.
pub struct Broker {
    bootstrap: String,
    /// Ends with this value.
    embedded: Option<EmbeddedBroker>,
}

impl Broker {
    /// The broker of the environment, on which topics appear when they are first used; without one, a
    /// broker inside this process with these topics.
    pub fn start(topics: &[&str]) -> anyhow::Result<Self> {
        match std::env::var(BOOTSTRAP_VARIABLE) {
            Ok(bootstrap) if !bootstrap.is_empty() => Ok(Self { bootstrap, embedded: None }),
            _ => Self::embedded(topics),
        }
    }

    /// `host:port` of the broker.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Whether it is the one inside this process, which cannot create topics when asked.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }

    /// Creates topics where they do not appear when they are first used.
    pub fn create_topics(&self, names: &[&str]) -> anyhow::Result<()> {
        let Some(broker) = &self.embedded else { return Ok(()) };
        Ok(names.iter().try_for_each(|name| broker.create_topic(name, 1))?)
    }

    /// The same, with so many partitions.
    pub fn create_topic_of(&self, name: &str, partitions: i32) -> anyhow::Result<()> {
        let Some(broker) = &self.embedded else { return Ok(()) };
        Ok(broker.create_topic(name, partitions)?)
    }

    fn embedded(topics: &[&str]) -> anyhow::Result<Self> {
        let broker = EmbeddedBroker::start(topics)?;
        Ok(Self { bootstrap: broker.bootstrap().to_owned(), embedded: Some(broker) })
    }
}

/// A model's name that no other test and no earlier run has used: it prefixes topics, and a real broker
/// remembers.
pub fn unique_model(prefix: &str) -> String {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_millis());
    let count = MODELS.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}-{started:x}-{:x}-{count}", std::process::id())
}
