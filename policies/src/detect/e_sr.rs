//! e-SR: a rise of the mean loss, with a promise about false alarms.
//!
//! Lives here: the Shiryaev-Roberts e-detector of Shin, Ramdas and Rinaldo (2023) on losses in 0..=1,
//! against a mean that is known or an upper confidence bound of one it learned first.

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};
use crate::stats::e_process::LOG_VALUE_MAX;
use crate::stats::{ConfidenceSequence, mean_bound};

/// Rises that the mixture bets on: by how much the odds grow, as a share of what they were.
const RISES: [f64; 6] = [0.125, 0.3, 0.7, 1.4, 3.5, 12.0];
/// How much of the mixture each is: most where drifts are that are worth finding soon.
const WEIGHTS: [f64; RISES.len()] = [0.125, 0.125, 0.25, 0.25, 0.125, 0.125];
/// Chance that the reference mean lies above the bound that needs independence ...
const ALPHA_BENTKUS: f64 = 0.004;
/// ... and above the one that is narrow for losses that vary little. Together, one half of a hundredth.
const ALPHA_BERNSTEIN: f64 = 0.001;

/// One member of the mixture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bettor {
    /// Shiryaev-Roberts: the wealth of one who began with each observation, together.
    wealth: f64,
    /// CUSUM: the wealth of the one who began at the best moment, and how many observations that is ago.
    best: f64,
    since: u64,
}

impl Bettor {
    fn bet(&mut self, factor: f64) {
        // Far beyond any run length, far inside of what a number bears.
        let most = LOG_VALUE_MAX.exp();
        self.wealth = ((self.wealth + 1.0) * factor).min(most);
        if self.best <= 1.0 {
            (self.best, self.since) = (1.0, 0);
        }
        self.best = (self.best * factor).min(most);
        self.since += 1;
    }
}

/// Alarms when the mean loss rises above what it was during the reference, or above a known one.
///
/// The statistic of its drift is the natural logarithm of the mixture, the threshold that of the average
/// run length; `ago` is where the bettor with the most would best have begun (its CUSUM's last zero).
/// Only rises are found: a model that gets better is no reason to search.
///
/// **False alarms.** While each loss, given the past, has a mean of at most [`Self::bound`], the expected
/// number of observations to a false alarm is at least `average_run_length`; independence is not needed.
/// A *known* rate is the bound itself, with no tolerance: with a rate that is too low by a little, the
/// promise is void. For a *learned* one the bound lies above the mean of an independent reference with
/// probability 99.5 %, looked at once, when the reference is complete: the lower of the bounds of Bentkus
/// (2004) at 99.6 % and of the empirical-Bernstein one of Waudby-Smith and Ramdas (2024) at 99.9 %.
/// A known rate of 0 makes any loss evidence, and none is without a loss; above a rate of 1 nothing can rise.
///
/// Losses that follow one another (the same user, the same hour) have a mean, given the past, that is at
/// times above the bound without any drift: then nothing is promised. docs/detectors.md measures it.
///
/// **Delay.** Simulated, at a run length of 1e6: an error that doubles from 10 % is found after 208
/// outcomes (median) with a known rate, after 308 with one learned from 5,000.
///
/// A reference that was easier than what is normal (a quiet hour) makes the normal look like a drift:
/// choose one that covers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ESr {
    average_run_length: f64,
    known: Option<f64>,
    reference_outcomes: u64,
    reference: ConfidenceSequence,
    bound: Option<f64>,
    bettors: [Bettor; RISES.len()],
    ignored: u64,
}

impl ESr {
    /// Learns what is normal from the first `reference_outcomes` (at least one), then watches.
    pub fn new(average_run_length: f64, reference_outcomes: u64) -> Self {
        let reference_outcomes = reference_outcomes.max(1);
        Self {
            average_run_length: average_run_length.max(1.0),
            known: None,
            reference_outcomes,
            // One end of the interval is used, so it may miss by all of alpha.
            reference: ConfidenceSequence::tuned(2.0 * ALPHA_BERNSTEIN, reference_outcomes),
            bound: None,
            bettors: [Bettor::default(); RISES.len()],
            ignored: 0,
        }
    }

    /// Watches from the first outcome for a mean above `rate`, which is clamped to 0..=1; one that is not a
    /// number is taken for 1, above which nothing can rise.
    pub fn known(average_run_length: f64, rate: f64) -> Self {
        let rate = if rate.is_nan() { 1.0 } else { rate.clamp(0.0, 1.0) };
        Self { known: Some(rate), bound: Some(rate), ..Self::new(average_run_length, 1) }
    }

    /// The known mean loss, or that of the reference, once it is complete.
    pub fn reference_mean(&self) -> Option<f64> {
        self.known.or_else(|| self.bound.map(|_| self.reference.mean()))
    }

    /// The mean loss that counts as normal at most, once the reference is complete.
    pub fn bound(&self) -> Option<f64> {
        self.bound
    }

    /// Natural logarithm of the evidence for a rise; minus the most it can be before the first bet.
    pub fn log_value(&self) -> f64 {
        self.mixture().ln().max(-LOG_VALUE_MAX)
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn mixture(&self) -> f64 {
        self.bettors.iter().zip(WEIGHTS).map(|(bettor, weight)| weight * bettor.wealth).sum()
    }

    fn learn(&mut self, loss: f64) {
        self.reference.observe(loss);
        let count = self.reference.count();
        if count < self.reference_outcomes {
            return;
        }
        let sum = self.reference.mean() * count as f64;
        self.bound = Some(mean_bound::bentkus(sum, count, ALPHA_BENTKUS).min(self.reference.interval().1));
    }

    fn bet(&mut self, loss: f64, bound: f64) {
        for (bettor, rise) in self.bettors.iter_mut().zip(RISES) {
            // The best stake on odds that are `1 + rise` times those of the bound: never all of the wealth.
            let stake = rise / (1.0 + rise * bound);
            bettor.bet(1.0 + stake * (loss - bound));
        }
    }

    /// Observations since the richest bettor would best have begun.
    fn onset(&self) -> u64 {
        let share = |at: usize| WEIGHTS[at] * self.bettors[at].wealth;
        (0..RISES.len()).max_by(|a, b| share(*a).total_cmp(&share(*b))).map_or(0, |at| self.bettors[at].since)
    }
}

impl Detector for ESr {
    type Observation = f64;

    /// Takes in a loss in 0..=1; others are clamped.
    fn observe(&mut self, observation: &f64) -> Option<Drift> {
        if !observation.is_finite() {
            self.ignored += 1;
            return None;
        }
        let loss = observation.clamp(0.0, 1.0);
        let Some(bound) = self.bound else {
            self.learn(loss);
            return None;
        };
        self.bet(loss, bound);
        let (statistic, threshold) = (self.log_value(), self.average_run_length.ln());
        // Near a bound of zero, bettors lose so little that time alone makes them rich. Only a loss that is
        // larger than normal may complete the evidence; that can only make alarms later.
        if statistic < threshold || loss <= bound {
            return None;
        }
        let ago = self.onset();
        self.bettors = [Bettor::default(); RISES.len()];
        Some(Drift { detector: DetectorKind::ESr, statistic, threshold, ago, features: Vec::new() })
    }

    /// Forgets everything but a rate that was known from the start.
    fn reset(&mut self) {
        let fresh = Self::new(self.average_run_length, self.reference_outcomes);
        *self = Self { ignored: self.ignored, known: self.known, bound: self.known, ..fresh };
    }
}

#[cfg(test)]
mod tests;
