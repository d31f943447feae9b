//! Slices: what the slices of an elastic network learn in a step of the whole.
//!
//! Lives here: their part of the gradient, and what is silent beside them. Does not live here: which of them have a turn, and what they are (that is
//! [`crate::slice`]).

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use super::pass::held;
use super::plan::{Plan, Register};
use super::scratch::Scratch;
use super::{Batch, calls, slopes};
use crate::loss::softmax;
use crate::training_loss::Goals;

/// Once the slopes of the whole network are in the scratch: writes its gradient down, and adds the mean of those of these
/// slices, which learn what it has said. Returns the sum of their losses.
pub(super) fn learn(
    plan: &Plan,
    weights: &[f32],
    batch: Batch<'_>,
    turns: &[usize],
    scratch: &mut Scratch,
) -> f32 {
    let said = said(plan, scratch);
    let batch = Batch { goals: Goals::Answers(&said), class_weights: &[], ..batch };
    calls::collect(plan, scratch);
    let mut sum = std::mem::take(&mut scratch.sum);
    sum[..plan.trained()].copy_from_slice(&scratch.gradient[..plan.trained()]);
    let (mut losses, share) = (0.0, 1.0 / turns.len() as f32);
    for slice in turns {
        let mut masks = std::mem::take(&mut scratch.masks);
        plan.slice_masks(*slice, scratch.rows, &mut masks);
        scratch.masks = masks;
        let (loss, _) = slopes(plan, weights, true, batch, scratch);
        losses += loss;
        if !loss.is_finite() {
            break;
        }
        calls::collect(plan, scratch);
        for (sum, slope) in sum.iter_mut().zip(&scratch.gradient[..plan.trained()]) {
            *sum += share * slope;
        }
    }
    scratch.gradient[..plan.trained()].copy_from_slice(&sum[..plan.trained()]);
    scratch.sum = sum;
    losses
}

/// What the whole network has just said.
fn said(plan: &Plan, scratch: &Scratch) -> Vec<f32> {
    let answer = plan.only_answer().expect("the canonical form has slices only where there is one answer");
    let shape = plan.shape();
    let mut said = held(&scratch.values, scratch.rows, plan.registers[answer]).to_vec();
    if shape.classification {
        said.chunks_exact_mut(shape.outputs).for_each(softmax);
    }
    said
}

/// Multiplies a register by its mask where that is asked for, and keeps the mask for the way back.
#[inline(always)]
pub(super) fn silence(
    plan: &Plan,
    at: usize,
    (mask, kept): (usize, usize),
    learning: bool,
    scratch: &mut Scratch,
) {
    let (rows, Register { at, width, .. }) = (scratch.rows, plan.registers[at]);
    let kept = &mut scratch.kept[rows * kept..rows * (kept + width)];
    if learning {
        kept.copy_from_slice(&scratch.masks[rows * mask..rows * (mask + width)]);
    } else {
        kept.fill(1.0);
    }
    let values = &mut scratch.values[rows * at..rows * (at + width)];
    values.iter_mut().zip(kept).for_each(|(value, kept)| *value *= *kept);
}

/// What is silent has no slope.
#[inline(always)]
pub(super) fn silence_back(plan: &Plan, at: usize, kept: usize, scratch: &mut Scratch) {
    let (rows, Register { at, width, .. }) = (scratch.rows, plan.registers[at]);
    let kept = &scratch.kept[rows * kept..rows * (kept + width)];
    let slopes = &mut scratch.grads[rows * at..rows * (at + width)];
    slopes.iter_mut().zip(kept).for_each(|(slope, kept)| *slope *= kept);
}
