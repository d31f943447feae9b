//! Promise: whether a candidate is worth a trial at all.
//!
//! Lives here: the learned gate before the first rung. It skips what has less than a twentieth of a chance to be better than
//! its parent, by a predictor whose word is held against what became of it. Does not live here: the predictor.
//!
//! Two things keep it honest. A share of those it would skip is let through, drawn at random; each such counts for as
//! many as were skipped in its place, so that *recall*, the share of winners that get their trial on merit, is estimated without
//! bias. And the probabilities are calibrated (Platt 1999) on those records, so that a predictor that is too sure of itself loses its say.

use std::collections::VecDeque;

use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

/// Candidates with a lower probability of being better than their parent are skipped.
pub const PROBABILITY_MIN: f64 = 0.05;
/// Of these, the share that gets its trial all the same.
pub const LET_THROUGH: f64 = 0.1;
/// Outcomes remembered; the oldest is forgotten first.
pub const RECORDS_MAX: usize = 512;
/// Nobody is skipped before so many outcomes are known, and so many of them winners.
pub const RECORDS_MIN: usize = 40;
/// See [`RECORDS_MIN`].
pub const WINNERS_MIN: usize = 5;
/// Steps of Newton's method: two unknowns, a convex function.
const NEWTON_STEPS: usize = 32;
/// Longest of them.
const STEP_MAX: f64 = 0.5;
/// How much the calibration is drawn to "believe it as it is", in squares of its two numbers.
const RIDGE: f64 = 1.0;
/// Predicted probabilities are held this far from nought and one: nobody is that sure.
const PROBABILITY_EDGE: f64 = 1e-4;

/// A candidate that gets its trial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Admitted {
    /// What the predictor said.
    predicted: f64,
    /// One on merit; how many it stands for if it was let through.
    weight: f64,
}

impl Admitted {
    /// Whether it was promising, or just let through.
    pub fn on_merit(self) -> bool {
        self.weight <= 1.0
    }
}

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    admitted: Admitted,
    won: bool,
}

/// Probability as a function of the logit of what was predicted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Calibration {
    offset: f64,
    slope: f64,
}

/// Admits candidates, and learns from what becomes of them.
///
/// ```
/// use policies::search::Promise;
/// use rand::SeedableRng;
///
/// let (mut promise, mut rng) = (Promise::new(), rand_pcg::Pcg64::seed_from_u64(1));
/// let admitted = promise.admit(0.01, &mut rng).expect("nothing is skipped before much is known");
/// promise.learn(admitted, false);
/// assert_eq!((promise.recall(), promise.skipped()), (None, 0));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    records: VecDeque<Record>,
    calibration: Calibration,
    admitted: u64,
    skipped: u64,
}

impl Default for Promise {
    fn default() -> Self {
        Self::new()
    }
}

impl Promise {
    /// Nothing known yet.
    pub fn new() -> Self {
        let calibration = Calibration { offset: 0.0, slope: 1.0 };
        Self { records: VecDeque::new(), calibration, admitted: 0, skipped: 0 }
    }

    /// Whether a candidate gets its trial, given the probability that a predictor sees for it to be better than its
    /// parent; none if it is skipped. What is not a number is admitted.
    pub fn admit(&mut self, better: f64, rng: &mut Pcg64) -> Option<Admitted> {
        let predicted = if better.is_nan() { 0.5 } else { better.clamp(0.0, 1.0) };
        // Drawn always, so that what is admitted does not shift what is drawn for others.
        let draw: f64 = rng.random();
        let weight = if !self.knows() || self.probability(predicted) >= PROBABILITY_MIN {
            1.0
        } else if draw < LET_THROUGH {
            1.0 / LET_THROUGH
        } else {
            self.skipped += 1;
            return None;
        };
        self.admitted += 1;
        Some(Admitted { predicted, weight })
    }

    /// Takes in whether one that was admitted turned out better than its parent.
    pub fn learn(&mut self, admitted: Admitted, won: bool) {
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        self.records.push_back(Record { admitted, won });
        self.calibration = calibrated(&self.records);
    }

    /// The probability that this prediction deserves, by what became of earlier ones.
    pub fn probability(&self, predicted: f64) -> f64 {
        logistic(self.calibration.offset + self.calibration.slope * logit(predicted))
    }

    /// Of the winners among all candidates lately, the share that got their trial on merit; none while no winner is known.
    pub fn recall(&self) -> Option<f64> {
        let winners = || self.records.iter().filter(|record| record.won).map(|record| record.admitted);
        let all: f64 = winners().map(|admitted| admitted.weight).sum();
        let on_merit = winners().filter(|admitted| admitted.on_merit()).count() as f64;
        (all > 0.0).then(|| on_merit / all)
    }

    /// How many were skipped.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// How many got their trial.
    pub fn admitted(&self) -> u64 {
        self.admitted
    }

    fn knows(&self) -> bool {
        let winners = self.records.iter().filter(|record| record.won).count();
        self.records.len() >= RECORDS_MIN && winners >= WINNERS_MIN
    }
}

/// Logistic regression of what became of them on what was said, by Newton's method, drawn to the identity.
fn calibrated(records: &VecDeque<Record>) -> Calibration {
    let mut at = Calibration { offset: 0.0, slope: 1.0 };
    for _ in 0..NEWTON_STEPS {
        let mut slopes = [-RIDGE * at.offset, -RIDGE * (at.slope - 1.0)];
        let mut bends = [RIDGE, 0.0, RIDGE];
        for Record { admitted, won } in records {
            let x = logit(admitted.predicted);
            let probability = logistic(at.offset + at.slope * x);
            let off = admitted.weight * (f64::from(u8::from(*won)) - probability);
            let bend = admitted.weight * probability * (1.0 - probability);
            slopes[0] += off;
            slopes[1] += off * x;
            bends[0] += bend;
            bends[1] += bend * x;
            bends[2] += bend * x * x;
        }
        let determinant = bends[0] * bends[2] - bends[1] * bends[1];
        let slope = at.slope + bounded((bends[0] * slopes[1] - bends[1] * slopes[0]) / determinant);
        let offset = (bends[2] * slopes[0] - bends[1] * slopes[1]) / determinant;
        // What is more promising is never less likely to win; where the slope is held, the offset has its own way.
        at.offset += bounded(if slope > 0.0 { offset } else { slopes[0] / bends[0] });
        at.slope = slope.max(0.0);
    }
    at
}

/// Far from the top a full step would overshoot it.
fn bounded(step: f64) -> f64 {
    step.clamp(-STEP_MAX, STEP_MAX)
}

fn logit(probability: f64) -> f64 {
    let p = probability.clamp(PROBABILITY_EDGE, 1.0 - PROBABILITY_EDGE);
    (p / (1.0 - p)).ln()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests;
