//! Two samples: a classifier that tries to tell new rows from old ones, and whether it can.
//!
//! Lives here: the sequential predictive two-sample test (Podkopaev and Ramdas, 2023; Shekhar and Ramdas, 2023) as an
//! e-detector, with an online logistic regression on the inputs and on products of two of them. Pairs and bets are in
//! [`super::pairs`]. May not: see a row of a pair before the bet.

use model::{Feature, Row, Schema};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::detect::features::binning::Binning;
use crate::detect::features::{SHIFTS_MAX, evidence};
use crate::detect::pairs::inputs::Inputs;
use crate::detect::pairs::witness::{Learning, Witness, together};
use crate::detect::pairs::{Pairs, ROWS_A_PAIR};
use crate::detect::{Detector, DetectorKind, Drift, FeatureShift};
use crate::stats::e_process::LOG_VALUE_MAX;

/// Rows that teach mean and spread of the inputs; no pair has one of them.
pub const WARMUP_ROWS: usize = 512;
/// Most products of two inputs that the classifier sees: all, up to 23 inputs; a random choice of more.
pub const PRODUCTS_MAX: usize = 256;
/// Most bytes that the rows kept take.
pub const KEPT_BYTES_MAX: usize = 4 << 20;
/// Pairs that a classifier remembers: a large change is learned from few, a small one needs many.
const HORIZONS: [u32; 2] = [200, 1_000];
/// A product is cut off here, on both sides, so that it cannot drown the others.
const PRODUCT_LIMIT: f32 = 4.0;
/// A weight of less than so many times its chance size says nothing about its feature.
const NOISE_FACTOR: f32 = 4.0;
/// A feature with less of the classifier than this share of the first one's is not named.
const NAMED_SHARE_MIN: f32 = 0.25;

/// How many rows to keep, and how rarely to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoSampleConfig {
    /// Old rows to keep, at least one and as many as fit into [`KEPT_BYTES_MAX`]. For twice as many rows after it
    /// began is a change visible.
    pub reference: usize,
    /// Expected number of rows to a false alarm, at least.
    pub average_run_length: f64,
    /// Of the lots that are drawn.
    pub seed: u64,
}

impl Default for TwoSampleConfig {
    fn default() -> Self {
        Self { reference: 2_000, average_run_length: 1e6, seed: 0 }
    }
}

/// Alarms when a classifier can tell new rows from old ones: finds what shows in several features together only.
///
/// Every second row is the new one of a pair, with one from `2 * reference` rows ago that nothing was learned from.
/// The classifier, having learned from earlier pairs, says which is which, and bets on it; a mixture of e-detectors
/// over stakes and horizons of memory weighs what that earned. The statistic of the drift is the natural logarithm of
/// their mean, the threshold that of the average run length in pairs.
///
/// **False alarms.** On exchangeable rows the expected number of rows to a false alarm is at least
/// `average_run_length`, exactly: [`super::pairs`] says why. Rows that follow one another are not exchangeable.
///
/// **What is found.** A change of a mean, of a share, and of how two inputs go together, as far as the classifier sees
/// their product: up to 23 inputs (a category has one for each of eight cells) all products, beyond, a random choice
/// of [`PRODUCTS_MAX`]. The change is visible for `2 * reference` rows after it began, so it is found in that time or
/// never.
///
/// **Which features are named.** Those that the classifier leans on, strongest first, with how their own distributions
/// changed between the kept rows from before and since. One whose `log_e` is near zero or less changed only together
/// with another, or there were too few rows to see it alone. That is a ranking, not a test.
///
/// **Memory.** The rows kept, at most [`KEPT_BYTES_MAX`], and four numbers an input and product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoSample {
    features: Vec<Feature>,
    config: TwoSampleConfig,
    warmup: Vec<Row>,
    classifier: Option<Classifier>,
    pairs: Pairs<Row>,
    ignored: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Classifier {
    inputs: Inputs,
    /// Which two inputs each product is of.
    products: Vec<(u32, u32)>,
    witnesses: Vec<Witness>,
}

