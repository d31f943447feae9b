//! Witness: a direction in which new rows seem to differ from old ones, and what betting on it earned.
//!
//! Lives here: learning from pairs, betting before learning. May not: know what the numbers of a pair mean.

use serde::{Deserialize, Serialize};

use crate::stats::ShiryaevRoberts;

/// How much of its wealth each member of the mixture bets.
const STAKES: [f64; 4] = [0.1, 0.2, 0.4, 0.8];
/// A score of so many times its usual size is worth a payoff of one.
const CUT_OFF: f64 = 2.0;
/// Weight of the last score in what its usual size is.
const SIZE_RATE: f64 = 0.02;
/// Numbers that are summed side by side.
const LANES: usize = 8;

/// What a pair teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learning {
    /// The mean difference of new and old: the witness of the maximum mean discrepancy.
    Mean,
    /// Logistic regression of which is which: a pair that is told apart already teaches little.
    Logistic,
}

/// A direction and its evidence: one e-detector for each stake.
///
/// The score of a pair is the product of the direction, as learned from pairs before, and the difference of new and
/// old. It changes its sign when they are swapped, and so does the payoff: the score in units of its usual size, cut
/// off at -1 and 1. Memory: one number for each of a pair's, and three for each stake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Witness {
    learning: Learning,
    /// Weight of the last pair in the direction.
    rate: f32,
    direction: Vec<f32>,
    pairs: u64,
    /// Mean square of scores.
    size: f64,
    evidence: [ShiryaevRoberts; STAKES.len()],
}

impl Witness {
    /// No direction yet, among so many numbers; it will be learned from about the last `horizon` pairs.
    pub fn new(learning: Learning, width: usize, horizon: u32) -> Self {
        Self {
            learning,
            rate: 1.0 / horizon.max(1) as f32,
            direction: vec![0.0; width],
            pairs: 0,
            size: 0.0,
            evidence: [ShiryaevRoberts::default(); STAKES.len()],
        }
    }

    /// Bets on the difference of a pair, new less old, then learns from it.
    pub fn observe(&mut self, difference: &[f32]) {
        let score = f64::from(dot(&self.direction, difference));
        let payoff =
            if self.size > 0.0 { (score / (CUT_OFF * self.size.sqrt())).clamp(-1.0, 1.0) } else { 0.0 };
        // A pair of equals says nothing, whichever is new: a constant stream must not look like time gone by.
        if payoff.abs() > 0.0 {
            for (evidence, stake) in self.evidence.iter_mut().zip(STAKES) {
                evidence.observe(1.0 + stake * payoff);
            }
        }
        self.pairs += 1;
        self.size += (score * score - self.size) * SIZE_RATE.max(1.0 / self.pairs as f64);
        let pull = match self.learning {
            Learning::Mean => 1.0,
            // Two, so that both learn alike as long as nothing is known.
            Learning::Logistic => 2.0 / (1.0 + score.exp()) as f32,
        };
        for (weight, number) in self.direction.iter_mut().zip(difference) {
            *weight += self.rate * (pull * number - *weight);
        }
    }

    /// Evidence for each stake.
    pub fn evidence(&self) -> &[ShiryaevRoberts] {
        &self.evidence
    }

    /// Begins to gather evidence anew, with what was learned.
    pub fn forget_evidence(&mut self) {
        self.evidence = [ShiryaevRoberts::default(); STAKES.len()];
    }

    /// The direction: how much each number says that a row is new.
    pub fn direction(&self) -> &[f32] {
        &self.direction
    }

    /// Mean square of what the direction has of each number by chance, where those differ by one or so.
    pub fn noise(&self) -> f32 {
        // The difference of two numbers of spread one has a mean square of two; the mean of the last `1 / rate` of
        // them, weighted as here, half of `rate` of that.
        self.rate
    }
}

/// Evidence of several witnesses together, and how many pairs ago the change most likely began.
pub fn together(witnesses: &[Witness]) -> (f64, u64) {
    let all: Vec<ShiryaevRoberts> = witnesses.iter().flat_map(|witness| witness.evidence).collect();
    (ShiryaevRoberts::mean(&all), ShiryaevRoberts::strongest(&all).map_or(0, ShiryaevRoberts::since))
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0; LANES];
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
