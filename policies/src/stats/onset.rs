//! Onset: evidence against a mean of at most a margin that was right for a while and then is not.
//!
//! Lives here: a betting e-process that may begin at any observation. May not: know what the numbers mean, or decide
//! what follows.
//!
//! An e-process that bets from the first observation loses a little on each that holds to the hypothesis, and has to
//! win that back once it is false. Here the wealth of one is spread over bettors of whom one begins with each of so
//! many observations, and who keep what they have until then. Together they are a supermartingale that starts at one,
//! so they ever reach `1 / alpha` with probability at most `alpha` (Ville), as [`super::EProcess`] does. It is the
//! Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo, 2023) with a prior on where the change is, which makes a
//! chance of an average run length.

use serde::{Deserialize, Serialize};

use super::e_process::{LOG_VALUE_MAX, MARGIN_MAX, STAKES, log_add_exp, log_mean_exp};

/// A test of "the mean of each observation, given its past, is at most the margin", for a change within a horizon.
///
/// ```
/// let mut evidence = policies::stats::Onset::new(0.0, 1_000);
/// (0..500).for_each(|at| evidence.observe(if at % 2 == 0 { 0.4 } else { -0.4 }));
/// assert!(evidence.log_value() < 1.0);
/// (0..100).for_each(|_| evidence.observe(0.4));
/// assert!(evidence.log_value() > 20_f64.ln(), "the long time before costs little");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Onset {
    margin: f64,
    /// Bettors, one for each of the first observations.
    horizon: u64,
    begun: u64,
    /// What those who have begun have by now, for each stake.
    log_wealth: [f64; STAKES.len()],
}

impl Onset {
    /// No evidence yet against a mean of at most `margin`, which is clamped to -1..1 (exclusive); it may begin to be
    /// higher with each of `horizon` observations, 0 being taken for 1.
    pub fn new(margin: f64, horizon: u64) -> Self {
        let margin = margin.clamp(-1.0, MARGIN_MAX);
        Self { margin, horizon: horizon.max(1), begun: 0, log_wealth: [f64::NEG_INFINITY; STAKES.len()] }
    }

    /// Takes in one number in -1..=1; others are clamped, those not finite are ignored.
    pub fn observe(&mut self, y: f64) {
        if !y.is_finite() {
            return;
        }
        let y = y.clamp(-1.0, 1.0);
        let share = if self.begun < self.horizon { -(self.horizon as f64).ln() } else { f64::NEG_INFINITY };
        self.begun = self.horizon.min(self.begun + 1);
        for (wealth, stake) in self.log_wealth.iter_mut().zip(STAKES) {
            let before = log_add_exp(*wealth, share);
            *wealth = (before + (stake * (y - self.margin)).ln_1p()).clamp(-LOG_VALUE_MAX, LOG_VALUE_MAX);
        }
    }

    /// Natural logarithm of the evidence; reject the hypothesis at `ln(1 / alpha)`.
    pub fn log_value(&self) -> f64 {
        let waiting = (self.horizon - self.begun) as f64 / self.horizon as f64;
        log_add_exp(waiting.ln(), log_mean_exp(&self.log_wealth))
    }
}

#[cfg(test)]
mod tests;
