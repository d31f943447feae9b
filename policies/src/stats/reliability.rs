//! Reliability: whether what was said with so much confidence was right so often.
//!
//! Lives here: the expected calibration error over equal bins of confidence (Naeini et al., AAAI 2015) and the mean
//! Brier score. May not: know whose answers these are.

use serde::{Deserialize, Serialize};

/// Bins of confidence, equally wide (arXiv:1706.04599 has as many).
pub const BINS: usize = 15;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bin {
    count: u64,
    confidence: f64,
    right: u64,
}

/// Confidence and success of answers so far.
///
/// ```
/// let mut reliability = policies::stats::Reliability::default();
/// for n in 0..100 {
///     reliability.observe(0.9, n % 2 == 0, 0.3);
/// }
/// assert!((reliability.calibration_error() - 0.4).abs() < 1e-9); // sure of nine in ten, right in five
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    bins: [Bin; BINS],
    brier: f64,
    count: u64,
    ignored: u64,
}

impl Reliability {
    /// Takes in the probability of what was said, whether it was right, and the Brier score of the whole answer;
    /// what is not finite is counted and ignored.
    pub fn observe(&mut self, confidence: f64, right: bool, brier: f64) {
        if !(confidence.is_finite() && brier.is_finite()) {
            self.ignored += 1;
            return;
        }
        let confidence = confidence.clamp(0.0, 1.0);
        let bin = &mut self.bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.count += 1;
        bin.confidence += confidence;
        bin.right += u64::from(right);
        self.brier += brier;
        self.count += 1;
    }

    /// Mean distance of confidence and success over the answers, 0 to 1; zero before the first.
    pub fn calibration_error(&self) -> f64 {
        let apart = self.bins.iter().map(|bin| (bin.confidence - bin.right as f64).abs());
        apart.sum::<f64>() / self.count.max(1) as f64
    }

    /// Mean Brier score; zero before the first answer.
    pub fn brier(&self) -> f64 {
        self.brier / self.count.max(1) as f64
    }

    /// Answers that count.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Answers ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }
}

#[cfg(test)]
mod tests;
