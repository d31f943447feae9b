//! E-process: evidence against "the mean is at most this", valid at every look.
//!
//! Lives here: a mixture of bets against the null hypothesis. While the hypothesis holds, the value is a
//! supermartingale that starts at one, so it ever reaches `1 / alpha` with probability at most `alpha`
//! (Ville), however often one looks and however the conditional means move below the margin.
//!
//! Where observations follow one another, the mean *given the past* is now above and now below the margin although
//! it is not above it in the long run; then the promise holds no longer. One bet on the mean of each block, longer
//! than the past is remembered, brings it back, at the price of larger and so fewer bets.

use serde::{Deserialize, Serialize};

/// Shares of the wealth that the mixture bets; small ones find small effects, large ones find them early.
pub(super) const STAKES: [f64; 7] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5];
/// The same for the means of blocks, as shares of what a mean of -1 would leave nothing of: means are small, so the
/// largest is what limits how fast evidence grows.
const BLOCK_STAKES: [f64; STAKES.len()] = [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 0.95];
/// Log wealth stays within this distance of zero: far beyond any alpha, far inside of what `exp` bears.
pub const LOG_VALUE_MAX: f64 = 700.0;
/// The largest margin; at one, no observation could speak against the hypothesis.
pub(super) const MARGIN_MAX: f64 = 0.999;

/// A test of "the mean of each observation, given its past, is at most the margin".
///
/// ```
/// let mut evidence = policies::stats::EProcess::new(0.0);
/// for _ in 0..100 {
///     evidence.observe(0.4);
/// }
/// assert!(evidence.log_value() > 20_f64.ln(), "at alpha = 5 % this mean is above zero");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EProcess {
    margin: f64,
    /// Observations in one bet.
    block: u64,
    /// Observations since the last bet, and their sum.
    waiting: (u64, f64),
    log_wealth: [f64; STAKES.len()],
    count: u64,
    ignored: u64,
    sum: f64,
}

impl EProcess {
    /// No evidence yet against a mean of at most `margin`, which is clamped to -1..1 (exclusive).
    pub fn new(margin: f64) -> Self {
        Self::in_blocks(margin, 1)
    }

    /// The same, with one bet on the mean of every `block` observations in a row; 0 is taken for 1. Observations
    /// that are not finite are in no block, and a block counts as evidence once it is full.
    ///
    /// The hypothesis is then "the mean of each block, given the blocks before, is at most the margin".
    pub fn in_blocks(margin: f64, block: u64) -> Self {
        // With `margin < 1` and `stake <= 1/2`, or `stake (1 + margin) < 1` in blocks, every factor
        // `1 + stake (y - margin)` stays positive.
        let margin = margin.clamp(-1.0, MARGIN_MAX);
        Self {
            margin,
            block: block.max(1),
            waiting: (0, 0.0),
            log_wealth: [0.0; STAKES.len()],
            count: 0,
            ignored: 0,
            sum: 0.0,
        }
    }

    /// Takes in one number in -1..=1; others are clamped, those not finite are counted and ignored.
    pub fn observe(&mut self, y: f64) {
        if !y.is_finite() {
            self.ignored += 1;
            return;
        }
        let y = y.clamp(-1.0, 1.0);
        self.count += 1;
        self.sum += y;
        self.waiting.0 += 1;
        self.waiting.1 += y;
        if self.waiting.0 >= self.block {
            let (count, sum) = std::mem::take(&mut self.waiting);
            self.bet(sum / count as f64);
        }
    }

    fn bet(&mut self, y: f64) {
        let (stakes, scale) =
            if self.block == 1 { (STAKES, 1.0) } else { (BLOCK_STAKES, 1.0 / (1.0 + self.margin.max(0.0))) };
        for (wealth, share) in self.log_wealth.iter_mut().zip(stakes) {
            let stake = share * scale;
            *wealth = (*wealth + (stake * (y - self.margin)).ln_1p()).clamp(-LOG_VALUE_MAX, LOG_VALUE_MAX);
        }
    }

    /// Natural logarithm of the evidence; reject the hypothesis at `ln(1 / alpha)`.
    pub fn log_value(&self) -> f64 {
        log_mean_exp(&self.log_wealth)
    }

    /// How many numbers were taken in, those included that wait for their block to be full.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Mean of what was taken in; zero before the first.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }
}

/// Logarithm of the mean of exponentials, without overflow; minus infinity of nothing.
pub(crate) fn log_mean_exp(logs: &[f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    let sum: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
    largest + (sum / logs.len() as f64).ln()
}

/// Logarithm of the sum of two exponentials, without overflow.
pub(super) fn log_add_exp(a: f64, b: f64) -> f64 {
    let (less, more) = (a.min(b), a.max(b));
    if less == f64::NEG_INFINITY { more } else { more + (less - more).exp().ln_1p() }
}

#[cfg(test)]
mod tests;
