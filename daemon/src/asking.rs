//! Asking: the champion that is not ours is asked about the events of a unit of work, where its answers do not come with them.
//!
//! Lives here: when it is asked, and saying once that it does not answer and once that it does again. May not: speak HTTP, or
//! hold up the stream for longer than one answer may take: after a failure it is not asked for a while.

use std::time::{Duration, Instant};

use adapters::oip::ask::{Asker, ROWS_MAX};
use model::{Record, Schema};
use prometheus::IntCounterVec;
use serde_json::Value;

use crate::learn::Incoming;

/// How long it is not asked after a failure, as many times as long as an answer may take.
const PAUSE_TIMEOUTS: u32 = 10;

/// What became of events, for metrics.
pub const RESULTS: [&str; 3] = ["answered", "failed", "paused"];

/// An event of the unit: its place there, and its features as it shows them.
pub type Shown = (usize, Vec<Value>);

/// Asks.
#[derive(Debug)]
pub struct Asking {
    asker: Asker,
    pause: Duration,
    paused_until: Option<Instant>,
    counts: IntCounterVec,
}

impl Asking {
    /// Asks nothing yet.
    pub fn new(asker: Asker, timeout: Duration, counts: IntCounterVec) -> Self {
        Self { asker, pause: timeout.saturating_mul(PAUSE_TIMEOUTS), paused_until: None, counts }
    }

    /// Puts its answers into the events; those without stay so.
    pub fn ask(&mut self, schema: &Schema, records: &mut [Incoming], events: &[Shown]) {
        for batch in events.chunks(ROWS_MAX) {
            let result = self.ask_of(schema, records, batch);
            self.counts.with_label_values(&[result]).inc_by(batch.len() as u64);
        }
    }

    fn ask_of(&mut self, schema: &Schema, records: &mut [Incoming], batch: &[Shown]) -> &'static str {
        let [answered, failed, paused] = RESULTS;
        if self.paused_until.is_some_and(|until| Instant::now() < until) {
            return paused;
        }
        let rows: Vec<Vec<Value>> = batch.iter().map(|(_, row)| row.clone()).collect();
        match self.asker.ask(schema, &rows) {
            Ok(answers) => {
                if self.paused_until.take().is_some() {
                    tracing::info!("the external champion answers again");
                }
                for ((place, _), answer) in batch.iter().zip(answers) {
                    if let Some(Incoming { record: Record::Sample(sample), .. }) = records.get_mut(*place) {
                        sample.external = Some(answer);
                    }
                }
                answered
            }
            Err(why) => {
                if self.paused_until.is_none() {
                    tracing::warn!("the external champion does not answer: {why}");
                }
                self.paused_until = Some(Instant::now() + self.pause);
                failed
            }
        }
    }
}
