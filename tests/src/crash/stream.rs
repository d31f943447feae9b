//! Records: exclusive-or, which no linear model can follow, its labels a while later, and some that cannot be read.

use adapters::kafka::{KafkaConfig, Sink};
use anyhow::Result;
use daemon::clock::Clock;
use model::Timestamp;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::{Value, json};

use crate::scene::DEADLINE;

/// Rows between an event and its label.
pub const LABEL_DELAY: usize = 50;
/// The schema of these records.
pub const SCHEMA: &str = r#"
    [schema]
    classes = ["same", "different"]
    evolve = "adopt"
    features = [{ name = "x", kind = "numeric" }, { name = "y", kind = "numeric" }]
"#;

/// Sends the records.
pub struct Stream {
    sink: Sink,
    kafka: KafkaConfig,
    rng: Pcg64,
    /// When it began: a broker soon lets go of records from long ago.
    began: Timestamp,
    /// Truths of events sent; the position is the id.
    truths: Vec<bool>,
    labelled: usize,
    unreadable: Vec<Vec<u8>>,
    /// From now on the other class is true.
    pub turned: bool,
    /// From now on events have a feature that nobody declared.
    pub widened: bool,
}

impl Stream {
    /// To the topics of a model.
    pub fn new(kafka: &KafkaConfig, seed: u64) -> Result<Self> {
        Ok(Self {
            sink: Sink::open(kafka)?,
            kafka: kafka.clone(),
            rng: Pcg64::seed_from_u64(seed),
            began: Clock::of_machine().now(),
            truths: Vec::new(),
            labelled: 0,
            unreadable: Vec::new(),
            turned: false,
            widened: false,
        })
    }

    /// Events, and the labels that are due; on the brokers when this returns.
    pub fn events(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let now = self.truths.len();
            let (x, y) = (self.rng.random_range(-1.0..1.0_f64), self.rng.random_range(-1.0..1.0_f64));
            self.truths.push((x * y > 0.0) != self.turned);
            let time = self.now()?.0;
            let mut event = json!({ "id": now.to_string(), "time": time, "features": { "x": x, "y": y } });
            if self.widened {
                event["features"]["z"] = json!(x + y);
            }
            self.send(&self.kafka.topics.events, event.to_string().as_bytes())?;
            if let Some(of) = now.checked_sub(LABEL_DELAY) {
                let label = if self.truths[of] { "same" } else { "different" };
                let label = json!({ "id": of.to_string(), "time": time, "label": label });
                self.labelled += 1;
                self.send(&self.kafka.topics.labels, label.to_string().as_bytes())?;
            }
        }
        Ok(self.sink.flush(DEADLINE)?)
    }

    /// One event that cannot be read.
    pub fn unreadable(&mut self) -> Result<()> {
        let bytes = format!("not json, number {}", self.unreadable.len()).into_bytes();
        self.send(&self.kafka.topics.events, &bytes)?;
        self.unreadable.push(bytes);
        Ok(())
    }

    /// Anything else that a daemon may be told.
    pub fn tell(&self, topic: &str, value: &Value) -> Result<()> {
        self.send(topic, value.to_string().as_bytes())
    }

    /// Events sent that can be read.
    pub fn sent(&self) -> usize {
        self.truths.len()
    }

    /// Labels sent, each of an event of its own.
    pub fn labelled(&self) -> usize {
        self.labelled
    }

    /// Events sent that cannot be read, as they are.
    pub fn buried(&self) -> &[Vec<u8>] {
        &self.unreadable
    }

    fn send(&self, topic: &str, bytes: &[u8]) -> Result<()> {
        Ok(self.sink.send(topic, None, bytes, Some(self.now()?))?)
    }

    /// A millisecond later with every event.
    fn now(&self) -> Result<Timestamp> {
        Ok(Timestamp(self.began.0 + i64::try_from(self.truths.len())?))
    }
}
