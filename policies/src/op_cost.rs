//! Op cost: how long a mixture needs for one batch, learned from what was measured.
//!
//! Lives here: what a batch asks of a machine, and a linear model of the seconds it takes. Does not live
//! here: measuring; whoever measures says so by [`OpCost::observe`].
//!
//! Least squares on relative errors over the last measurements, drawn by a ridge to stated constants at the
//! speed of this machine, with no coefficient below zero (coordinate descent): more work never takes less time. With none measured the
//! constants alone speak, the same on every machine, so that a replay may rest on them.

use std::collections::VecDeque;

use model::{Mixture, Shape};
use serde::{Deserialize, Serialize};

use crate::stats::quantile;

/// Measurements remembered; the oldest is forgotten first.
pub const MEASUREMENTS_MAX: usize = 64;
/// The newest of them, from which it is known how far bounds lie above predictions: a machine is busy for a while only.
pub const ERRORS_MAX: usize = 16;
/// Measurements from which that is known; with fewer, [`FACTOR_STATED`] is kept to, and what is missing has not stalled.
pub const MEASUREMENTS_MIN: usize = 8;
/// By how much the network itself makes a bound lie above a prediction, at most: on a core of its own, the bound of the
/// p99 stayed under four times the median. What is above that is the machine, which stalled for as long whatever it ran.
pub const FACTOR_STATED: f64 = 4.0;
/// The quantile of the errors that an upper bound covers.
const ERROR_QUANTILE: f64 = 0.95;
/// And of the stalls: one that most measurements did not meet says nothing about a network that was not measured.
const STALL_QUANTILE: f64 = 0.5;
/// How much the stated constants count, in measurements.
const RIDGE: f64 = 0.1;
/// Sweeps of the descent; it contracts, and five unknowns need no more.
const SWEEPS: usize = 200;
/// What is counted of a batch.
const PARTS: usize = 5;
/// Seconds of a batch, a member, a layer, a multiplication, and a number that is mixed.
///
/// Fitted to the median of 2,000 repetitions on one core of an x86-64 server, for 1 to 16 members of depth 0 to 3
/// and width 16 to 128, 8 and 54 inputs, batches of 1 to 256; nine of ten medians were within a factor of 1.5.
const SECONDS_STATED: [f64; PARTS] = [1.3e-7, 2e-8, 5e-8, 3.4e-11, 3.4e-8];

/// What one batch asks of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load([f64; PARTS]);

impl Load {
    /// Of a batch of so many rows for this mixture.
    pub fn of(mixture: &Mixture, shape: Shape, rows: usize) -> Self {
        let members = mixture.members.len();
        let layers: usize = mixture.members.iter().map(|member| member.blocks.len() + 1).sum();
        let mixed = if members > 1 { rows * members * shape.outputs } else { 0 };
        let macs = mixture.cost(shape).macs as f64 * rows as f64;
        Self([1.0, members as f64, layers as f64, macs, mixed as f64])
    }

    fn times(&self, coefficients: &[f64; PARTS]) -> f64 {
        self.0.iter().zip(coefficients).map(|(part, seconds)| part * seconds).sum()
    }
}

/// Least share of its stated time that a part is thought to take: nothing takes no time at all, and what is expected
/// to take none could not be compared with what it took.
const UNIT_MIN: f64 = 1e-3;

/// What one batch took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Measurement {
    load: Load,
    /// The median, in seconds.
    typical: f64,
    /// Upper bound of the quantile that budgets look at.
    bound: f64,
}

/// A model of the median seconds of one batch, and of how far above it the bound lies that budgets look at.
///
/// ```
/// use model::{Architecture, Hyper, Mixture, Shape};
/// use policies::op_cost::{Load, OpCost};
///
/// let shape = Shape { inputs: 8, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
/// let load = Load::of(&Mixture::of_one(Architecture::linear(Hyper::default())), shape, 32);
/// let mut cost = OpCost::new();
/// cost.observe(load, 0.002, 0.003);
/// assert!(cost.predict(load) > 0.0015 && cost.upper(load) >= 0.003);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpCost {
    seconds: [f64; PARTS],
    measured: VecDeque<Measurement>,
    observations: u64,
    factor: f64,
    /// Seconds that this machine keeps a batch waiting, whatever the batch.
    stall: f64,
}

