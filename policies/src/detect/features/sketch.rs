//! Sketch: one feature as counts of bins, before and now.
//!
//! Lives here: which bin a value falls into. May not: judge the counts.

use model::FeatureKind;
use serde::{Deserialize, Serialize};

use crate::detect::FeatureShift;
use crate::detect::features::evidence;

/// Bins between the smallest and the largest value seen of a numeric feature.
const INNER_BINS: usize = 10;
/// Most bins of a categorical feature; more buckets share them.
const CATEGORY_BINS_MAX: u32 = 32;
/// Most bins a sketch has, the one for missing values included.
pub const BINS_MAX: usize = CATEGORY_BINS_MAX as usize + 1;

/// How a value finds its bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Binning {
    /// Tenths of the first values seen, and what lies below and above all of them.
    Numeric {
        /// The smallest value seen; `NaN` if none was.
        lowest: f32,
        /// The upper end of each tenth, ascending; values that are equal end one tenth only.
        uppers: Vec<f32>,
    },
    /// One bin a category or truth value.
    Category {
        /// How many.
        bins: u32,
    },
}

/// Counts of one feature: of all rows before the current window, and of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    binning: Binning,
    past: Vec<u64>,
    window: Vec<u64>,
}

impl Sketch {
    /// No counts yet; the first values only say where a numeric feature's bins lie.
    pub fn new(kind: FeatureKind, first: impl Iterator<Item = f32>) -> Self {
        let binning = match kind {
            FeatureKind::Numeric => tenths(first.filter(|value| !value.is_nan()).collect()),
            FeatureKind::Categorical { buckets } => {
                Binning::Category { bins: buckets.min(CATEGORY_BINS_MAX) }
            }
            FeatureKind::Boolean => Binning::Category { bins: 2 },
        };
        let bins = binning.bins() + 1;
        Self { binning, past: vec![0; bins], window: vec![0; bins] }
    }

    /// Counts one value of the window; `NaN` is missing.
    pub fn count(&mut self, value: f32) {
        let bin = self.bin(value);
        self.window[bin] += 1;
    }

    /// The bin that a value falls into; `NaN` is missing.
    pub fn bin(&self, value: f32) -> usize {
        if value.is_nan() { self.window.len() - 1 } else { self.binning.bin(value) }
    }

    /// Adds counts of the window, one for each bin; missing values are last.
    pub fn add(&mut self, counts: &[u32]) {
        for (window, count) in self.window.iter_mut().zip(counts) {
            *window += u64::from(*count);
        }
    }

    /// Forgets the window.
    pub fn discard(&mut self) {
        self.window.fill(0);
    }

    /// Lets the window join the past.
    pub fn absorb(&mut self) {
        for (past, window) in self.past.iter_mut().zip(&mut self.window) {
            *past += std::mem::take(window);
        }
    }

    /// Counts of all before the window; missing values are last.
    pub fn past(&self) -> &[u64] {
        &self.past
    }

    /// Counts of the window; missing values are last.
    pub fn window(&self) -> &[u64] {
        &self.window
    }

    /// How the window differs from the past.
    pub fn shift(&self, feature: usize, log_e: f64) -> FeatureShift {
        let missing = |counts: &[u64]| evidence::shares(counts).last().copied().unwrap_or(0.0);
        let present = self.past.len() - 1;
        FeatureShift {
            feature,
            ks: evidence::ks(&self.past[..present], &self.window[..present]),
            psi: evidence::psi(&self.past, &self.window),
            missing_before: missing(&self.past),
            missing_now: missing(&self.window),
            log_e,
        }
    }
}

impl Binning {
    /// How many bins values that are not missing have.
    fn bins(&self) -> usize {
        match self {
            Self::Numeric { uppers, .. } => uppers.len() + 2,
            Self::Category { bins } => *bins as usize,
        }
    }

    fn bin(&self, value: f32) -> usize {
        match self {
            Self::Numeric { lowest, .. } if value < *lowest => 0,
            Self::Numeric { uppers, .. } => 1 + uppers.partition_point(|upper| *upper < value),
            Self::Category { bins } => (value.max(0.0) as u32 % bins) as usize,
        }
    }
}

fn tenths(mut values: Vec<f32>) -> Binning {
    values.sort_unstable_by(f32::total_cmp);
    let Some(lowest) = values.first().copied() else {
        return Binning::Numeric { lowest: f32::NAN, uppers: Vec::new() };
    };
    let upper = |tenth: usize| values[(values.len() * tenth).div_ceil(INNER_BINS) - 1];
    let mut uppers: Vec<f32> = (1..=INNER_BINS).map(upper).collect();
    uppers.dedup();
    Binning::Numeric { lowest, uppers }
}

#[cfg(test)]
mod tests;
