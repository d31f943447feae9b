//! Moments: mean and deviation of a sequence, of all time and lately.
//!
//! Lives here: running sums, and how one number follows the one before it. May not: know what they are sums of.

use serde::{Deserialize, Serialize};

use super::{MEMORY, NOTHING};

/// Mean and variance of all time (Welford, 1962), and with exponential forgetting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    recent_mean: f64,
    recent_square: f64,
}

impl Moments {
    pub fn observe(&mut self, number: f64) {
        self.count += 1;
        let before = number - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (number - self.mean);
        // A plain mean until there is something to forget.
        let rate = 1.0 / (self.count as f64).min(MEMORY);
        self.recent_mean += rate * (number - self.recent_mean);
        self.recent_square += rate * (number * number - self.recent_square);
    }

    fn deviation(&self) -> f64 {
        (self.squares / self.count.max(1) as f64).sqrt()
    }

    pub fn standardised(&self, number: f64) -> f64 {
        let deviation = self.deviation();
        if deviation > NOTHING { (number - self.mean) / deviation } else { 0.0 }
    }

    pub fn recent_mean(&self) -> f64 {
        self.recent_mean
    }

    pub fn recent_deviation(&self) -> f64 {
        (self.recent_square - self.recent_mean * self.recent_mean).max(0.0).sqrt()
    }

    /// How many deviations the recent mean is from that of all time.
    pub fn shift(&self) -> f64 {
        self.standardised(self.recent_mean)
    }

    /// The recent deviation by that of all time.
    pub fn spread(&self) -> f64 {
        let deviation = self.deviation();
        if deviation > NOTHING { self.recent_deviation() / deviation } else { 0.0 }
    }
}

/// The same, with the correlation of each number with the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Lagged {
    moments: Moments,
    last: f64,
    recent_product: f64,
}

impl Lagged {
    pub fn observe(&mut self, number: f64) {
        self.moments.observe(number);
        let rate = 1.0 / (self.moments.count as f64).min(MEMORY);
        self.recent_product += rate * (number * self.last - self.recent_product);
        self.last = number;
    }

    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Lately, -1 to 1.
    pub fn correlation(&self) -> f64 {
        let (mean, deviation) = (self.moments.recent_mean, self.moments.recent_deviation());
        if deviation > NOTHING {
            ((self.recent_product - mean * mean) / (deviation * deviation)).clamp(-1.0, 1.0)
        } else {
            0.0
        }
    }
}
