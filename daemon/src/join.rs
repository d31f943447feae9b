//! Join: predictions wait here for their late labels.
//!
//! Lives here: which prediction a label belongs to, and what becomes of a record that finds no partner. Every record has one
//! end, and each is counted ([`JoinCounts`]). What was said lies in the records; here are the id, the time and the place.
//! May not: score anything, read what lies in the records, read a clock: time is event time.
//!
//! A label belongs to the prediction of its id if it is at most `window` later, and earlier by no more than clocks differ.
//! What became of which records does not depend on how partitions interleave, as long as none is later than allowed:
//! times decide, not arrival, and labels of one id come in their order because they come from one partition. Corrections
//! are the exception: one that comes before the event is what it is joined with, and one that comes after changes nothing
//! that was tested already.

use std::collections::BTreeMap;

use model::{EventId, Label, Timestamp, Truth};
use serde::{Deserialize, Serialize};

use crate::config::JoinConfig;

mod sampling;
mod time;
mod waiting;

pub use sampling::Sampling;
pub use time::{AGREEING_RECORDS, Lateness, Origin, Watermark};
pub use waiting::{ENTRY_BYTES, Mark};

use waiting::{Key, Queue};

/// Share of the memory below which, for a window, more may be kept again: a step more must fit.
const ROOMY: f64 = 0.9;

/// A prediction that has met its label, or what stands for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// Where the prediction lies.
    pub place: u64,
    /// What turned out to be true.
    pub truth: Truth,
    /// One over the chance that an event of its time was kept: what it counts for in estimates over all events.
    pub weight: f64,
    /// From the event to its label, in milliseconds; none if no label came.
    pub delay_ms: Option<i64>,
}

/// What a prediction means whose label did not come within the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Absent {
    /// Nothing is known.
    #[default]
    Censored,
    /// This is true: a click that did not come is no click.
    Means(Truth),
}

/// What became of the records so far. Of events: waiting, `joined`, `expired`, `unsampled_events`, `repeated` or `erased`. Of labels:
/// early, `joined`, `duplicate`, `revised`, `retracted`, `late`, `orphan` or `unsampled_labels`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinCounts {
    /// Events, and as many labels, that met.
    pub joined: u64,
    /// Events whose label did not come within the window.
    pub expired: u64,
    /// Events with an id that is waiting or was joined already.
    pub repeated: u64,
    /// Events that were not kept, because not all could be.
    pub unsampled_events: u64,
    /// Labels of ids that were not kept.
    pub unsampled_labels: u64,
    /// Labels that say nothing new: the same one again, or one that another corrects.
    pub duplicate: u64,
    /// Labels that correct one that was joined; never part of a running test.
    pub revised: u64,
    /// Labels that were taken back, and what takes them back.
    pub retracted: u64,
    /// Labels that came later than the window, by up to a quarter of it.
    pub late: u64,
    /// Labels that found no event: there is none, it is longer ago, or it is later than its label by more than clocks
    /// differ.
    pub orphan: u64,
    /// Events and labels whose id was erased while they waited.
    pub erased: u64,
    /// Records dated further ahead than clocks differ; they count with the latest time there may be.
    pub future: u64,
}

/// An event that waits for its label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    time: Timestamp,
    place: u64,
}

/// A label that waits for its event.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Early {
    time: Timestamp,
    truth: Truth,
    revision: u32,
}

/// An event that has met its end, for as long as a label of it may come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Ended {
    time: Timestamp,
    /// The label's that it was joined with; none if it expired.
    revision: Option<u32>,
}

/// Bounded memory of what waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    config: JoinConfig,
    key: Key,
    watermark: Watermark,
    sampling: Sampling,
    waiting: BTreeMap<Mark, Waiting>,
    early: BTreeMap<(Mark, Timestamp), Early>,
    ended: BTreeMap<Mark, Ended>,
    /// The same marks in the order of time, for expiry.
    waiting_until: Queue,
    early_until: Queue,
    ended_until: Queue,
    /// Since when there is much room, in event time.
    roomy_since: Option<Timestamp>,
    counts: JoinCounts,
}

