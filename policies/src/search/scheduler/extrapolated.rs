//! Halving by what a candidate is going to be, not by what it is.
//!
//! Lives here: ranking by forecasts of the last rung's score. Does not live here: the forecast (that is
//! [`crate::search::curve`]).

use serde::{Deserialize, Serialize};

use super::{Scheduler, Step, SuccessiveHalving, Trial, together};
use crate::search::curve::forecast;

/// Successive halving over forecasts of the last rung. Only their means rank: of a curve of one point the spread says
/// nothing, so nobody is rejected by it.
///
/// ```
/// use policies::search::{Extrapolated, Scheduler, Step, Trial};
///
/// let mut trials = vec![Trial::default(); 3];
/// for (trial, gain) in trials.iter_mut().zip([0.1, 0.3, 0.2]) {
///     trial.observe(1, gain);
/// }
/// assert_eq!(Extrapolated::default().next(&trials), [Step { candidate: 1, rung: 1 }]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extrapolated(
    /// Rungs, share and least gain.
    pub SuccessiveHalving,
);

impl Scheduler for Extrapolated {
    fn rungs(&self) -> &[u32] {
        &self.0.rungs
    }

    fn next(&self, trials: &[Trial]) -> Vec<Step> {
        self.climb(trials).0
    }

    fn winners(&self, trials: &[Trial]) -> Vec<usize> {
        self.climb(trials).1
    }
}

impl Extrapolated {
    fn climb(&self, trials: &[Trial]) -> (Vec<Step>, Vec<usize>) {
        let score = |trial: &Trial, windows| self.forecast(trial, windows);
        together(&self.0.rungs, trials, score, |rung, forecasts| self.0.advance(rung, forecasts))
    }

    /// What it will be at the last rung, by what was seen up to here; at the last rung, what it is.
    fn forecast(&self, trial: &Trial, windows: u32) -> Option<f64> {
        let score = trial.score_at(windows)?;
        let horizon = self.0.rungs.last().copied().unwrap_or(windows);
        if windows >= horizon {
            return Some(score);
        }
        let seen = trial.curve.iter().take_while(|point| point.0 <= windows);
        let curve: Vec<(f64, f64)> = seen.map(|(windows, gain)| (f64::from(*windows), *gain)).collect();
        forecast(&curve, f64::from(horizon)).map(|forecast| forecast.mean)
    }
}

#[cfg(test)]
mod tests;
