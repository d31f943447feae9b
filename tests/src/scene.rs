//! Scene: a broker, topics of one model, a state directory and a configuration, on which a daemon can be started
//! again and again.
//!
//! Lives here: setting it up, starting the daemon on it, reading what that wrote. May not: say what should come of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adapters::kafka::{KafkaConfig, Polled, read_topic};
use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::broker::{Broker, unique_model};
use crate::process::{Process, binary};

/// Longest wait for any one thing; a loaded machine is slow, a broken daemon is slower.
pub const DEADLINE: Duration = Duration::from_mins(2);
/// What the topics of a model are for.
const ROLES: [&str; 10] = [
    "events",
    "labels",
    "metrics",
    "predictions",
    "decisions",
    "dead-letters",
    "models",
    "trials",
    "stretches",
    "observations",
];

/// Everything a daemon needs, for as long as this value lives.
pub struct Scene {
    /// Where its topics are.
    pub kafka: KafkaConfig,
    config: PathBuf,
    broker: Broker,
    folder: tempfile::TempDir,
}

impl Scene {
    /// A scene of a model whose name begins with `prefix`; `settings` are what differs from the defaults, beside
    /// name, address, broker and state: a snapshot every second, and a group that notices soon who has gone.
    pub fn set(prefix: &str, settings: &str) -> Result<Self> {
        let model = unique_model(prefix);
        let topics = ROLES.map(|role| format!("{model}.{role}"));
        let broker = Broker::start(&topics.each_ref().map(String::as_str))?;
        let kafka = KafkaConfig::new(broker.bootstrap(), &model);
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("driftform.toml");
        let text = format!(
            r#"
            model = {{ name = "{model}" }}
            http = {{ listen = "127.0.0.1:0" }}
            kafka = {{ brokers = "{}", create_topics = {}, properties = {{ "session.timeout.ms" = "6000" }} }}
            state = {{ directory = "{}", snapshot_every_seconds = 1 }}
            {settings}
            "#,
            kafka.brokers,
            !broker.is_embedded(),
            folder.path().join("state").display()
        );
        std::fs::write(&config, text)?;
        Ok(Self { kafka, config, broker, folder })
    }

    /// Starts the daemon, and waits until it tells where its pages are: that address.
    pub fn start(&self) -> Result<(Process, String)> {
        Self::started(Process::start(self.command()?)?)
    }

    /// What starts the daemon.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.arg("run").arg("--config").arg(&self.config);
        Ok(command)
    }

    /// Whether the broker is inside this process.
    pub fn is_embedded(&self) -> bool {
        self.broker.is_embedded()
    }

    /// Topics that are not there yet.
    pub fn create_topics(&self, names: &[&str]) -> Result<()> {
        self.broker.create_topics(names)
    }

    /// A daemon that was started on it in another way, and its address.
    pub fn started(mut process: Process) -> Result<(Process, String)> {
        let line = process.wait_for_line(DEADLINE, |line| address_in(line).is_some())?;
        Ok((process, address_in(&line).context("an address")?))
    }

    /// The configuration.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// All records of a topic so far.
    pub fn records(&self, topic: &str) -> Result<Vec<Polled>> {
        Ok(read_topic(&self.kafka, topic, 0, DEADLINE)?)
    }

    /// All that the daemon has decided so far.
    pub fn decisions(&self) -> Result<Vec<Value>> {
        self.records(&self.kafka.topics.decisions)?.iter().map(json_of).collect()
    }
}

/// The address in the line in which a daemon tells where its pages are.
pub fn address_in(line: &str) -> Option<String> {
    line.split("status page on http://").nth(1)?.split('"').next().map(str::to_owned)
}

/// The address in the log of a daemon at which it answers the Open Inference Protocol over `http` or `grpc`.
pub fn road_in(log: &str, road: &str) -> Option<String> {
    let rest = log.split(&format!("open inference protocol on {road}://")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}

/// What the daemon has written, as JSON.
pub fn json_of(record: &Polled) -> Result<Value> {
    serde_json::from_slice(&record.payload).context("what the daemon writes is JSON")
}
