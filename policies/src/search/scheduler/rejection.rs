//! Rejection: a candidate that is surely worse than the control stops before its rung is over.
//!
//! Lives here: the bound of its mean difference. Does not live here: the mathematics of it (that is
//! [`crate::stats::confidence_sequence`]).

use serde::{Deserialize, Serialize};

use crate::stats::ConfidenceSequence;

/// The paired differences of one candidate to the control, looked at after every one.
///
/// A candidate that is not worse is rejected with probability at most `alpha`, however often one looks: of the mean
/// difference, each clamped to what one may be at most.
///
/// ```
/// let mut against = policies::search::Rejection::new(0.05, 1.0);
/// for n in 0..400 {
///     against.observe(if n % 4 == 0 { 0.5 } else { -0.5 });
/// }
/// assert!(against.is_worse());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    differences: ConfidenceSequence,
    bound: f64,
}

impl Rejection {
    /// Nothing seen yet. The interval has two sides, and only one rejects: its `alpha` is half the sequence's.
    pub fn new(alpha: f64, bound: f64) -> Self {
        Self { differences: ConfidenceSequence::new(2.0 * alpha), bound: bound.max(f64::MIN_POSITIVE) }
    }

    /// Takes in the candidate's gain over the control on one outcome, in the unit of the bound; better is more.
    pub fn observe(&mut self, gain: f64) {
        self.differences.observe(0.5 + 0.5 * gain / self.bound);
    }

    /// Whether the mean gain is below zero even at its upper bound.
    pub fn is_worse(&self) -> bool {
        self.differences.interval().1 < 0.5
    }
}

#[cfg(test)]
mod tests;
