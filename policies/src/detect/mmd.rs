//! MMD: do new rows, all features together, come from where old ones came from?
//!
//! Lives here: the maximum mean discrepancy by random Fourier features (Rahimi and Recht, 2007; Gretton et al., 2012)
//! as an e-detector that bets on its witness (Shekhar and Ramdas, 2023). Pairs and bets are in [`super::pairs`]. May
//! not: keep rows; only what they are projected to is kept.

use model::{Feature, Row, Schema};
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::detect::pairs::inputs::Inputs;
use crate::detect::pairs::witness::{Learning, Witness, together};
use crate::detect::pairs::{Pairs, PairsConfig, ROWS_A_PAIR};
use crate::detect::{Detector, DetectorKind, Drift};
use crate::stats::e_process::LOG_VALUE_MAX;

/// Rows that teach mean and spread of the inputs; no pair has one of them.
pub const WARMUP_ROWS: usize = 512;
/// Frequencies, and so numbers that a row is projected to.
pub const FREQUENCIES: usize = 64;
/// Inputs that a frequency looks at, in turn, or all if there are fewer.
const SUPPORTS: [usize; 4] = [4, 8, 16, 32];
/// Pairs that the witness remembers: a large change is learned from few, a small one needs many.
const HORIZONS: [u32; 2] = [100, 500];

/// Alarms when new rows differ from old ones in any way that a smooth function of a few inputs shows.
///
/// A row becomes [`FREQUENCIES`] waves of random directions, `cos(omega x + b)`; the mean difference of the waves of
/// new and old rows is the witness. Every second row is the new one of a pair, with one from `2 * reference` rows ago
/// that nothing was learned from; the witness of earlier pairs bets on which is which, and a mixture of e-detectors
/// over stakes and horizons of memory weighs what that earned. The statistic of the drift is the natural logarithm of
/// their mean, the threshold that of the average run length in pairs. It names no features.
///
/// **False alarms.** On exchangeable rows the expected number of rows to a false alarm is at least
/// `average_run_length`, exactly: [`super::pairs`] says why. Rows that follow one another are not exchangeable.
///
/// **What is found.** A frequency looks at 4, 8, 16 or 32 inputs, so the kernel is a mean of Gaussian ones over random
/// sets of inputs. Of up to about 30 inputs every two meet in many frequencies, and changes of how they go together
/// are found; of 1,000, each input is in about one, and a change in a single one of them hardly shows here: that is
/// for [`super::FeatureDrift`]. The change is visible for `2 * reference` rows after it began.
///
/// Simulated with the defaults, medians: one of ten inputs that moves by half a deviation is found after 640 rows, all
/// ten by a fifth after 520; one of six that turns against the others, with which it shared 60 % of its variance,
/// after 320, though none is distributed otherwise than before. One of a hundred that moves by half a deviation is
/// found after 4,000, or never. A row takes 1, 2.5 and 5 microseconds at 10, 100 and 1,000 numeric features.
///
/// **Memory.** At most [`WARMUP_ROWS`] rows at first, then [`FREQUENCIES`] numbers for each row kept, and what the
/// frequencies look at: 15 numbers each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mmd {
    features: Vec<Feature>,
    config: PairsConfig,
    warmup: Vec<Row>,
    projection: Option<Projection>,
    pairs: Pairs<Vec<f32>>,
    witnesses: Vec<Witness>,
    ignored: u64,
}

impl Mmd {
    /// Learns spreads and keeps rows at first, then watches.
    pub fn new(schema: &Schema, config: PairsConfig) -> Self {
        Self::empty(schema.features().to_vec(), config)
    }

    /// For a schema that evolved: with new features it begins anew.
    #[must_use]
    pub fn widened(&self, schema: &Schema) -> Self {
        if schema.features().len() == self.features.len() {
            return self.clone();
        }
        Self { ignored: self.ignored, ..Self::empty(schema.features().to_vec(), self.config) }
    }

    fn empty(features: Vec<Feature>, config: PairsConfig) -> Self {
        let witness = |horizon| Witness::new(Learning::Mean, FREQUENCIES, horizon);
        Self {
            features,
            config,
            warmup: Vec::new(),
            projection: None,
            pairs: Pairs::new(config.reference, config.seed),
            witnesses: HORIZONS.map(witness).to_vec(),
            ignored: 0,
        }
    }

    /// Natural logarithm of the evidence so far.
    pub fn log_value(&self) -> f64 {
        together(&self.witnesses).0.ln().max(-LOG_VALUE_MAX)
    }

    /// Whether enough rows are kept, so that new ones are compared.
    pub fn is_watching(&self) -> bool {
        self.pairs.is_full()
    }

