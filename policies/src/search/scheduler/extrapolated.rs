//! Halving by what a candidate is going to be, not by what it is.
//!
//! Lives here: ranking and rejecting by forecasts of the last rung's score. Does not live here: the forecast (that is
//! [`crate::search::curve`]).

use serde::{Deserialize, Serialize};

use super::{Scheduler, Step, SuccessiveHalving, Trial, together};
use crate::search::curve::{Forecast, forecast};

/// Standard deviations below the best at which a candidate has a chance of one in twenty.
const REJECTED_BELOW: f64 = 1.645;

/// Successive halving over forecasts of the last rung; who will hardly be the best does not climb, even where the share
/// of those who climb would let it.
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
        together(&self.0.rungs, trials, score, |rung, forecasts| self.advance(rung, forecasts))
    }

    /// What it will be at the last rung, by what was seen up to here; at the last rung, what it is.
    fn forecast(&self, trial: &Trial, windows: u32) -> Option<Forecast> {
        let mean = trial.score_at(windows)?;
        let horizon = self.0.rungs.last().copied().unwrap_or(windows);
        if windows >= horizon {
            return Some(Forecast { mean, sd: 0.0 });
        }
        let seen = trial.curve.iter().take_while(|point| point.0 <= windows);
        let curve: Vec<(f64, f64)> = seen.map(|(windows, gain)| (f64::from(*windows), *gain)).collect();
        forecast(&curve, f64::from(horizon))
    }

    fn advance(&self, rung: usize, forecasts: &[Option<Forecast>]) -> Vec<usize> {
        let means: Vec<Option<f64>> = forecasts.iter().map(|one| one.map(|one| one.mean)).collect();
        let mut climbing = self.0.advance(rung, &means);
        let best = climbing.first().and_then(|place| forecasts[*place]);
        let (true, Some(best)) = (rung + 1 < self.0.rungs.len(), best) else { return climbing };
        let may_win = |one: Forecast| one.mean + REJECTED_BELOW * one.sd.hypot(best.sd) >= best.mean;
        climbing.retain(|place| forecasts[*place].is_some_and(may_win));
        climbing
    }
}

#[cfg(test)]
mod tests;
