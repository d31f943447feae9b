//! Outcome: what was said of an event, as it is kept until its label comes, and both together.
//!
//! Lives here: the record of an event and its answers, to bytes and back, under the schema of today, and which records are
//! still needed. May not: find the one a label belongs to (that is [`crate::join`]), score.

use model::{Context, EventId, ExternalAnswer, Generation, Mixed, Output, Row, Said, Timestamp, Truth};
use serde::{Deserialize, Serialize};

use super::{Learn, LearnError};
use adapters::store::{Place, StoreError};

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
    /// What the champion had said that is not ours, where there is one and it had answered.
    pub external: Option<ExternalAnswer>,
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
        self.external = self.external.as_ref().map(|external| external.widened(outputs));
        self.said = self.said.widened(outputs);
    }
}

/// An answered event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// When the event happened.
    pub time: Timestamp,
    /// Which model answered.
    pub generation: Generation,
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
    /// Where the row and what was said of it lie.
    pub place: u64,
    /// The row.
    pub row: Row,
    /// What was said.
    pub prediction: Prediction,
    /// What turned out to be true.
    pub truth: Truth,
    /// How many events it stands for.
    pub weight: f64,
    /// How long its label took, in milliseconds; none if it stands for one that did not come.
    pub delay_ms: Option<i64>,
}

/// An event and its answers, as bytes.
pub(super) fn to_record(id: &EventId, row: &Row, prediction: &Prediction) -> Result<Vec<u8>, LearnError> {
    postcard::to_stdvec(&(id, row, prediction)).map_err(|error| LearnError::Snapshot(error.to_string()))
}

/// The row of a record; none if it is not one of these.
pub(super) fn row_of(record: &[u8]) -> Option<Row> {
    postcard::take_from_bytes::<(&str, Row)>(record).ok().map(|((_, row), _)| row)
}

/// Whether a record is of this event.
pub(super) fn is_of(record: &[u8], id: &EventId) -> bool {
    postcard::take_from_bytes::<&str>(record).is_ok_and(|(found, _)| found == id.as_str())
}

/// Whether the event of a record carries this one.
pub(super) fn carries(record: &[u8], id: &EventId) -> bool {
    let of = id.number();
    row_of(record).is_some_and(|row| row.past().iter().any(|step| step.of == of))
}

/// Both, for a target of so many outputs: nobody who answered had said anything of those that have come since.
pub(super) fn of_record(record: &[u8], outputs: usize) -> Option<(Row, Prediction)> {
    let (_, row, mut prediction): (&str, Row, Prediction) = postcard::from_bytes(record).ok()?;
    if prediction.answers.champion.0.len() < outputs {
        prediction.answers.widen(outputs);
    }
    Some((row, prediction))
}

impl Learn {
    /// What was said of an event that waits for its label.
    pub fn waiting(&mut self, id: &EventId) -> Option<Prediction> {
        let place = self.state.join.place(id)?;
        self.kept(place).ok()?.map(|(_, prediction)| prediction)
    }

    /// An event and its answers; none, which is counted, where the record is damaged or gone.
    pub(super) fn kept(&mut self, place: u64) -> Result<Option<(Row, Prediction)>, LearnError> {
        let outputs = self.state.schema().target().outputs();
        let kept = match self.records.read(Place(place)) {
            Ok(record) => of_record(&record, outputs),
            Err(StoreError::RecordDamaged { .. } | StoreError::RecordGone { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if kept.is_none() {
            self.state.counts.records_lost += 1;
        }
        Ok(kept)
    }

    /// The event at a place and what was said of it, unless it is damaged or gone.
    pub(super) fn recorded(&mut self, place: u64) -> Option<(Row, Prediction)> {
        of_record(&self.records.read(Place(place)).ok()?, self.state.schema().target().outputs())
    }

    /// The row at a place, unless it is damaged or gone.
    pub(super) fn row(&mut self, place: u64) -> Option<Row> {
        row_of(&self.records.read(Place(place)).ok()?)
    }

    /// The oldest record that the state of now refers to.
    pub(super) fn oldest_place(&self) -> u64 {
        let needed = [self.state.join.oldest_place(), self.state.history.oldest_place()];
        needed.into_iter().flatten().min().unwrap_or(self.records.len())
    }

    pub(super) fn prune_before(&mut self, place: u64) -> Result<(), LearnError> {
        Ok(self.records.prune_before(Place(place))?)
    }
}
