//! Evidence: what the gates ask about a mixture that would serve.
//!
//! Lives here: measuring it as it is now, beside the control, on the last labelled rows. May not: judge.

use model::stress::{self, features_only};
use model::{Arm, MixtureNetwork, ModelError, Row};
use policies::gate::scorecard::GROUPS_MAX;
use policies::gate::{Energy, EnergyUnit, Evidence, Stress, Stressed, Thresholds};

use super::measure::Source;
use super::state::{COMPUTE, MEMORY};
use super::{Learn, LearnError};
use crate::trials::worker::{MEASURE_REPEATS, mean_loss};

/// Last labelled rows that are put under stress.
const STRESS_ROWS: usize = 256;
/// Fewest of them, however short ago a drift was.
const STRESS_ROWS_MIN: usize = 32;
/// How many of them are attacked: an attack costs an answer for every number of a row.
const ATTACKED_ROWS: usize = 32;

/// Rows as networks see them, and their goals.
pub(super) type Rows = (Vec<f32>, Vec<f32>);

/// What the champion loses on the same rows as they are, and on bad days of them.
#[derive(Clone, Debug, PartialEq)]
pub struct UnderStress {
    /// As they are.
    pub plain: f64,
    /// Under each stress; the champion is on either side.
    pub stressed: Vec<Stressed>,
}

impl Learn {
    /// What the challenger has to pass, with the limits in force.
    pub fn thresholds(&self) -> Thresholds {
        let gate = &self.rules.config.gate;
        let alpha = self.arms.challenger.as_ref().map_or(gate.quality.alpha, |challenger| challenger.alpha);
        gate.thresholds(alpha, self.state.limit(COMPUTE), self.state.limit(MEMORY))
    }

    /// All that is known about the challenger; none if there is none.
    pub(super) fn evidence(&mut self) -> Result<Option<Evidence>, LearnError> {
        let Some(challenger) = &self.arms.challenger else { return Ok(None) };
        let (arm, scorecard) = (challenger.arm.clone(), challenger.scorecard.clone());
        let evidence = self.evidence_of(&arm)?;
        let feed = self.state.panel.feed().trouble().map(|report| report.trouble);
        Ok(Some(Evidence { scorecard, feed, quality: self.arms.quality(), ..evidence }))
    }

    /// What can be known of a mixture without waiting for labels.
    fn evidence_of(&mut self, arm: &Arm) -> Result<Evidence, LearnError> {
        let network = self.arms.pool.freeze(arm)?;
        let control = self.arms.pool.freeze(&self.arms.control)?;
        let rows = self.stress_rows();
        let compute_seconds = match self.cost_source() {
            Source::Measured => {
                self.time(&network, self.rules.config.budget.compute_batch, MEASURE_REPEATS)?
            }
            Source::Estimated => Vec::new(),
        };
        let evidence = self.costs_of(&network, compute_seconds, &rows)?;
        Ok(Evidence { stresses: self.stresses(&network, &control, &rows)?, ..evidence })
    }

    /// The last labelled rows, for looking at who would serve; not those from before the last drift, which say nothing
    /// of the world that it would serve in.
    pub(super) fn stress_rows(&mut self) -> Rows {
        let since = self.state.history.pushed().saturating_sub(self.state.archive.began());
        self.last_rows(STRESS_ROWS.min(since as usize).max(STRESS_ROWS_MIN))
    }

    /// What is known of a network without any stress: what it says of these rows, and what it costs by these times, or
    /// by estimate where costs are estimated.
    pub(super) fn costs_of(
        &self,
        network: &MixtureNetwork,
        compute_seconds: Vec<f64>,
        rows: &Rows,
    ) -> Result<Evidence, LearnError> {
        let estimated = self.cost_source() == Source::Estimated;
        let compute_estimate = estimated.then(|| self.estimated(&network.mixture()));
        Ok(Evidence {
            outputs_finite: finite(network, &rows.0)?,
            energy: self.energy(&compute_seconds, compute_estimate),
            compute_seconds,
            compute_estimate,
            bytes: Some(network.cost().bytes),
            ..Evidence::default()
        })
    }

