//! Join: predictions wait here for their late labels.
//!
//! Lives here: which prediction a label belongs to, and what becomes of a record that finds no partner.
//! Every record has one end: joined, expired, too late, duplicate, orphan or evicted, and each is counted.
//! May not: score anything, hold rows (they lie in the segment), read a clock: time is event time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::{Context, EventId, Generation, Label, Mixed, Output, Said, Timestamp, Truth};
use serde::{Deserialize, Serialize};

use crate::config::JoinConfig;

/// Time moves on when so many records in a row say so: one clock that is wrong must not expire everything.
pub const AGREEING_RECORDS: usize = 64;

/// What a learning arm said, in the target's own unit, and how it came to say so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmAnswer {
    /// The answer.
    pub output: Output,
    /// From which its mix learns what to trust.
    pub mixed: Mixed,
}

/// What every arm said of one event, with the weights it had then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// The serving network.
    pub champion: Output,
    /// The champion's learner.
    pub control: ArmAnswer,
    /// A frozen copy of an earlier champion: an adapting one hides drift.
    pub reference: Output,
    /// The first champion, frozen for good.
    pub first: Output,
    /// The learner in the shadow slot, by its number.
    pub challenger: Option<(u64, ArmAnswer)>,
    /// The displaced champion's learner, while a watch lasts, by the watch's number.
    pub displaced: Option<(u64, ArmAnswer)>,
    /// What every learner said by itself, from which the mixes learn whom to trust.
    pub said: Said,
    /// The most frequent truth known then.
    pub majority: Truth,
    /// The last truth known then.
    pub last: Truth,
}

impl Answers {
    fn widen(&mut self, outputs: usize) {
        for output in [&mut self.champion, &mut self.reference, &mut self.first] {
            *output = output.widened(outputs);
        }
        let challenger = self.challenger.as_mut().map(|(_, answer)| answer);
        let displaced = self.displaced.as_mut().map(|(_, answer)| answer);
        for arm in std::iter::once(&mut self.control).chain(challenger).chain(displaced) {
            arm.mixed = arm.mixed.widened(arm.output.0.len(), outputs);
            arm.output = arm.output.widened(outputs);
        }
        self.said = self.said.widened(outputs);
    }
}

/// An answered event waiting for its label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// When the event happened.
    pub time: Timestamp,
    /// Which model answered.
    pub generation: Generation,
    /// Where its row lies in the segment.
    pub row: u64,
    /// Outcomes known when it was answered.
    pub outcomes_before: u64,
    /// The labels that had arrived: networks are shown the same ones when the row is learned.
    pub context: Context,
    /// The group it belongs to, where fairness is asked for and the event tells.
    pub group: Option<u8>,
    /// Whether its answer was marked as not to be acted on.
    pub holdback: bool,
    /// What every arm said.
    pub answers: Answers,
}

/// A prediction that has met its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What was said.
    pub prediction: Prediction,
    /// What turned out to be true.
    pub truth: Truth,
}

/// What became of the records so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinCounts {
    /// Labels that met their prediction.
    pub joined: u64,
    /// Predictions whose label did not come within the window.
    pub expired: u64,
    /// Predictions given up because too many waited.
    pub evicted: u64,
    /// Labels for an id that was joined before.
    pub duplicate: u64,
    /// Labels that found no event.
    pub orphan: u64,
    /// Labels that came later than the window.
    pub late: u64,
    /// Events with an id that is waiting already.
    pub repeated: u64,
}

/// Bounded memory of what waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Join {
    window_ms: i64,
    pending_max: usize,
    early_max: usize,
    joined_max: usize,
    watermark: Timestamp,
    /// Times of the last records.
    recent: VecDeque<Timestamp>,
    pending: BTreeMap<EventId, Prediction>,
    /// The same ids in the order of time, for expiry.
    order: BTreeSet<(Timestamp, EventId)>,
    early: BTreeMap<EventId, Label>,
    early_order: VecDeque<EventId>,
    joined: BTreeSet<EventId>,
    joined_order: VecDeque<EventId>,
    counts: JoinCounts,
}

impl Join {
    /// An empty join within these limits.
    pub fn new(config: &JoinConfig) -> Self {
        Self {
            window_ms: config.window_ms,
            pending_max: config.pending_max,
            early_max: config.early_max,
            joined_max: config.joined_max,
            watermark: Timestamp(i64::MIN),
            recent: VecDeque::new(),
            pending: BTreeMap::new(),
            order: BTreeSet::new(),
            early: BTreeMap::new(),
            early_order: VecDeque::new(),
            joined: BTreeSet::new(),
            joined_order: VecDeque::new(),
            counts: JoinCounts::default(),
        }
    }

