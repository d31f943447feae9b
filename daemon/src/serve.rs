//! Serve: the serve plane, one unit of work from top to bottom.
//!
//! Lives here: [`Serve`], the plane: records from its own consumer on its own thread, never waiting for learning, answers
//! at least once or exactly once; and [`Answerer`], its unit of work: records decoded, answered from one load of the slot, answers out. May not:
//! learn, score, dead-letter (the learn plane reads every event too and does that once).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use adapters::codec::JsonCodec;
use adapters::kafka::{Batch, Ending, GroupSource, KafkaError, Polled, Sink, TransactionalSink};
use model::Sample;

use crate::slot::{Served, Slot};
use crate::telemetry::Telemetry;

/// How long one poll waits for events.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// How long brokers may take at the end for answers that are on their way.
const FLUSH_WAIT: Duration = Duration::from_secs(2);

/// Units of work on their way at most; later ones are then counted with the last.
const UNDER_WAY_MAX: usize = 1_024;

/// Answers on their way, and the last event of each partition that they answer.
type OnTheirWay = VecDeque<(Batch, BTreeMap<i32, i64>)>;

/// The serve plane of the Kafka road.
pub struct Serve {
    /// Computes answers.
    pub answerer: Answerer,
    /// Events, shared with other replicas.
    pub source: GroupSource,
    /// Where answers go.
    pub outlet: Outlet,
    /// The topic.
    pub topic: String,
    /// Events in one unit of work.
    pub batch_max: usize,
}

/// How answers go out.
pub enum Outlet {
    /// At once; after a crash some come twice.
    AtLeastOnce(Sink),
    /// With the positions of their events in one transaction.
    ExactlyOnce(TransactionalSink),
}

impl Serve {
    /// Answers until told to stop.
    pub fn run(self, stop: &AtomicBool) -> Result<(), KafkaError> {
        let Self { answerer, source, outlet, topic, batch_max } = self;
        let events = Events { answerer, source, topic, batch_max };
        match outlet {
            Outlet::AtLeastOnce(sink) => at_least_once(events, &sink, stop),
            Outlet::ExactlyOnce(sink) => exactly_once(events, sink, stop),
        }
    }
}

/// What is to be answered, and by whom.
struct Events {
    answerer: Answerer,
    source: GroupSource,
    topic: String,
    batch_max: usize,
}

fn at_least_once(mut events: Events, sink: &Sink, stop: &AtomicBool) -> Result<(), KafkaError> {
    let mut under_way = OnTheirWay::new();
    while !stop.load(Ordering::Relaxed) {
        events.turn(sink, &mut under_way)?;
    }
    if let Err(error) = sink.flush(FLUSH_WAIT) {
        tracing::warn!("{error}; whoever serves next answers these events again");
    }
    events.store(&mut under_way)
}

/// Where told to stop in the middle, whoever serves next undoes what is open and answers these events.
fn exactly_once(
    mut events: Events,
    mut sink: TransactionalSink,
    stop: &AtomicBool,
) -> Result<(), KafkaError> {
    while !stop.load(Ordering::Relaxed) {
        // Before events are read: where a daemon died in a transaction, brokers do not say where its group goes on until
        // that is undone, and to begin undoes it.
        if !sink.begin()? {
            continue;
        }
        let polled = events.poll()?;
        if polled.is_empty() {
            continue;
        }
        if !events.transact(&mut sink, &polled, stop)? {
            let firsts = polled.iter().rev().map(|record| (record.partition, record.offset)).collect();
            events.source.rewind(&firsts);
        }
    }
    Ok(())
}

impl Events {
    fn poll(&mut self) -> Result<Vec<Polled>, KafkaError> {
        self.source.poll(self.batch_max, POLL_WAIT)
    }

    /// One unit of work: every answer of it comes from one generation.
    fn turn(&mut self, sink: &Sink, under_way: &mut OnTheirWay) -> Result<(), KafkaError> {
        let polled = self.poll()?;
        if polled.is_empty() {
            return self.store(under_way);
        }
        if under_way.len() < UNDER_WAY_MAX {
            under_way.push_back(<_>::default());
        }
        let Some((batch, ends)) = under_way.back_mut() else { return Ok(()) };
        let topic = &self.topic;
        self.answerer.answer(&polled, |sample, bytes| {
            let key = sample.id.as_str().as_bytes();
            // An answer nobody can take is counted, not waited for.
            sink.send_in(batch, topic, Some(key), bytes, Some(sample.time)).is_ok()
        });
        ends.extend(ends_of(&polled));
        self.store(under_way)
    }

