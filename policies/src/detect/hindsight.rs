//! Hindsight: has the world changed, judged by what has learned since?
//!
//! Lives here: the evidence that a learner gains on a frozen copy now, and not on rows of before. May not: know whose
//! losses these are, or keep rows.

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};
use crate::stats::ShiryaevRoberts;

/// What the bettors stake: the most that can be lost is two, twice what is bet on.
const STAKES: [f64; 4] = [0.05, 0.15, 0.45, 0.9];

/// What a learner gained on a frozen copy, by one row of before and one of now: the copy's bounded loss less its own,
/// each in -1..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gains {
    /// On a row of before.
    pub before: f64,
    /// On a row of now, which it had not learned.
    pub now: f64,
}

/// Alarms when what has learned lately gains more on a frozen copy now than it would have before.
///
/// A learner gains on a copy of an earlier self for two reasons: it knows more, or the world is another one. Asked about a
/// row of before it gains by the first as much as it does now; by the second it *loses* there what it gains now. The two
/// agree on most rows, so their difference varies little, and a change is found that the copy's own losses hide in the noise
/// of the labels: of three rows in a hundred, about two thousand are enough where the losses alone take ten times as many.
///
/// Each pair of rows is a bet that the gain of now is not the larger one, in Shiryaev-Roberts form (Shin, Ramdas and
/// Rinaldo, 2023). The statistic of its drift is the natural logarithm of the evidence, the threshold that of the average run
/// length; `ago` is the number of pairs since the change most likely began.
///
/// **False alarms.** The copy must have learned neither row. The learner may know those of before: that makes it look better
/// there, and the evidence smaller. While the gain of now is then no larger in the mean, given the pairs before, the expected
/// number of pairs to a false alarm is at least `average_run_length`. Rows of before are used once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hindsight {
    average_run_length: f64,
    bettors: [ShiryaevRoberts; STAKES.len()],
}

impl Hindsight {
    /// Watches from the first pair.
    pub fn new(average_run_length: f64) -> Self {
        Self {
            average_run_length: average_run_length.max(1.0),
            bettors: [ShiryaevRoberts::default(); STAKES.len()],
        }
    }

    /// Natural logarithm of the evidence; minus infinity before the first pair.
    pub fn log_value(&self) -> f64 {
        ShiryaevRoberts::mean(&self.bettors).ln()
    }
}

impl Detector for Hindsight {
    type Observation = Gains;

    /// Takes in a pair; gains are clamped, and a pair that is not finite says nothing.
    fn observe(&mut self, observation: &Gains) -> Option<Drift> {
        let more = observation.now.clamp(-1.0, 1.0) - observation.before.clamp(-1.0, 1.0);
        if !more.is_finite() {
            return None;
        }
        for (bettor, stake) in self.bettors.iter_mut().zip(STAKES) {
            bettor.observe(1.0 + stake * more / 2.0);
        }
        let (statistic, threshold) = (self.log_value(), self.average_run_length.ln());
        if statistic < threshold {
            return None;
        }
        let ago = ShiryaevRoberts::strongest(&self.bettors).map_or(0, ShiryaevRoberts::since);
        self.reset();
        Some(Drift { detector: DetectorKind::Hindsight, statistic, threshold, ago, features: Vec::new() })
    }

    fn reset(&mut self) {
        *self = Self::new(self.average_run_length);
    }
}

#[cfg(test)]
mod tests;
