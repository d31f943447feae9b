//! Surface: one objective as a Gaussian process.
//!
//! Lives here: the posterior over levels, its marginal likelihood with gradient, and how parameters are found. May not:
//! know that there are several objectives.

use serde::{Deserialize, Serialize};

use super::input::{Encoder, Input};
use super::kernel::{DEVIATIONS_MAX, Kernel, Parameters};
use crate::search::predictor::Estimate;
use crate::stats::cholesky::{Cholesky, dot};

/// Evaluations of the likelihood that one tuning may cost: each is a factor and an inverse.
pub const EVALUATIONS_MAX: usize = 20;
/// Tuned again when this many times fewer were fitted, or asked for, since than there were.
const TUNED_AGAIN: usize = 10;
/// First, least and largest step of a logarithm, and by what steps grow and shrink (Rprop; Blum and Riedmiller 2013).
const STEPS: (f64, f64, f64) = (0.3, 1e-3, 1.0);
const GROW: f64 = 1.2;
const SHRINK: f64 = 0.5;

/// What is kept from one fit to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Tuned {
    parameters: Parameters,
    /// Inputs at the last tuning.
    inputs: usize,
    /// Fits since.
    fits: usize,
}

impl Tuned {
    pub(super) fn new(genes: usize, features: usize) -> Self {
        Self { parameters: Parameters::prior(genes, features), inputs: 0, fits: 0 }
    }

    pub(super) fn fit(&self, genes: usize, features: usize) -> bool {
        self.parameters.fit(genes, features)
    }

    /// The posterior given these targets, with parameters tuned now and then: where they were found last, they are
    /// nearly right.
    pub(super) fn posterior(
        &mut self,
        encoder: &Encoder,
        inputs: &[Input],
        targets: &[f64],
        span: u64,
    ) -> Option<Posterior> {
        self.fits += 1;
        if self.fits.max(inputs.len().abs_diff(self.inputs)) * TUNED_AGAIN >= self.inputs {
            let evaluate = |parameters: &Parameters| evaluated(parameters, encoder, inputs, targets, span);
            self.parameters = tuned(&self.parameters, evaluate);
            (self.inputs, self.fits) = (inputs.len(), 0);
        }
        let kernel = Kernel::new(&self.parameters, encoder, span);
        Posterior::new(kernel, inputs.to_vec(), targets.to_vec())
    }
}

/// The most likely parameters that a few steps of Rprop from these find.
fn tuned(from: &Parameters, evaluate: impl Fn(&Parameters) -> Option<(f64, Vec<f64>)>) -> Parameters {
    let priors = from.priors();
    let mut steps = vec![STEPS.0; from.logs.len()];
    let mut slopes = vec![0.0; from.logs.len()];
    let (mut here, mut best) = (from.clone(), (f64::NEG_INFINITY, from.clone()));
    for _ in 0..EVALUATIONS_MAX {
        let Some((likelihood, gradient)) = evaluate(&here) else { break };
        if likelihood > best.0 {
            best = (likelihood, here.clone());
        }
        for (at, (mean, deviation)) in priors.iter().enumerate() {
            let turned = gradient[at] * slopes[at];
            let factor = if turned > 0.0 {
                GROW
            } else if turned < 0.0 {
                SHRINK
            } else {
                1.0
            };
            steps[at] = (steps[at] * factor).clamp(STEPS.1, STEPS.2);
            // Past a turn, one evaluation is waited.
            slopes[at] = if turned < 0.0 { 0.0 } else { gradient[at] };
            let reach = DEVIATIONS_MAX * deviation;
            let moved = if slopes[at] == 0.0 { 0.0 } else { steps[at] * slopes[at].signum() };
            here.logs[at] = (here.logs[at] + moved).clamp(mean - reach, mean + reach);
        }
    }
    best.1
}

