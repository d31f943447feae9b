//! Publishing: the learn plane's side, after each unit of work.
//!
//! Lives here: from what the learn plane has come to, to mail. May not: write or send.

use std::thread::JoinHandle;
use std::time::Duration;

use adapters::fleet::Dispatch;
use adapters::kafka::{KafkaConfig, create_models_topic, read_topic};
use anyhow::Result;
use model::Timestamp;

use super::leader::{Facts, Leader};
use super::publication::Publication;
use super::publisher::Publisher;
use crate::config::Config;
use crate::learn::Learn;
use crate::slot::{Served, Standing};
use crate::storage::Storage;
use crate::telemetry::FleetMetrics;

/// How long reading what was told before may take.
const READ_WAIT: Duration = Duration::from_secs(10);

/// Tells followers what is served.
#[derive(Debug)]
pub struct Publishing {
    leader: Leader,
    publisher: Publisher,
}

impl Publishing {
    /// None where nothing is published.
    pub fn open(config: &Config, learn: &Learn, metrics: &FleetMetrics) -> Result<Option<Self>> {
        let Some(publish) = &config.publish else { return Ok(None) };
        prepare(config)?;
        let before = told_before(&config.kafka, &config.name)?;
        let epoch = learn.storage().map_or(0, |storage: &Storage| storage.holder().epoch);
        let leader = Leader::new(&config.name, epoch, publish.every, publish.canary, before);
        let publisher = Publisher::start(publish.clone(), &config.kafka, &config.name, metrics.clone())?;
        Ok(Some(Self { leader, publisher }))
    }

    /// After a unit of work. Waits for nothing.
    pub fn turn(&mut self, learn: &Learn, now: Timestamp) {
        let served = learn.slot().load();
        if served.prior_only {
            return;
        }
        let counts = &learn.state().counts;
        let facts = Facts {
            generation: served.generation,
            promotions: counts.promotions + counts.takeovers,
            reliefs: counts.reliefs,
            rollbacks: counts.rollbacks,
            watching: learn.arms().watch().is_some(),
        };
        match served.standing {
            Standing::Champion => self.tell(&served, facts, now),
            // Who follows is told of champions only.
            Standing::Shadow => {
                if let Some(mail) = self.leader.stand_aside(facts, now) {
                    self.publisher.post(mail);
                }
            }
        }
    }

    fn tell(&mut self, served: &Served, facts: Facts, now: Timestamp) {
        let Some(occasion) = self.leader.occasion(&facts, now) else { return };
        match Publication::of(served, self.leader.epoch()) {
            Ok(publication) => self.publisher.post(self.leader.tell(occasion, facts, now, publication)),
            Err(error) => {
                tracing::error!("generation {} cannot be published: {error}", served.generation.0);
            }
        }
    }

    /// The thread that publishes, which ends once what was told last has been tried.
    pub fn close(self) -> Option<JoinHandle<()>> {
        self.publisher.close()
    }
}

/// The topic, made if it is not there and that is wanted.
pub fn prepare(config: &Config) -> Result<()> {
    Ok(create_models_topic(&config.kafka)?)
}

/// What a leader before this one has told last.
fn told_before(kafka: &KafkaConfig, model: &str) -> Result<Option<Dispatch>> {
    let records = read_topic(kafka, &kafka.topics.models, 0, READ_WAIT)?;
    let newest = records.iter().rev().find(|record| record.key.as_deref() == Some(model.as_bytes()));
    Ok(newest.and_then(|record| Dispatch::decode(&record.payload).ok()))
}
