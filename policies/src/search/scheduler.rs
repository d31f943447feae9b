//! Schedulers: who of those scored trains on.
//!
//! Lives here: rungs in training windows and the choice of survivors. May not: know what a window is.

use serde::{Deserialize, Serialize};

/// Decides how long candidates train and who climbs.
///
/// ```
/// use policies::search::{Scheduler, SuccessiveHalving};
///
/// let scheduler = SuccessiveHalving::default();
/// assert_eq!(scheduler.rungs(), [1, 3, 9]);
/// let gains = [Some(0.01), None, Some(0.03), Some(-0.02), Some(0.02), Some(0.0)];
/// assert_eq!(scheduler.advance(0, &gains), [2, 4], "a third of six climbs, best first");
/// assert_eq!(scheduler.advance(2, &[Some(-0.01)]), [0; 0], "nobody wins who is no better than the control");
/// ```
pub trait Scheduler {
    /// Windows a candidate has trained on when it is scored, a rung each, ascending.
    fn rungs(&self) -> &[u32];

    /// Positions of those who climb from this rung, best first; from the last rung, of those who won.
    ///
    /// A score is the gain over the control. No score, or one that is not finite, never climbs.
    fn advance(&self, rung: usize, scores: &[Option<f64>]) -> Vec<usize>;
}

/// Keeps one of `eta` at every rung (Jamieson and Talwalkar 2016).
///
/// A candidate worse than the control may climb: little training says little. At the last rung it has to
/// be better by more than `least_gain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuccessiveHalving {
    /// Windows a rung, ascending.
    pub rungs: Vec<u32>,
    /// One of so many climbs; less than two counts as two.
    pub eta: usize,
    /// What a winner's gain has to exceed.
    pub least_gain: f64,
}

impl Default for SuccessiveHalving {
    fn default() -> Self {
        Self { rungs: vec![1, 3, 9], eta: 3, least_gain: 0.0 }
    }
}

impl Scheduler for SuccessiveHalving {
    fn rungs(&self) -> &[u32] {
        &self.rungs
    }

    fn advance(&self, rung: usize, scores: &[Option<f64>]) -> Vec<usize> {
        if rung + 1 >= self.rungs.len() {
            return winners(scores, self.least_gain);
        }
        let mut climbing = best_first(scores);
        climbing.truncate((scores.len() / self.eta.max(2)).max(1));
        climbing
    }
}

/// Trains everyone to the end: what halving has to be as good as, at less cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FullBudget {
    /// Windows of the only rung.
    pub rungs: [u32; 1],
    /// What a winner's gain has to exceed.
    pub least_gain: f64,
}

impl Default for FullBudget {
    fn default() -> Self {
        Self { rungs: [9], least_gain: 0.0 }
    }
}

impl Scheduler for FullBudget {
    fn rungs(&self) -> &[u32] {
        &self.rungs
    }

    fn advance(&self, _rung: usize, scores: &[Option<f64>]) -> Vec<usize> {
        winners(scores, self.least_gain)
    }
}

/// Who goes on from the last rung where nobody won: the best of those that cost less, if it lost no more than this
/// on average. Whether that holds is for its live test to show.
pub fn best_cheaper(scores: &[Option<f64>], cheaper: &[bool], loss_max: f64) -> Option<usize> {
    let cheaper = |index: &usize| cheaper.get(*index).copied().unwrap_or(false);
    best_first(scores).into_iter().find(|index| cheaper(index) && scores[*index] > Some(-loss_max))
}

fn winners(scores: &[Option<f64>], least_gain: f64) -> Vec<usize> {
    let mut winners = best_first(scores);
    winners.retain(|index| scores[*index].is_some_and(|score| score > least_gain));
    winners
}

/// Positions of finite scores, best first; of equals, the first first.
fn best_first(scores: &[Option<f64>]) -> Vec<usize> {
    let finite = scores.iter().enumerate();
    let mut finite: Vec<(usize, f64)> = finite
        .filter_map(|(index, score)| score.filter(|score| score.is_finite()).map(|s| (index, s)))
        .collect();
    finite.sort_by(|a, b| b.1.total_cmp(&a.1));
    finite.into_iter().map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests;
