//! Optimiser: the rule by which a gradient becomes a step.
//!
//! Lives here: SGD, `RMSprop` and `AdamW`, and weights that descend as one tensor. Does not live here: gradients,
//! batches, the same steps over plain numbers (those are [`crate::program`]'s).
//!
//! Weights and both moments are the three rows of one tensor, so a step is a handful of operations,
//! whatever the network. SGD has no momentum, because a stream that drifts has to be followed at once.

use candle_core::{Result, Tensor};

use crate::architecture::{Hyper, Optimiser};

/// Weight of the past in the first moment of `AdamW` (arXiv:1412.6980).
pub const BETA_1: f64 = 0.9;
/// Weight of the past in the second moment of `AdamW`.
pub const BETA_2: f64 = 0.999;
/// Added to the root of the second moment.
pub const EPSILON: f64 = 1e-8;

/// From this step on the corrections of both moments are exactly one.
const UNBIASED: [u64; 2] = [400, 20_000];

/// Weights, first moment, second moment.
const ROWS: usize = 3;

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rule {
    pub optimiser: Optimiser,
    pub step_size: f32,
    pub weight_decay: f32,
}

impl Rule {
    /// Whether steps follow the usual size of a gradient.
    pub fn adapts(self) -> bool {
        matches!(self.optimiser, Optimiser::RmsProp | Optimiser::AdamW)
    }
}

impl From<&Hyper> for Rule {
    fn from(hyper: &Hyper) -> Self {
        let Hyper { optimiser, step_size, weight_decay, .. } = *hyper;
        Self { optimiser, step_size, weight_decay }
    }
}

/// The numbers of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub rule: Rule,
    norm_max: f32,
    /// What decay leaves of a weight.
    pub kept: f32,
    /// What the lengths of the rows leave of the step.
    along: f32,
    /// Weight of the past in the first moment.
    pub beta_1: f64,
    /// Corrections for moments that started at zero.
    pub unbias_1: f32,
    pub unbias_2: f32,
}

impl Step {
    /// The step of this number, counted from one, against a gradient shortened to `norm_max`.
    /// `encoded` are its rows, `inputs` numbers each.
    pub fn new(rule: Rule, count: u64, norm_max: f32, encoded: &[f32], inputs: usize) -> Self {
        let unbias = |beta: f64, unbiased: u64| {
            if rule.adapts() && beta > 0.0 && count < unbiased {
                (1.0 / (1.0 - beta.powi(count as i32))) as f32
            } else {
                1.0
            }
        };
        let along = if rule.optimiser == Optimiser::NormalisedSgd {
            let rows = (encoded.len() / inputs.max(1)).max(1) as f32;
            1.0 / (1.0 + encoded.iter().map(|number| number * number).sum::<f32>() / rows)
        } else {
            1.0
        };
        let kept = 1.0 - rule.step_size * rule.weight_decay;
        let beta_1 = if rule.optimiser == Optimiser::AdamW { BETA_1 } else { 0.0 };
        let [unbias_1, unbias_2] = [unbias(beta_1, UNBIASED[0]), unbias(BETA_2, UNBIASED[1])];
        Self { rule, norm_max, kept, along, beta_1, unbias_1, unbias_2 }
    }

    /// What shortens a gradient of this norm, and the step of long rows.
    pub fn scale(&self, norm: f32) -> f32 {
        self.along * self.norm_max / norm.max(self.norm_max)
    }
}

/// Weights that descend.
#[derive(Debug)]
pub(crate) struct Descent {
    rule: Rule,
    steps: u64,
    state: Tensor,
}

impl Descent {
    /// From these weights and moments, after this many steps.
    pub fn new(rule: Rule, steps: u64, state: [&[f32]; ROWS], device: &candle_core::Device) -> Result<Self> {
        let numbers = state[0].len();
        Ok(Self { rule, steps, state: Tensor::from_vec(state.concat(), (ROWS, numbers), device)? })
    }

    /// The flat weights: a view, which sees every step.
    pub fn weights(&self) -> Result<Tensor> {
        self.state.get(0)
    }

    /// Weights, first and second moment.
    pub fn export(&self) -> Result<[Vec<f32>; ROWS]> {
        let row = |index| self.state.get(index)?.to_vec1();
        Ok([row(0)?, row(1)?, row(2)?])
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One step against this flat gradient of these rows, shortened to a norm of at most `norm_max`. Returns the
    /// norm before; if that is not finite, nothing has changed.
    pub fn step(&mut self, gradient: &Tensor, norm_max: f32, encoded: &[f32], inputs: usize) -> Result<f32> {
        let step = Step::new(self.rule, self.steps + 1, norm_max, encoded, inputs);
        let norm = self.composed(&step, gradient)?;
        self.steps += u64::from(norm.is_finite());
        Ok(norm)
    }

    fn composed(&self, step: &Step, gradient: &Tensor) -> Result<f32> {
        let norm = gradient.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        let gradient = gradient.affine(f64::from(step.scale(norm)), 0.0)?;
        let past = |row: usize, keep: f64| self.state.get(row)?.affine(keep, 0.0);
        let set = |row: usize, values: &Tensor| self.state.slice_set(&values.unsqueeze(0)?, 0, row);
        let direction = match self.rule.optimiser {
            Optimiser::Sgd | Optimiser::NormalisedSgd => gradient,
            Optimiser::RmsProp | Optimiser::AdamW => {
                let mean = past(1, step.beta_1)?.add(&gradient.affine(1.0 - step.beta_1, 0.0)?)?;
                let square = past(2, BETA_2)?.add(&gradient.sqr()?.affine(1.0 - BETA_2, 0.0)?)?;
                set(1, &mean)?;
                set(2, &square)?;
                let root = square.affine(f64::from(step.unbias_2), 0.0)?.sqrt()?.affine(1.0, EPSILON)?;
                mean.affine(f64::from(step.unbias_1), 0.0)?.div(&root)?
            }
        };
        let step_size = f64::from(self.rule.step_size);
        let weights = past(0, f64::from(step.kept))?.sub(&direction.affine(step_size, 0.0)?)?;
        set(0, &weights)?;
        Ok(norm)
    }
}

#[cfg(test)]
mod tests;
