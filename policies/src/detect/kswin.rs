//! KSWIN: do the newest losses look like a sample of those before?
//!
//! Lives here: the Kolmogorov-Smirnov windowing of Raab, Heusinger and Schleif (2020) as river computes it, and
//! the exact tail of its statistic.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};
use crate::stats::special::ln_choose;

/// A distance this small is no drift, however surely it is there.
const DISTANCE_MIN: f64 = 0.1;

/// What is compared, and how surely.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KswinConfig {
    /// Chance of a wrong alarm at one look.
    pub alpha: f64,
    /// Observations that are kept, at least twice as many as are compared.
    pub window: usize,
    /// Observations that are compared with as many older ones, at least one.
    pub stat_size: usize,
    /// Where chance begins.
    pub seed: u64,
}

impl Default for KswinConfig {
    /// As in river, but for the seed, which there comes from the clock.
    fn default() -> Self {
        Self { alpha: 0.005, window: 100, stat_size: 30, seed: 0 }
    }
}

/// Alarms when the newest losses are distributed unlike a random sample of those before them.
///
/// The statistic of its drift is the distance of the two distributions, the threshold the least that is
/// significant; `ago` is `stat_size`. Any change of the distribution counts, in either direction. It serves
/// any real numbers, of any scale; of zeros and ones it sees the share only, and ties make it slow.
///
/// **False alarms.** It looks after every observation, so `alpha` is not a rate of anything and no average run
/// length is promised. Measured with the defaults: 670 observations to a false alarm on independent numbers, beyond a
/// million on independent errors of 10 % (ties), 4,600 and 400 where neighbouring errors correlate by 0.5 and 0.9
/// (docs/detectors.md).
///
/// **Memory.** The window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kswin {
    config: KswinConfig,
    /// The least significant distance, in steps of `1 / stat_size`.
    least: usize,
    window: VecDeque<f64>,
    rng: Pcg64,
    ignored: u64,
}

impl Kswin {
    /// An empty window; settings too small are raised.
    pub fn new(config: KswinConfig) -> Self {
        let stat_size = config.stat_size.max(1);
        let config = KswinConfig { stat_size, window: config.window.max(2 * stat_size), ..config };
        let significant = |steps: &usize| {
            let distance = *steps as f64 / stat_size as f64;
            distance > DISTANCE_MIN && tail(stat_size as u64, *steps as u64) <= config.alpha
        };
        Self {
            config,
            // A distance can be at most one: beyond it, nothing is ever significant.
            least: (0..=stat_size).find(significant).unwrap_or(stat_size + 1),
            window: VecDeque::new(),
            rng: Pcg64::seed_from_u64(config.seed),
            ignored: 0,
        }
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// As many of the older losses as are compared, drawn without replacement, in order of size.
    fn sample(&mut self) -> Vec<f64> {
        let older = self.config.window - self.config.stat_size;
        let mut values: Vec<f64> = self.window.iter().take(older).copied().collect();
        for at in 0..self.config.stat_size {
            values.swap(at, self.rng.random_range(at..older));
        }
        values.truncate(self.config.stat_size);
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    fn newest(&self) -> Vec<f64> {
        let older = self.config.window - self.config.stat_size;
        let mut values: Vec<f64> = self.window.iter().skip(older).copied().collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }
}

impl Default for Kswin {
    fn default() -> Self {
        Self::new(KswinConfig::default())
    }
}

impl Detector for Kswin {
    type Observation = f64;

    fn observe(&mut self, observation: &f64) -> Option<Drift> {
        if !observation.is_finite() {
            self.ignored += 1;
            return None;
        }
        if self.window.len() == self.config.window {
            self.window.pop_front();
        }
        self.window.push_back(*observation);
        if self.window.len() < self.config.window {
            return None;
        }
        let steps = distance(&self.sample(), &self.newest());
        if steps < self.least {
            return None;
        }
        // What was compared may straddle the change. River, too, starts from nothing.
        self.window.clear();
        let size = self.config.stat_size as f64;
        Some(Drift {
            detector: DetectorKind::Kswin,
            statistic: steps as f64 / size,
            threshold: self.least as f64 / size,
            ago: self.config.stat_size as u64,
            features: Vec::new(),
        })
    }

    /// Empties the window; chance goes on where it was.
    fn reset(&mut self) {
        self.window.clear();
    }
}

/// Largest distance of the distributions of two samples of the same size, both in order: in steps of one over
/// that size.
fn distance(a: &[f64], b: &[f64]) -> usize {
    let (mut i, mut j, mut most) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        while i < a.len() && a[i] <= value {
            i += 1;
        }
        while j < b.len() && b[j] <= value {
            j += 1;
        }
        most = most.max(i.abs_diff(j));
    }
    most
}

/// Probability of a distance of at least `steps / n` between two samples of size `n` from one continuous
/// distribution (Gnedenko and Korolyuk, 1951); less with ties.
fn tail(n: u64, steps: u64) -> f64 {
    if steps == 0 {
        return 1.0;
    }
    let share = |shift: u64| (ln_choose(2 * n, n - shift) - ln_choose(2 * n, n)).exp();
    let term = |turn: u64| share(turn * steps) * if turn % 2 == 1 { 2.0 } else { -2.0 };
    (1..=n / steps).map(term).sum::<f64>().min(1.0)
}

#[cfg(test)]
mod tests;
