//! Signature: a stream at a drift, as a few numbers that any two streams can be compared by.
//!
//! Lives here: the running sketch, the numbers drawn from it, and how far two signatures are apart. May not: remember
//! episodes, propose.
//!
//! Numbers are cheap: a sum or two a feature and outcome, in constant memory. They choose what is tried first, never what
//! serves, so they may be rough.

use model::{FeatureKind, Row, Schema, Truth};
use serde::{Deserialize, Serialize};

use crate::detect::{Diagnosis, DriftKind, Tempo};

use probe::Probe;

mod moments;
mod probe;

use moments::{Lagged, Moments};

/// Numbers of a signature.
pub const NUMBERS: usize = 30;
/// Observations after which one counts for about a third of what it did.
pub const MEMORY: f64 = 1_000.0;
/// Shares, losses and correlations that are no larger than this differ by chance.
const SMALL: f64 = 0.1;
/// Below this a number is nothing.
const NOTHING: f64 = 1e-9;
/// A feature has moved if its recent mean is so many of its deviations from its mean of all time.
const MOVED: f64 = 0.25;

/// A stream at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signature(Vec<f64>);

impl Signature {
    /// Its numbers, all finite.
    pub fn numbers(&self) -> &[f64] {
        &self.0
    }

    /// How far two streams are apart, 0 to 1: the mean over all numbers of their difference by their size (Lance and
    /// Williams, 1967), so that no number needs a scale. Numbers near zero differ by chance, so a little is added to the size.
    pub fn distance(&self, other: &Self) -> f64 {
        let apart = |(a, b): (&f64, &f64)| (a - b).abs() / (a.abs() + b.abs() + SMALL);
        self.0.iter().zip(&other.0).map(apart).sum::<f64>() / NUMBERS as f64
    }
}

/// What the arms lost on an outcome, each bounded in 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lost {
    /// What serves.
    pub champion: f64,
    /// Its learner.
    pub control: f64,
    /// A frozen copy.
    pub reference: f64,
    /// Whether the most frequent truth was right.
    pub majority_right: bool,
    /// Whether the last truth was right.
    pub last_right: bool,
}

/// What is known of a stream so far.
///
/// **Memory.** Eight numbers a feature, and for classes one a feature and class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    /// Which features are numbers that may be averaged.
    numeric: Vec<bool>,
    classes: usize,
    features: Vec<Moments>,
    missing: Moments,
    shares: Vec<f64>,
    labels: Lagged,
    champion: Moments,
    control: Lagged,
    reference: Moments,
    majority: Moments,
    last: Moments,
    probe: Probe,
}

impl Sketch {
    /// Of a stream of this schema.
    pub fn new(schema: &Schema) -> Self {
        let features = schema.features();
        let classes = if schema.target().is_classification() { schema.target().outputs() } else { 0 };
        Self {
            numeric: features
                .iter()
                .map(|feature| matches!(feature.kind, FeatureKind::Numeric | FeatureKind::Boolean))
                .collect(),
            classes,
            features: vec![Moments::default(); features.len()],
            missing: Moments::default(),
            shares: vec![0.0; classes],
            labels: Lagged::default(),
            champion: Moments::default(),
            control: Lagged::default(),
            reference: Moments::default(),
            majority: Moments::default(),
            last: Moments::default(),
            probe: Probe::new(features.len(), classes.max(1)),
        }
    }

    /// For a schema that evolved: what is known stays, and of what is new nothing is known.
    #[must_use]
    pub fn widened(&self, schema: &Schema) -> Self {
        let wider = Self::new(schema);
        let mut features = self.features.clone();
        features.resize(wider.features.len(), Moments::default());
        let mut shares = self.shares.clone();
        shares.resize(wider.classes, 0.0);
        Self {
            features,
            shares,
            numeric: wider.numeric,
            classes: wider.classes,
            probe: wider.probe,
            ..self.clone()
        }
    }

    /// An outcome came.
    pub fn observe(&mut self, row: &Row, truth: Truth, lost: Lost) {
        let standardised = self.row(row);
        let goal = match truth {
            Truth::Class(class) => {
                self.class(class as usize);
                f64::from(class)
            }
            Truth::Number(number) => f64::from(number),
        };
        self.labels.observe(goal);
        let classes = (self.classes > 0).then_some(goal as usize);
        let scale = self.labels.moments().recent_deviation();
        let standardised_goal = (goal - self.labels.moments().recent_mean()) / scale.max(NOTHING);
        self.probe.observe(&standardised, classes, standardised_goal);
        self.champion.observe(lost.champion);
        self.control.observe(lost.control);
        self.reference.observe(lost.reference);
        self.majority.observe(f64::from(u8::from(!lost.majority_right)));
        self.last.observe(f64::from(u8::from(!lost.last_right)));
    }

