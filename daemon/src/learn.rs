//! Learn: the learn plane, one unit of work from top to bottom.
//!
//! Lives here: [`Learn::turn`], the order of the data: a record is predicted by every arm, joined, scored,
//! watched by the detectors, learned, and shown to the lifecycle, whose effects are then performed.
//! May not: read a broker or a clock for decisions, do maths; every step is named after its room.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use adapters::kafka::Positions;
use adapters::store::{Place, Records, StoreError};
use model::{
    Addition, Context, Device, MixtureNetwork, ModelError, Record, Retraction, Row, Sample, TabularSpace,
    Timestamp, Truth,
};
use policies::watch::WatchVerdict;

use self::history::Recent;
use crate::join::{Matched, Origin};
use crate::lifecycle::{Change, Event, Facts, Rules};
use crate::slot::Slot;
use crate::storage::Storage;
use crate::telemetry::AuditEvent;
use crate::trials::Trials;
use crate::trials::desk::Traffic;

mod adopt;
mod approve;
mod archive;
mod arms;
mod begin;
mod budgets;
mod burn;
mod carry;
pub mod curves;
mod effects;
mod evidence;
mod external;
mod flight;
mod front;
mod hindsight;
mod history;
mod journal;
mod judged;
mod measure;
mod outcome;
mod past;
mod path;
mod probe;
mod publish;
mod relax;
mod relief;
mod remember;
mod retention;
mod senses;
mod slices;
mod snapshot;
mod state;
mod steer;
mod swap;
mod time;
mod took;

pub use arms::{Arms, compute_seconds_of_start};
pub use budgets::{Budget, BudgetReading, Budgets};
pub use burn::Served as ServedEvents;
pub use curves::Curves;
pub use evidence::UnderStress;
pub use external::External;
pub(crate) use front::least_robust_loss;
pub use judged::Judged;
pub use measure::{BatchCost, Measured, QUANTILES, Source};
pub use outcome::{Answers, ArmAnswer, Outcome, Prediction};
pub use path::{EvidencePath, Point};
pub use publish::SWAP_STEPS;
pub use retention::{Marks, Retention};
pub use snapshot::{FORMAT, Outside, Snapshot};
use state::Losses;
pub use state::{Adopted, Counts, Rejected, Scores, State};
pub use swap::SWAP_FAILED;
pub use took::Took;

/// What stops the learn plane; serving goes on with what it has.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// Rows, models or snapshots cannot be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A network refused what no input can make it refuse.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The operating system refused a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The state directory, or a snapshot in it, cannot be used as it is.
    #[error("state: {0}")]
    Snapshot(String),
}

/// A record and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The topic and its partition.
    pub origin: Origin,
    /// The record.
    pub record: Record,
}

impl From<Record> for Incoming {
    /// Of a stream that has one partition a topic.
    fn from(record: Record) -> Self {
        let origin = match record {
            Record::Sample(_) => Origin::Events(0),
            Record::Label(_) | Record::Retraction(_) | Record::Metric(_) | Record::Adoption(_) => {
                Origin::Labels(0)
            }
        };
        Self { origin, record }
    }
}

