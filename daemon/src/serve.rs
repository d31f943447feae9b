//! Serve: the serve plane, on threads of its own, never waiting for learning.
//!
//! Lives here: [`Serve`]: events from its own consumer, answered unit of work by unit of work, and how answers go out, at least
//! once or exactly once: the Kafka road. How they are computed is in [`answerer`]; the HTTP and gRPC roads are in [`oip`]. May not: learn, score, dead-letter (the learn plane
//! reads every event too and does that once).

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adapters::http::Health;
use adapters::kafka::{Batch, Ending, GroupSource, KafkaError, Membership, Polled, Sink, TransactionalSink};
use tokio::sync::watch;

use crate::telemetry::Telemetry;

mod answerer;
mod clerk;
mod lately;
mod ledger;
mod oip;

pub use answerer::{Answered, Answerer};
pub use lately::Lately;
pub use oip::{Answering, Oip, Roads};

/// How long one poll waits for events.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// How long brokers may take at the end for answers that are on their way.
const FLUSH_WAIT: Duration = Duration::from_secs(2);
/// Between an undone transaction and the next try.
const UNDO_PAUSE: Duration = Duration::from_millis(500);
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
    /// The topic of answers.
    pub topic: String,
    /// Events in one unit of work.
    pub batch_max: usize,
    /// Counts answers.
    pub telemetry: Telemetry,
    /// Is told when answers cannot go out.
    pub health: watch::Sender<Health>,
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
    pub fn run(self, outlet: Outlet, stop: &AtomicBool) -> Result<(), KafkaError> {
        match outlet {
            Outlet::AtLeastOnce(sink) => self.at_least_once(&sink, stop),
            Outlet::ExactlyOnce(sink) => self.exactly_once(sink, stop),
        }
    }

    fn at_least_once(mut self, sink: &Sink, stop: &AtomicBool) -> Result<(), KafkaError> {
        let mut under_way = OnTheirWay::new();
        while !stop.load(Ordering::Relaxed) {
            self.turn(sink, &mut under_way, stop)?;
        }
        if let Err(error) = sink.flush(FLUSH_WAIT) {
            tracing::warn!("{error}; whoever serves next answers these events again");
        }
        self.store(&mut under_way)
    }

    /// One unit of work: every answer of it comes from one generation.
    fn turn(&mut self, sink: &Sink, under_way: &mut OnTheirWay, stop: &AtomicBool) -> Result<(), KafkaError> {
        let polled = self.poll()?;
        if polled.is_empty() {
            return self.store(under_way);
        }
        if under_way.len() < UNDER_WAY_MAX {
            under_way.push_back(<_>::default());
        }
        let Some((batch, ends)) = under_way.back_mut() else { return Ok(()) };
        let (topic, health) = (&self.topic, &self.health);
        let answered = self.answerer.answer(&polled, |sample, bytes| {
            let key = sample.id.as_str().as_bytes();
            let send = || sink.send_in(batch, topic, Some(key), bytes, Some(sample.time));
            send_when_there_is_room(send, sink, health, stop)
        });
        self.telemetry.answers.inc_by(answered.sent);
        self.telemetry.answers_unsent.inc_by(answered.unsent);
        if !stop.load(Ordering::Relaxed) || answered.unsent == 0 {
            ends.extend(ends_of(&polled));
        }
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

    /// Where told to stop in the middle, whoever serves next undoes what is open and answers these events.
    fn exactly_once(mut self, mut sink: TransactionalSink, stop: &AtomicBool) -> Result<(), KafkaError> {
        while !stop.load(Ordering::Relaxed) {
            // Before events are read: where a daemon died in a transaction, brokers do not say where its group goes on
            // until that is undone, and to begin undoes it.
            let begun = sink.begin()?;
            tell(&self.health, sink.trouble());
            if !begun {
                continue;
            }
            let polled = self.poll()?;
            // As of now: whoever has the partitions later has another.
            let (false, Some(member)) = (polled.is_empty(), self.source.membership()) else { continue };
            if !self.transact(&mut sink, &polled, &member, stop)? {
                tell(&self.health, sink.trouble());
                let firsts = polled.iter().rev().map(|record| (record.partition, record.offset)).collect();
                self.source.rewind(&firsts);
                std::thread::sleep(UNDO_PAUSE);
            }
        }
        Ok(())
    }

    /// One unit of work in one transaction; whether it counts.
    fn transact(
        &mut self,
        sink: &mut TransactionalSink,
        polled: &[Polled],
        member: &Membership,
        stop: &AtomicBool,
    ) -> Result<bool, KafkaError> {
        let topic = &self.topic;
        let answered = self.answerer.answer(polled, |sample, bytes| {
            let key = sample.id.as_str().as_bytes();
            sink.send(topic, Some(key), bytes, Some(sample.time)).is_ok()
        });
        let ends = ends_of(polled).collect();
        let mut ending = if answered.unsent == 0 { sink.end(member, &ends)? } else { sink.undo()? };
        while ending == Ending::Under && !stop.load(Ordering::Relaxed) {
            tell(&self.health, sink.trouble());
            ending = sink.end(member, &ends)?;
        }
        if ending == Ending::Committed {
            self.telemetry.answers.inc_by(answered.sent);
        }
        Ok(ending == Ending::Committed)
    }

    fn poll(&mut self) -> Result<Vec<Polled>, KafkaError> {
        self.source.poll(self.batch_max, POLL_WAIT)
    }
}

/// Where so many answers wait for brokers that none fits in, events wait, too: they are in Kafka. What cannot be sent for
/// another reason is not waited for, and counted. Whether it was sent.
fn send_when_there_is_room(
    send: impl Fn() -> Result<(), KafkaError>,
    sink: &Sink,
    health: &watch::Sender<Health>,
    stop: &AtomicBool,
) -> bool {
    let mut waited = false;
    loop {
        match send() {
            Ok(()) => {
                if waited {
                    tell(health, None);
                }
                return true;
            }
            Err(error @ KafkaError::QueueFull { .. }) if !stop.load(Ordering::Relaxed) => {
                waited = true;
                tell(health, Some(&error.to_string()));
                // What is left after this wait is waited for again.
                sink.flush(POLL_WAIT).ok();
            }
            Err(_) => return false,
        }
    }
}

/// Said once when answers cannot go out, and once when they can again.
fn tell(health: &watch::Sender<Health>, trouble: Option<&str>) {
    let result = trouble.map_or(Ok(()), |trouble| Err(trouble.to_owned()));
    if health.borrow().check("answers").is_none_or(Result::is_ok) == result.is_ok() {
        return;
    }
    if let Some(trouble) = trouble {
        tracing::warn!("answers wait: {trouble}");
    } else {
        tracing::info!("answers go out again");
    }
    health.send_modify(|health| health.set("answers", result));
}

/// The last offset of each partition; later ones of a partition take the place of those before.
fn ends_of(polled: &[Polled]) -> impl Iterator<Item = (i32, i64)> {
    polled.iter().map(|record| (record.partition, record.offset))
}
