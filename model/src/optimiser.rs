//! Optimiser: weights with their moments, and the step that changes them in place.
//!
//! Lives here: SGD and `AdamW`. Does not live here: gradients, batches.
//!
//! Weights and both moments are the three rows of one tensor. So a step is one pass over contiguous
//! memory, whatever the network, instead of a dozen temporaries for each of its tables.

use std::cell::Cell;

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor};

use crate::architecture::{Hyper, Optimiser};

/// Weight of the past in the first moment of `AdamW` (arXiv:1412.6980).
pub const BETA_1: f64 = 0.9;
/// Weight of the past in the second moment of `AdamW`.
pub const BETA_2: f64 = 0.999;
/// Added to the root of the second moment.
pub const EPSILON: f64 = 1e-8;
/// Weight of the past step in SGD; none, because a stream that drifts has to be followed at once.
pub const MOMENTUM: f32 = 0.0;

/// Moments below this are nothing: the moments of a unit that fell silent decay into subnormal numbers
/// and stay there, and each operation on those takes a hundred times as long.
const MOMENT_MIN: f32 = 1e-30;
/// Gradients below this are nothing either: their squares would be subnormal.
const GRADIENT_MIN: f32 = 1e-17;
/// Sums that run side by side, so that a sum of squares keeps a vector unit busy.
const LANES: usize = 16;

/// Weights, first moment, second moment.
const ROWS: usize = 3;

/// How a gradient becomes a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rule {
    pub optimiser: Optimiser,
    pub step_size: f32,
    pub weight_decay: f32,
    pub momentum: f32,
}

impl From<&Hyper> for Rule {
    fn from(hyper: &Hyper) -> Self {
        let Hyper { optimiser, step_size, weight_decay, .. } = *hyper;
        Self { optimiser, step_size, weight_decay, momentum: MOMENTUM }
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

    /// One step against this flat gradient, shortened to a norm of at most `norm_max`. Returns the
    /// norm before; if that is not finite, nothing has changed.
    pub fn step(&mut self, gradient: &Tensor, norm_max: f32) -> Result<f32> {
        let step = Step::new(self.rule, self.steps + 1, norm_max);
        let norm = if self.state.device().is_cpu() {
            self.state.inplace_op2(gradient, &step)?;
            step.norm.get()
        } else {
            step.composed(&self.state, gradient)?
        };
        self.steps += u64::from(norm.is_finite());
        Ok(norm)
    }
}

/// The numbers of one step.
#[derive(Debug)]
struct Step {
    rule: Rule,
    norm_max: f32,
    /// Where the fused pass leaves the norm of the gradient.
    norm: Cell<f32>,
    /// What decay leaves of a weight.
    kept: f32,
    /// Corrections for moments that started at zero.
    unbias_1: f32,
    unbias_2: f32,
}

impl Step {
    fn new(rule: Rule, count: u64, norm_max: f32) -> Self {
        // Beyond this many steps both corrections are exactly one.
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        Self {
            rule,
            norm_max,
            norm: Cell::new(f32::NAN),
            kept: 1.0 - rule.step_size * rule.weight_decay,
            unbias_1: (1.0 / (1.0 - BETA_1.powi(count))) as f32,
            unbias_2: (1.0 / (1.0 - BETA_2.powi(count))) as f32,
        }
    }

    /// What shortens a gradient of this norm.
    fn scale(&self, norm: f32) -> f32 {
        self.norm_max / norm.max(self.norm_max)
    }

    fn sgd(&self, weights: &mut [f32], velocities: &mut [f32], gradient: &[f32], scale: f32) {
        let Rule { step_size, momentum, .. } = self.rule;
        for ((weight, velocity), slope) in weights.iter_mut().zip(velocities).zip(gradient) {
            *velocity = flushed(momentum * *velocity + scale * slope, MOMENT_MIN);
            *weight = self.kept * *weight - step_size * *velocity;
        }
    }