    /// How many rows were ignored, not having one value a feature.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn warm_up(&mut self, row: &Row) {
        self.warmup.push(row.clone());
        if self.warmup.len() >= WARMUP_ROWS {
            let rows = std::mem::take(&mut self.warmup);
            self.projection = Some(Projection::new(Inputs::new(&self.features, &rows), self.config.seed));
        }
    }

    fn judge(&mut self) -> Option<Drift> {
        let pairs = self.config.average_run_length / ROWS_A_PAIR as f64;
        let (value, since) = together(&self.witnesses);
        let (statistic, threshold) = (value.ln().max(-LOG_VALUE_MAX), pairs.max(1.0).ln());
        if statistic < threshold {
            return None;
        }
        self.witnesses.iter_mut().for_each(Witness::forget_evidence);
        let ago = since * ROWS_A_PAIR;
        Some(Drift { detector: DetectorKind::Mmd, statistic, threshold, ago, features: Vec::new() })
    }
}

impl Detector for Mmd {
    type Observation = Row;

    fn observe(&mut self, observation: &Row) -> Option<Drift> {
        if observation.values().len() != self.features.len() {
            self.ignored += 1;
            return None;
        }
        let Some(projection) = self.projection.as_mut() else {
            self.warm_up(observation);
            return None;
        };
        let waves = projection.waves(observation);
        let (mut difference, old) = self.pairs.observe(waves)?;
        difference.iter_mut().zip(&old).for_each(|(new, old)| *new -= old);
        self.witnesses.iter_mut().for_each(|witness| witness.observe(&difference));
        self.judge()
    }

    fn reset(&mut self) {
        let features = std::mem::take(&mut self.features);
        *self = Self { ignored: self.ignored, ..Self::empty(features, self.config) };
    }
}

/// Random Fourier features of a row, each of a few inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Projection {
    inputs: Inputs,
    /// Which input, and how often a unit of it goes round the circle; those of one frequency in a row.
    turns: Vec<(u32, f32)>,
    /// Where each frequency ends in that, and where on the circle it begins.
    ends: Vec<(u32, f32)>,
    numbers: Vec<f32>,
}

impl Projection {
    fn new(inputs: Inputs, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let varying = inputs.varying();
        let (mut turns, mut ends, mut deck) = (Vec::new(), Vec::new(), Vec::new());
        for support in SUPPORTS.iter().cycle().take(FREQUENCIES) {
            let support = (*support).min(varying.len());
            // A kernel as wide as two rows are usually apart: the median heuristic, for inputs of spread one.
            let spread = 1.0 / (2.0 * support as f32).sqrt() / std::f32::consts::TAU;
            for _ in 0..support {
                turns.push((dealt(&mut deck, &varying, &mut rng), normal(&mut rng) * spread));
            }
            ends.push((turns.len() as u32, rng.random()));
        }
        Self { inputs, turns, ends, numbers: Vec::new() }
    }

    fn waves(&mut self, row: &Row) -> Vec<f32> {
        self.inputs.encode(row, &mut self.numbers);
        let mut start = 0;
        let mut phases = Vec::with_capacity(self.ends.len());
        for (end, begin) in &self.ends {
            let turns = &self.turns[start..*end as usize];
            phases.push(turns.iter().fold(*begin, |sum, (at, turn)| sum + turn * self.numbers[*at as usize]));
            start = *end as usize;
        }
        phases.into_iter().map(cosine).collect()
    }
}

/// The next of a shuffled deck, so that each comes about equally often.
fn dealt(deck: &mut Vec<u32>, all: &[u32], rng: &mut impl Rng) -> u32 {
    if deck.is_empty() {
        deck.extend(all);
        for at in (1..deck.len()).rev() {
            deck.swap(at, rng.random_range(0..=at));
        }
    }
    deck.pop().unwrap_or_default()
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut impl Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}

/// The cosine of so many turns, to within 1e-4: without branches, so that many are computed side by side.
fn cosine(turns: f32) -> f32 {
    // Adding and taking away a number so large that only whole ones are left rounds; turns are few.
    const WHOLE: f32 = 12_582_912.0;
    let part = turns - ((turns + WHOLE) - WHOLE);
    let square = part * part * std::f32::consts::TAU * std::f32::consts::TAU;
    let series = -1.0 / 3_628_800.0 + square / 479_001_600.0;
    let series = series * square + 1.0 / 40_320.0;
    let series = series * square - 1.0 / 720.0;
    let series = series * square + 1.0 / 24.0;
    let series = series * square - 0.5;
    series * square + 1.0
}

#[cfg(test)]
mod tests;