/// The one owner of all learning.
pub struct Learn {
    rules: Rules,
    device: Device,
    space: TabularSpace,
    state: State,
    arms: Arms,
    slot: Arc<Slot>,
    records: Records,
    trials: Trials,
    /// Where promotions are made durable; a replay has none.
    storage: Option<Storage>,
    /// The oldest record each kept snapshot refers to, oldest snapshot first.
    kept_records: VecDeque<u64>,
    /// A durable swap, made at the end of the unit of work: only there do state and positions agree.
    pending_swap: Option<Change>,
    /// The pointer went back in this unit of work; durable at its end.
    rolled_back: Option<AuditEvent>,
    /// Who ordered it, if a person did.
    rolled_back_by: Option<String>,
    /// It has been said that this is not durable yet.
    rollback_waits: bool,
    /// How long a swap waits for room.
    room_patience: Duration,
    /// Trials under way; gone after a restart.
    flight: Option<flight::Flight>,
    /// The episode in which a relaxed network was asked last.
    relaxed_in: Option<u64>,
    /// The slices among the candidates of the episode.
    slices_tried: Vec<slices::Tried>,
    /// The candidates of the episode whose networks may serve next, by their places.
    trained: std::collections::BTreeMap<usize, flight::Trained>,
    /// The last finished trials of smaller networks: where a relief comes from.
    landed: Option<flight::Landed>,
    /// Who was remembered last, until the lifecycle has answered.
    found: Option<remember::Found>,
    /// The archived mixture in the shadow slot as it was put aside, where it has been asked.
    as_remembered: Option<(u64, MixtureNetwork)>,
    /// What the champion costs; none since its architecture changed.
    measured: Option<Measured>,
    /// Replay waits for trials; a daemon takes them when they land.
    waits_for_trials: bool,
    /// Lifecycle events not handled yet.
    events: VecDeque<Event>,
    /// What happened, for log, metrics and journal; drained after each turn.
    happened: Vec<AuditEvent>,
    /// How many of these the journal has been given.
    journaled: usize,
    /// Refreshes that the journal has been told of.
    refreshes_told: u64,
    /// How often what serves is over its time.
    time: time::TimeWatch,
    /// What the burn rates have taken in.
    burnt: burn::Burnt,
    /// What was timed since telemetry asked.
    took: Vec<Took>,
    /// For pictures: how the arms have done since the start.
    curves: Curves,
    /// Where the stream was before this unit of work.
    turn_from: Positions,
    encoded: Vec<f32>,
}

