//! Answerer: records decoded, answered from one load of the slot, answers out.
//!
//! Lives here: [`Answerer`], one unit of work wherever records come from and answers go; computing one is the same for
//! every road. May not: read or write a broker.

use std::sync::Arc;
use std::time::Instant;

use adapters::codec::{Envelope, JsonCodec, Marks};
use adapters::kafka::Polled;
use model::{Output, Row, Sample};

use super::lately::Lately;
use crate::slot::{Served, Slot, Standing};
use crate::telemetry::Telemetry;

/// Answers events, wherever they come from and the answers go.
pub struct Answerer {
    slot: Arc<Slot>,
    /// Reads events and writes answers, as the model that answers them knows them.
    codec: JsonCodec,
    telemetry: Telemetry,
    /// Share of events whose answer is not to be acted on.
    holdback: f64,
    /// What is known of the events before each one, where they carry any.
    lately: Option<Lately>,
}

impl Answerer {
    /// Answers from this slot.
    pub fn new(slot: Arc<Slot>, codec: JsonCodec, telemetry: Telemetry) -> Self {
        Self { slot, codec, telemetry, holdback: 0.0, lately: None }
    }

    /// The same, marking the answers to this share of events as not to be acted on.
    #[must_use]
    pub fn holding_back(self, holdback: f64) -> Self {
        Self { holdback, ..self }
    }

    /// The same, where events carry those before them.
    #[must_use]
    pub fn knowing(self, lately: Option<Lately>) -> Self {
        Self { lately, ..self }
    }

    /// One unit of work: the answers to all of these that can be read, each given to `send` with its event; they all
    /// come from one generation. `send` says whether the answer was taken; returned is how many were and were not.
    /// Events that the model cannot answer have no answer, and are counted.
    pub fn answer(&mut self, polled: &[Polled], send: impl FnMut(&Sample, &[u8]) -> bool) -> Answered {
        let served = self.slot.load();
        if !Arc::ptr_eq(self.codec.schema(), served.model.schema()) {
            // The schema has grown: events are read as the model that answers them knows them.
            self.codec = self.codec.widened(served.model.schema().clone());
        }
        let samples: Vec<Sample> = polled.iter().filter_map(|record| self.decode(record)).collect();
        self.answer_samples(&served, &samples, send)
    }

    fn decode(&self, record: &Polled) -> Option<Sample> {
        let envelope = Envelope::of_headers(record.timestamp, &record.headers);
        let sample = self.codec.decode_sample(&record.payload, envelope).ok()?;
        Some(match &self.lately {
            Some(lately) => lately.passing(sample),
            None => sample,
        })
    }

    fn answer_samples(
        &self,
        served: &Served,
        samples: &[Sample],
        mut send: impl FnMut(&Sample, &[u8]) -> bool,
    ) -> Answered {
        let mut answered = Answered::default();
        let rows: Vec<_> = samples.iter().map(|sample| &sample.row).collect();
        if rows.is_empty() {
            return answered;
        }
        match served.standing {
            Standing::Champion => {}
            Standing::Shadow => return self.pass_on(samples, send),
        }
        let Some(outputs) = compute(&self.slot, &self.telemetry, served, &rows) else { return answered };
        for (sample, output) in samples.iter().zip(&outputs) {
            let decision = model::decide(self.codec.schema(), output);
            let (Sample { id, time, .. }, generation) = (sample, served.generation);
            let marks = Marks { holdback: id.draw() < self.holdback, shadow: false };
            let bytes = self.codec.encode_prediction(id, *time, generation, output, decision, marks);
            if send(sample, &bytes) {
                answered.sent += 1;
            } else {
                answered.unsent += 1;
            }
        }
        answered
    }

    /// The champion is not ours: its answers are the ones that count. Who had none from it has none here.
    fn pass_on(&self, samples: &[Sample], mut send: impl FnMut(&Sample, &[u8]) -> bool) -> Answered {
        let mut answered = Answered::default();
        for sample in samples {
            let Sample { id, time, external: Some(said), .. } = sample else { continue };
            let bytes = self.codec.encode_external(id, *time, said, id.draw() < self.holdback);
            if send(sample, &bytes) {
                answered.sent += 1;
            } else {
                answered.unsent += 1;
            }
        }
        answered
    }
}

/// The outputs of one unit of work, measured, whichever road it came by; none if the model cannot answer.
pub(super) fn compute(
    slot: &Slot,
    telemetry: &Telemetry,
    served: &Served,
    rows: &[&Row],
) -> Option<Vec<Output>> {
    let started = Instant::now();
    let outputs = match served.model.predict(rows) {
        Ok(outputs) => outputs,
        Err(error) => {
            tracing::error!("{} events cannot be answered: {error}", rows.len());
            telemetry.answers_failed.inc_by(rows.len() as u64);
            return None;
        }
    };
    let took = started.elapsed();
    slot.overruns().took(took, rows.len());
    telemetry.batch_seconds.observe(took.as_secs_f64());
    telemetry.batch_rows.observe(rows.len() as f64);
    Some(outputs)
}

/// What became of the answers of one unit of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Taken.
    pub sent: u64,
    /// Not taken.
    pub unsent: u64,
}