    /// The row by the moments of all time; missing numbers are the mean.
    fn row(&mut self, row: &Row) -> Vec<f64> {
        let mut missing = 0;
        let seats = self.features.iter_mut().zip(&self.numeric).zip(row.values());
        let standardised: Vec<f64> = seats
            .map(|((moments, numeric), value)| {
                missing += usize::from(value.is_nan());
                if !numeric || !value.is_finite() {
                    return 0.0;
                }
                moments.observe(f64::from(*value));
                moments.standardised(f64::from(*value))
            })
            .collect();
        self.missing.observe(missing as f64 / standardised.len().max(1) as f64);
        standardised
    }

    fn class(&mut self, class: usize) {
        for (at, share) in self.shares.iter_mut().enumerate() {
            *share += (f64::from(u8::from(at == class)) - *share) / MEMORY;
        }
    }

    /// What the stream is now; the diagnosis where a drift is why that is asked.
    pub fn signature(&self, diagnosis: Option<&Diagnosis>) -> Signature {
        let mut numbers = Vec::with_capacity(NUMBERS);
        numbers.extend(self.sizes());
        numbers.extend(self.balance());
        numbers.extend(self.losses());
        numbers.extend(self.moved());
        numbers.extend(told(diagnosis));
        debug_assert_eq!(numbers.len(), NUMBERS, "signatures are of one length");
        Signature(numbers.into_iter().map(|number| if number.is_finite() { number } else { 0.0 }).collect())
    }

    fn sizes(&self) -> [f64; 3] {
        let numeric = self.numeric.iter().filter(|numeric| **numeric).count();
        let features = self.features.len().max(1) as f64;
        [(1.0 + features).ln(), (1.0 + self.classes as f64).ln(), numeric as f64 / features]
    }

    fn balance(&self) -> [f64; 5] {
        let total: f64 = self.shares.iter().sum();
        let shares: Vec<f64> = self.shares.iter().map(|share| share / total.max(NOTHING)).collect();
        let entropy: f64 = shares.iter().filter(|share| **share > 0.0).map(|share| -share * share.ln()).sum();
        let most = shares.iter().copied().fold(0.0, f64::max);
        let least = shares.iter().copied().fold(most, f64::min);
        let even = (self.classes.max(2) as f64).ln();
        [entropy / even, most, least, self.labels.correlation(), self.labels.moments().shift()]
    }

    fn losses(&self) -> [f64; 10] {
        let control = self.control.moments();
        [
            control.recent_mean(),
            control.recent_deviation(),
            self.control.correlation(),
            control.shift(),
            self.champion.recent_mean(),
            self.reference.recent_mean(),
            self.reference.recent_mean() - control.recent_mean(),
            self.majority.recent_mean(),
            self.last.recent_mean(),
            self.probe.loss(),
        ]
    }

    fn moved(&self) -> [f64; 5] {
        let known: Vec<&Moments> = self
            .features
            .iter()
            .zip(&self.numeric)
            .filter(|(_, numeric)| **numeric)
            .map(|(known, _)| known)
            .collect();
        let count = known.len().max(1) as f64;
        let shifts: Vec<f64> = known.iter().map(|known| known.shift().abs()).collect();
        [
            self.missing.recent_mean(),
            shifts.iter().sum::<f64>() / count,
            shifts.iter().copied().fold(0.0, f64::max),
            shifts.iter().filter(|shift| **shift >= MOVED).count() as f64 / count,
            known.iter().map(|known| known.spread()).sum::<f64>() / count,
        ]
    }
}

/// What a diagnosis says; zeros without one.
fn told(diagnosis: Option<&Diagnosis>) -> [f64; 7] {
    let kind = diagnosis.map(|diagnosis| diagnosis.kind);
    let is = |one: DriftKind| f64::from(u8::from(kind == Some(one)));
    let rise = diagnosis.and_then(|diagnosis| diagnosis.loss).map_or(0.0, |loss| loss.now - loss.before);
    let sudden = diagnosis.is_some_and(|diagnosis| diagnosis.tempo == Some(Tempo::Sudden));
    [
        is(DriftKind::Covariate),
        is(DriftKind::Label),
        is(DriftKind::Concept),
        is(DriftKind::Recurring),
        is(DriftKind::LabelFeed),
        rise,
        f64::from(u8::from(sudden)),
    ]
}

#[cfg(test)]
mod tests;
