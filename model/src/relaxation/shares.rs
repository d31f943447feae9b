//! Shares: how much of each operation an edge is, and how that follows slopes.
//!
//! Lives here: points of a simplex and their steps. May not: tensors, draws.

use serde::{Deserialize, Serialize};

/// No operation is forgotten for good.
const SHARE_MIN: f64 = 1e-3;
/// Longest step of a logit.
const STEP_MAX: f64 = 0.5;
/// Adam's moments, as in DARTS.
const BETAS: [f64; 2] = [0.5, 0.999];
const EPSILON: f64 = 1e-8;

/// How shares follow their slopes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// On the simplex: each share times the exponential of its slope (GAEA, arXiv:2004.07802).
    Exponentiated {
        /// How far.
        rate: f64,
    },
    /// Adam on their logits, as DARTS does.
    Adam {
        /// How far.
        rate: f64,
    },
}

impl Update {
    pub(super) fn rate(self) -> f64 {
        match self {
            Self::Exponentiated { rate } | Self::Adam { rate } => rate,
        }
    }
}

/// The shares of one edge.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shares {
    logits: Vec<f64>,
    moments: Vec<[f64; 2]>,
    steps: i32,
}

impl Shares {
    /// All alike.
    pub fn even(operations: usize) -> Self {
        Self { logits: vec![0.0; operations], moments: vec![[0.0; 2]; operations], steps: 0 }
    }

    /// They sum to one.
    pub fn shares(&self) -> Vec<f64> {
        softmax(&self.logits)
    }

    /// The shares where the logits are moved by this.
    pub fn moved(&self, by: &[f64]) -> Vec<f64> {
        softmax(&self.logits.iter().zip(by).map(|(logit, by)| logit + by).collect::<Vec<_>>())
    }

    /// One step against these slopes at the logits; none where one is no number.
    pub fn step(&mut self, update: Update, slopes: &[f64]) {
        if slopes.iter().any(|slope| !slope.is_finite()) {
            return;
        }
        self.steps = self.steps.saturating_add(1);
        let shares = self.shares();
        for (at, slope) in slopes.iter().enumerate() {
            let by = match update {
                // A slope at a logit is its share times the slope there, up to what is the same for all.
                Update::Exponentiated { rate } => rate * slope / shares[at].max(SHARE_MIN),
                Update::Adam { rate } => rate * self.adam(at, *slope),
            };
            self.logits[at] -= by.clamp(-STEP_MAX, STEP_MAX);
        }
        self.bound();
    }

    fn adam(&mut self, at: usize, slope: f64) -> f64 {
        let [first, second] = &mut self.moments[at];
        *first = BETAS[0] * *first + (1.0 - BETAS[0]) * slope;
        *second = BETAS[1] * *second + (1.0 - BETAS[1]) * slope * slope;
        let unbias = BETAS.map(|beta| 1.0 - beta.powi(self.steps));
        (*first / unbias[0]) / ((*second / unbias[1]).sqrt() + EPSILON)
    }

    /// No share under the least.
    fn bound(&mut self) {
        let floored: Vec<f64> = self.shares().iter().map(|share| share.max(SHARE_MIN).ln()).collect();
        self.logits = floored;
    }
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| (logit - top).exp()).collect();
    let whole: f64 = powers.iter().sum();
    powers.iter().map(|power| power / whole).collect()
}

/// Entropy over that of equal shares; nothing where there is no choice.
pub(super) fn entropy(shares: &[f64]) -> f64 {
    let bits: f64 = shares.iter().map(|share| -share * share.max(f64::MIN_POSITIVE).ln()).sum();
    if shares.len() > 1 { bits / (shares.len() as f64).ln() } else { 0.0 }
}