    /// The group that an event belongs to, where fairness is asked for and the event tells.
    pub(super) fn group(&self, row: &Row) -> Option<u8> {
        let fairness = self.rules.config.gate.fairness?;
        let value = *row.values().get(fairness.feature)?;
        // A category is a number in the order of its hash; groups share a place where there are too many.
        (!value.is_nan()).then_some((value as usize % GROUPS_MAX) as u8)
    }

    /// Time stands for energy: it is what one answer can be told to have taken.
    fn energy(&self, compute_seconds: &[f64], estimate: Option<f64>) -> Option<Energy> {
        let rows = self.rules.config.budget.compute_batch as f64;
        let measured = compute_seconds.iter().sum::<f64>() / compute_seconds.len() as f64;
        let batch = estimate.unwrap_or(measured);
        batch.is_finite().then(|| Energy { per_row: batch / rows, unit: EnergyUnit::CpuSeconds })
    }

    /// What each stress that is wanted does to both, on the same rows.
    pub(super) fn stresses(
        &self,
        network: &MixtureNetwork,
        control: &MixtureNetwork,
        recent: &Rows,
    ) -> Result<Vec<Stressed>, ModelError> {
        let mut stresses = Vec::new();
        for stress in self.rules.config.gate.robustness.wanted.iter().copied() {
            let past = (stress == Stress::Past).then(|| self.past_rows());
            let (encoded, goals) = past.as_ref().unwrap_or(recent);
            if !goals.is_empty() {
                let [loss, champion_loss] =
                    [network, control].map(|network| self.stressed(network, stress, encoded, goals));
                stresses.push(Stressed { stress, loss: loss?, champion_loss: champion_loss? });
            }
        }
        Ok(stresses)
    }

    /// What the champion loses on the last labelled rows as they are, and under each stress that is wanted; nothing without
    /// a row.
    pub fn champion_under_stress(&mut self) -> Result<Option<UnderStress>, LearnError> {
        let rows = self.stress_rows();
        if rows.1.is_empty() {
            return Ok(None);
        }
        let served = self.slot.load();
        let network = served.model.network();
        let plain = mean_loss(self.rules.config.schema.target(), network, &rows.0, &rows.1)?;
        let stressed = self.stresses(network, network, &rows)?;
        Ok(Some(UnderStress { plain, stressed }))
    }

    /// The mean loss under a stress.
    fn stressed(
        &self,
        network: &MixtureNetwork,
        stress: Stress,
        encoded: &[f32],
        goals: &[f32],
    ) -> Result<f64, ModelError> {
        let count = if attacks(stress) { goals.len().min(ATTACKED_ROWS) } else { goals.len() };
        let from = goals.len() - count;
        let (rows, goals) = (&encoded[from * network.shape().inputs..], &goals[from..]);
        let attacked = |steps| stress::attacked(network, rows, goals, &self.state.encoder.numbers(), steps);
        let seed = self.rules.config.seed;
        let stressed = match stress {
            Stress::Noise => features_only(stress::noisy(rows, seed), rows, network.shape()),
            Stress::Missing => features_only(stress::missing(rows, seed), rows, network.shape()),
            Stress::Fgsm => attacked(1)?,
            Stress::Pgd => attacked(stress::ATTACK_STEPS)?,
            Stress::Past => rows.to_vec(),
        };
        mean_loss(self.rules.config.schema.target(), network, &stressed, goals)
    }
}

fn attacks(stress: Stress) -> bool {
    matches!(stress, Stress::Fgsm | Stress::Pgd)
}

/// Whether every answer to these rows is a number; nobody knows without a row.
fn finite(network: &MixtureNetwork, encoded: &[f32]) -> Result<Option<bool>, ModelError> {
    let said = network.predict(encoded)?;
    Ok((!said.is_empty()).then(|| said.iter().all(|number| number.is_finite())))
}

#[cfg(test)]
mod tests;
