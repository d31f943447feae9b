//! Progressive ASHA: a rung is opened only where the two below it disagree.
//!
//! Lives here: Bohdal et al. (2023), "PASHA: efficient HPO and NAS with progressive resource allocation", with its soft
//! ranking and its noise from curves that cross. Does not live here: promotion (that is [`super::asha`]).

use serde::{Deserialize, Serialize};

use super::asha::{highest, scores_at, steps};
use super::{Scheduler, Step, SuccessiveHalving, Trial, best_first};

/// Rungs that are open from the beginning.
const OPEN_AT_FIRST: usize = 2;
/// Of the distances of curves that cross twice, the share that noise explains.
const NOISE_SHARE: f64 = 0.9;

/// Trains longer only while longer training changes who is best.
///
/// ```
/// use policies::search::{Pasha, Scheduler, Step, Trial};
///
/// let pasha = Pasha::default();
/// let mut trials = vec![Trial::default(); 6];
/// for (trial, gain) in trials.iter_mut().zip([0.6, 0.5, 0.4, 0.3, 0.2, 0.1]) {
///     trial.observe(1, gain);
/// }
/// trials[0].observe(3, 0.7);
/// trials[1].observe(3, 0.6);
/// assert!(pasha.next(&trials).is_empty(), "three windows say what one said");
/// trials[1].curve[1].1 = 0.8;
/// assert_eq!(pasha.next(&trials), [Step { candidate: 1, rung: 2 }], "three windows turned the order round");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pasha(
    /// Rungs, share and least gain.
    pub SuccessiveHalving,
);

impl Scheduler for Pasha {
    fn rungs(&self) -> &[u32] {
        &self.0.rungs
    }

    fn next(&self, trials: &[Trial]) -> Vec<Step> {
        steps(self.open(trials), self.0.eta, trials)
    }

    /// No more than one of which can climb.
    fn at_once(&self) -> usize {
        self.0.eta.max(2)
    }

    fn winners(&self, trials: &[Trial]) -> Vec<usize> {
        highest(&self.0.rungs, self.0.least_gain, trials)
    }
}

impl Pasha {
    /// The rungs that are open. One that somebody has reached stays so.
    fn open(&self, trials: &[Trial]) -> &[u32] {
        let rungs = &self.0.rungs;
        let is_reached = |windows: &&u32| trials.iter().any(|trial| trial.trained() >= **windows);
        let open = rungs.iter().take_while(is_reached).count().max(OPEN_AT_FIRST).min(rungs.len());
        let disagree = open >= OPEN_AT_FIRST && {
            let (lower, upper) = (scores_at(trials, rungs[open - 2]), scores_at(trials, rungs[open - 1]));
            !agree(&lower, &upper, self.noise(trials))
        };
        &rungs[..(open + usize::from(disagree)).min(rungs.len())]
    }

    /// How far two may be apart and still be equal: what most of those are who crossed, and crossed back.
    fn noise(&self, trials: &[Trial]) -> f64 {
        let scored = |trial: &Trial| self.0.rungs.iter().map_while(|rung| trial.score_at(*rung)).collect();
        let curves: Vec<Vec<f64>> =
            trials.iter().map(scored).filter(|curve: &Vec<f64>| curve.len() > 2).collect();
        let mut distances = Vec::new();
        for (index, one) in curves.iter().enumerate() {
            for other in &curves[index + 1..] {
                let between: Vec<f64> = one.iter().zip(other).map(|(a, b)| a - b).collect();
                let crossings = between.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count();
                if crossings > 1 {
                    distances.extend(between.last().map(|distance| distance.abs()));
                }
            }
        }
        distances.sort_by(f64::total_cmp);
        let place = (distances.len() as f64 * NOISE_SHARE) as usize;
        distances.get(place.min(distances.len().saturating_sub(1))).copied().unwrap_or(0.0)
    }
}

/// Whether those scored on the upper rung come in the order of the lower one, but for whom less than this is between.
fn agree(lower: &[Option<f64>], upper: &[Option<f64>], noise: f64) -> bool {
    let of_upper: Vec<Option<f64>> = lower.iter().zip(upper).map(|(low, up)| up.and(*low)).collect();
    let (below, above) = (best_first(&of_upper), best_first(upper));
    below.iter().zip(&above).all(|(expected, found)| match (lower[*expected], lower[*found]) {
        (Some(expected), Some(found)) => (expected - found).abs() <= noise,
        (None, _) | (_, None) => false,
    })
}

#[cfg(test)]
mod tests;
