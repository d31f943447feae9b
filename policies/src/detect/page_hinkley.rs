//! Page-Hinkley: a cumulated distance from the running mean that strays too far.
//!
//! Lives here: the test of Page (1954) and Hinkley (1971) as river computes it, forgetting included. May not:
//! scale its input; the threshold is in units of the loss.

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};

/// Observations before the first that may alarm: a mean of fewer says little.
const OBSERVATIONS_MIN: u64 = 30;

/// What changes are looked for, and how surely.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageHinkleyConfig {
    /// A distance from the mean that is tolerated at every observation.
    pub delta: f64,
    /// What the cumulated distance has to exceed, in units of the loss.
    pub threshold: f64,
    /// The share of the cumulated distance that is kept at every observation.
    pub alpha: f64,
    /// Whether a falling mean is a change too.
    pub two_sided: bool,
}

impl Default for PageHinkleyConfig {
    /// As in river.
    fn default() -> Self {
        Self { delta: 0.005, threshold: 50.0, alpha: 0.9999, two_sided: true }
    }
}

/// One side: how far the cumulated distance is above the least it was, and how long ago that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Side {
    sum: f64,
    /// None before the first observation, so that the first sum is the least.
    least: Option<f64>,
    since: u64,
}

impl Side {
    fn add(&mut self, distance: f64, alpha: f64) {
        self.sum = alpha * self.sum + distance;
        self.since += 1;
        if self.least.is_none_or(|least| self.sum < least) {
            (self.least, self.since) = (Some(self.sum), 0);
        }
    }

    fn height(&self) -> f64 {
        self.least.map_or(0.0, |least| self.sum - least)
    }
}

/// Alarms when losses keep being larger (or smaller) than their running mean.
///
/// The statistic of its drift is the cumulated distance, negative for a mean that fell; its size exceeded the
/// threshold. `ago` counts from where the cumulated distance was least: with
/// the small default `delta` often hundreds of observations too early. It serves classification and regression
/// alike, as long as losses are on a known scale such as 0..=1.
///
/// **False alarms.** None is promised: the threshold is in units of the loss, so it means something else on each
/// stream. Measured with the defaults, in both directions: 33,000 observations to a false alarm on
/// independent errors of 10 %, 67,000 on numbers in 0..1 of that mean, 8,500 and 1,400 where neighbouring errors
/// correlate by 0.5 and 0.9 (docs/detectors.md).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageHinkley {
    config: PageHinkleyConfig,
    count: u64,
    mean: f64,
    rise: Side,
    fall: Side,
    ignored: u64,
}

impl PageHinkley {
    /// Nothing seen yet.
    pub fn new(config: PageHinkleyConfig) -> Self {
        Self { config, count: 0, mean: 0.0, rise: Side::default(), fall: Side::default(), ignored: 0 }
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn add(&mut self, x: f64) {
        self.count += 1;
        // In river's order of operations, so that a tie is a tie there and here.
        self.mean += (1.0 / self.count as f64) * (x - self.mean);
        let (distance, PageHinkleyConfig { delta, alpha, .. }) = (x - self.mean, self.config);
        self.rise.add(distance - delta, alpha);
        self.fall.add(-distance - delta, alpha);
    }

    /// What strayed too far, signed, and since when.
    fn strayed(&self) -> Option<(f64, u64)> {
        if self.count < OBSERVATIONS_MIN {
            return None;
        }
        let over =
            |side: &Side| (side.height() > self.config.threshold).then_some((side.height(), side.since));
        let fell = || over(&self.fall).filter(|_| self.config.two_sided);
        over(&self.rise).or_else(|| fell().map(|(height, since)| (-height, since)))
    }
}

impl Default for PageHinkley {
    fn default() -> Self {
        Self::new(PageHinkleyConfig::default())
    }
}

impl Detector for PageHinkley {
    type Observation = f64;

    fn observe(&mut self, observation: &f64) -> Option<Drift> {
        if !observation.is_finite() {
            self.ignored += 1;
            return None;
        }
        self.add(*observation);
        let (statistic, ago) = self.strayed()?;
        self.reset();
        let threshold = self.config.threshold;
        Some(Drift { detector: DetectorKind::PageHinkley, statistic, threshold, ago, features: Vec::new() })
    }

    fn reset(&mut self) {
        *self = Self { ignored: self.ignored, ..Self::new(self.config) };
    }
}

#[cfg(test)]
mod tests;
