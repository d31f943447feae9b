//! Slices: where in the rows the losses rose.
//!
//! Lives here: losses by the bin of each feature, when all was normal and lately, and which bins' losses rose. This
//! says where a drift of losses is, not whether there is one. May not: know what the loss is of.

use model::{Feature, Row, Schema};
use serde::{Deserialize, Serialize};

use crate::detect::features::WARMUP_ROWS_MAX;
use crate::detect::features::binning::{Bin, Binning};
use crate::stats::e_bh;
use crate::stats::e_process::log_mean_exp;

/// Most slices that are named.
pub const SLICES_MAX: usize = 10;
/// Share of slices named although their losses did not rise, among those named, at most in expectation.
const FALSE_NAMES_MAX: f64 = 0.05;
/// How hard each member of the mixture bets on a rise: small stakes find small ones.
const STAKES: [f64; 6] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0];

/// How many outcomes are compared with how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossSlicesConfig {
    /// Outcomes that say what is normal, at least one.
    pub reference: usize,
    /// Recent outcomes: from this many up to twice as many are compared, at least one.
    pub window: usize,
}

impl Default for LossSlicesConfig {
    fn default() -> Self {
        Self { reference: 5_000, window: 500 }
    }
}

/// One slice of the rows in which the losses rose.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossSlice {
    /// Position of the feature in the schema.
    pub feature: usize,
    /// Which of its values.
    pub bin: Bin,
    /// Mean loss when all was normal.
    pub loss_before: f64,
    /// Mean loss lately.
    pub loss_now: f64,
    /// Recent outcomes in it, as a share of all recent outcomes.
    pub rows: f64,
    /// What it adds to the rise of the mean loss, as a share of that: about `rows` where the rise is everywhere. Zero
    /// if the mean of all did not rise.
    pub share: f64,
    /// Natural logarithm of the evidence that its losses rose.
    pub log_e: f64,
}

/// Losses of a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cell {
    count: u64,
    sum: f64,
}

impl Cell {
    fn add(&mut self, loss: f64) {
        self.count += 1;
        self.sum += loss;
    }

    fn plus(self, other: Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum + other.sum }
    }

    fn mean(self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

/// Losses of a bin when all was normal, in the last full window and in the current one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cells {
    before: Cell,
    last: Cell,
    now: Cell,
}

impl Cells {
    fn lately(&self) -> Cell {
        self.last.plus(self.now)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Slices {
    binning: Binning,
    bins: Vec<Cells>,
}

/// Mean losses by feature and bin, before and now.
///
/// **What is named.** Of all bins of all features with outcomes from both times, those that e-BH rejects at 5 %: of
/// the slices named at a look fixed beforehand, in expectation at most 5 % are such that their losses did not rise,
/// however slices overlap. The e-value of a slice holds for any losses in 0..=1 and any number of them: given all
/// losses of the slice, if old and new ones are exchangeable the new are drawn from them without replacement, which by
/// Hoeffding (1963, theorem 4) spreads no wider than drawing with, and for that `exp(s sum) / (1 - m + m e^s)^n`, where
/// `m` is the mean of all, has a mean of at most one. A look taken *because* losses rose is no look fixed beforehand:
/// it names where the rise is, if there is one.
///
/// A rise in one slice raises the mean of every other that overlaps it, so those are named too, after it.
///
/// **Memory.** At most [`WARMUP_ROWS_MAX`] rows at first, then six numbers a bin, at most
/// [`crate::detect::features::binning::BINS_MAX`] bins a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossSlices {
    features: Vec<Feature>,
    config: LossSlicesConfig,
    warmup: Vec<(Row, f64)>,
    slices: Vec<Slices>,
    all: Cells,
    ignored: u64,
}

impl LossSlices {
    /// Learns what is normal from the first outcomes; settings too small are raised.
    pub fn new(schema: &Schema, config: LossSlicesConfig) -> Self {
        let config = LossSlicesConfig { reference: config.reference.max(1), window: config.window.max(1) };
        Self::empty(schema.features().to_vec(), config)
    }

    /// For a schema that evolved: with new features it learns anew what is normal.
    #[must_use]
    pub fn widened(&self, schema: &Schema) -> Self {
        if schema.features().len() == self.features.len() {
            return self.clone();
        }
        Self { ignored: self.ignored, ..Self::empty(schema.features().to_vec(), self.config) }
    }