impl Learn {
    /// The slot it swaps.
    pub fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }

    /// What it remembers.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Its networks.
    pub fn arms(&self) -> &Arms {
        &self.arms
    }

    /// What came of trials that other machines were asked to run.
    pub fn traffic(&self) -> Traffic {
        self.trials.traffic()
    }

    /// How the arms have done since the start.
    pub fn curves(&self) -> &Curves {
        &self.curves
    }

    /// Ends the worker; nothing is searched afterwards.
    pub fn close(&mut self) {
        self.trials.close();
    }

    /// What happened since the last call.
    pub fn happened(&mut self) -> Vec<AuditEvent> {
        self.journaled = 0;
        std::mem::take(&mut self.happened)
    }

    /// One unit of work, start to finish, in the order of the records; `positions` are those after it.
    pub fn turn<R: Into<Incoming>>(
        &mut self,
        records: Vec<R>,
        positions: Positions,
    ) -> Result<(), LearnError> {
        for Incoming { origin, record } in records.into_iter().map(Into::into) {
            match record {
                Record::Sample(sample) => self.sample(origin, &sample)?,
                Record::Label(label) => {
                    let matched = self.state.join.labelled(origin, &label);
                    self.outcomes(matched)?;
                }
                Record::Retraction(Retraction { id, time }) => {
                    let matched = self.state.join.retracted(origin, &id, time);
                    self.outcomes(matched)?;
                }
                Record::Metric(metric) => self.metric(&metric),
                Record::Adoption(adoption) => self.adopt(&adoption.addition)?,
            }
            self.settle()?;
        }
        self.land();
        self.settle()?;
        self.turn_from = std::mem::replace(&mut self.state.positions, positions);
        self.swap_pending()?;
        self.measure_new()?;
        self.journal();
        Ok(())
    }

    /// It is so late: deadlines pass also where no record comes. Before the records of a unit of work.
    pub fn passed(&mut self, now: Timestamp) -> Result<(), LearnError> {
        self.watch_time(now);
        let matched = self.state.join.passed(now);
        self.outcomes(matched)?;
        self.events.push_back(Event::Passed(now));
        self.settle()
    }

    /// An event: stored, watched for drift of its features, answered by every arm.
    fn sample(&mut self, origin: Origin, sample: &Sample) -> Result<(), LearnError> {
        if self.state.join.knows(&sample.id) {
            let matched = self.state.join.refuse_repeated(origin, sample.time);
            return self.outcomes(matched);
        }
        if self.rules.config.evolve.is_some()
            && let Some(crowded) = self.state.crowding.observe(&sample.row)
        {
            self.adopt(&Addition::Buckets(crowded))?;
        }
        self.state.encoder.observe(&sample.row);
        let sample = &*self.carrying(sample);
        let prediction = self.predict(sample)?;
        self.arms.answered(&prediction.answers);
        self.harmed();
        let Place(place) = self.records.append(&outcome::to_record(&sample.id, &sample.row, &prediction)?)?;
        self.state.marks.passed(place, self.state.join.watermark());
        let matched = self.state.join.predicted(origin, &sample.id, sample.time, place);
        self.sense_event(sample, &prediction.answers)?;
        self.outcomes(matched)
    }

    fn outcomes(&mut self, matched: Vec<Matched>) -> Result<(), LearnError> {
        for Matched { place, truth, weight, delay_ms } in matched {
            if let Some(delay) = delay_ms.and_then(|delay| u64::try_from(delay).ok()) {
                self.timed(Took::Label(Duration::from_millis(delay)));
            }
            if let Some((row, prediction)) = self.kept(place)? {
                self.outcome(&Outcome { place, row, prediction, truth, weight, delay_ms })?;
            }
        }
        Ok(())
    }

    /// Harm that no label has to come for.
    fn harmed(&mut self) {
        if self.arms.watch_verdict() == Some(WatchVerdict::Rollback) {
            self.events.push_back(Event::Harmed);
        }
    }

    /// Every arm answers now, with the weights it has now; nothing is predicted again later.
    fn predict(&mut self, sample: &Sample) -> Result<Prediction, LearnError> {
        let context = self.state.context;
        let encoded = self.encode(&sample.row, &context);
        let served = self.slot.load();
        let answers = self.arms.answer(&served, sample, &encoded, &self.state)?;
        self.encoded = encoded;
        Ok(Prediction {
            time: sample.time,
            generation: served.generation,
            outcomes_before: self.state.outcomes,
            context,
            group: self.group(&sample.row),
            holdback: sample.id.draw() < self.rules.config.holdback,
            answers,
        })
    }

    /// A row and the labels that had arrived when it came, as networks see them.
    fn encode(&mut self, row: &Row, context: &Context) -> Vec<f32> {
        let mut encoded = std::mem::take(&mut self.encoded);
        encoded.clear();
        self.append(row, context, &mut encoded);
        encoded
    }

    fn append(&self, row: &Row, context: &Context, encoded: &mut Vec<f32>) {
        self.state.encoder.encode(row, encoded);
        let shape = self.arms.pool.shape();
        context.encode(&self.state.encoder, shape, encoded);
        self.state.encoder.encode_past(row, shape, encoded);
    }

    /// Appends what networks see of a recorded outcome, and its goal. Not if its row is damaged: whoever learns
    /// from recorded outcomes misses the same ones.
    fn recall(&mut self, outcome: &Recent, encoded: &mut Vec<f32>, goals: &mut Vec<f32>) -> bool {
        let Some(row) = self.row(outcome.place) else { return false };
        self.append(&row, &outcome.context, encoded);
        goals.push(self.state.encoder.goal(&outcome.truth));
        true
    }

    /// What networks see of the last recorded outcomes, oldest first, and their goals.
    fn last_rows(&mut self, count: usize) -> (Vec<f32>, Vec<f32>) {
        let from = self.state.history.pushed().saturating_sub(count as u64);
        let (mut encoded, mut goals) = (Vec::new(), Vec::new());
        for outcome in self.state.history.since(from) {
            self.recall(&outcome, &mut encoded, &mut goals);
        }
        (encoded, goals)
    }

    /// A prediction has met its label: score, detect, test, learn, tell the lifecycle.
    fn outcome(&mut self, outcome: &Outcome) -> Result<(), LearnError> {
        self.state.outcomes += 1;
        let scale = self.state.encoder.scale();
        let losses = self.state.losses(outcome, scale);
        self.state.score(outcome, &losses);
        self.draw(outcome, scale, &losses);
        self.state.archive.lost(losses.control);
        self.sketch(outcome, &losses);
        self.sense_outcome(outcome, &losses)?;
        self.arms.test(&losses, &outcome.prediction.answers);
        if self.rules.config.gate.quality_on.counts(outcome.prediction.holdback) {
            self.arms.compare(&losses, &outcome.prediction.answers);
            self.compare_remembered(outcome, losses.control)?;
        }
        self.arms.note(outcome, self.state.schema(), &self.rules.config.gate);
        self.beside_external(outcome, scale);
        self.mix(outcome);
        self.learn(outcome)?;
        let facts = self.facts();
        self.events.push_back(Event::Learned(facts));
        Ok(())
    }

    /// One more point of the curves.
    fn draw(&mut self, outcome: &Outcome, scale: f32, losses: &Losses) {
        let schema = self.state.schema();
        let first = model::bounded(schema.target(), &outcome.prediction.answers.first, &outcome.truth, scale);
        self.curves.push(self.state.outcomes, outcome, schema, [losses.champion, losses.control, first]);
    }

    /// The mixes learn whom to trust, from what everybody had said when the event came.
    fn mix(&mut self, outcome: &Outcome) {
        let goal = self.state.encoder.goal(&outcome.truth);
        self.arms.mix(&outcome.prediction.answers, goal, self.delay(outcome));
    }

    /// Outcomes learned between the answer and its label.
    fn delay(&self, outcome: &Outcome) -> u64 {
        self.state.outcomes - 1 - outcome.prediction.outcomes_before
    }

    /// The learners take in one outcome; one that diverges starts again.
    fn learn(&mut self, outcome: &Outcome) -> Result<(), LearnError> {
        self.state.encoder.observe_truth(&outcome.truth);
        self.state.context.observe(&outcome.truth);
        let delay = self.delay(outcome);
        let Outcome { place, row, truth, .. } = outcome;
        let (context, said) = (outcome.prediction.context, outcome.prediction.answers.said.clone());
        self.state.history.push(Recent { place: *place, truth: *truth, context }, said, delay);
        self.learn_row(row, &context, *truth)?;
        if self.state.history.window_ends() {
            self.look_back()?;
            let checkpoint = self.arms.pool.arm_state(&self.arms.control)?;
            self.state.history.checkpoint(checkpoint);
            if self.storage.is_none() {
                // Nothing durable refers to rows; otherwise only what no kept snapshot needs may go.
                self.prune_before(self.oldest_place())?;
            }
        }
        Ok(())
    }

    fn learn_row(&mut self, row: &Row, context: &Context, truth: Truth) -> Result<(), LearnError> {
        let goal = self.state.encoder.goal(&truth);
        let encoded = self.encode(row, context);
        let failures = self.arms.learn(&encoded, goal)?;
        self.happened.extend(failures);
        self.encoded = encoded;
        Ok(())
    }

    fn facts(&self) -> Facts {
        Facts {
            outcomes: self.state.outcomes,
            windows: self.state.history.windows(),
            stale: self.arms.pool.learned() != self.arms.served_learned,
            refresh_harms: self.arms.refresh_harms(&self.rules.config),
            quality: self.arms.quality(),
            alpha: self.arms.challenger.as_ref().map_or(0.0, |challenger| challenger.alpha),
            watch: self.arms.watch_verdict(),
            contest: self.contested(),
        }
    }

    /// Asked before each unit of work: an error says that its records had better wait where they are.
    pub fn make_room(&mut self) -> Result<(), LearnError> {
        Ok(self.records.make_room()?)
    }

    /// Lets the lifecycle answer every event, and performs what it wants, until it wants nothing more.
    fn settle(&mut self) -> Result<(), LearnError> {
        while let Some(event) = self.events.pop_front() {
            for effect in self.state.lifecycle.step(event, &self.rules) {
                self.perform(effect)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
