//! Losses of one arm, watched against references of several sizes.
//!
//! Lives here: a short reference finds what is large soon, a long one what is small at all. May not: know whose losses.

use serde::{Deserialize, Serialize};

use crate::detect::{Detector as _, Drift, ESr};

/// Each reference is so many times the one before.
const LONGER: u64 = 5;
/// References.
const REFERENCES: u32 = 3;

/// Several e-SR detectors that share one run length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LossWatch(Vec<ESr>);

impl LossWatch {
    /// The shortest reference has so many outcomes.
    pub(super) fn new(average_run_length: f64, reference_outcomes: u64) -> Self {
        let each = average_run_length * f64::from(REFERENCES);
        let sizes = (0..REFERENCES).map(|at| reference_outcomes.saturating_mul(LONGER.pow(at)));
        Self(sizes.map(|size| ESr::new(each, size)).collect())
    }

    /// Takes in a loss; the first that has enough evidence speaks.
    pub(super) fn observe(&mut self, loss: f64) -> Option<Drift> {
        // All are shown it, whoever speaks.
        let found: Vec<Drift> = self.0.iter_mut().filter_map(|e_sr| e_sr.observe(&loss)).collect();
        found.into_iter().next()
    }

    pub(super) fn reset(&mut self) {
        self.0.iter_mut().for_each(ESr::reset);
    }

    /// The mean loss that is normal, by the longest reference that is complete.
    pub(super) fn normal(&self) -> Option<f64> {
        self.0.iter().rev().find_map(ESr::reference_mean)
    }

    /// Natural logarithm of the strongest evidence.
    pub(super) fn log_value(&self) -> f64 {
        self.0.iter().map(ESr::log_value).fold(f64::NEG_INFINITY, f64::max)
    }
}
