//! Sketch: one feature as counts of bins: when all was normal, before and now.
//!
//! Lives here: counts. Which bin a value falls into is in [`super::binning`]. May not: judge the counts.

use model::FeatureKind;
use serde::{Deserialize, Serialize};

use super::binning::Binning;
use super::evidence;
use crate::detect::FeatureShift;

/// Counts of one feature: of what was normal, of all rows before the current window, of the last full window and of
/// the current one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    binning: Binning,
    normal: Vec<u64>,
    past: Vec<u64>,
    last: Vec<u64>,
    window: Vec<u64>,
}

impl Sketch {
    /// No counts yet; the first values only say where a numeric feature's bins lie.
    pub fn new(kind: FeatureKind, first: impl Iterator<Item = f32>) -> Self {
        let binning = Binning::new(kind, first);
        let none = vec![0; binning.bins()];
        Self { binning, normal: none.clone(), past: none.clone(), last: none.clone(), window: none }
    }

    /// Counts one value of the window; `NaN` is missing.
    pub fn count(&mut self, value: f32) {
        self.window[self.binning.bin(value)] += 1;
    }

    /// Everything so far is what is normal.
    pub fn settle(&mut self) {
        self.absorb();
        self.normal.clone_from(&self.past);
        self.last.fill(0);
    }

    /// Lets the window join the past.
    pub fn absorb(&mut self) {
        for ((past, last), window) in self.past.iter_mut().zip(&mut self.last).zip(&mut self.window) {
            *last = std::mem::take(window);
            *past += *last;
        }
    }

    /// Counts of what was normal; missing values are last.
    pub fn normal(&self) -> &[u64] {
        &self.normal
    }

    /// Counts of all before the window; missing values are last.
    pub fn past(&self) -> &[u64] {
        &self.past
    }

    /// Counts of the last full window; missing values are last.
    pub fn last(&self) -> &[u64] {
        &self.last
    }

    /// Counts of the window; missing values are last.
    pub fn window(&self) -> &[u64] {
        &self.window
    }

    /// How the last full window differs from what was normal.
    pub fn shift(&self, feature: usize, log_e: f64) -> FeatureShift {
        evidence::shift(feature, &self.normal, &self.last, log_e)
    }
}

#[cfg(test)]
mod tests;