    fn adamw(
        &self,
        weights: &mut [f32],
        means: &mut [f32],
        squares: &mut [f32],
        gradient: &[f32],
        scale: f32,
    ) {
        let (beta_1, beta_2, epsilon) = (BETA_1 as f32, BETA_2 as f32, EPSILON as f32);
        let (rest_1, rest_2) = ((1.0 - BETA_1) as f32, (1.0 - BETA_2) as f32);
        let step_size = self.rule.step_size;
        for (((weight, mean), square), slope) in weights.iter_mut().zip(means).zip(squares).zip(gradient) {
            let slope = flushed(scale * slope, GRADIENT_MIN);
            *mean = flushed(beta_1 * *mean + rest_1 * slope, MOMENT_MIN);
            *square = flushed(beta_2 * *square + rest_2 * slope * slope, MOMENT_MIN);
            let direction = (*mean * self.unbias_1) / ((*square * self.unbias_2).sqrt() + epsilon);
            *weight = self.kept * *weight - step_size * direction;
        }
    }

    /// The same in tensor operations, for devices without the fused pass.
    fn composed(&self, state: &Tensor, gradient: &Tensor) -> Result<f32> {
        let norm = gradient.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt();
        if !norm.is_finite() {
            return Ok(norm);
        }
        let step_size = f64::from(self.rule.step_size);
        let gradient = gradient.affine(f64::from(self.scale(norm)), 0.0)?;
        let past = |row: usize, keep: f64| state.get(row)?.affine(keep, 0.0);
        let set = |row: usize, values: &Tensor| state.slice_set(&values.unsqueeze(0)?, 0, row);
        let direction = match self.rule.optimiser {
            Optimiser::Sgd => {
                let velocity = past(1, f64::from(self.rule.momentum))?.add(&gradient)?;
                set(1, &velocity)?;
                velocity
            }
            Optimiser::AdamW => {
                let mean = past(1, BETA_1)?.add(&gradient.affine(1.0 - BETA_1, 0.0)?)?;
                let square = past(2, BETA_2)?.add(&gradient.sqr()?.affine(1.0 - BETA_2, 0.0)?)?;
                set(1, &mean)?;
                set(2, &square)?;
                let root = square.affine(f64::from(self.unbias_2), 0.0)?.sqrt()?.affine(1.0, EPSILON)?;
                mean.affine(f64::from(self.unbias_1), 0.0)?.div(&root)?
            }
        };
        let weights = past(0, f64::from(self.kept))?.sub(&direction.affine(step_size, 0.0)?)?;
        set(0, &weights)?;
        Ok(norm)
    }
}

impl InplaceOp2 for Step {
    fn name(&self) -> &'static str {
        "optimiser-step"
    }

    fn cpu_fwd(&self, state: &mut CpuStorage, on: &Layout, gradient: &CpuStorage, of: &Layout) -> Result<()> {
        let (CpuStorage::F32(state), CpuStorage::F32(gradient)) = (state, gradient) else {
            candle_core::bail!("an optimiser step needs f32");
        };
        let (Some((0, end)), Some((from, to))) = (on.contiguous_offsets(), of.contiguous_offsets()) else {
            candle_core::bail!("an optimiser step needs contiguous tensors");
        };
        let gradient = &gradient[from..to];
        if end != ROWS * gradient.len() {
            candle_core::bail!("a gradient of {} numbers does not fit a state of {end}", gradient.len());
        }
        let norm = norm(gradient);
        self.norm.set(norm);
        if !norm.is_finite() {
            return Ok(());
        }
        let scale = self.scale(norm);
        let (weights, moments) = state[..end].split_at_mut(gradient.len());
        let (first, second) = moments.split_at_mut(gradient.len());
        match self.rule.optimiser {
            Optimiser::Sgd => self.sgd(weights, first, gradient, scale),
            Optimiser::AdamW => self.adamw(weights, first, second, gradient, scale),
        }
        Ok(())
    }
}

fn flushed(value: f32, least: f32) -> f32 {
    if value.abs() < least { 0.0 } else { value }
}

fn norm(values: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (lanes, rest) = values.as_chunks::<LANES>();
    for lane in lanes {
        for (sum, value) in sums.iter_mut().zip(lane) {
            *sum += value * value;
        }
    }
    (sums.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>()).sqrt()
}

#[cfg(test)]
mod tests;
