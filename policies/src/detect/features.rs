//! Feature drift: do the rows look as they used to, and if not, which features changed?
//!
//! Lives here: the detector. How a feature's values become counts is in [`binning`] and [`sketch`], what two rows of
//! counts say of each other in [`evidence`]. Labels play no part, so this speaks before any loss does.

use model::{Feature, Row, Schema};
use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift, FeatureShift};
use crate::stats::e_process::LOG_VALUE_MAX;
use crate::stats::{ShiryaevRoberts, e_bh};

pub mod binning;
pub mod evidence;
pub mod sketch;

use sketch::Sketch;

/// Most features a drift names.
pub const SHIFTS_MAX: usize = 5;
/// Fewest rows a window may have: with less, a tenth of them is too few to compare.
pub const WINDOW_MIN: usize = 100;
/// Rows kept whole at first, to find where a numeric feature's tenths lie.
pub const WARMUP_ROWS_MAX: usize = 512;
/// Rows of a window that is not full from which on it tells how features differ.
const ROWS_MIN: usize = 50;
/// Share of features named although they did not change, among those named, at most in expectation.
const FALSE_NAMES_MAX: f64 = 0.05;
/// Weight of the last window among those that the change of a feature may have begun with; that of each one before is
/// less by this share.
const LAST_BEGINNING: f64 = 0.05;
/// How much less likely a change is to have begun a window earlier: two windows without one are alike by chance.
pub(in crate::detect) const BEGINNING_FADES: f64 = 0.5;
/// Evidence stays below this: far beyond any threshold, far inside of what the next factor bears.
const VALUE_MAX: f64 = 1e290;

/// How long to look, and how rarely to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureDriftConfig {
    /// Rows compared at a time, at least [`WINDOW_MIN`].
    pub window: usize,
    /// Rows that say what is normal at first, at least one window.
    pub reference: usize,
    /// Expected number of rows to a false alarm, at least.
    pub average_run_length: f64,
}

impl Default for FeatureDriftConfig {
    fn default() -> Self {
        Self { window: 500, reference: 2_000, average_run_length: 1e6 }
    }
}

/// Alarms when a window of rows is distributed unlike all rows before it.
///
/// Each full window is compared, feature by feature, with everything since the last reset, and then
/// joins it. That is what makes the promise below hold although the reference is a finite sample: with
/// a fixed one, an unlucky reference would differ from *every* window. The price is that a change not
/// acted upon becomes normal, and one too small to show within a few windows is never found. Simulated
/// with the defaults and six features: one that moves by half a deviation, or is missing in one row of
/// twenty for the first time, is found after two windows (median); a move by a fifth of one is not.
///
/// The statistic of its drift is the natural logarithm of the mean evidence over features, the threshold
/// that of the average run length in windows. The `log_e` of each [`FeatureShift`] is its share of it. The two
/// distributions that a shift compares are those of the last window and of the reference: what was normal, whatever
/// has joined the past since. A change that lasts stays visible in them, and [`Self::shifts`] gives them at any time.
///
/// **False alarms.** On exchangeable rows the expected number of *windows* to a false alarm is at least
/// `average_run_length / window`, so that of rows at least `average_run_length`, however the features
/// depend on each other (up to the chi-square approximation, which a test watches). Rows that depend
/// on their predecessors (sensors, time of day) are not exchangeable: windows then differ without any
/// drift. Choose windows that cover a whole cycle, or read the alarm as "the mix is another one".
///
/// **Which features are named.** Those that e-BH rejects at 5 % among the evidence of all for a change that began
/// lately: for each feature, products of e-values since each window it may have begun with, weighed by how many windows
/// ago that was. The weights sum to one, so the evidence has a mean of at most one after any number of windows, and at
/// most 5 % of the named, in expectation, did not change. If none is rejected, the one that carried the alarm is named.
///
/// **Memory.** At most [`WARMUP_ROWS_MAX`] rows at first, then four counters a bin, at most
/// [`binning::BINS_MAX`] bins a feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureDrift {
    features: Vec<Feature>,
    config: FeatureDriftConfig,
    warmup: Vec<Row>,
    sketches: Vec<Sketch>,
    evidence: Vec<ShiryaevRoberts>,
    /// For each feature, that it changed lately.
    lately: Vec<f64>,
    past_rows: usize,
    window_rows: usize,
    ignored: u64,
}

impl FeatureDrift {
    /// Learns what is normal from the first rows, then watches; settings too small are raised.
    pub fn new(schema: &Schema, config: FeatureDriftConfig) -> Self {
        let window = config.window.max(WINDOW_MIN);
        let config = FeatureDriftConfig { window, reference: config.reference.max(window), ..config };
        Self::empty(schema.features().to_vec(), config)
    }

    /// For a schema that evolved. With new features it learns anew what is normal: rows from before lack
    /// them, so they say nothing of what normal rows look like now.
    #[must_use]
    pub fn widened(&self, schema: &Schema) -> Self {
        if schema.features().len() == self.features.len() {
            return self.clone();
        }
        Self { ignored: self.ignored, ..Self::empty(schema.features().to_vec(), self.config) }
    }

    /// Natural logarithm of the evidence so far.
    pub fn log_value(&self) -> f64 {
        ShiryaevRoberts::mean(&self.evidence).ln().max(-LOG_VALUE_MAX)
    }

