//! Update: from slopes to new weights.
//!
//! Lives here: the norm of a gradient, and the steps of SGD and of adaptive rules over flat vectors. Does not live
//! here: slopes (those are `pass`'s), what the rule is made of (that is [`crate::optimiser`]).
//!
//! One row's gradient of a matrix is an outer product, whose norm is the product of two norms. So with one row
//! it is known how much to shorten a gradient before there is one, and it is made as it is used. Adaptive rules
//! spend their time on roots and divisions; where an input is zero, its weights have no gradient, and `RMSprop`
//! leaves them where they are.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::kernels::{dot, outer, subtract_outer};
use super::pass::held;
use super::plan::{Op, Plan};
use super::scratch::Scratch;
use super::{ARCH, calls};
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

impl Trained<'_> {
    /// These numbers of each.
    #[inline(always)]
    fn part(&mut self, range: Range<usize>) -> Trained<'_> {
        let Self { weights, first, second } = self;
        Trained {
            weights: &mut weights[range.clone()],
            first: &mut first[range.clone()],
            second: &mut second[range],
        }
    }
}

/// One step from the slopes in the scratch. Returns the norm of the gradient before it is shortened; if
/// that is not finite, nothing has changed.
pub(super) fn update(plan: &Plan, step: &Step, trained: &mut Trained<'_>, scratch: &mut Scratch) -> f32 {
    if scratch.rows == 1 {
        return ARCH.dispatch(Fused { plan, step, trained, scratch });
    }
    calls::collect(plan, scratch);
    follow(plan, step, trained, scratch)
}

/// As [`update`], from the gradient in the scratch.
pub(super) fn follow(plan: &Plan, step: &Step, trained: &mut Trained<'_>, scratch: &Scratch) -> f32 {
    ARCH.dispatch(Follow { step, trained, gradient: &scratch.gradient[..plan.trained()] })
}

/// Writes the gradient down; returns its norm.
pub(super) fn gradient_norm(plan: &Plan, scratch: &mut Scratch) -> f32 {
    calls::collect(plan, scratch);
    ARCH.dispatch(Length(&scratch.gradient[..plan.trained()]))
}

/// The step of one row, whose gradient is made as it is used.
struct Fused<'a, 'b> {
    plan: &'a Plan,
    step: &'a Step,
    trained: &'a mut Trained<'b>,
    scratch: &'a mut Scratch,
}

impl WithSimd for Fused<'_, '_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { plan, step, trained, scratch } = self;
        let norm = outer_norm(simd, plan, scratch);
        if norm.is_finite() {
            let scale = step.scale(norm);
            if step.rule.adapts() {
                fused_adaptive(plan, Adaptive::new(simd, step, scale), trained, scratch);
            } else {
                fused_sgd(simd, plan, step, scale, trained.weights, scratch);
            }
        }
        norm
    }
}

/// The step of a gradient that is written down.
struct Follow<'a, 'b> {
    step: &'a Step,
    trained: &'a mut Trained<'b>,
    gradient: &'a [f32],
}

impl WithSimd for Follow<'_, '_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let Self { step, trained, gradient } = self;
        let norm = dot(simd, gradient, gradient).sqrt();
        if norm.is_finite() {
            let scale = step.scale(norm);
            if step.rule.adapts() {
                Adaptive::new(simd, step, scale).step(1.0, gradient, trained.part(0..gradient.len()));
            } else {
                sgd(step, scale, trained.weights, gradient);
            }
        }
        norm
    }
}

/// The length of a gradient.
struct Length<'a>(&'a [f32]);

impl WithSimd for Length<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        dot(simd, self.0, self.0).sqrt()
    }
}

