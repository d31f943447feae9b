//! HDDM: the mean since some cut is above the mean before it by more than chance.
//!
//! Lives here: the two drift detection methods of Frías-Blanco and others (2015) as MOA and river compute them:
//! with averages and Hoeffding's bound ([`HddmA`]), with weighted averages and the bounded-differences inequality ([`HddmW`]). Only
//! rises are found.

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};

/// Chance of a wrong alarm at one look, customarily.
pub const DRIFT_CONFIDENCE: f64 = 0.001;
/// Weight of the newest observation, customarily.
pub const LAMBDA: f64 = 0.05;

/// Mean of the first so many observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Average {
    count: u64,
    mean: f64,
}

impl Average {
    fn add(&mut self, x: f64) {
        self.count += 1;
        // In river's order of operations, so that a tie is a tie there and here.
        self.mean += (1.0 / self.count as f64) * (x - self.mean);
    }

    /// The most that the true mean may be.
    fn upper(&self, confidence: f64) -> f64 {
        self.mean + (1.0 / (2.0 * self.count as f64) * (1.0 / confidence).ln()).sqrt()
    }
}

/// Alarms when the mean of everything is above that up to the best cut, by Hoeffding's bound.
///
/// Losses in 0..=1, of classification or regression; others are clamped. The statistic of its drift is the
/// difference of the two means, the threshold the bound; `ago` counts from the cut.
///
/// **False alarms.** The bound holds at one look for one cut, and there are as many looks as observations, so
/// no average run length is promised. Measured with the default confidence: beyond a million observations to a false
/// alarm on independent errors of 10 %, but 550 and 160 where neighbouring errors correlate by 0.5 and 0.9
/// (docs/detectors.md).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HddmA {
    confidence: f64,
    cut: Average,
    all: Average,
    ignored: u64,
}

impl HddmA {
    /// Nothing seen yet; the smaller `confidence` (customarily [`DRIFT_CONFIDENCE`]), the rarer an alarm.
    pub fn new(confidence: f64) -> Self {
        Self { confidence, cut: Average::default(), all: Average::default(), ignored: 0 }
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn add(&mut self, x: f64) {
        self.all.add(x);
        if self.cut.count == 0 || self.cut.upper(self.confidence) >= self.all.upper(self.confidence) {
            self.cut = self.all;
        }
    }

    /// The difference of the means and what it has to reach; none right at the cut.
    fn difference(&self) -> Option<(f64, f64)> {
        let (before, all) = (self.cut.count as f64, self.all.count as f64);
        let m = (all - before) / before * (1.0 / all);
        let threshold = (m / 2.0 * (2.0 / self.confidence).ln()).sqrt();
        (self.all.count > self.cut.count).then_some((self.all.mean - self.cut.mean, threshold))
    }
}

impl Default for HddmA {
    fn default() -> Self {
        Self::new(DRIFT_CONFIDENCE)
    }
}

impl Detector for HddmA {
    type Observation = f64;

    fn observe(&mut self, observation: &f64) -> Option<Drift> {
        if !observation.is_finite() {
            self.ignored += 1;
            return None;
        }
        self.add(observation.clamp(0.0, 1.0));
        let (statistic, threshold) = self.difference().filter(|(difference, least)| difference >= least)?;
        let ago = self.all.count - self.cut.count;
        self.reset();
        Some(Drift { detector: DetectorKind::HddmA, statistic, threshold, ago, features: Vec::new() })
    }

    fn reset(&mut self) {
        *self = Self { ignored: self.ignored, ..Self::new(self.confidence) };
    }
}

/// Mean in which the newest observations weigh most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Weighted {
    count: u64,
    mean: f64,
    /// Sum of the squares of all weights, from which its bound follows.
    squares: f64,
}

impl Weighted {
    const NONE: Self = Self { count: 0, mean: 0.0, squares: 1.0 };

    fn add(&mut self, x: f64, lambda: f64) {
        self.mean = if self.count == 0 { x } else { lambda * x + (1.0 - lambda) * self.mean };
        self.squares = lambda * lambda + (1.0 - lambda).powi(2) * self.squares;
        self.count += 1;
    }
}

/// How far a mean with such weights may stray.
fn mcdiarmid(squares: f64, confidence: f64) -> f64 {
    (squares * (1.0 / confidence).ln() / 2.0).sqrt()
}

/// Alarms when the weighted mean since the best cut is above that up to it, by the bounded-differences
/// inequality.
///
/// Losses in 0..=1, of classification or regression; others are clamped. The statistic of its drift is the
/// difference of the two weighted means, the threshold the bound; `ago` counts from the cut. It sees sharp
/// rises soon and misses small ones altogether: with weights this short, the bound never gets narrow.
///
/// **False alarms.** As with [`HddmA`] none is promised. Measured with the defaults: beyond a million observations
/// to a false alarm on independent errors of 10 %, but 1,800 and 370 where neighbouring errors correlate by 0.5 and
/// 0.9, and about 1,000 on independent errors of 50 % (docs/detectors.md).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HddmW {
    confidence: f64,
    lambda: f64,
    all: Weighted,
    before: Weighted,
    since: Weighted,
    /// The least upper bound so far; none before the first observation.
    least: Option<f64>,
    ignored: u64,
}

impl HddmW {
    /// Nothing seen yet; the smaller `confidence` (customarily [`DRIFT_CONFIDENCE`]), the rarer an alarm, and
    /// the smaller `lambda` (customarily [`LAMBDA`]), the longer the memory.
    pub fn new(confidence: f64, lambda: f64) -> Self {
        let none = Weighted::NONE;
        Self { confidence, lambda, all: none, before: none, since: none, least: None, ignored: 0 }
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn add(&mut self, x: f64) {
        self.all.add(x, self.lambda);
        let upper = self.all.mean + mcdiarmid(self.all.squares, self.confidence);
        if self.least.is_none_or(|least| upper < least) {
            (self.least, self.before, self.since) = (Some(upper), self.all, Weighted::NONE);
        } else {
            self.since.add(x, self.lambda);
        }
    }
}

impl Default for HddmW {
    fn default() -> Self {
        Self::new(DRIFT_CONFIDENCE, LAMBDA)
    }
}

impl Detector for HddmW {
    type Observation = f64;

    fn observe(&mut self, observation: &f64) -> Option<Drift> {
        if !observation.is_finite() {
            self.ignored += 1;
            return None;
        }
        self.add(observation.clamp(0.0, 1.0));
        let statistic = self.since.mean - self.before.mean;
        let threshold = mcdiarmid(self.before.squares + self.since.squares, self.confidence);
        if self.since.count == 0 || statistic <= threshold {
            return None;
        }
        let ago = self.since.count;
        self.reset();
        Some(Drift { detector: DetectorKind::HddmW, statistic, threshold, ago, features: Vec::new() })
    }

    fn reset(&mut self) {
        *self = Self { ignored: self.ignored, ..Self::new(self.confidence, self.lambda) };
    }
}

#[cfg(test)]
mod tests;
