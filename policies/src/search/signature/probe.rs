//! Probe: how far a linear function of the row gets on this stream.
//!
//! Lives here: normalised least mean squares (Nagumo and Noda, 1967), one output a class or one number. May not: serve.

use serde::{Deserialize, Serialize};

use super::moments::Moments;

/// Share of the error that one row corrects.
const RATE: f64 = 0.1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Probe {
    outputs: usize,
    /// Of each output: one weight a feature, and a constant.
    weights: Vec<f64>,
    loss: Moments,
}

impl Probe {
    pub fn new(features: usize, outputs: usize) -> Self {
        Self { outputs, weights: vec![0.0; (features + 1) * outputs], loss: Moments::default() }
    }

    /// Says, then learns. A class, or else a standardised number.
    pub fn observe(&mut self, row: &[f64], class: Option<usize>, number: f64) {
        let norm = 1.0 + row.iter().map(|value| value * value).sum::<f64>();
        let length = row.len() + 1;
        let mut best = (f64::NEG_INFINITY, 0);
        let mut error = 0.0;
        for (at, weights) in self.weights.chunks_exact_mut(length).take(self.outputs).enumerate() {
            let (constant, slopes) = weights.split_last_mut().expect("there is a constant");
            let said = *constant + slopes.iter().zip(row).map(|(weight, value)| weight * value).sum::<f64>();
            let goal = class.map_or(number, |class| f64::from(u8::from(class == at)));
            if said > best.0 {
                best = (said, at);
            }
            error = goal - said;
            let step = RATE * error / norm;
            *constant += step;
            slopes.iter_mut().zip(row).for_each(|(weight, value)| *weight += step * value);
        }
        let loss = class.map_or(error.abs().min(1.0), |class| f64::from(u8::from(best.1 != class)));
        self.loss.observe(if loss.is_finite() { loss } else { 1.0 });
    }

    /// The share of wrong classes lately, or the mean error in deviations, at most 1.
    pub fn loss(&self) -> f64 {
        self.loss.recent_mean()
    }
}