#[inline(always)]
fn outer_norm<S: Simd>(simd: S, plan: &Plan, scratch: &Scratch) -> f32 {
    let mut squares = 0.0;
    for op in &plan.ops {
        if let Some(range) = op.written() {
            let written = &scratch.gradient[range];
            squares += dot(simd, written, written);
        }
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
        if let Some(range) = op.written() {
            let slopes = scratch.gradient[range.clone()].iter();
            weights[range].iter_mut().zip(slopes).for_each(|(weight, slope)| *weight -= factor * slope);
        }
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

/// One row's step of an adaptive rule.
#[inline(always)]
fn fused_adaptive<S: Simd>(plan: &Plan, rule: Adaptive<S>, trained: &mut Trained<'_>, scratch: &mut Scratch) {
    let Scratch { values, grads, gradient, .. } = scratch;
    for op in &plan.ops {
        if let Some(range) = op.written() {
            rule.step(1.0, &gradient[range.clone()], trained.part(range));
        }
        let Op::Affine { from, to, weight, bias, .. } = op else { continue };
        let (x, slope) = (held(values, 1, plan.registers[*from]), held(grads, 1, plan.registers[*to]));
        if slope.len() < S::F32_LANES {
            // Its rows are shorter than a vector; all of them together are not.
            let gradient = &mut gradient[weight.range()];
            outer(x, slope, gradient);
            rule.step(1.0, gradient, trained.part(weight.range()));
        } else {
            for (x, at) in x.iter().zip(weight.range().step_by(slope.len())) {
                let row = trained.part(at..at + slope.len());
                if *x == 0.0 && rule.rests {
                    rest(row);
                } else {
                    rule.step(*x, slope, row);
                }
            }
        }
        if let Some(bias) = bias {
            rule.step(1.0, slope, trained.part(*bias..bias + slope.len()));
        }
    }
}

/// The numbers of one step of an adaptive rule, in vectors.
#[derive(Clone, Copy)]
struct Adaptive<S: Simd> {
    simd: S,
    /// Whether a weight without a gradient stays where it is.
    rests: bool,
    scale: S::f32s,
    past: [S::f32s; 2],
    rest: [S::f32s; 2],
    unbias: [S::f32s; 2],
    epsilon: S::f32s,
    kept: S::f32s,
    step_size: S::f32s,
    gradient_min: S::f32s,
    moment_min: S::f32s,
}

impl<S: Simd> Adaptive<S> {
    #[inline(always)]
    fn new(simd: S, step: &Step, scale: f32) -> Self {
        let all = |number: f32| simd.splat_f32s(number);
        let betas = [step.beta_1, BETA_2];
        Self {
            simd,
            rests: step.beta_1 == 0.0 && step.rule.weight_decay == 0.0,
            scale: all(scale),
            past: betas.map(|beta| all(beta as f32)),
            rest: betas.map(|beta| all((1.0 - beta) as f32)),
            unbias: [all(step.unbias_1), all(step.unbias_2)],
            epsilon: all(EPSILON as f32),
            kept: all(step.kept),
            step_size: all(step.rule.step_size),
            gradient_min: all(GRADIENT_MIN),
            moment_min: all(MOMENT_MIN),
        }
    }

    /// A step against `factor` times these slopes.
    #[inline(always)]
    fn step(self, factor: f32, slopes: &[f32], trained: Trained<'_>) {
        let Self { simd, .. } = self;
        let factor = simd.splat_f32s(factor);
        let Trained { weights, first, second } = trained;
        let (slopes, slopes_rest) = S::as_simd_f32s(slopes);
        let (weights, weights_rest) = S::as_mut_simd_f32s(weights);
        let (first, first_rest) = S::as_mut_simd_f32s(first);
        let (second, second_rest) = S::as_mut_simd_f32s(second);
        let moments = first.iter_mut().zip(second);
        for ((weight, (mean, square)), slope) in weights.iter_mut().zip(moments).zip(slopes) {
            (*weight, *mean, *square) = self.vector(simd.mul_f32s(factor, *slope), *weight, *mean, *square);
        }
        if !slopes_rest.is_empty() {
            let load = |from: &[f32]| simd.partial_load_f32s(from);
            let slope = simd.mul_f32s(factor, load(slopes_rest));
            let (weight, mean, square) =
                self.vector(slope, load(weights_rest), load(first_rest), load(second_rest));
            simd.partial_store_f32s(weights_rest, weight);
            simd.partial_store_f32s(first_rest, mean);
            simd.partial_store_f32s(second_rest, square);
        }
    }

    /// Weight and both moments after one step.
    #[inline(always)]
    fn vector(
        self,
        slope: S::f32s,
        weight: S::f32s,
        mean: S::f32s,
        square: S::f32s,
    ) -> (S::f32s, S::f32s, S::f32s) {
        let Self { simd, past, rest, unbias, .. } = self;
        // Products and sums one by one: the same on processors that could do both at once.
        let (mul, add) = (|a, b| simd.mul_f32s(a, b), |a, b| simd.add_f32s(a, b));
        let slope = self.flushed(mul(self.scale, slope), self.gradient_min);
        let mean = self.flushed(add(mul(past[0], mean), mul(rest[0], slope)), self.moment_min);
        let square =
            self.flushed(add(mul(past[1], square), mul(mul(rest[1], slope), slope)), self.moment_min);
        let root = add(simd.sqrt_f32s(mul(square, unbias[1])), self.epsilon);
        let direction = simd.div_f32s(mul(mean, unbias[0]), root);
        (simd.sub_f32s(mul(self.kept, weight), mul(self.step_size, direction)), mean, square)
    }

    #[inline(always)]
    fn flushed(self, value: S::f32s, least: S::f32s) -> S::f32s {
        let simd = self.simd;
        let nothing = simd.less_than_f32s(simd.abs_f32s(value), least);
        simd.select_f32s(nothing, simd.splat_f32s(0.0), value)
    }
}

/// What a step comes to without a gradient, if the rule rests.
#[inline(always)]
fn rest(Trained { first, second, .. }: Trained<'_>) {
    let past = BETA_2 as f32;
    first.fill(0.0);
    for square in second {
        let less = past * *square;
        *square = if less.abs() < MOMENT_MIN { 0.0 } else { less };
    }
}
