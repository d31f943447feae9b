//! Journal: what happened, with where in the stream it happened, handed over to be written down.
//!
//! Lives here: what every line says beside its event, and when lines have to be on the disk. May not: write them
//! (that is `decisions`), or decide.

use adapters::kafka::Positions;
use model::Generation;
use serde_json::{Map, Value, json};

use super::{Learn, LearnError};
use crate::decisions::Decisions;
use crate::lifecycle::Change;
use crate::storage::Storage;
use crate::telemetry::AuditEvent;

impl Learn {
    /// Hands over what happened and has it written. What the disk does not take waits and is tried again: nothing
    /// that was done rests on it.
    pub(super) fn journal(&mut self) {
        // The error is kept where health and metrics look for it.
        drop(self.journal_durably());
    }

    /// The same, for what must be on the disk before it is done.
    pub(super) fn journal_durably(&mut self) -> Result<(), LearnError> {
        let Some(storage) = &mut self.storage else { return Ok(()) };
        if self.journaled == self.happened.len() {
            return storage.write_decisions();
        }
        let served = self.slot.load().generation;
        let offsets = range(&self.turn_from, &self.state.positions);
        for event in &self.happened[self.journaled..] {
            let data = told(event, self.state.outcomes, served, &offsets);
            let subject = format!("generation/{}", data["generation"]);
            let kind = data["event"].as_str().unwrap_or("event").to_owned();
            storage.decisions_mut().add(&kind, subject, data);
        }
        self.journaled = self.happened.len();
        storage.write_decisions()
    }

    /// Where decisions are kept; a replay has none.
    pub fn storage(&self) -> Option<&Storage> {
        self.storage.as_ref()
    }

    /// Decisions on their way to the topic.
    pub fn decisions_mut(&mut self) -> Option<&mut Decisions> {
        self.storage.as_mut().map(Storage::decisions_mut)
    }

    /// Writes down what has not been written yet, so that it can be sent before a snapshot says that it was.
    pub fn write_down(&mut self) {
        self.tell_refreshes();
        self.journal();
    }

    /// Refreshes come with every few outcomes, so they are told together, once a snapshot.
    pub(super) fn tell_refreshes(&mut self) {
        let count = self.state.counts.refreshes - self.refreshes_told;
        if count > 0 && self.storage.is_some() {
            self.refreshes_told = self.state.counts.refreshes;
            let generation = Generation(self.state.generation);
            self.happened.push(AuditEvent::Refreshed { generation, count });
        }
    }

    /// One step of a swap has been done.
    pub(super) fn step(
        &mut self,
        change: Change,
        generation: Generation,
        step: &'static str,
        detail: String,
    ) {
        self.happened.push(AuditEvent::SwapStep { change: change.name(), generation, step, detail });
    }

    /// Says that learning goes on, or begins, and who does it.
    pub fn tell_started(&mut self, warnings: Vec<String>) {
        let Some(storage) = &self.storage else { return };
        let served = self.slot.load();
        let (epoch, generation) = (storage.holder().epoch, served.generation);
        let architecture = served.model.mixture().to_string();
        // That the digests cannot be told is no reason not to start.
        let digests = self.digests(&served).unwrap_or_default();
        self.turn_from = self.state.positions.clone();
        self.happened.push(AuditEvent::Started { epoch, generation, architecture, digests, warnings });
        self.journal();
    }
}

/// What a line says: the event, the outcomes learned, who served, where the stream was, and all of it as a sentence.
fn told(event: &AuditEvent, outcomes: u64, served: Generation, offsets: &Value) -> Value {
    let told = serde_json::to_value(event).unwrap_or_default();
    let mut told = match told {
        Value::Object(told) => told,
        other => Map::from_iter([("event".to_owned(), other)]),
    };
    let mut add = |key: &str, value: Value| {
        told.entry(key).or_insert(value);
    };
    add("outcomes_learned", outcomes.into());
    add("generation", served.0.into());
    add("offsets", offsets.clone());
    add("story", event.story().into());
    Value::Object(told)
}

/// By topic and partition: the first offset of a stretch, and the one after its last.
fn range(from: &Positions, to: &Positions) -> Value {
    let mut topics = json!({});
    for ((topic, partition), end) in to {
        let start = from.get(&(topic.clone(), *partition)).unwrap_or(end);
        topics[topic][partition.to_string()] = json!([start, end]);
    }
    topics
}
