//! Shiryaev-Roberts: evidence that something changed at some time, whenever that was.
//!
//! Lives here: the e-detector of Shin, Ramdas and Rinaldo (2023) over e-values that come one by one, and which of
//! them the evidence most likely begins with. May not: make e-values, or know a threshold.

use serde::{Deserialize, Serialize};

/// The value stays below this: far beyond any threshold, far inside of what the next factor bears.
const VALUE_MAX: f64 = 1e290;

/// The sum, over all times a change may have begun, of the product of e-values since.
///
/// While each e-value has a mean of at most one given those before, the expected number of steps until the value, or
/// the mean of several that share their steps and depend on each other in whatever way, reaches `c` is at least `c`:
/// the value less the number of steps is a supermartingale. Constant memory.
///
/// ```
/// let mut evidence = policies::stats::ShiryaevRoberts::default();
/// (0..100).for_each(|_| evidence.observe(0.9));
/// (0..20).for_each(|_| evidence.observe(2.0));
/// assert!(evidence.value() > 1e6 && evidence.since() == 20 && evidence.steps() == 120);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShiryaevRoberts {
    sum: f64,
    /// The largest of the products, which is CUSUM (Page, 1954) for e-values.
    largest: f64,
    /// Steps it has.
    since: u64,
    steps: u64,
}

impl ShiryaevRoberts {
    /// Takes in one e-value; what is no number says nothing.
    pub fn observe(&mut self, e: f64) {
        self.observe_fading(e, 1.0);
    }

    /// As [`Self::observe`], where a change is the less likely to have begun with a step the longer ago that was, by
    /// this factor a step. That is for [`Self::since`] alone, where few large steps make a change and many small ones
    /// chance; the evidence is the same.
    pub fn observe_fading(&mut self, e: f64, fading: f64) {
        let e = if e.is_nan() { 1.0 } else { e.max(0.0) };
        self.steps += 1;
        self.sum = ((self.sum + 1.0) * e).min(VALUE_MAX);
        // A product that fell to one is worth no more than a new one.
        let before = self.largest * fading;
        self.since = if before > 1.0 { self.since + 1 } else { 1 };
        self.largest = (before.max(1.0) * e).min(VALUE_MAX);
    }

    /// The evidence; zero before the first step.
    pub fn value(&self) -> f64 {
        self.sum
    }

    /// Steps since the change most likely began, the first one of it included.
    pub fn since(&self) -> u64 {
        self.since
    }

    /// Steps since evidence is gathered.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Mean evidence of several; zero of none.
    pub fn mean(several: &[Self]) -> f64 {
        several.iter().map(|one| one.sum / several.len() as f64).sum()
    }

    /// The one with most evidence.
    pub fn strongest(several: &[Self]) -> Option<&Self> {
        several.iter().max_by(|a, b| a.sum.total_cmp(&b.sum))
    }
}

#[cfg(test)]
mod tests;
