//! Non-inferiority: may the cheaper of two stay, because it is not worse by more than a margin?
//!
//! Lives here: two betting e-processes on paired losses, one each way. It may be looked at after every pair.
//!
//! The hypothesis is "the candidate's expected loss is higher by at least the margin". While it holds, the
//! candidate is ever accepted with probability at most `alpha` (Ville), whatever the losses' distribution; and
//! one that is not worse by the margin is ever rejected with probability at most `alpha`. With a true
//! difference of zero and losses that differ by a deviation `s`, about `2 ln(1 / alpha) (s / margin)^2` pairs decide.

use serde::{Deserialize, Serialize};

use super::EProcess;

/// What the pairs so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NonInferior {
    /// Not worse by the margin: it may stay.
    Accepted,
    /// Worse by more than the margin.
    Rejected,
    /// Too few pairs, or a difference too close to the margin.
    Open,
}

/// A test of a candidate against a reference on losses in 0..=1; the first decision stands.
///
/// ```
/// use policies::stats::{NonInferior, NonInferiority};
///
/// let mut test = NonInferiority::new(0.05, 0.05);
/// for n in 0..400 {
///     let reference = f64::from(n % 3 == 0);
///     test.observe(reference, if n % 10 == 0 { 1.0 - reference } else { reference });
/// }
/// assert_eq!(test.verdict(), NonInferior::Open);
/// for _ in 0..400 {
///     test.observe(0.3, 0.3);
/// }
/// assert_eq!(test.verdict(), NonInferior::Accepted);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NonInferiority {
    needed: f64,
    fine: EProcess,
    worse: EProcess,
    verdict: NonInferior,
}

impl NonInferiority {
    /// No pairs yet. The margin is in units of loss, 0..1; `alpha` is clamped into what makes sense,
    /// 1e-12..=0.999.
    pub fn new(margin: f64, alpha: f64) -> Self {
        Self::in_blocks(margin, alpha, 1)
    }

    /// The same for losses that follow one another: one bet on the mean of every `block` pairs, as in
    /// [`EProcess::in_blocks`].
    pub fn in_blocks(margin: f64, alpha: f64, block: u64) -> Self {
        let margin = if margin.is_nan() { 0.0 } else { margin.max(0.0) };
        Self {
            needed: -alpha.clamp(1e-12, 0.999).ln(),
            fine: EProcess::in_blocks(-margin, block),
            worse: EProcess::in_blocks(margin, block),
            verdict: NonInferior::Open,
        }
    }

    /// Takes in the losses of both on one outcome; a pair that is not finite is counted and ignored.
    pub fn observe(&mut self, reference: f64, candidate: f64) {
        let gain = reference - candidate;
        self.fine.observe(gain);
        self.worse.observe(-gain);
        if self.verdict == NonInferior::Open {
            // A rejection in the same breath would need both means at once; harm is looked at first.
            if self.worse.log_value() >= self.needed {
                self.verdict = NonInferior::Rejected;
            } else if self.fine.log_value() >= self.needed {
                self.verdict = NonInferior::Accepted;
            }
        }
    }

    /// What they say.
    pub fn verdict(&self) -> NonInferior {
        self.verdict
    }

    /// Natural logarithm of the evidence that it is not worse by the margin.
    pub fn log_fine(&self) -> f64 {
        self.fine.log_value()
    }

    /// Natural logarithm of the evidence that it is worse by more than the margin.
    pub fn log_worse(&self) -> f64 {
        self.worse.log_value()
    }

    /// How many pairs were taken in.
    pub fn count(&self) -> u64 {
        self.fine.count()
    }

    /// How many pairs were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.fine.ignored()
    }

    /// By how much the candidate's loss is lower on average; zero before the first pair.
    pub fn mean_gain(&self) -> f64 {
        self.fine.mean()
    }
}

#[cfg(test)]
mod tests;
