//! Front: what the candidates of the last rungs cost and lose, and which of those that won is preferred.
//!
//! Lives here: putting what was measured on the axes of the front. May not: dominate, choose (that is
//! [`policies::search::front`]), or decide who has won.
//!
//! A candidate's loss is of its trial; compute time and memory are known from its architecture. Energy, robustness and fairness are
//! known of a network that has answered live events only, so they are judged by the gates.

use model::Edit;
use policies::search::front::{Axis, Constraint, Front, Objective, Point, serve};

use super::Learn;
use super::flight::Landed;
use super::state::{COMPUTE, MEMORY};
use crate::config::LearnConfig;

/// Mean losses this near to each other may be apart by chance: two standard errors of a few thousand outcomes.
const LOSS_NOISE: f64 = 0.01;
/// Losses are bounded, so no network is worse.
const LOSS_WORST: f64 = 1.0;
/// The axes, in the order of a point's values.
const AXES: [Axis; 3] = [
    Axis { objective: Objective::Loss, noise: LOSS_NOISE },
    Axis { objective: Objective::ComputeTime, noise: 0.0 },
    Axis { objective: Objective::Bytes, noise: 0.0 },
];

/// Nothing found yet; what is beyond the budgets to begin with is of no interest.
pub(super) fn empty(config: &LearnConfig) -> Front<String> {
    let budget = &config.budget;
    let reference = vec![LOSS_WORST, milliseconds(budget.compute_seconds), budget.memory_bytes as f64];
    Front::new(AXES.to_vec(), reference)
}

fn milliseconds(seconds: f64) -> f64 {
    1e3 * seconds
}

impl Learn {
    /// Everyone who came to the last rung, and the control beside them.
    pub(super) fn chart(&mut self, rung: usize, landed: &Landed) {
        let is_last = rung + 1 == self.rules.config.search.rungs.len();
        let Some(control) = landed.control.as_ref().filter(|_| is_last) else { return };
        let members = self.arms.control.mixer().weights().len();
        let of = Edit::none(members);
        let edits = std::iter::once((&of, Some(control))).chain(
            landed.candidates.iter().map(|(_, edit)| edit).zip(landed.results.iter().map(Option::as_ref)),
        );
        let points: Vec<Point<String>> = edits
            .filter_map(|(edit, result)| {
                let loss = policies::stats::mean_loss(&result.filter(|result| !result.rejected)?.losses)?;
                Some(Point { network: self.edited(edit)?.to_string(), values: self.values(edit, loss)? })
            })
            .collect();
        for point in points {
            self.state.front.insert(point, self.state.outcomes);
        }
    }

    /// Of those that won, best first, the preferred within the budgets in force; none where nobody fits them any more.
    ///
    /// They may have trained on different rows, so what tells them apart is the gain over the control on the same rows: a loss
    /// here is what the control lost beside the best of them, less the gain.
    pub(super) fn preferred(&self, winners: &[usize]) -> Option<usize> {
        let axes = AXES.map(|axis| Axis { noise: 0.0, ..axis });
        let mut front = Front::new(axes.to_vec(), vec![f64::MAX; axes.len()]);
        let best = self.trained.get(winners.first()?)?;
        let control = policies::stats::mean_loss(&best.result.losses)? + best.gain?;
        for (rank, place) in winners.iter().enumerate() {
            let trained = self.trained.get(place)?;
            let values = self.values(&trained.edit, control - trained.gain?)?;
            front.insert(Point { network: *place, values }, rank as u64);
        }
        serve(&front, &self.constraints(), self.rules.config.preference).map(|point| point.network)
    }

    /// The budgets in force.
    fn constraints(&self) -> [Constraint; 2] {
        [
            Constraint { objective: Objective::ComputeTime, most: milliseconds(self.state.limit(COMPUTE)) },
            Constraint { objective: Objective::Bytes, most: self.state.limit(MEMORY) },
        ]
    }

    /// Whether an edit still fits the budgets, which may have changed since it was proposed.
    pub(super) fn fits(&self, edit: &Edit) -> bool {
        let values = self.values(edit, 0.0);
        values.is_some_and(|values| {
            self.constraints().iter().zip(&values[1..]).all(|(constraint, value)| *value <= constraint.most)
        })
    }

    /// In the order of the axes.
    fn values(&self, edit: &Edit, loss: f64) -> Option<Vec<f64>> {
        let mixture = self.edited(edit)?;
        let bytes = mixture.cost(self.arms.pool.shape()).bytes as f64;
        Some(vec![loss, milliseconds(self.estimated(&mixture)), bytes])
    }
}

#[cfg(test)]
mod tests;
