//! Two samples: a classifier that tries to tell new rows from old ones, and whether it can.
//!
//! Lives here: the sequential predictive two-sample test (Podkopaev and Ramdas, 2023; Shekhar and Ramdas, 2023) as an
//! e-detector. The classifier is in `classifier`, pairs and bets are in [`super::pairs`]. May not: see a row of a pair
//! before the bet.

use model::{Feature, Row, Schema};
use serde::{Deserialize, Serialize};

use crate::detect::features::binning::Binning;
use crate::detect::features::evidence;
use crate::detect::pairs::witness::{Witness, together};
use crate::detect::pairs::{Pairs, PairsConfig, ROWS_A_PAIR};
use crate::detect::{Detector, DetectorKind, Drift, FeatureShift};
use crate::stats::e_process::LOG_VALUE_MAX;

mod classifier;

use classifier::Classifier;
pub use classifier::PRODUCTS_MAX;

/// Rows that teach mean and spread of the inputs; no pair has one of them.
pub const WARMUP_ROWS: usize = 512;
/// Most bytes that the rows kept take.
pub const KEPT_BYTES_MAX: usize = 4 << 20;

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
/// Simulated with the defaults, medians: one of ten inputs that moves by half a deviation is found after 1,000 rows,
/// all ten by a fifth after 670; one of six that turns against the others, with which it shared 60 % of its variance,
/// after 110, one of a hundred after 690. A row takes 0.2, 0.7 and 4 microseconds at 10, 100 and 1,000 features.
///
/// **Which features are named.** Those that the classifier leans on, strongest first, with how their own distributions
/// changed between the kept rows from before and since. One whose `log_e` is near zero or less changed only together
/// with another, or there were too few rows to see it alone. That is a ranking, not a test.
///
/// **Memory.** The rows kept, at most [`KEPT_BYTES_MAX`], and four numbers an input and product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoSample {
    features: Vec<Feature>,
    config: PairsConfig,
    warmup: Vec<Row>,
    classifier: Option<Classifier>,
    pairs: Pairs<Row>,
    ignored: u64,
}

impl TwoSample {
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