impl TwoSample {
    /// Learns spreads and keeps rows at first, then watches.
    pub fn new(schema: &Schema, config: TwoSampleConfig) -> Self {
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

    fn empty(features: Vec<Feature>, config: TwoSampleConfig) -> Self {
        let fitting = KEPT_BYTES_MAX / (size_of::<f32>() * features.len().max(1));
        let pairs = Pairs::new(config.reference.min(fitting), config.seed);
        Self { features, config, warmup: Vec::new(), classifier: None, pairs, ignored: 0 }
    }

    /// Natural logarithm of the evidence so far.
    pub fn log_value(&self) -> f64 {
        let value = self.classifier.as_ref().map_or(0.0, |classifier| together(&classifier.witnesses).0);
        value.ln().max(-LOG_VALUE_MAX)
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
            self.classifier = Some(Classifier::new(&self.features, &rows, self.config.seed));
        }
    }

    fn judge(&mut self) -> Option<Drift> {
        let pairs = self.config.average_run_length / ROWS_A_PAIR as f64;
        let classifier = self.classifier.as_mut()?;
        let (value, since) = together(&classifier.witnesses);
        let (statistic, threshold) = (value.ln().max(-LOG_VALUE_MAX), pairs.max(1.0).ln());
        if statistic < threshold {
            return None;
        }
        let ranking = classifier.ranking(self.features.len());
        classifier.witnesses.iter_mut().for_each(Witness::forget_evidence);
        let features = ranking.into_iter().map(|at| self.shift(at, since as usize)).collect();
        Some(Drift {
            detector: DetectorKind::TwoSample,
            statistic,
            threshold,
            ago: since * ROWS_A_PAIR,
            features,
        })
    }

    /// How a feature differs between the rows kept since so many pairs ago, one a pair, and those before.
    fn shift(&self, at: usize, since: usize) -> FeatureShift {
        let kept = self.pairs.kept();
        let before = kept.len().saturating_sub(since).max(1);
        let values = || kept.iter().map(|row| row.values()[at]);
        let binning = Binning::new(self.features[at].kind, values().take(before));
        let mut counts = [vec![0; binning.bins()], vec![0; binning.bins()]];
        values()
            .enumerate()
            .for_each(|(row, value)| counts[usize::from(row >= before)][binning.bin(value)] += 1);
        let [was, is] = counts;
        evidence::shift(at, &was, &is, evidence::log_e(&was, &is))
    }
}

impl Classifier {
    fn new(features: &[Feature], rows: &[Row], seed: u64) -> Self {
        let inputs = Inputs::new(features, rows);
        let products = products(&inputs, seed);
        let width = inputs.width() + products.len();
        let witness = |horizon| Witness::new(Learning::Logistic, width, horizon);
        Self { witnesses: HORIZONS.map(witness).to_vec(), inputs, products }
    }

    fn observe(&mut self, new: &Row, old: &Row) {
        let (mut difference, mut was) = (Vec::new(), Vec::new());
        self.encode(new, &mut difference);
        self.encode(old, &mut was);
        difference.iter_mut().zip(&was).for_each(|(new, old)| *new -= old);
        self.witnesses.iter_mut().for_each(|witness| witness.observe(&difference));
    }

    fn encode(&self, row: &Row, numbers: &mut Vec<f32>) {
        numbers.reserve_exact(self.inputs.width() + self.products.len());
        self.inputs.encode(row, numbers);
        for (a, b) in &self.products {
            let product = numbers[*a as usize] * numbers[*b as usize];
            numbers.push(product.clamp(-PRODUCT_LIMIT, PRODUCT_LIMIT));
        }
    }