impl Join {
    /// An empty join within these limits; ids are told apart by hashes of a key that follows from the seed.
    pub fn new(config: &JoinConfig, seed: u64) -> Self {
        Self {
            config: *config,
            key: Key::of_seed(seed),
            watermark: Watermark::new(config.lateness),
            sampling: Sampling::default(),
            waiting: BTreeMap::new(),
            early: BTreeMap::new(),
            ended: BTreeMap::new(),
            waiting_until: Queue::default(),
            early_until: Queue::default(),
            ended_until: Queue::default(),
            roomy_since: None,
            counts: JoinCounts::default(),
        }
    }

    /// Other limits, from now on: what waits stays.
    pub fn reconfigure(&mut self, config: &JoinConfig) {
        self.config = *config;
        self.watermark.set_lateness(config.lateness);
    }

    /// What became of the records so far.
    pub fn counts(&self) -> JoinCounts {
        self.counts
    }

    /// Predictions waiting.
    pub fn pending(&self) -> usize {
        self.waiting.len()
    }

    /// Labels waiting.
    pub fn early(&self) -> usize {
        self.early.len()
    }

    /// Share of ids that is kept now.
    pub fn share(&self) -> f64 {
        self.sampling.share(Timestamp(i64::MAX))
    }

    /// Bytes of memory it counts.
    pub fn bytes(&self) -> usize {
        ENTRY_BYTES * (self.waiting.len() + self.early.len() + self.ended.len())
    }

    /// Up to here everything has come that is not too late.
    pub fn watermark(&self) -> Timestamp {
        self.watermark.at()
    }

    /// Where the prediction of an event lies that waits for its label.
    pub fn place(&self, id: &EventId) -> Option<u64> {
        self.waiting.get(&self.key.mark(id)).map(|waiting| waiting.place)
    }

    /// The first place that a waiting prediction still needs.
    pub fn oldest_place(&self) -> Option<u64> {
        self.waiting.values().map(|waiting| waiting.place).min()
    }

    /// Whether an event of this id would be another of the same name.
    pub fn knows(&self, id: &EventId) -> bool {
        let mark = self.key.mark(id);
        self.waiting.contains_key(&mark) || self.ended.contains_key(&mark)
    }

    /// Counts an event that was not taken because its id is known.
    pub fn refuse_repeated(&mut self, origin: Origin, time: Timestamp) -> Vec<Matched> {
        self.counts.repeated += 1;
        self.came(origin, time);
        self.expire()
    }

    /// The machine's date: who is idle no longer holds the others back.
    pub fn passed(&mut self, now: Timestamp) -> Vec<Matched> {
        if self.watermark.passed(now) { self.expire() } else { Vec::new() }
    }

    /// Takes a prediction; its outcome comes back at once if the label was early, with others that ended by it.
    pub fn predicted(&mut self, origin: Origin, id: &EventId, time: Timestamp, place: u64) -> Vec<Matched> {
        let (mark, time) = (self.key.mark(id), self.came(origin, time));
        let mut early = self.take_early(mark);
        if mark.is_within(self.sampling.share(time)) {
            self.wait(mark, Waiting { time, place });
        } else {
            self.counts.unsampled_events += 1;
        }
        // What corrects another comes first, then what was known first.
        early.sort_by_key(|label| (std::cmp::Reverse(label.revision), label.time));
        let mut out: Vec<Matched> = early.into_iter().filter_map(|label| self.label(mark, label)).collect();
        out.extend(self.expire());
        self.keep_within_memory();
        out
    }

    /// Takes a label; its outcome comes back if the prediction is there, with others that ended by it.
    pub fn labelled(&mut self, origin: Origin, label: &Label) -> Vec<Matched> {
        let (mark, time) = (self.key.mark(&label.id), self.came(origin, label.time));
        let label = Early { time, truth: label.truth, revision: label.revision };
        let mut out: Vec<Matched> = self.label(mark, label).into_iter().collect();
        out.extend(self.expire());
        self.keep_within_memory();
        out
    }

