//! Confidence sequence: an interval for a mean that is right at all times at once.
//!
//! Lives here: the predictable empirical-Bernstein bound of Waudby-Smith and Ramdas (2024) for numbers
//! in 0..=1. With probability `1 - alpha` the running mean of the conditional means lies inside at
//! *every* look, so it may be drawn on a dashboard and acted upon at any moment.

use serde::{Deserialize, Serialize};

/// Largest weight of one observation; the bound needs less than one.
const WEIGHT_MAX: f64 = 0.5;
/// Variance of the one imaginary observation everything starts from: the largest a number in 0..=1 has.
const PRIOR_VARIANCE: f64 = 0.25;
/// Mean of that observation.
const PRIOR_MEAN: f64 = 0.5;

/// An interval for the mean of numbers in 0..=1 that holds at every look with probability `1 - alpha`.
///
/// ```
/// let mut share = policies::stats::ConfidenceSequence::new(0.05);
/// for n in 0..1_000 {
///     share.observe(f64::from(n % 4 == 0));
/// }
/// let (lower, upper) = share.interval();
/// assert!(lower < 0.25 && 0.25 < upper && upper - lower < 0.2);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceSequence {
    log_inverse_alpha: f64,
    horizon: Option<u64>,
    count: u64,
    ignored: u64,
    sum: f64,
    squares: f64,
    weights: f64,
    weighted: f64,
    penalty: f64,
}

impl ConfidenceSequence {
    /// No observations yet; `alpha` is clamped into what makes sense, 1e-12..=0.999.
    pub fn new(alpha: f64) -> Self {
        Self {
            log_inverse_alpha: (2.0 / alpha.clamp(1e-12, 0.999)).ln(),
            horizon: None,
            count: 0,
            ignored: 0,
            sum: 0.0,
            squares: 0.0,
            weights: 0.0,
            weighted: 0.0,
            penalty: 0.0,
        }
    }

    /// As [`Self::new`], as valid at every look, and narrowest after about `horizon` observations.
    pub fn tuned(alpha: f64, horizon: u64) -> Self {
        Self { horizon: Some(horizon.max(1)), ..Self::new(alpha) }
    }

    /// Takes in one number in 0..=1; others are clamped, those not finite are counted and ignored.
    pub fn observe(&mut self, x: f64) {
        if !x.is_finite() {
            self.ignored += 1;
            return;
        }
        let x = x.clamp(0.0, 1.0);
        // Weight and centre may depend on the past only: that is what makes the bound hold at every look.
        let (weight, centre) = (self.next_weight(), self.centre());
        self.weights += weight;
        self.weighted += weight * x;
        self.penalty += (x - centre).powi(2) * (-(-weight).ln_1p() - weight);
        self.count += 1;
        self.sum += x;
        self.squares += (x - self.centre()).powi(2);
    }

    /// Lower and upper end; 0 and 1 before the first observation.
    ///
    /// Each end alone holds with probability `1 - alpha / 2`.
    pub fn interval(&self) -> (f64, f64) {
        if self.count == 0 {
            return (0.0, 1.0);
        }
        let middle = self.middle();
        let reach = (self.log_inverse_alpha + self.penalty) / self.weights;
        ((middle - reach).clamp(0.0, 1.0), (middle + reach).clamp(0.0, 1.0))
    }

    /// The mean that the interval is around, of which it knows best; 0.5 before the first observation. Where the stream
    /// changes it is not quite [`Self::mean`]: observations weigh as the bound has it.
    pub fn middle(&self) -> f64 {
        if self.count == 0 { PRIOR_MEAN } else { self.weighted / self.weights }
    }

    /// Mean of what was taken in; zero before the first.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// How many numbers were taken in.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn centre(&self) -> f64 {
        (PRIOR_MEAN + self.sum) / (self.count as f64 + 1.0)
    }

    fn next_weight(&self) -> f64 {
        let variance = (PRIOR_VARIANCE + self.squares) / (self.count as f64 + 1.0);
        let next = self.count as f64 + 1.0;
        let spread = self.horizon.map_or(next * next.ln_1p(), |horizon| horizon as f64);
        (2.0 * self.log_inverse_alpha / (variance * spread)).sqrt().min(WEIGHT_MAX)
    }
}

#[cfg(test)]
mod tests;
