//! Remember: what served before a drift is put aside, and looked for when the data drift again.
//!
//! Lives here: which checkpoint is put aside, comparing the archived with the control on what came since a drift began, and the
//! way of the best into the shadow slot. May not: let it serve; the same gates and the same test stand before that.

use model::{MixtureNetwork, ModelError, Target};
use policies::detect::Diagnosis;
use policies::gate::PairedTest;
use policies::stats::paired::{Paired, paired};

use super::archive::{Archived, COMPARED_OUTCOMES};
use super::history::Recent;
use super::outcome::Outcome;
use super::{Learn, LearnError};
use crate::lifecycle::Event;
use crate::telemetry::AuditEvent;
use crate::trials::worker;

/// Outcomes that a world has to have been known for, to be worth remembering.
const WORLD_OUTCOMES: u64 = 1_000;
/// Fewest outcomes on which mixtures are compared.
const COMPARED_MIN: usize = 50;
/// Two mixtures whose losses are nearer than this knew the same world: a smaller change is not noticed (docs/detectors.md).
const SAME_LOSS: f64 = 0.02;
/// Standard errors that a mean has to be from zero to be taken for a difference.
const ERRORS: f64 = 2.0;

/// An archived mixture that did better than the control since a drift began.
#[derive(Debug)]
pub(super) struct Found {
    archived: Archived,
    gain: Paired,
}

impl Learn {
    /// The data drifted: the control as it was before that began is put aside, in the place of those that knew the same
    /// world.
    pub(super) fn archive(&mut self, diagnosis: &Diagnosis) -> Result<(), LearnError> {
        let limit = self.rules.config.search.memory_models;
        let pushed = self.state.history.pushed();
        let onset = pushed.saturating_sub(diagnosis.drift.ago);
        let known_for = self.state.archive.turn(onset);
        let Some((learned, arm)) = self.state.history.before(onset) else { return Ok(()) };
        if limit == 0 || known_for < WORLD_OUTCOMES {
            return Ok(());
        }
        let (pool, arm) = model::Pool::of_arm(arm.clone(), &self.device)?;
        let archived = Archived::new(learned, &pool.freeze(&arm)?)?;
        let from = onset.saturating_sub(COMPARED_OUTCOMES as u64);
        let mut outcomes = self.state.history.since(from);
        outcomes.truncate(COMPARED_OUTCOMES.min((onset - from) as usize));
        let same = self.knowing_the_same(&archived, &outcomes)?;
        self.state.archive.push(archived, &same, limit);
        let models = self.state.archive.kept().len();
        self.happened.push(AuditEvent::Archived { learned, models });
        Ok(())
    }

    /// Those whose losses on these outcomes are not to be told from this one's.
    fn knowing_the_same(&mut self, archived: &Archived, outcomes: &[Recent]) -> Result<Vec<u64>, LearnError> {
        let (encoded, goals) = self.rows_of(outcomes);
        let own = self.losses_of(archived, &encoded, &goals)?;
        let mut same = Vec::new();
        for known in self.state.archive.kept() {
            let difference = paired(&own, &self.losses_of(known, &encoded, &goals)?);
            let apart = |difference: Paired| difference.mean.abs() > SAME_LOSS.max(ERRORS * difference.error);
            if !difference.is_some_and(apart) {
                same.push(known.learned);
            }
        }
        Ok(same)
    }

    /// Whether somebody who is remembered did better than the control since the drift began is told the lifecycle.
    pub(super) fn seek_memory(&mut self, diagnosis: Box<Diagnosis>) -> Result<(), LearnError> {
        self.found = self.best_remembered(diagnosis.drift.ago)?;
        self.events.push_back(Event::Remembered { diagnosis, found: self.found.is_some() });
        Ok(())
    }