    /// A label is taken back. What waits for its event goes; what was joined stays joined, and is counted.
    pub fn retracted(&mut self, origin: Origin, id: &EventId, time: Timestamp) -> Vec<Matched> {
        let mark = self.key.mark(id);
        self.came(origin, time);
        let early = self.take_early(mark).len() as u64;
        if early > 0 || self.ended.get(&mark).is_some_and(|ended| ended.revision.is_some()) {
            self.counts.retracted += early + 1;
        } else if mark.is_within(self.share()) {
            self.counts.orphan += 1;
        } else {
            self.counts.unsampled_labels += 1;
        }
        self.expire()
    }

    /// Forgets what waits of an id, which is another end of it.
    pub fn erase(&mut self, id: &EventId) {
        let mark = self.key.mark(id);
        let labels = self.take_early(mark).len() as u64;
        let event = u64::from(self.waiting.remove(&mark).is_some());
        self.counts.erased += labels + event;
    }

    fn take_early(&mut self, mark: Mark) -> Vec<Early> {
        let all = (mark, Timestamp(i64::MIN))..=(mark, Timestamp(i64::MAX));
        let times: Vec<Timestamp> = self.early.range(all).map(|((_, time), _)| *time).collect();
        times.iter().filter_map(|time| self.early.remove(&(mark, *time))).collect()
    }

    /// The time that counts for a record.
    fn came(&mut self, origin: Origin, time: Timestamp) -> Timestamp {
        let (time, is_another) = self.watermark.came(origin, time);
        self.counts.future += u64::from(is_another);
        time
    }

    fn wait(&mut self, mark: Mark, waiting: Waiting) {
        self.waiting_until.push(waiting.time, mark);
        self.waiting.insert(mark, waiting);
    }

    /// A label meets what is known of its id.
    fn label(&mut self, mark: Mark, label: Early) -> Option<Matched> {
        let reach = -self.config.lateness.skew_ms..=self.late_max_ms();
        let is_of = |time: Timestamp| reach.contains(&label.time.0.saturating_sub(time.0));
        if let Some(event) = self.waiting.get(&mark).copied().filter(|event| is_of(event.time)) {
            self.waiting.remove(&mark);
            return self.meet(mark, event, label);
        }
        match self.ended.get_mut(&mark).filter(|ended| is_of(ended.time)).map(|ended| &mut ended.revision) {
            None => self.keep_early(mark, label),
            Some(None) => self.counts.late += 1,
            Some(Some(known)) if label.revision > *known => {
                *known = label.revision;
                self.counts.revised += 1;
            }
            Some(Some(_)) => self.counts.duplicate += 1,
        }
        None
    }

    fn keep_early(&mut self, mark: Mark, label: Early) {
        let (from, to) = (before(label.time, self.config.window_ms), self.after(label.time));
        if !mark.is_within(self.sampling.share_within(from, to)) {
            self.counts.unsampled_labels += 1;
        } else if let Some(known) = self.early.get_mut(&(mark, label.time)) {
            self.counts.duplicate += 1;
            if label.revision > known.revision {
                *known = label;
            }
        } else {
            self.early_until.push(label.time, mark);
            self.early.insert((mark, label.time), label);
        }
    }

    /// An event and its label, whichever came first.
    fn meet(&mut self, mark: Mark, event: Waiting, label: Early) -> Option<Matched> {
        let delay_ms = label.time.0.saturating_sub(event.time.0);
        if delay_ms > self.config.window_ms {
            self.counts.late += 1;
            return self.end(mark, event);
        }
        self.remember(mark, Ended { time: event.time, revision: Some(label.revision) });
        self.counts.joined += 1;
        let weight = 1.0 / self.sampling.share(event.time);
        Some(Matched { place: event.place, truth: label.truth, weight, delay_ms: Some(delay_ms) })
    }

