//! Schedulers: who trains next, how far, and who has won.
//!
//! Lives here: the trait, what a trial has shown so far, and the schedulers that wait for a whole rung; those that do
//! not are in [`asha`] and [`pasha`]. May not: know what a window is, or remember anything: a scheduler is a function of
//! the trials, so whoever keeps those can stop and go on anywhere.

use serde::{Deserialize, Serialize};

mod any;
pub mod asha;
pub mod extrapolated;
pub mod pasha;
pub mod rejection;
mod trial;

pub use any::AnyScheduler;
pub use asha::Asha;
pub use extrapolated::Extrapolated;
pub use pasha::Pasha;
pub use rejection::Rejection;
pub use trial::{Step, Trial};

/// Decides how long candidates train and who climbs.
///
/// ```
/// use policies::search::{Scheduler, Step, SuccessiveHalving, Trial};
///
/// let scheduler = SuccessiveHalving::default();
/// assert_eq!(scheduler.rungs(), [1, 3, 9]);
/// let mut trials = vec![Trial::default(); 6];
/// for step in scheduler.next(&trials) {
///     assert_eq!(step.rung, 0, "everyone starts");
///     trials[step.candidate].observe(1, 0.01 * step.candidate as f64);
/// }
/// let third = [Step { candidate: 5, rung: 1 }, Step { candidate: 4, rung: 1 }];
/// assert_eq!(scheduler.next(&trials), third, "a third of six climbs, best first");
/// assert!(scheduler.winners(&trials).is_empty(), "nobody has come to the last rung");
/// ```
pub trait Scheduler {
    /// Windows a candidate has trained on when it is scored, a rung each, ascending.
    fn rungs(&self) -> &[u32];

    /// Who may start now, and to which rung, most promising first. Nobody, where all wait for those who train, or where
    /// there is nothing left to learn.
    fn next(&self, trials: &[Trial]) -> Vec<Step>;

    /// How many of those who may start train before it is asked again: all, where a whole rung is waited for.
    fn at_once(&self) -> usize {
        usize::MAX
    }

    /// Those who won, best first: who came as far as the scheduler let anybody come, and gained enough there.
    ///
    /// No score, or one that is not finite, never climbs and never wins.
    fn winners(&self, trials: &[Trial]) -> Vec<usize>;
}

/// Keeps one of `eta` at every rung (Jamieson and Talwalkar 2016), when all of the rung are scored.
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

impl SuccessiveHalving {
    /// Positions of those who climb from this rung, best first; from the last rung, of those who won.
    ///
    /// ```
    /// let halving = policies::search::SuccessiveHalving::default();
    /// assert_eq!(halving.advance(0, &[Some(0.01), None, Some(0.03)]), [2]);
    /// assert_eq!(halving.advance(2, &[Some(-0.01)]), [0; 0], "no better than the control");
    /// ```
    pub fn advance(&self, rung: usize, scores: &[Option<f64>]) -> Vec<usize> {
        if rung + 1 >= self.rungs.len() {
            return winners(scores, self.least_gain);
        }
        let mut climbing = best_first(scores);
        climbing.truncate((scores.len() / self.eta.max(2)).max(1));
        climbing
    }
}

impl Scheduler for SuccessiveHalving {
    fn rungs(&self) -> &[u32] {
        &self.rungs
    }

    fn next(&self, trials: &[Trial]) -> Vec<Step> {
        together(&self.rungs, trials, Trial::score_at, |rung, scores| self.advance(rung, scores)).0
    }

    fn winners(&self, trials: &[Trial]) -> Vec<usize> {
        together(&self.rungs, trials, Trial::score_at, |rung, scores| self.advance(rung, scores)).1
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

    fn next(&self, trials: &[Trial]) -> Vec<Step> {
        together(&self.rungs, trials, Trial::score_at, |_, scores| winners(scores, self.least_gain)).0
    }

    fn winners(&self, trials: &[Trial]) -> Vec<usize> {
        together(&self.rungs, trials, Trial::score_at, |_, scores| winners(scores, self.least_gain)).1
    }
}

/// All of a rung together: who has to start before anybody goes on, and, where nobody has to, who won.
///
/// `score` gives a trial's score after so many windows, `advance` the places of those who climb from a rung.
fn together<T>(
    rungs: &[u32],
    trials: &[Trial],
    score: impl Fn(&Trial, u32) -> Option<T>,
    advance: impl Fn(usize, &[Option<T>]) -> Vec<usize>,
) -> (Vec<Step>, Vec<usize>) {
    let mut climbing: Vec<usize> = (0..trials.len()).collect();
    for (rung, windows) in rungs.iter().enumerate() {
        let missing = |candidate: &usize| !trials[*candidate].is_past(*windows);
        if climbing.iter().any(missing) {
            let idle = |candidate: &usize| missing(candidate) && !trials[*candidate].training;
            let starting = climbing.into_iter().filter(idle);
            return (starting.map(|candidate| Step { candidate, rung }).collect(), Vec::new());
        }
        let scores: Vec<_> = climbing.iter().map(|candidate| score(&trials[*candidate], *windows)).collect();
        climbing = advance(rung, &scores).into_iter().map(|place| climbing[place]).collect();
    }
    climbing.retain(|candidate| !trials[*candidate].is_over);
    (Vec::new(), climbing)
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
