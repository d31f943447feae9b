//! Shares of classes: do they come as often as they used to?
//!
//! Lives here: the detector, on classes by position: those of labels, or those that were answered, which need no label.
//! What a change of what is answered says of the labels to come is in [`label_shift`]; whether only the shares changed
//! and not what is answered to each class, in [`answers`]. May not: know where classes come from.

use serde::{Deserialize, Serialize};

use crate::detect::features::{BEGINNING_FADES, evidence};
use crate::detect::{Detector, DetectorKind, Drift};
use crate::stats::ShiryaevRoberts;
use crate::stats::e_process::LOG_VALUE_MAX;

pub mod answers;
pub mod label_shift;

/// Fewest classes a window may have, as fewer are too few to compare.
pub const WINDOW_MIN: usize = 50;

/// How long to look, and how rarely to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareDriftConfig {
    /// Observations compared at a time, at least [`WINDOW_MIN`].
    pub window: usize,
    /// Observations that say what is normal at first, at least one window.
    pub reference: usize,
    /// Expected number of observations to a false alarm, at least.
    pub average_run_length: f64,
}

impl Default for ShareDriftConfig {
    fn default() -> Self {
        Self { window: 200, reference: 2_000, average_run_length: 1e6 }
    }
}

/// Alarms when the classes of a window come in other shares than all before it.
///
/// A Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo, 2023) over windows. Each full window is compared with
/// everything since the last reset, by the two-sample evidence of [`evidence::log_e`], and then joins it: with a fixed
/// reference, an unlucky one would differ from *every* window. The price is that a change not acted upon becomes
/// normal; [`Self::shares_before`] stays what it was. The statistic of its drift is the natural logarithm of the
/// evidence, the threshold that of the average run length in windows; it names no features.
///
/// **False alarms.** On exchangeable observations the expected number of observations to a false alarm is at least
/// `average_run_length`, up to the chi-square approximation, which a test watches. Classes that come in runs are not
/// exchangeable: choose windows longer than the runs. Simulated with the defaults and four classes: a class that grows
/// from 10 to 20 % is found after 400 observations (median).
///
/// **Memory.** Four counters a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareDrift {
    config: ShareDriftConfig,
    normal: Vec<u64>,
    past: Vec<u64>,
    last: Vec<u64>,
    window: Vec<u64>,
    /// Observations in the past, and in the window.
    counts: (usize, usize),
    evidence: ShiryaevRoberts,
    ignored: u64,
}

impl ShareDrift {
    /// Learns what is normal from the first observations, then watches; settings too small are raised.
    pub fn new(classes: usize, config: ShareDriftConfig) -> Self {
        let window = config.window.max(WINDOW_MIN);
        let config = ShareDriftConfig { window, reference: config.reference.max(window), ..config };
        let none = vec![0; classes];
        Self {
            config,
            normal: none.clone(),
            past: none.clone(),
            last: none.clone(),
            window: none,
            counts: (0, 0),
            evidence: ShiryaevRoberts::default(),
            ignored: 0,
        }
    }

    /// For a target with more classes: none of the new ones has come so far, so their coming is a change.
    #[must_use]
    pub fn widened(&self, classes: usize) -> Self {
        let mut wider = self.clone();
        for counts in [&mut wider.normal, &mut wider.past, &mut wider.last, &mut wider.window] {
            counts.resize(classes.max(counts.len()), 0);
        }
        wider
    }

    /// Natural logarithm of the evidence so far.
    pub fn log_value(&self) -> f64 {
        self.evidence.value().ln().max(-LOG_VALUE_MAX)
    }

    /// Whether what is normal is known, so that windows are compared.
    pub fn is_watching(&self) -> bool {
        self.counts.0 >= self.config.reference
    }

    /// Share of each class in the reference; all zero before it is complete.
    pub fn shares_before(&self) -> Vec<f64> {
        evidence::shares(&self.normal)
    }

    /// Share of each class in the last full window; all zero before the first.
    pub fn shares_now(&self) -> Vec<f64> {
        evidence::shares(&self.last)
    }

    /// How often each class came in the last full window; what [`label_shift::label_shift`] asks for, of answers.
    pub fn last_window(&self) -> &[u64] {
        &self.last
    }

    /// How many observations were ignored, being no class.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn learn(&mut self, class: usize) {
        self.past[class] += 1;
        self.counts.0 += 1;
        if self.is_watching() {
            self.normal.clone_from(&self.past);
        }
    }

    /// Weighs the full window, says what it found, and lets it join the past.
    fn close_window(&mut self) -> Option<Drift> {
        let e = evidence::log_e(&self.past, &self.window).exp();
        self.evidence.observe_fading(e, BEGINNING_FADES);
        self.counts = (self.counts.0 + self.counts.1, 0);
        for ((past, last), window) in self.past.iter_mut().zip(&mut self.last).zip(&mut self.window) {
            *last = std::mem::take(window);
            *past += *last;
        }
        let windows = self.config.average_run_length / self.config.window as f64;
        let (statistic, threshold) = (self.log_value(), windows.max(1.0).ln());
        if statistic < threshold {
            return None;
        }
        let ago = self.evidence.since() * self.config.window as u64;
        self.evidence = ShiryaevRoberts::default();
        Some(Drift { detector: DetectorKind::Shares, statistic, threshold, ago, features: Vec::new() })
    }
}

impl Detector for ShareDrift {
    /// A class, by position.
    type Observation = u32;

    fn observe(&mut self, observation: &u32) -> Option<Drift> {
        let class = *observation as usize;
        if class >= self.past.len() {
            self.ignored += 1;
            return None;
        }
        if !self.is_watching() {
            self.learn(class);
            return None;
        }
        self.window[class] += 1;
        self.counts.1 += 1;
        if self.counts.1 < self.config.window { None } else { self.close_window() }
    }

    fn reset(&mut self) {
        *self = Self { ignored: self.ignored, ..Self::new(self.past.len(), self.config) };
    }
}

#[cfg(test)]
mod tests;
