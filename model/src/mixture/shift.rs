//! Shift: an answer corrected for shares of classes that moved before their labels tell.
//!
//! Lives here: what the shares were and are, the correction, and whether it is believed. Does not live here: the
//! answer that is corrected (that is [`super::mixer`]'s).
//!
//! Where labels are late, answers say first that a class has become more frequent. If nothing else about the classes
//! changed, an answer that was right under the shares of then becomes right under those of now by
//!
//! ```text
//! p'(y) ∝ p(y) (now(y) / then(y))^POWER
//! ```
//!
//! (with a power of one: Saerens, Latinne and Decaestecker, Neural Computation 2002). `now` is the mean of recent
//! answers and `then` the mean of the answers to rows whose labels have come: the same measure of both, so that
//! what is wrong with the answers cancels (after black box shift estimation: Lipton, Wang and Smola, ICML 2018).
//! Estimating the shares from the corrected answers themselves, as expectation maximisation does, runs away where
//! probabilities are not calibrated, and those of networks that follow a stream are not. The mean answer moves
//! less than the shares do, but it also moves where shares do not; half the power is less wrong in that case.
//!
//! Whether it is one case or the other, late labels tell. So the corrected answer has to earn its place: it begins
//! some errors behind the plain one, and what it was worth is hardly forgotten. What it can cost in all is then
//! about that many errors, and no share of the stream.

use serde::{Deserialize, Serialize};

/// Answers after which one counts for a third of what it did in the shares of now.
const NOW_ANSWERS: f32 = 250.0;
/// The same for the shares of then.
const THEN_OUTCOMES: f32 = 2_000.0;
/// How far an answer follows the shares.
const POWER: f32 = 0.5;
/// Smallest share.
const SHARE_MIN: f32 = 1e-4;
/// Outcomes before anything is corrected.
const OUTCOMES_MIN: u32 = 100;
/// Errors that the correction has to make up for before it counts for half.
const HANDICAP: f64 = 10.0;
/// The corrected answer weighs `1 / (1 + exp(RATE x errors it is behind))`.
const RATE: f64 = 0.2;
/// Outcomes after which an error counts for a third of what it did.
const TRUST_OUTCOMES: f64 = 50_000.0;

/// Shares of the classes, and what correcting for them was worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    now: Shares,
    then: Shares,
    /// Errors of the corrected answer less those of the plain one.
    excess: f64,
}

impl Shift {
    /// An answer was given; what is true will be known later.
    pub fn hear(&mut self, plain: &[f32]) {
        self.now.follow(plain, NOW_ANSWERS);
    }

    /// What is true has become known: the answer of then, and whether it and the corrected one were wrong (0 or 1).
    pub fn observe(&mut self, plain: &[f32], plain_wrong: f64, corrected_wrong: f64) {
        self.then.follow(plain, THEN_OUTCOMES);
        self.excess = self.excess * (1.0 - 1.0 / TRUST_OUTCOMES) + corrected_wrong - plain_wrong;
    }

    /// What the share of each class is multiplied with; none while too little is known.
    pub(super) fn factors(&self, classes: usize) -> Option<Vec<f32>> {
        (self.then.count >= OUTCOMES_MIN).then(|| (0..classes).map(|class| self.factor(class)).collect())
    }

    fn factor(&self, class: usize) -> f32 {
        (self.now.of(class) / self.then.of(class)).powf(POWER)
    }

    /// Writes the corrected answer.
    pub fn correct(&self, plain: &[f32], corrected: &mut [f32]) {
        corrected.copy_from_slice(plain);
        if self.then.count < OUTCOMES_MIN {
            return;
        }
        for (class, share) in corrected.iter_mut().enumerate() {
            *share *= self.factor(class);
        }
        let total: f32 = corrected.iter().sum();
        if total > 0.0 && total.is_finite() {
            for share in corrected.iter_mut() {
                *share /= total;
            }
        } else {
            corrected.copy_from_slice(plain);
        }
    }

    /// How far the corrected answer is believed, from 0 to 1.
    pub fn trust(&self) -> f32 {
        (1.0 / (1.0 + (RATE * (HANDICAP + self.excess)).exp())) as f32
    }
}

/// A decayed mean of answers. A class it does not know yet has the smallest share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Shares {
    count: u32,
    mean: Vec<f32>,
}

impl Shares {
    fn follow(&mut self, answer: &[f32], memory: f32) {
        if !answer.iter().all(|share| share.is_finite()) {
            return;
        }
        self.count = self.count.saturating_add(1);
        self.mean.resize(answer.len(), 0.0);
        let rate = 1.0 / memory.min(self.count as f32);
        for (mean, share) in self.mean.iter_mut().zip(answer) {
            *mean += rate * (share - *mean);
        }
    }

    fn of(&self, class: usize) -> f32 {
        self.mean.get(class).copied().unwrap_or(0.0).max(SHARE_MIN)
    }
}

#[cfg(test)]
mod tests;
