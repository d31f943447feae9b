//! Ledger: tells those who learn what was answered over HTTP and gRPC, as events on the events topic.
//!
//! Lives here: [`Ledger`], which never holds up an answer: what finds no room is counted and gone. May not: choose what is
//! told.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use adapters::codec::JsonCodec;
use adapters::kafka::Sink;
use model::{EventId, Generation, Schema, Timestamp, Truth};
use serde_json::Value;

use crate::telemetry::Telemetry;

/// Answered rows that may wait to be told.
pub(super) const LEDGER_MAX: usize = 4_096;
/// How long brokers may take at the end for what is on its way.
const FLUSH_WAIT: Duration = Duration::from_secs(2);

/// A row that was answered.
pub(super) struct Entry {
    pub(super) id: EventId,
    pub(super) time: Timestamp,
    pub(super) generation: Generation,
    pub(super) schema: Arc<Schema>,
    pub(super) decision: Truth,
    /// As an event, without what is known now that it is answered.
    pub(super) event: Value,
}

/// Tells what was answered.
pub(super) struct Ledger {
    pub(super) telling: Receiver<Entry>,
    pub(super) sink: Sink,
    /// The topic of events.
    pub(super) topic: String,
    pub(super) codec: JsonCodec,
    pub(super) telemetry: Telemetry,
}

impl Ledger {
    /// Tells until nobody answers any more.
    pub(super) fn run(mut self) {
        while let Ok(entry) = self.telling.recv() {
            self.tell(entry);
        }
        if let Err(error) = self.sink.flush(FLUSH_WAIT) {
            tracing::warn!("events of answers may be lost: {error}");
        }
    }

    fn tell(&mut self, entry: Entry) {
        let Entry { id, time, generation, schema, decision, event } = entry;
        if !Arc::ptr_eq(self.codec.schema(), &schema) {
            self.codec = self.codec.widened(schema);
        }
        let event = self.codec.answered(event, generation, decision);
        let sent = self.sink.send(&self.topic, Some(id.as_str().as_bytes()), &event, Some(time));
        let front = &self.telemetry.front;
        // Its queue is bounded; where brokers are away for so long that it is full, nobody waits.
        if sent.is_ok() { front.told.inc() } else { front.untold.inc() }
    }
}
