//! Asynchronous successive halving: promotes without waiting.
//!
//! Lives here: Li et al. (2020), "A system for massively parallel hyperparameter tuning". Does not live here: opening
//! rungs only where they are needed (that is [`super::pasha`]).

use serde::{Deserialize, Serialize};

use super::{Scheduler, Step, SuccessiveHalving, Trial, best_first, winners};

/// Promotes whoever is among the best one of `eta` of a rung as it stands; starts someone new where nobody is.
///
/// It never waits for a rung to fill, so it promotes a few that halving would not have promoted, and no worker is idle.
/// Where everything has been tried and the quota of a small rung promotes nobody, the best there goes on.
///
/// ```
/// use policies::search::{Asha, Scheduler, Step, Trial};
///
/// let asha = Asha::default();
/// let mut trials = vec![Trial::default(); 5];
/// for (trial, gain) in trials.iter_mut().zip([0.1, 0.3, 0.2]) {
///     trial.observe(1, gain);
/// }
/// assert_eq!(asha.next(&trials)[0], Step { candidate: 1, rung: 1 }, "best of three, with two not started");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Asha(
    /// Rungs, share and least gain.
    pub SuccessiveHalving,
);

impl Scheduler for Asha {
    fn rungs(&self) -> &[u32] {
        &self.0.rungs
    }

    fn next(&self, trials: &[Trial]) -> Vec<Step> {
        steps(&self.0.rungs, self.0.eta, trials)
    }

    /// No more than one of which can climb.
    fn at_once(&self) -> usize {
        self.0.eta.max(2)
    }

    fn winners(&self, trials: &[Trial]) -> Vec<usize> {
        highest(&self.0.rungs, self.0.least_gain, trials)
    }
}

/// Everyone who may start, from the highest rung down; those who never started come last.
pub(super) fn steps(rungs: &[u32], eta: usize, trials: &[Trial]) -> Vec<Step> {
    let mut steps = Vec::new();
    for rung in (1..rungs.len()).rev() {
        let scores = scores_at(trials, rungs[rung - 1]);
        let quota = scores.iter().flatten().count() / eta.max(2);
        let best = best_first(&scores).into_iter().take(quota);
        let promoted = best.filter(|candidate| !trials[*candidate].is_past(rungs[rung]));
        steps.extend(promoted.map(|candidate| Step { candidate, rung }));
    }
    let first = rungs.first().copied().unwrap_or(0);
    let fresh = (0..trials.len()).filter(|candidate| !trials[*candidate].is_past(first));
    steps.extend(fresh.map(|candidate| Step { candidate, rung: 0 }));
    steps.retain(|step| !trials[step.candidate].training);
    if steps.is_empty() && !trials.iter().any(|trial| trial.training) {
        steps.extend(lone(rungs, trials));
    }
    steps
}

/// The best of the highest rung where anybody stands, if there is one above.
fn lone(rungs: &[u32], trials: &[Trial]) -> Option<Step> {
    let (rung, scores) = top(rungs, trials)?;
    let candidate = best_first(&scores).into_iter().next()?;
    (rung + 1 < rungs.len()).then_some(Step { candidate, rung: rung + 1 })
}

/// Of those on the highest rung where anybody stands, who gained enough there.
pub(super) fn highest(rungs: &[u32], least_gain: f64, trials: &[Trial]) -> Vec<usize> {
    top(rungs, trials).map_or_else(Vec::new, |(_, scores)| winners(&scores, least_gain))
}

/// The highest rung where somebody is scored who is not over, and the scores of those.
fn top(rungs: &[u32], trials: &[Trial]) -> Option<(usize, Vec<Option<f64>>)> {
    let standing =
        |windows| trials.iter().map(|trial| trial.score_at(windows).filter(|_| !trial.is_over)).collect();
    let of_rung = rungs.iter().map(|windows| standing(*windows)).enumerate().rev();
    of_rung.into_iter().find(|(_, scores): &(usize, Vec<Option<f64>>)| scores.iter().any(Option::is_some))
}

pub(super) fn scores_at(trials: &[Trial], windows: u32) -> Vec<Option<f64>> {
    trials.iter().map(|trial| trial.score_at(windows)).collect()
}

#[cfg(test)]
mod tests;
