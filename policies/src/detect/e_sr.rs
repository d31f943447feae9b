//! e-SR: a rise of the mean loss, with a promise about false alarms.
//!
//! Lives here: the Shiryaev-Roberts e-detector of Shin, Ramdas and Rinaldo (2023) on losses in 0..=1,
//! against an upper confidence bound of a mean it learned first.

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};
use crate::stats::ConfidenceSequence;
use crate::stats::e_process::{LOG_VALUE_MAX, log_mean_exp, log_plus_one};

/// How hard each member of the mixture bets on a rise.
const STAKES: [f64; 5] = [0.1, 0.3, 0.6, 1.0, 2.0];
/// Share of the largest bet that can lose everything; a bet of all would end the evidence for good.
const STAKE_SHARE_MAX: f64 = 0.9;
/// Chance that the reference mean lies above its upper bound.
const REFERENCE_ALPHA: f64 = 0.05;
/// A rise of the mean loss by this much is not worth an alarm.
const TOLERANCE: f64 = 0.002;
/// Log of no evidence: zero, as far as the caps go.
const NOTHING: f64 = -LOG_VALUE_MAX;

/// Alarms when the mean loss rises above what it was during the reference.
///
/// The statistic of its drift is the natural logarithm of the mixture, the threshold that of the average
/// run length. Only rises are found: a model that gets better is no reason to search.
///
/// **False alarms.** While each loss, given the past, has a mean of at most [`Self::bound`], the expected
/// number of observations to a false alarm is at least `average_run_length`; independence is not needed.
/// The bound lies above the mean of the reference with probability 95 %, and mostly so far that false
/// alarms are far rarer than promised. Simulated: an error that doubles from 10 % is found after 308
/// outcomes (median) at a run length of 1e6 with a reference of 5,000, after 431 with 1,000.
///
/// A reference that was easier than what is normal (a quiet hour) makes the normal look like a drift:
/// choose one that covers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ESr {
    average_run_length: f64,
    reference_outcomes: u64,
    reference: ConfidenceSequence,
    log_terms: [f64; STAKES.len()],
    ignored: u64,
}

impl ESr {
    /// Learns what is normal from the first `reference_outcomes` (at least one), then watches.
    pub fn new(average_run_length: f64, reference_outcomes: u64) -> Self {
        let reference_outcomes = reference_outcomes.max(1);
        Self {
            average_run_length: average_run_length.max(1.0),
            reference_outcomes,
            // One end of the interval is used, so it may miss by all of alpha.
            reference: ConfidenceSequence::tuned(2.0 * REFERENCE_ALPHA, reference_outcomes),
            log_terms: [NOTHING; STAKES.len()],
            ignored: 0,
        }
    }

    /// Mean loss of the reference, once it is complete.
    pub fn reference_mean(&self) -> Option<f64> {
        self.is_watching().then(|| self.reference.mean())
    }

    /// The mean loss that counts as normal at most, once the reference is complete.
    pub fn bound(&self) -> Option<f64> {
        self.is_watching().then(|| (self.reference.interval().1 + TOLERANCE).min(1.0))
    }

    /// Natural logarithm of the evidence for a rise.
    pub fn log_value(&self) -> f64 {
        log_mean_exp(&self.log_terms)
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn is_watching(&self) -> bool {
        self.reference.count() >= self.reference_outcomes
    }

    fn bet(&mut self, loss: f64, bound: f64) {
        for (term, stake) in self.log_terms.iter_mut().zip(STAKES) {
            let stake = stake.min(STAKE_SHARE_MAX / bound);
            let factor = (stake * (loss - bound)).ln_1p();
            *term = (log_plus_one(*term) + factor).clamp(NOTHING, LOG_VALUE_MAX);
        }
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
        let Some(bound) = self.bound() else {
            self.reference.observe(loss);
            return None;
        };
        self.bet(loss, bound);
        let (statistic, threshold) = (self.log_value(), self.average_run_length.ln());
        if statistic < threshold {
            return None;
        }
        self.log_terms = [NOTHING; STAKES.len()];
        Some(Drift { detector: DetectorKind::ESr, statistic, threshold, ago: 0, features: Vec::new() })
    }

    fn reset(&mut self) {
        *self = Self { ignored: self.ignored, ..Self::new(self.average_run_length, self.reference_outcomes) };
    }
}

#[cfg(test)]
mod tests;
