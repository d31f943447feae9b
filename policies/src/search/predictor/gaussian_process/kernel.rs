//! Kernel: how alike two genomes are, at two moments.
//!
//! Lives here: the kernel and its gradient by the logarithms of its parameters. May not: fit, or know of genomes
//! ([`super::input`] does).
//!
//! `k = fade (1 + genes + features)`, where `genes = a exp(-Σ θ d)` over the choices, `features = b exp(-Σ φ d)` over
//! zero-cost features and tallies, and the one lets the mean of all be anything. `d` is one between two choices of an unordered gene
//! (a Hamming kernel), and a squared distance for ordered ones and features; each is scaled so that it is about one on
//! average between two random subjects. `fade = exp(-τ |t - t'| / span - ρ [eras differ])` is (1-ε)^(|t-t'|/2)
//! of Bogunovic et al. 2016 (TV-GP-UCB); across a drift it makes of all older scores a prior mean, trusted as far as they
//! explain the newer ones.

use serde::{Deserialize, Serialize};

use super::input::{Encoder, Input};
use crate::search::predictor::Moment;

/// Parameters before those of the genes and features: the two amplitudes, noise, and the two of time.
const COMMON: usize = 5;
/// What is expected of the common parameters before anything is seen, with how sure that is, as logarithms: amplitudes of
/// about one, because levels have variance one; a hundredth of that noise; hardly any fading within an era, and a correlation
/// of about a third across a drift.
const COMMON_PRIOR: [(f64, f64); COMMON] = [(0.0, 1.0), (0.0, 1.0), (-4.6, 1.5), (-4.6, 1.5), (0.0, 1.0)];
/// How sure the inverse length scales are, as a logarithm; their prior mean spreads one unit of distance over all of a kind.
const SCALE_DEVIATION: f64 = 1.0;
/// No parameter leaves its prior mean by more deviations.
pub(super) const DEVIATIONS_MAX: f64 = 4.0;

/// Parameters, as logarithms: what a process keeps of one fit for the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Parameters {
    pub(super) logs: Vec<f64>,
    genes: usize,
}

impl Parameters {
    /// What is expected before anything is seen.
    pub(super) fn prior(genes: usize, features: usize) -> Self {
        let spread = |of: usize| std::iter::repeat_n(-(of.max(1) as f64).ln(), of);
        let common = COMMON_PRIOR.iter().map(|(mean, _)| *mean);
        Self { logs: common.chain(spread(genes)).chain(spread(features)).collect(), genes }
    }

    /// Whether these are for so many of each kind.
    pub(super) fn fit(&self, genes: usize, features: usize) -> bool {
        self.genes == genes && self.logs.len() == COMMON + genes + features
    }

    /// For each, its prior mean and deviation.
    pub(super) fn priors(&self) -> Vec<(f64, f64)> {
        let means = Self::prior(self.genes, self.logs.len() - COMMON - self.genes).logs;
        let deviation = |at: usize| COMMON_PRIOR.get(at).map_or(SCALE_DEVIATION, |(_, deviation)| *deviation);
        means.into_iter().enumerate().map(|(at, mean)| (mean, deviation(at))).collect()
    }
}

/// The parts of one value: the fade, and the two kernels with their amplitudes.
#[derive(Clone, Copy, Debug)]
struct Parts {
    fade: f64,
    genes: f64,
    features: f64,
}

impl Parts {
    fn value(self) -> f64 {
        self.fade * (1.0 + self.genes + self.features)
    }
}

/// The kernel with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kernel {
    values: Vec<f64>,
    ordered: Vec<bool>,
    /// Outcomes from the oldest input to the newest, at least one.
    span: f64,
}

impl Kernel {
    pub(super) fn new(parameters: &Parameters, encoder: &Encoder, span: u64) -> Self {
        Self {
            values: parameters.logs.iter().map(|log| log.exp()).collect(),
            ordered: encoder.ordered().collect(),
            span: span.max(1) as f64,
        }
    }

    /// Variance of the noise of a score.
    pub(super) fn noise(&self) -> f64 {
        self.values[2]
    }

    pub(super) fn value(&self, a: &Input, b: &Input) -> f64 {
        self.parts(a, b).value()
    }

    /// Adds `weight` times the gradient of the value by the logarithms of all parameters but the noise.
    pub(super) fn add_gradient(&self, a: &Input, b: &Input, weight: f64, into: &mut [f64]) {
        let parts = self.parts(a, b);
        let [genes, features] = [parts.genes, parts.features].map(|part| weight * parts.fade * part);
        into[0] += genes;
        into[1] += features;
        let (time, era) = self.apart(a.moment, b.moment);
        into[3] -= weight * parts.value() * time;
        into[4] -= weight * parts.value() * era;
        let (of_genes, of_features) = into[COMMON..].split_at_mut(self.ordered.len());
        let scales = &self.values[COMMON..];
        for (at, into) in of_genes.iter_mut().enumerate() {
            *into -= genes * scales[at] * self.of_gene(at, a, b);
        }
        let scales = &scales[self.ordered.len()..];
        for (at, into) in of_features.iter_mut().enumerate() {
            *into -= features * scales[at] * squared(a.features[at], b.features[at]);
        }
    }

    fn parts(&self, a: &Input, b: &Input) -> Parts {
        let (scales, features) = self.values[COMMON..].split_at(self.ordered.len());
        let by_genes: f64 = (0..scales.len()).map(|at| scales[at] * self.of_gene(at, a, b)).sum();
        let pairs = a.features.iter().zip(&b.features);
        let by_features: f64 =
            features.iter().zip(pairs).map(|(scale, (a, b))| scale * squared(*a, *b)).sum();
        let (time, era) = self.apart(a.moment, b.moment);
        Parts {
            fade: (-(time + era)).exp(),
            genes: self.values[0] * (-by_genes).exp(),
            features: if features.is_empty() { 0.0 } else { self.values[1] * (-by_features).exp() },
        }
    }

    /// What time and drift take.
    fn apart(&self, a: Moment, b: Moment) -> (f64, f64) {
        let era = if a.era == b.era { 0.0 } else { self.values[4] };
        (self.values[3] * a.at.abs_diff(b.at) as f64 / self.span, era)
    }

    fn of_gene(&self, at: usize, a: &Input, b: &Input) -> f64 {
        let (a, b) = (a.genes[at], b.genes[at]);
        if self.ordered[at] { squared(a, b) } else { f64::from(u8::from((a - b).abs() > 0.5)) }
    }
}

fn squared(a: f64, b: f64) -> f64 {
    (a - b) * (a - b)
}