impl Default for OpCost {
    fn default() -> Self {
        Self::new()
    }
}

impl OpCost {
    /// Nothing measured yet.
    pub fn new() -> Self {
        Self {
            seconds: SECONDS_STATED,
            measured: VecDeque::new(),
            observations: 0,
            factor: FACTOR_STATED,
            stall: 0.0,
        }
    }

    /// Takes in what a batch took: its median, and the upper bound of the quantile that budgets look at, in seconds.
    /// What is not above zero and finite is ignored.
    pub fn observe(&mut self, load: Load, typical: f64, bound: f64) {
        if ![typical, bound].iter().all(|seconds| *seconds > 0.0 && seconds.is_finite()) {
            return;
        }
        if self.measured.len() == MEASUREMENTS_MAX {
            self.measured.pop_front();
        }
        self.measured.push_back(Measurement { load, typical, bound });
        self.observations += 1;
        self.seconds = self.fitted();
        let newest = self.measured.iter().rev().take(ERRORS_MAX);
        let (errors, mut stalls): (Vec<f64>, Vec<f64>) = newest
            .map(|known| (known, self.predict(known.load)))
            .map(|(known, seconds)| (known.bound / seconds, (known.bound - FACTOR_STATED * seconds).max(0.0)))
            .unzip();
        let known = quantile::value(&errors, ERROR_QUANTILE).unwrap_or(FACTOR_STATED);
        let is_known = errors.len() >= MEASUREMENTS_MIN;
        self.factor = if is_known { known.clamp(1.0, FACTOR_STATED) } else { FACTOR_STATED };
        stalls.resize(stalls.len().max(MEASUREMENTS_MIN), 0.0);
        self.stall = quantile::value(&stalls, STALL_QUANTILE).unwrap_or(0.0);
    }

    /// Median seconds of one batch, as expected.
    pub fn predict(&self, load: Load) -> f64 {
        load.times(&self.seconds)
    }

    /// Seconds that one batch hardly exceeds: the prediction, how far predictions were off, and how long this machine
    /// stalls.
    pub fn upper(&self, load: Load) -> f64 {
        self.predict(load) * self.factor + self.stall
    }

    /// How many measurements it has taken in.
    pub fn observations(&self) -> u64 {
        self.observations
    }

    /// Minimises `Σ (1 - x·c / y)² + RIDGE Σ (c / (speed stated) - 1)²` over coefficients not below [`UNIT_MIN`], with the
    /// speed of this machine the median of measured over stated.
    fn fitted(&self) -> [f64; PARTS] {
        let ratios: Vec<f64> =
            self.measured.iter().map(|known| known.typical / known.load.times(&SECONDS_STATED)).collect();
        let speed = quantile::value(&ratios, 0.5).unwrap_or(1.0);
        // In these units, so that all coefficients are about one.
        let stated = SECONDS_STATED.map(|seconds| seconds * speed);
        let share = |known: &Measurement| -> [f64; PARTS] {
            std::array::from_fn(|part| known.load.0[part] * stated[part] / known.typical)
        };
        let rows: Vec<[f64; PARTS]> = self.measured.iter().map(share).collect();
        let mut units = [1.0; PARTS];
        for _ in 0..SWEEPS {
            for part in 0..PARTS {
                let (mut slope, mut bend) = (RIDGE * (1.0 - units[part]), RIDGE);
                for row in &rows {
                    let explained: f64 = row.iter().zip(&units).map(|(x, unit)| x * unit).sum();
                    slope += row[part] * (1.0 - explained);
                    bend += row[part] * row[part];
                }
                units[part] = (units[part] + slope / bend).max(UNIT_MIN);
            }
        }
        std::array::from_fn(|part| units[part] * stated[part])
    }
}

#[cfg(test)]
mod tests;
