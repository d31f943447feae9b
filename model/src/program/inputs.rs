//! Inputs: which way the loss grows from where a row is.
//!
//! Lives here: the last piece of the way back, which steps do not go: from the first operations to the encoded numbers. Does not
//! live here: the way there (that is `pass`), what is done with the slopes.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use pulp::{Simd, WithSimd};

use super::pass::{self, held, pair};
use super::plan::{INPUT, Op, Plan, Table};
use super::scratch::{self, Scratch};
use super::{ARCH, Batch};

/// The slope of these rows' mean loss at every encoded number.
pub(super) fn slopes(plan: &Plan, weights: &[f32], batch: Batch<'_>) -> Vec<f32> {
    scratch::with(|scratch| {
        scratch.enter(batch.encoded, plan.view(), plan.voices());
        let mut slopes = vec![0.0; batch.encoded.len()];
        if scratch.rows == 0 {
            return slopes;
        }
        let (loss, _) = super::slopes(plan, weights, false, batch, scratch);
        if !loss.is_finite() {
            return slopes;
        }
        ARCH.dispatch(Reach { plan, weights, scratch });
        let (view, inputs) = (plan.view(), plan.shape().inputs);
        let seen = held(&scratch.grads, scratch.rows, plan.registers[INPUT]);
        // Each voice has a copy of the rows.
        for voice in seen.chunks_exact((seen.len() / plan.voices()).max(1)) {
            let rows = batch.encoded.chunks_exact(inputs).zip(slopes.chunks_exact_mut(inputs));
            rows.zip(voice.chunks_exact(view.width()))
                .for_each(|((row, slopes), seen)| view.add_slopes(row, seen, slopes));
        }
        slopes
    })
}

struct Reach<'a> {
    plan: &'a Plan,
    weights: &'a [f32],
    scratch: &'a mut Scratch,
}

impl WithSimd for Reach<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        reach_inputs(simd, self.plan, self.weights, self.scratch);
    }
}

/// Adds what every operation that reads the inputs passes back to them.
#[inline(always)]
fn reach_inputs<S: Simd>(simd: S, plan: &Plan, weights: &[f32], scratch: &mut Scratch) {
    let rows = scratch.rows;
    for op in plan.ops.iter().rev() {
        match op {
            Op::Affine { from: INPUT, to, weight, part, .. } => {
                pass::affine_back(simd, plan, (INPUT, *to), *weight, *part, weights, scratch);
            }
            Op::Adapt { from: INPUT, to, adapter } => adapt_back(plan, *to, *adapter, weights, scratch),
            Op::Begin { from: Some(INPUT), to } => {
                let (above, below) =
                    pair(&mut scratch.grads, rows, plan.registers[*to], plan.registers[INPUT]);
                below.iter_mut().zip(above).for_each(|(below, above)| *below += above);
            }
            Op::Multiply { left, right, to } => {
                for (factor, other) in [(*left, *right), (*right, *left)] {
                    if factor == INPUT {
                        pass::multiply_back(plan, factor, other, *to, scratch);
                    }
                }
            }
            Op::Affine { .. }
            | Op::Adapt { .. }
            | Op::Begin { .. }
            | Op::Silence { .. }
            | Op::Read(_)
            | Op::Look(_)
            | Op::Normalise { .. }
            | Op::Activate { .. } => {}
        }
    }
}

#[inline(always)]
fn adapt_back(plan: &Plan, to: usize, adapter: Table, weights: &[f32], scratch: &mut Scratch) {
    let (rows, width) = (scratch.rows, adapter.columns);
    let (above, below) = pair(&mut scratch.grads, rows, plan.registers[to], plan.registers[INPUT]);
    let each = rows / plan.voices() * width;
    let voices = above.chunks_exact(each).zip(below.chunks_exact_mut(each));
    for ((above, below), adapter) in voices.zip(weights[adapter.at..].chunks_exact(width)) {
        for (above, below) in above.chunks_exact(width).zip(below.chunks_exact_mut(width)) {
            for ((below, above), adapter) in below.iter_mut().zip(above).zip(adapter) {
                *below += above * (1.0 + adapter);
            }
        }
    }
}