    /// Whether what is normal is known, so that windows are compared.
    pub fn is_watching(&self) -> bool {
        self.past_rows >= self.config.reference
    }

    /// How many rows were ignored, not having one value a feature.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The features that have changed by now, strongest first, for when somebody else noticed a change: those of which the
    /// window differs that is not full, by one look at it (Bonferroni); those of the last window while this one is short.
    pub fn changed_by_now(&self) -> Vec<FeatureShift> {
        if !self.is_watching() {
            return Vec::new();
        }
        if self.window_rows < ROWS_MIN {
            return self.changed();
        }
        let level = FALSE_NAMES_MAX / self.sketches.len().max(1) as f64;
        let log_e = |sketch: &Sketch| evidence::log_e(sketch.past(), sketch.window());
        let named = self.sketches.iter().enumerate().filter(|(_, one)| evidence::p_of(log_e(one)) <= level);
        let shift = |(at, one): (usize, &Sketch)| evidence::shift(at, one.normal(), one.window(), log_e(one));
        let mut shifts: Vec<FeatureShift> = named.map(shift).collect();
        shifts.sort_by(|a, b| b.psi.total_cmp(&a.psi));
        shifts.truncate(SHIFTS_MAX);
        shifts
    }

    fn empty(features: Vec<Feature>, config: FeatureDriftConfig) -> Self {
        Self {
            evidence: vec![ShiryaevRoberts::default(); features.len()],
            lately: vec![1.0; features.len()],
            features,
            config,
            warmup: Vec::new(),
            sketches: Vec::new(),
            past_rows: 0,
            window_rows: 0,
            ignored: 0,
        }
    }

    fn learn(&mut self, row: &Row) {
        self.past_rows += 1;
        if self.sketches.is_empty() {
            self.warm_up(row);
        } else {
            self.count(row);
        }
        if self.is_watching() {
            self.sketches.iter_mut().for_each(Sketch::settle);
        }
    }

    fn warm_up(&mut self, row: &Row) {
        self.warmup.push(row.clone());
        if self.warmup.len() < WARMUP_ROWS_MAX.min(self.config.reference) {
            return;
        }
        let rows = std::mem::take(&mut self.warmup);
        let sketch = |(index, feature): (usize, &Feature)| {
            Sketch::new(feature.kind, rows.iter().map(|row| row.values()[index]))
        };
        self.sketches = self.features.iter().enumerate().map(sketch).collect();
        for row in &rows {
            self.count(row);
        }
    }

    fn count(&mut self, row: &Row) {
        for (sketch, value) in self.sketches.iter_mut().zip(row.values()) {
            sketch.count(*value);
        }
    }

    /// Weighs the full window, says what it found, and lets it join the past.
    fn close_window(&mut self) -> Option<Drift> {
        let all = self.evidence.iter_mut().zip(&mut self.lately).zip(&mut self.sketches);
        for ((evidence, lately), sketch) in all {
            let e = evidence::log_e(sketch.past(), sketch.window()).exp();
            evidence.observe_fading(e, BEGINNING_FADES);
            *lately = ((*lately + LAST_BEGINNING * (1.0 - *lately)) * e).min(VALUE_MAX);
            sketch.absorb();
        }
        self.window_rows = 0;
        self.past_rows += self.config.window;
        let windows = self.config.average_run_length / self.config.window as f64;
        let (statistic, threshold) = (self.log_value(), windows.max(1.0).ln());
        if statistic < threshold {
            return None;
        }
        let since = ShiryaevRoberts::strongest(&self.evidence).map_or(1, ShiryaevRoberts::since);
        let ago = since * self.config.window as u64;
        let drift =
            Drift { detector: DetectorKind::Features, statistic, threshold, ago, features: self.named() };
        self.evidence.fill(ShiryaevRoberts::default());
        Some(drift)
    }

    /// The features that changed, those with most evidence first; the one with most where none has enough.
    fn named(&self) -> Vec<FeatureShift> {
        let changed = self.changed();
        if !changed.is_empty() {
            return changed;
        }
        let value = |at: &usize| self.evidence[*at].value();
        let most = (0..self.evidence.len()).max_by(|a, b| value(a).total_cmp(&value(b)));
        most.map(|at| self.shift(at)).into_iter().collect()
    }

    /// The features with evidence of a change of late.
    fn changed(&self) -> Vec<FeatureShift> {
        let log_e: Vec<f64> = self.lately.iter().map(|value| value.ln()).collect();
        let mut named = e_bh::rejected(&log_e, FALSE_NAMES_MAX);
        named.truncate(SHIFTS_MAX);
        named.into_iter().map(|at| self.shift(at)).collect()
    }

    fn shift(&self, at: usize) -> FeatureShift {
        self.sketches[at].shift(at, self.evidence[at].value().ln().max(-LOG_VALUE_MAX))
    }
}

impl Detector for FeatureDrift {
    type Observation = Row;

    fn observe(&mut self, observation: &Row) -> Option<Drift> {
        if observation.values().len() != self.features.len() {
            self.ignored += 1;
            return None;
        }
        if !self.is_watching() {
            self.learn(observation);
            return None;
        }
        self.count(observation);
        self.window_rows += 1;
        if self.window_rows < self.config.window { None } else { self.close_window() }
    }

    fn reset(&mut self) {
        let features = std::mem::take(&mut self.features);
        *self = Self { ignored: self.ignored, ..Self::empty(features, self.config) };
    }
}

#[cfg(test)]
mod tests;