    /// No label came within the window.
    fn end(&mut self, mark: Mark, event: Waiting) -> Option<Matched> {
        self.remember(mark, Ended { time: event.time, revision: None });
        self.counts.expired += 1;
        let weight = 1.0 / self.sampling.share(event.time);
        match self.config.absent {
            Absent::Censored => None,
            Absent::Means(truth) => Some(Matched { place: event.place, truth, weight, delay_ms: None }),
        }
    }

    fn remember(&mut self, mark: Mark, ended: Ended) {
        self.ended_until.push(ended.time, mark);
        self.ended.insert(mark, ended);
    }

    /// Gives up what no record can meet any more.
    fn expire(&mut self) -> Vec<Matched> {
        let (at, window) = (self.watermark.at(), self.config.window_ms);
        let mut out = Vec::new();
        let over = before(at, window);
        for mark in self.waiting_until.before(over) {
            if let Some(event) = self.waiting.remove(&mark) {
                out.extend(self.end(mark, event));
            }
        }
        let orphaned = before(at, self.config.lateness.skew_ms);
        for mark in self.early_until.before(orphaned) {
            let (kept, gone): (Vec<_>, Vec<_>) =
                self.take_early(mark).into_iter().partition(|label| label.time >= orphaned);
            self.counts.orphan += gone.len() as u64;
            self.early.extend(kept.into_iter().map(|label| ((mark, label.time), label)));
        }
        // A label that is not too late is no earlier than the watermark, and of an event no earlier than this.
        let forgotten = before(at, self.late_max_ms());
        for mark in self.ended_until.before(forgotten) {
            self.ended.remove(&mark);
        }
        self.sampling.forget_before(before(forgotten, self.config.lateness.skew_ms));
        out
    }

    /// After its event, in milliseconds: a label that is later is nobody's.
    fn late_max_ms(&self) -> i64 {
        let window = self.config.window_ms;
        window.saturating_add(window / 4).saturating_add(self.config.lateness.skew_ms)
    }

    /// Keeps fewer ids where memory is short, and more again where there has been room for a window.
    fn keep_within_memory(&mut self) {
        while self.bytes() > self.config.memory_bytes {
            self.roomy_since = None;
            self.sampling.shrink();
            self.drop_unsampled();
        }
        if self.share() >= 1.0 || self.bytes() as f64 > ROOMY * self.config.memory_bytes as f64 {
            self.roomy_since = None;
            return;
        }
        let at = self.watermark.at();
        let since = *self.roomy_since.get_or_insert(at);
        if at.0.saturating_sub(since.0) >= self.config.window_ms {
            self.roomy_since = None;
            let next = self.watermark.newest().0.saturating_add(1);
            self.sampling.grow(Timestamp(next));
        }
    }

    fn drop_unsampled(&mut self) {
        let Self { sampling, waiting, early, ended, counts, config, .. } = self;
        waiting.retain(|mark, event| {
            let kept = mark.is_within(sampling.share(event.time));
            counts.unsampled_events += u64::from(!kept);
            kept
        });
        early.retain(|(mark, _), label| {
            let from = Timestamp(label.time.0.saturating_sub(config.window_ms));
            let to = Timestamp(label.time.0.saturating_add(config.lateness.skew_ms));
            let kept = mark.is_within(sampling.share_within(from, to));
            counts.unsampled_labels += u64::from(!kept);
            kept
        });
        ended.retain(|mark, ended| mark.is_within(sampling.share(ended.time)));
        self.waiting_until.retain(|mark| self.waiting.contains_key(mark));
        let Self { early, early_until, .. } = self;
        let is_early = |mark: &Mark| {
            let all = (*mark, Timestamp(i64::MIN))..=(*mark, Timestamp(i64::MAX));
            early.range(all).next().is_some()
        };
        early_until.retain(is_early);
        self.ended_until.retain(|mark| self.ended.contains_key(mark));
    }

    fn after(&self, time: Timestamp) -> Timestamp {
        Timestamp(time.0.saturating_add(self.config.lateness.skew_ms))
    }
}

fn before(time: Timestamp, ms: i64) -> Timestamp {
    Timestamp(time.0.saturating_sub(ms))
}

#[cfg(test)]
mod tests;