/// Logarithm of marginal likelihood times prior, and its gradient.
fn evaluated(
    parameters: &Parameters,
    encoder: &Encoder,
    inputs: &[Input],
    targets: &[f64],
    span: u64,
) -> Option<(f64, Vec<f64>)> {
    let kernel = Kernel::new(parameters, encoder, span);
    let factor = factored(&kernel, inputs)?;
    let weights = factor.solve(targets);
    let mut likelihood = -0.5 * dot(targets, &weights) - factor.half_ln_determinant();
    let mut gradient = vec![0.0; parameters.logs.len()];
    let inverse = factor.inverse();
    let mut entries = inverse.iter();
    for (at, a) in inputs.iter().enumerate() {
        // The trace of (w wᵀ - K⁻¹) dK / 2; what is off the diagonal counts twice.
        for (before, (b, entry)) in inputs[..=at].iter().zip(&mut entries).enumerate() {
            let twice = weights[at] * weights[before] - entry;
            let weight = if before == at { 0.5 * twice } else { twice };
            kernel.add_gradient(a, b, weight, &mut gradient);
            if before == at {
                gradient[2] += weight * kernel.noise();
            }
        }
    }
    for (at, (mean, deviation)) in parameters.priors().into_iter().enumerate() {
        let off = (parameters.logs[at] - mean) / deviation;
        likelihood -= 0.5 * off * off;
        gradient[at] -= off / deviation;
    }
    likelihood.is_finite().then_some((likelihood, gradient))
}

fn factored(kernel: &Kernel, inputs: &[Input]) -> Option<Cholesky> {
    Cholesky::factor(inputs.len(), |i, j| {
        kernel.value(&inputs[i], &inputs[j]) + if i == j { kernel.noise() } else { 0.0 }
    })
}

/// What is believed of levels, given some.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Posterior {
    kernel: Kernel,
    inputs: Vec<Input>,
    targets: Vec<f64>,
    factor: Cholesky,
    /// `K⁻¹` times the targets.
    weights: Vec<f64>,
}

impl Posterior {
    fn new(kernel: Kernel, inputs: Vec<Input>, targets: Vec<f64>) -> Option<Self> {
        let factor = factored(&kernel, &inputs)?;
        let weights = factor.solve(&targets);
        Some(Self { kernel, inputs, targets, factor, weights })
    }

    /// How far each child is above the parent, noise not counted.
    pub(super) fn changes(&self, parent: &Input, children: &[Input]) -> Vec<Estimate> {
        let width = children.len() + 1;
        let all = || children.iter().chain([parent]);
        let mut sides: Vec<f64> = Vec::with_capacity(width * self.inputs.len());
        for known in &self.inputs {
            sides.extend(all().map(|input| self.kernel.value(known, input)));
        }
        // Of each column: its mean, its square, and its product with the parent's, which is the last.
        let mut means = vec![0.0; width];
        for (row, weight) in sides.chunks_exact(width).zip(&self.weights) {
            means.iter_mut().zip(row).for_each(|(mean, value)| *mean += weight * value);
        }
        self.factor.forward(&mut sides, width);
        let mut explained = vec![0.0; width];
        for row in sides.chunks_exact(width) {
            let of_parent = row[width - 1];
            explained
                .iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += (value - of_parent) * (value - of_parent));
        }
        let own = self.kernel.value(parent, parent);
        let change = |(at, child): (usize, &Input)| {
            let before = self.kernel.value(child, child) + own - 2.0 * self.kernel.value(child, parent);
            Estimate {
                mean: means[at] - means[width - 1],
                deviation: (before - explained[at]).max(0.0).sqrt(),
            }
        };
        children.iter().enumerate().map(change).collect()
    }

    /// The input is known now, and is just what was thought of it.
    pub(super) fn believe(&mut self, input: Input) {
        let mut row: Vec<f64> = self.inputs.iter().map(|known| self.kernel.value(known, &input)).collect();
        let mean = dot(&row, &self.weights);
        row.push(self.kernel.value(&input, &input) + self.kernel.noise());
        if self.factor.push(&row).is_some() {
            self.inputs.push(input);
            self.targets.push(mean);
            self.weights = self.factor.solve(&self.targets);
        }
    }
}

#[cfg(test)]
mod tests;