    /// The features that the classifier leans on, strongest first, at least one if there are any.
    fn ranking(&self, features: usize) -> Vec<usize> {
        // The one that has learned most since is not always the one that earned most: a long memory learns slowly.
        let learned = |witness: &&Witness| {
            witness.direction().iter().copied().map(square).sum::<f32>() / witness.noise()
        };
        let Some(witness) = self.witnesses.iter().max_by(|a, b| learned(a).total_cmp(&learned(b))) else {
            return Vec::new();
        };
        let noise = NOISE_FACTOR * witness.noise().min(usual_noise(witness.direction()));
        let mut leaning = self.leaning(witness.direction(), noise, features);
        if leaning.iter().all(|leaning| *leaning <= 0.0) {
            leaning = self.leaning(witness.direction(), 0.0, features);
        }
        let mut order: Vec<usize> = (0..features).collect();
        order.sort_by(|a, b| leaning[*b].total_cmp(&leaning[*a]));
        let least = order.first().map_or(0.0, |first| leaning[*first] * NAMED_SHARE_MIN);
        let named = order.iter().take_while(|at| leaning[**at] > least).count().clamp(1, SHIFTS_MAX);
        order.truncate(named);
        order
    }

    /// Squares of the weights of each feature, beyond noise; that of a product belongs to both by half.
    fn leaning(&self, direction: &[f32], noise: f32, features: usize) -> Vec<f32> {
        let (of, mut leaning) = (self.inputs.features(), vec![0.0; features]);
        let (inputs, products) = direction.split_at(self.inputs.width());
        for (weight, feature) in inputs.iter().zip(of) {
            leaning[*feature as usize] += (square(*weight) - noise).max(0.0);
        }
        for (weight, (a, b)) in products.iter().zip(&self.products) {
            let half = (square(*weight) - noise).max(0.0) / 2.0;
            leaning[of[*a as usize] as usize] += half;
            leaning[of[*b as usize] as usize] += half;
        }
        leaning
    }
}

fn square(weight: f32) -> f32 {
    weight * weight
}

/// Mean square of weights that say nothing, if most do: their median, as far below the mean as chi-square has it.
fn usual_noise(direction: &[f32]) -> f32 {
    const MEDIAN: f32 = 0.455;
    let mut squares: Vec<f32> =
        direction.iter().copied().map(square).filter(|square| *square > 0.0).collect();
    squares.sort_unstable_by(f32::total_cmp);
    squares.get(squares.len() / 2).map_or(0.0, |median| median / MEDIAN)
}

/// Which products of two inputs of two features to look at: all, or some by lot.
fn products(inputs: &Inputs, seed: u64) -> Vec<(u32, u32)> {
    let (varying, of) = (inputs.varying(), inputs.features());
    let apart = |(a, b): &(u32, u32)| of[*a as usize] != of[*b as usize];
    let count = varying.len();
    if count * count.saturating_sub(1) / 2 <= PRODUCTS_MAX {
        let with = |at: usize| varying[at + 1..].iter().map(move |b| (at, *b));
        return (0..count).flat_map(with).map(|(at, b)| (varying[at], b)).filter(apart).collect();
    }
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut draw = || varying[rng.random_range(0..count)];
    let drawn = std::iter::repeat_with(|| (draw(), draw())).take(PRODUCTS_MAX);
    let mut chosen: Vec<(u32, u32)> = drawn.map(|(a, b)| (a.min(b), a.max(b))).filter(apart).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

impl Detector for TwoSample {
    type Observation = Row;

    fn observe(&mut self, observation: &Row) -> Option<Drift> {
        if observation.values().len() != self.features.len() {
            self.ignored += 1;
            return None;
        }
        let Some(classifier) = self.classifier.as_mut() else {
            self.warm_up(observation);
            return None;
        };
        let (new, old) = self.pairs.observe(observation.clone())?;
        classifier.observe(&new, &old);
        self.judge()
    }

    fn reset(&mut self) {
        let features = std::mem::take(&mut self.features);
        *self = Self { ignored: self.ignored, ..Self::empty(features, self.config) };
    }
}

#[cfg(test)]
mod tests;