    fn empty(features: Vec<Feature>, config: LossSlicesConfig) -> Self {
        let (warmup, slices) = (Vec::new(), Vec::new());
        Self { features, config, warmup, slices, all: Cells::default(), ignored: 0 }
    }

    /// Takes in a row and the loss of its answer in 0..=1; others are clamped, what is not finite or has another
    /// number of features is ignored and counted.
    pub fn observe(&mut self, row: &Row, loss: f64) {
        if !loss.is_finite() || row.values().len() != self.features.len() {
            self.ignored += 1;
            return;
        }
        let loss = loss.clamp(0.0, 1.0);
        if self.slices.is_empty() {
            self.warm_up(row, loss);
            return;
        }
        if self.all.now.count >= self.config.window as u64 {
            self.close_window();
        }
        self.add(row, loss);
    }

    /// Forgets everything, what is normal included.
    pub fn reset(&mut self) {
        let features = std::mem::take(&mut self.features);
        *self = Self { ignored: self.ignored, ..Self::empty(features, self.config) };
    }

    /// Outcomes ignored.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The slices whose losses rose, those with most evidence first; see above for what that means.
    pub fn risen(&self) -> Vec<LossSlice> {
        let compared = |(feature, slices): (usize, &Slices)| {
            let both = |(_, cells): &(usize, &Cells)| cells.before.count > 0 && cells.lately().count > 0;
            let one =
                |(bin, cells): (usize, &Cells)| self.slice(feature, slices.binning.describe(bin), cells);
            slices.bins.iter().enumerate().filter(both).map(one).collect::<Vec<_>>()
        };
        let all: Vec<LossSlice> = self.slices.iter().enumerate().flat_map(compared).collect();
        let log_e: Vec<f64> = all.iter().map(|slice| slice.log_e).collect();
        let named = e_bh::rejected(&log_e, FALSE_NAMES_MAX);
        named.into_iter().take(SLICES_MAX).map(|at| all[at]).collect()
    }

    fn slice(&self, feature: usize, bin: Bin, cells: &Cells) -> LossSlice {
        let (before, now, all) = (cells.before, cells.lately(), self.all.lately());
        let rise = all.mean() - self.all.before.mean();
        let rows = now.count as f64 / all.count.max(1) as f64;
        LossSlice {
            feature,
            bin,
            loss_before: before.mean(),
            loss_now: now.mean(),
            rows,
            share: if rise > 0.0 { rows * (now.mean() - before.mean()) / rise } else { 0.0 },
            log_e: log_e(before, now),
        }
    }

    fn warm_up(&mut self, row: &Row, loss: f64) {
        self.warmup.push((row.clone(), loss));
        if self.warmup.len() < WARMUP_ROWS_MAX.min(self.config.reference) {
            return;
        }
        let rows = std::mem::take(&mut self.warmup);
        let slices = |(at, feature): (usize, &Feature)| {
            let binning = Binning::new(feature.kind, rows.iter().map(|(row, _)| row.values()[at]));
            Slices { bins: vec![Cells::default(); binning.bins()], binning }
        };
        self.slices = self.features.iter().enumerate().map(slices).collect();
        for (row, loss) in &rows {
            self.add(row, *loss);
        }
    }

    fn add(&mut self, row: &Row, loss: f64) {
        let normal = self.all.before.count < self.config.reference as u64;
        let cell = |cells: &mut Cells| if normal { cells.before.add(loss) } else { cells.now.add(loss) };
        cell(&mut self.all);
        for (slices, value) in self.slices.iter_mut().zip(row.values()) {
            cell(&mut slices.bins[slices.binning.bin(*value)]);
        }
    }

    fn close_window(&mut self) {
        let bins = self.slices.iter_mut().flat_map(|slices| &mut slices.bins);
        bins.chain([&mut self.all]).for_each(|cells| cells.last = std::mem::take(&mut cells.now));
    }
}

/// Natural logarithm of the evidence that losses rose, a mixture over stakes.
fn log_e(before: Cell, now: Cell) -> f64 {
    let mean = before.plus(now).mean().clamp(0.0, 1.0);
    let one = |stake: f64| stake * now.sum - now.count as f64 * (mean * stake.exp_m1()).ln_1p();
    log_mean_exp(&STAKES.map(one))
}

#[cfg(test)]
mod tests;