    /// The control is judged by its answers of then: it has learned these outcomes since, and the archived have not.
    fn best_remembered(&mut self, ago: u64) -> Result<Option<Found>, LearnError> {
        let count = (ago as usize).clamp(COMPARED_MIN, COMPARED_OUTCOMES);
        let from = self.state.history.pushed().saturating_sub(count as u64);
        let outcomes = self.state.history.since(from);
        let lost: Vec<f64> = self.state.archive.last_losses(outcomes.len()).collect();
        if lost.len() < COMPARED_MIN || lost.len() != outcomes.len() {
            return Ok(None);
        }
        let (mut encoded, mut goals, mut control) = (Vec::new(), Vec::new(), Vec::new());
        for (outcome, loss) in outcomes.iter().zip(lost) {
            if self.recall(outcome, &mut encoded, &mut goals) {
                control.push(loss);
            }
        }
        let mut best: Option<Found> = None;
        for archived in self.state.archive.kept() {
            let Some(gain) = paired(&control, &self.losses_of(archived, &encoded, &goals)?) else { continue };
            let is_better = gain.mean > self.rules.config.gate.margin + ERRORS * gain.error;
            if is_better && best.as_ref().is_none_or(|best| gain.mean > best.gain.mean) {
                best = Some(Found { archived: archived.clone(), gain });
            }
        }
        Ok(best)
    }

    /// The one that was found goes into the shadow slot, with the weights of then; it learns from now on.
    pub(super) fn shadow_remembered(&mut self) -> Result<(), LearnError> {
        let Some(Found { archived, gain }) = self.found.take() else { return Ok(()) };
        let network = archived.network(self.arms.pool.shape(), &self.device)?;
        let seed = self.rules.config.seed ^ self.state.next_number;
        let arm = self.arms.pool.thaw(&network, seed)?;
        let architecture = network.mixture().to_string();
        self.state.counts.recalls += 1;
        self.happened.push(AuditEvent::Recalled {
            learned: archived.learned,
            outcomes: gain.count,
            mean_gain: gain.mean,
        });
        let gate = &self.rules.config.gate;
        let test = PairedTest::better(gate.margin, gate.useful_gain, gate.block_outcomes);
        self.place(arm, architecture, test, Some(archived.learned));
        Ok(())
    }

    /// An event that came before the archived mixture was in the shadow slot, and whose label comes now: what it says of it
    /// counts, for its weights stood still since long before, and nobody knew the label when it was chosen.
    pub(super) fn compare_remembered(&mut self, outcome: &Outcome, control: f64) -> Result<(), LearnError> {
        let Some(challenger) = &self.arms.challenger else { return Ok(()) };
        let answered = outcome.prediction.answers.challenger.as_ref().map(|(number, _)| *number);
        let Some(learned) = challenger.remembered.filter(|_| answered != Some(challenger.number)) else {
            return Ok(());
        };
        let goal = self.state.encoder.goal(&outcome.truth);
        let encoded = self.encode(&outcome.row, &outcome.prediction.context);
        let target = self.rules.config.schema.target().clone();
        let said = self.as_remembered(learned)?.map(|network| network.predict(&encoded)).transpose()?;
        self.encoded = encoded;
        if let (Some(said), Some(challenger)) = (said, &mut self.arms.challenger) {
            challenger.bet(control, worker::loss(&target, &said, goal));
        }
        Ok(())
    }

    /// The mixture that had learned so much when it was put aside, if it is still there.
    fn as_remembered(&mut self, learned: u64) -> Result<Option<&MixtureNetwork>, ModelError> {
        if self.as_remembered.as_ref().is_none_or(|(known, _)| *known != learned) {
            let archived = self.state.archive.kept().find(|archived| archived.learned == learned);
            let network = archived.map(|archived| archived.network(self.arms.pool.shape(), &self.device));
            self.as_remembered = network.transpose()?.map(|network| (learned, network));
        }
        Ok(self.as_remembered.as_ref().map(|(_, network)| network))
    }

    /// What networks see of these outcomes, and their goals.
    fn rows_of(&mut self, outcomes: &[Recent]) -> (Vec<f32>, Vec<f32>) {
        let (mut encoded, mut goals) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            self.recall(outcome, &mut encoded, &mut goals);
        }
        (encoded, goals)
    }

    fn losses_of(&self, archived: &Archived, encoded: &[f32], goals: &[f32]) -> Result<Vec<f64>, ModelError> {
        let network = archived.network(self.arms.pool.shape(), &self.device)?;
        let target: &Target = self.rules.config.schema.target();
        let said = network.predict(encoded)?;
        let answers = said.chunks_exact(network.shape().outputs).zip(goals);
        Ok(answers.map(|(output, goal)| worker::loss(target, output, *goal)).collect())
    }
}

#[cfg(test)]
mod tests;