    /// What became of the records so far.
    pub fn counts(&self) -> JoinCounts {
        self.counts
    }

    /// Predictions waiting.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// For a target with more outputs: nobody who answered had said anything of the new ones.
    pub fn widen(&mut self, outputs: usize) {
        self.pending.values_mut().for_each(|prediction| prediction.answers.widen(outputs));
    }

    /// What was said of an event that waits for its label.
    pub fn answers(&self, id: &EventId) -> Option<&Answers> {
        self.pending.get(id).map(|prediction| &prediction.answers)
    }

    /// The labels that had arrived when an event came that waits for its own.
    pub fn context(&self, id: &EventId) -> Option<Context> {
        self.pending.get(id).map(|prediction| prediction.context)
    }

    /// The oldest segment row a waiting prediction still needs.
    pub fn oldest_row(&self) -> Option<u64> {
        self.pending.values().map(|prediction| prediction.row).min()
    }

    /// Whether an event of this id would be taken: an id that waits or was joined names another event.
    pub fn knows(&self, id: &EventId) -> bool {
        self.pending.contains_key(id) || self.joined.contains(id)
    }

    /// Counts an event that was not taken because its id is known.
    pub fn refuse_repeated(&mut self) {
        self.counts.repeated += 1;
    }

    /// Takes a prediction; its outcome comes back at once if the label was early.
    pub fn predicted(&mut self, id: EventId, prediction: Prediction) -> Option<Outcome> {
        self.advance(prediction.time);
        if let Some(label) = self.early.remove(&id) {
            return self.outcome(id, prediction, &label);
        }
        self.order.insert((prediction.time, id.clone()));
        self.pending.insert(id, prediction);
        self.evict();
        None
    }

    /// Takes a label; its outcome comes back if the prediction is there.
    pub fn labelled(&mut self, label: Label) -> Option<Outcome> {
        self.advance(label.time);
        if let Some(prediction) = self.pending.remove(&label.id) {
            self.order.remove(&(prediction.time, label.id.clone()));
            return self.outcome(label.id.clone(), prediction, &label);
        }
        if self.joined.contains(&label.id) || self.early.contains_key(&label.id) {
            self.counts.duplicate += 1;
            return None;
        }
        self.early_order.push_back(label.id.clone());
        self.early.insert(label.id.clone(), label);
        while self.early_order.len() > self.early_max {
            let oldest = self.early_order.pop_front();
            if oldest.is_some_and(|id| self.early.remove(&id).is_some()) {
                self.counts.orphan += 1;
            }
        }
        None
    }

    fn outcome(&mut self, id: EventId, prediction: Prediction, label: &Label) -> Option<Outcome> {
        self.remember(id);
        if label.time.0.saturating_sub(prediction.time.0) > self.window_ms {
            self.counts.late += 1;
            return None;
        }
        self.counts.joined += 1;
        Some(Outcome { prediction, truth: label.truth })
    }

    fn remember(&mut self, id: EventId) {
        self.joined_order.push_back(id.clone());
        self.joined.insert(id);
        while self.joined_order.len() > self.joined_max {
            let oldest = self.joined_order.pop_front();
            if let Some(id) = oldest {
                self.joined.remove(&id);
            }
        }
    }

    /// Gives up what has waited longer than the window: predictions are censored, labels are orphans.
    fn advance(&mut self, now: Timestamp) {
        self.recent.push_back(now);
        if self.recent.len() <= AGREEING_RECORDS {
            return;
        }
        self.recent.pop_front();
        let agreed = self.recent.iter().min().copied().unwrap_or(now);
        if agreed <= self.watermark {
            return;
        }
        self.watermark = agreed;
        let horizon = self.watermark.0.saturating_sub(self.window_ms);
        while let Some((time, id)) = self.order.first().cloned()
            && time.0 < horizon
        {
            self.order.pop_first();
            self.pending.remove(&id);
            self.counts.expired += 1;
        }
        while let Some(id) = self.early_order.front() {
            match self.early.get(id) {
                Some(label) if label.time.0 >= horizon => break,
                Some(_) => {
                    self.early.remove(id);
                    self.counts.orphan += 1;
                }
                None => {}
            }
            self.early_order.pop_front();
        }
    }

    fn evict(&mut self) {
        while self.pending.len() > self.pending_max {
            let Some((_, id)) = self.order.pop_first() else { break };
            if self.pending.remove(&id).is_some() {
                self.counts.evicted += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