    /// Events count as done once a broker has their answers, in the order in which they came: after a crash they are
    /// answered again rather than never.
    fn store(&self, under_way: &mut OnTheirWay) -> Result<(), KafkaError> {
        while let Some((_, ends)) = under_way.pop_front_if(|(batch, _)| batch.is_delivered()) {
            ends.into_iter().try_for_each(|(partition, offset)| self.source.store(partition, offset))?;
        }
        Ok(())
    }

    /// One unit of work in one transaction; whether it counts.
    fn transact(
        &mut self,
        sink: &mut TransactionalSink,
        polled: &[Polled],
        stop: &AtomicBool,
    ) -> Result<bool, KafkaError> {
        let (topic, mut all) = (&self.topic, true);
        self.answerer.answer(polled, |sample, bytes| {
            let key = sample.id.as_str().as_bytes();
            let sent = sink.send(topic, Some(key), bytes, Some(sample.time)).is_ok();
            all &= sent;
            sent
        });
        let ends = ends_of(polled).collect();
        let mut ending = if all { sink.end(&self.source, &ends)? } else { sink.undo()? };
        while ending == Ending::Under && !stop.load(Ordering::Relaxed) {
            ending = sink.end(&self.source, &ends)?;
        }
        Ok(ending == Ending::Committed)
    }
}

/// The last offset of each partition; later ones of a partition take the place of those before.
fn ends_of(polled: &[Polled]) -> impl Iterator<Item = (i32, i64)> {
    polled.iter().map(|record| (record.partition, record.offset))
}

/// Answers events, wherever they come from and the answers go.
pub struct Answerer {
    slot: Arc<Slot>,
    /// Reads events and writes answers, as the model that answers them knows them.
    codec: JsonCodec,
    telemetry: Telemetry,
    /// Share of events whose answer is not to be acted on.
    holdback: f64,
}

impl Answerer {
    /// Answers from this slot.
    pub fn new(slot: Arc<Slot>, codec: JsonCodec, telemetry: Telemetry) -> Self {
        Self { slot, codec, telemetry, holdback: 0.0 }
    }

    /// The same, marking the answers to this share of events as not to be acted on.
    #[must_use]
    pub fn holding_back(self, holdback: f64) -> Self {
        Self { holdback, ..self }
    }

    /// One unit of work: the answers to all of these that can be read, each given to `send` with its event; they all
    /// come from one generation. `send` says whether the answer was taken.
    pub fn answer(&mut self, polled: &[Polled], send: impl FnMut(&Sample, &[u8]) -> bool) {
        let served = self.slot.load();
        if !Arc::ptr_eq(self.codec.schema(), served.model.schema()) {
            // The schema has grown: events are read as the model that answers them knows them.
            self.codec = self.codec.widened(served.model.schema().clone());
        }
        let samples: Vec<Sample> = polled.iter().filter_map(|record| self.decode(record)).collect();
        self.answer_samples(&served, &samples, send);
    }

    fn decode(&self, record: &Polled) -> Option<Sample> {
        self.codec.decode_sample(&record.payload, record.timestamp).ok()
    }

    fn answer_samples(
        &self,
        served: &Served,
        samples: &[Sample],
        mut send: impl FnMut(&Sample, &[u8]) -> bool,
    ) {
        let rows: Vec<_> = samples.iter().map(|sample| &sample.row).collect();
        if rows.is_empty() {
            return;
        }
        let started = Instant::now();
        let outputs = match served.model.predict(&rows) {
            Ok(outputs) => outputs,
            Err(error) => {
                tracing::error!("{} events cannot be answered: {error}", rows.len());
                self.telemetry.answers_failed.inc_by(rows.len() as u64);
                return;
            }
        };
        let took = started.elapsed();
        self.slot.overruns().took(took, rows.len());
        self.telemetry.batch_seconds.observe(took.as_secs_f64());
        self.telemetry.batch_rows.observe(rows.len() as f64);
        for (sample, output) in samples.iter().zip(&outputs) {
            let decision = model::decide(self.codec.schema(), output);
            let (Sample { id, time, .. }, generation) = (sample, served.generation);
            let holdback = id.draw() < self.holdback;
            let bytes = self.codec.encode_prediction(id, *time, generation, output, decision, holdback);
            if send(sample, &bytes) {
                self.telemetry.answers.inc();
            } else {
                self.telemetry.answers_unsent.inc();
            }
        }
    }
}
