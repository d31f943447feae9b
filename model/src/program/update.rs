//! Update: from slopes to new weights.
//!
//! Lives here: the norm of a gradient, and the steps of SGD and of adaptive rules over flat vectors. Does not live
//! here: slopes (those are `pass`'s), what the rule is made of (that is [`crate::optimiser`]).
//!
//! One row's gradient of a matrix is an outer product, whose norm is the product of two norms. So SGD
//! knows how much to shorten a gradient before there is one, and adds it to the weights as it makes it.
//! `AdamW` spends its time on roots and divisions, and gained nothing from the same.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use pulp::Simd;

use super::kernels::{dot, subtract_outer};
use super::pass::{collect, held};
use super::plan::{Op, Plan};
use super::scratch::Scratch;
use crate::optimiser::{BETA_2, EPSILON, Step};

/// Gradients below this are nothing: their squares would be subnormal.
const GRADIENT_MIN: f32 = 1e-17;
/// Moments below this are nothing: the moments of a unit that fell silent decay into subnormal numbers
/// and stay there, and each operation on those takes a hundred times as long.
const MOMENT_MIN: f32 = 1e-30;

/// Trained weights with both moments, of one member.
pub(super) struct Trained<'a> {
    pub weights: &'a mut [f32],
    pub first: &'a mut [f32],
    pub second: &'a mut [f32],
}

/// One step from the slopes in the scratch. Returns the norm of the gradient before it is shortened; if
/// that is not finite, nothing has changed.
#[inline(always)]
pub(super) fn update<S: Simd>(
    simd: S,
    plan: &Plan,
    step: &Step,
    trained: &mut Trained<'_>,
    scratch: &mut Scratch,
) -> f32 {
    if !step.rule.adapts() && scratch.rows == 1 {
        let norm = outer_norm(simd, plan, scratch);
        if norm.is_finite() {
            fused_sgd(simd, plan, step, step.scale(norm), trained.weights, scratch);
        }
        return norm;
    }
    let norm = gradient_norm(simd, plan, scratch);
    let gradient = &scratch.gradient[..plan.trained()];
    if norm.is_finite() {
        if step.rule.adapts() {
            adaptive(step, step.scale(norm), trained, gradient);
        } else {
            sgd(step, step.scale(norm), trained.weights, gradient);
        }
    }
    norm
}

/// Writes the gradient down; returns its norm.
#[inline(always)]
pub(super) fn gradient_norm<S: Simd>(simd: S, plan: &Plan, scratch: &mut Scratch) -> f32 {
    collect(simd, plan, scratch);
    let gradient = &scratch.gradient[..plan.trained()];
    dot(simd, gradient, gradient).sqrt()
}

#[inline(always)]
fn outer_norm<S: Simd>(simd: S, plan: &Plan, scratch: &Scratch) -> f32 {
    let mut squares = 0.0;
    for op in &plan.ops {
        let Op::Affine { from, to, bias, .. } = op else { continue };
        let x = held(&scratch.values, 1, plan.registers[*from]);
        let slope = held(&scratch.grads, 1, plan.registers[*to]);
        let along = dot(simd, x, x) + if bias.is_some() { 1.0 } else { 0.0 };
        squares += along * dot(simd, slope, slope);
    }
    squares.sqrt()
}

#[inline(always)]
fn fused_sgd<S: Simd>(simd: S, plan: &Plan, step: &Step, scale: f32, weights: &mut [f32], scratch: &Scratch) {
    if step.rule.weight_decay > 0.0 {
        for weight in weights.iter_mut() {
            *weight *= step.kept;
        }
    }
    let factor = step.rule.step_size * scale;
    for op in &plan.ops {
        let Op::Affine { from, to, weight, bias, .. } = op else { continue };
        let (source, target) = (plan.registers[*from], plan.registers[*to]);
        let slope = held(&scratch.grads, 1, target);
        let x = held(&scratch.values, 1, source);
        let list = scratch.list(*from, source);
        subtract_outer(simd, factor, x, list, slope, &mut weights[weight.range()]);
        if let Some(bias) = bias {
            for (weight, slope) in weights[*bias..bias + target.width].iter_mut().zip(slope) {
                *weight -= factor * slope;
            }
        }
    }
}

#[inline(always)]
fn sgd(step: &Step, scale: f32, weights: &mut [f32], gradient: &[f32]) {
    let factor = step.rule.step_size * scale;
    for (weight, slope) in weights.iter_mut().zip(gradient) {
        *weight = step.kept * *weight - factor * slope;
    }
}

#[inline(always)]
fn adaptive(step: &Step, scale: f32, trained: &mut Trained<'_>, gradient: &[f32]) {
    let (beta_1, beta_2, epsilon) = (step.beta_1 as f32, BETA_2 as f32, EPSILON as f32);
    let (rest_1, rest_2) = ((1.0 - step.beta_1) as f32, (1.0 - BETA_2) as f32);
    let (unbias_1, unbias_2, kept, step_size) =
        (step.unbias_1, step.unbias_2, step.kept, step.rule.step_size);
    let moments = trained.first.iter_mut().zip(trained.second.iter_mut());
    for ((weight, (mean, square)), slope) in trained.weights.iter_mut().zip(moments).zip(gradient) {
        let slope = flushed(scale * slope, GRADIENT_MIN);
        *mean = flushed(beta_1 * *mean + rest_1 * slope, MOMENT_MIN);
        *square = flushed(beta_2 * *square + rest_2 * slope * slope, MOMENT_MIN);
        let direction = (*mean * unbias_1) / ((*square * unbias_2).sqrt() + epsilon);
        *weight = kept * *weight - step_size * direction;
    }
}

#[inline(always)]
fn flushed(value: f32, least: f32) -> f32 {
    if value.abs() < least { 0.0 } else { value }
}
