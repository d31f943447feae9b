//! Front: what the candidates of the last rungs cost and lose, and which of those that won is preferred.
//!
//! Lives here: putting what was measured on the axes of the front. May not: dominate, choose (that is
//! [`policies::search::front`]), or decide who has won.
//!
//! A candidate's loss is of its trial, and so is what it loses under stress, where that is asked for; compute time and memory are known
//! from its architecture. Energy and fairness are known of a network that has answered live events only, so they are judged by the gates.

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
/// The axes, in the order of a point's values; the last one where it is asked for.
const AXES: [Axis; 4] = [
    Axis { objective: Objective::Loss, noise: LOSS_NOISE },
    Axis { objective: Objective::ComputeTime, noise: 0.0 },
    Axis { objective: Objective::Bytes, noise: 0.0 },
    Axis { objective: Objective::RobustLoss, noise: LOSS_NOISE },
];

/// Those in force.
fn axes(config: &LearnConfig) -> &'static [Axis] {
    if config.search.robust { &AXES } else { &AXES[..AXES.len() - 1] }
}

/// Nothing found yet; what is beyond the budgets to begin with is of no interest.
pub(super) fn empty(config: &LearnConfig) -> Front<String> {
    let budget = &config.budget;
    let worst = [LOSS_WORST, milliseconds(budget.compute_seconds), budget.memory_bytes as f64, LOSS_WORST];
    let axes = axes(config);
    Front::new(axes.to_vec(), worst[..axes.len()].to_vec())
}

/// Begins anew where other objectives are asked for than before a restart.
pub(super) fn follow(front: &mut Front<String>, config: &LearnConfig) {
    if front.axes() != axes(config) {
        *front = empty(config);
    }
}

/// The least that a network of the front loses under stress; none where nobody was asked.
pub(crate) fn least_robust_loss(front: &Front<String>) -> Option<f64> {
    let axis = front.axes().iter().position(|axis| axis.objective == Objective::RobustLoss)?;
    front.points().iter().map(|point| point.values[axis]).min_by(f64::total_cmp)
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
                let result = result.filter(|result| !result.rejected)?;
                let loss = policies::stats::mean_loss(&result.losses)?;
                let values = self.values(edit, loss, result.robust_loss)?;
                Some(Point { network: self.edited(edit)?.to_string(), values })
            })
            .collect();
        for point in points {
            self.state.front.insert(point, self.state.outcomes);
        }
    }

    /// Of those that won, best first, the preferred within the budgets in force; none where nobody fits them any more.
    ///
    /// They may have trained on different rows, so what tells them apart is the gain over the control on the same rows: a loss
    /// here is what the control lost beside the best of them, less the gain; so is one under stress.
    pub(super) fn preferred(&self, winners: &[usize]) -> Option<usize> {
        let axes: Vec<Axis> =
            axes(&self.rules.config).iter().map(|axis| Axis { noise: 0.0, ..*axis }).collect();
        let reference = vec![f64::MAX; axes.len()];
        let mut front = Front::new(axes, reference);
        let best = self.trained.get(winners.first()?)?;
        let control = policies::stats::mean_loss(&best.result.losses)? + best.gain?;
        let control_robust = best.result.robust_loss.zip(best.robust_gain).map(|(loss, gain)| loss + gain);
        for (rank, place) in winners.iter().enumerate() {
            let trained = self.trained.get(place)?;
            let robust = control_robust.zip(trained.robust_gain).map(|(control, gain)| control - gain);
            let values = self.values(&trained.edit, control - trained.gain?, robust)?;
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
        let excess = self.excess();
        self.edited(edit).is_some_and(|mixture| excess(&mixture) <= 0.0)
    }

    /// In the order of the axes; none where one of them is not known.
    fn values(&self, edit: &Edit, loss: f64, robust: Option<f64>) -> Option<Vec<f64>> {
        let mixture = self.edited(edit)?;
        let bytes = mixture.cost(self.arms.pool.shape()).bytes as f64;
        let values = [Some(loss), Some(milliseconds(self.estimated(&mixture))), Some(bytes), robust];
        values[..axes(&self.rules.config).len()].iter().copied().collect()
    }
}

#[cfg(test)]
mod tests;
