//! A Kafka broker inside this process: real wire protocol, nothing kept.
//!
//! Lives here: librdkafka's mock cluster on a thread of its own. For the demo and tests; it keeps about
//! 5 MiB a partition. May not: be mistaken for a broker.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use rdkafka::mocking::MockCluster;

use super::error::KafkaError;

/// The cluster has one broker; this addresses all.
const EVERY_BROKER: i32 = -1;

enum Command {
    CreateTopic { name: String, partitions: i32 },
    Reachable(bool),
}

/// A command, and where its result goes.
type Order = (Command, Sender<Result<(), String>>);

/// A running broker; it stops when dropped.
pub struct EmbeddedBroker {
    bootstrap: String,
    commands: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedBroker {
    /// Starts a broker with these topics, of one partition each.
    pub fn start(topics: &[&str]) -> Result<Self, KafkaError> {
        let (commands, orders) = channel();
        let (ready, started) = channel();
        // The cluster may not leave the thread that made it.
        let thread = thread::Builder::new()
            .name("embedded-broker".into())
            .spawn(move || run(&ready, &orders))
            .map_err(|error| KafkaError::Embedded(error.to_string()))?;
        let bootstrap = started
            .recv()
            .map_err(|_| KafkaError::Embedded("it ended at once".into()))?
            .map_err(KafkaError::Embedded)?;
        let broker = Self { bootstrap, commands: Some(commands), thread: Some(thread) };
        for topic in topics {
            broker.create_topic(topic, 1)?;
        }
        Ok(broker)
    }

    /// `host:port` of the broker.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Creates a topic.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), KafkaError> {
        self.order(Command::CreateTopic { name: name.to_owned(), partitions })
    }

    /// Cuts every connection and takes no more, or takes connections again: for tests of outages.
    pub fn set_reachable(&self, reachable: bool) -> Result<(), KafkaError> {
        self.order(Command::Reachable(reachable))
    }

    fn order(&self, command: Command) -> Result<(), KafkaError> {
        let ended = || KafkaError::Embedded("its thread has ended".into());
        let (answer, answered) = channel();
        self.commands.as_ref().ok_or_else(ended)?.send((command, answer)).map_err(|_| ended())?;
        answered.recv().map_err(|_| ended())?.map_err(KafkaError::Embedded)
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        // Without a sender the thread's loop ends.
        drop(self.commands.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the embedded broker's thread panicked");
        }
    }
}

fn run(ready: &Sender<Result<String, String>>, orders: &Receiver<Order>) {
    let cluster = match MockCluster::new(1) {
        Ok(cluster) => cluster,
        Err(error) => {
            drop(ready.send(Err(error.to_string())));
            return;
        }
    };
    // A caller that has gone away needs no answer, here and below.
    drop(ready.send(Ok(cluster.bootstrap_servers())));
    for (command, answer) in orders {
        let done = match command {
            Command::CreateTopic { name, partitions } => cluster.create_topic(&name, partitions, 1),
            Command::Reachable(true) => cluster.broker_up(EVERY_BROKER),
            Command::Reachable(false) => cluster.broker_down(EVERY_BROKER),
        };
        drop(answer.send(done.map_err(|error| error.to_string())));
    }
}
