//! Record: how often each of several was wrong lately.
//!
//! Lives here: decayed counts of errors, and the weights that follow from them. Does not live here: what was
//! said, or who said it.
//!
//! Errors are counted instead of losses because that is what a late label can still tell: a member that is
//! sure of itself has a large loss on few rows, which outweighs for thousands of rows how often it was right.

use serde::{Deserialize, Serialize};

use crate::cost::Shape;
use crate::loss::SCALES_TO_WRONG;

/// Outcomes after which an error counts for about a third of what it did.
pub const MEMORY_OUTCOMES: f64 = 2_000.0;
/// Weights are `exp(-RATE x decayed errors)`.
pub const RATE: f64 = 0.1;

/// Decayed counts of errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    errors: Vec<f64>,
}

impl Record {
    /// Nobody was wrong yet.
    pub fn new(count: usize) -> Self {
        Self { errors: vec![0.0; count] }
    }

    /// Whose errors are counted.
    pub fn len(&self) -> usize {
        self.errors.len()
    }

    /// The record of others, each with the errors of the one it comes from.
    pub fn inherit(&self, parents: &[usize]) -> Self {
        Self { errors: parents.iter().map(|parent| self.errors[*parent]).collect() }
    }

    /// One more outcome; an answer that is not finite is wrong.
    pub fn observe(&mut self, said: &[f32], goal: f32, shape: Shape) {
        for (errors, answer) in self.errors.iter_mut().zip(said.chunks_exact(shape.outputs)) {
            *errors = *errors * (1.0 - 1.0 / MEMORY_OUTCOMES) + wrong(answer, goal, shape);
        }
    }

    /// The same share for each of the `count` that were wrong least often; the first of equals.
    pub fn best(&self, count: usize) -> Vec<f32> {
        let count = count.min(self.errors.len());
        let mut places: Vec<usize> = (0..self.errors.len()).collect();
        places.sort_by(|a, b| self.errors[*a].total_cmp(&self.errors[*b]));
        let mut weights = vec![0.0; self.errors.len()];
        for place in &places[..count] {
            weights[*place] = 1.0 / count as f32;
        }
        weights
    }

    /// Exponential weights.
    pub fn hedge(&self) -> Vec<f32> {
        let least = self.errors.iter().copied().fold(f64::INFINITY, f64::min);
        let raw: Vec<f64> = self.errors.iter().map(|errors| (-RATE * (errors - least)).exp()).collect();
        let total: f64 = raw.iter().sum();
        raw.iter().map(|weight| (weight / total) as f32).collect()
    }
}

/// 1 for another class than the true one, the first of equals deciding; for numbers the share of what counts
/// as entirely wrong.
pub(super) fn wrong(answer: &[f32], goal: f32, shape: Shape) -> f64 {
    if !answer.iter().all(|number| number.is_finite()) {
        return 1.0;
    }
    if !shape.classification {
        return (f64::from((answer[0] - goal).abs()) / SCALES_TO_WRONG).min(1.0);
    }
    let truth = goal as usize;
    let beaten = |(at, number): (usize, &f32)| {
        at == truth || *number < answer[truth] || (*number <= answer[truth] && at > truth)
    };
    f64::from(u8::from(!answer.iter().enumerate().all(beaten)))
}

#[cfg(test)]
mod tests;
