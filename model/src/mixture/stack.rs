//! Stack: a combination of the members' answers that is itself learned.
//!
//! Lives here: one weight a member, followed by gradient steps. Does not live here: which members there are.
//!
//! For classes it is a product of experts: softmax of the weighted log probabilities, so that members who
//! agree may be surer together than each alone, and one that adds nothing can be given no weight, or less.
//! For numbers it is a weighted sum, by normalised least mean squares (Widrow and Hoff 1960).

use serde::{Deserialize, Serialize};

use crate::cost::Shape;
use crate::loss::softmax;
use crate::widening::NEW_CLASS_SHARE;

/// Size of a step on log probabilities.
const STEP_SIZE: f32 = 0.003;
/// Size of a step on numbers, of the one that would meet the goal at once.
const STEP_SHARE: f32 = 0.01;
/// Smallest probability: beyond it nobody's certainty counts.
pub(crate) const PROBABILITY_MIN: f32 = 1e-4;
/// Size of a step on what is added for a class that came later.
const LATE_STEP_SIZE: f32 = 0.05;
/// Largest weight either way: a bound for streams on which steps do not find an end.
const WEIGHT_MAX: f32 = 10.0;

/// One weight a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    weights: Vec<f32>,
    /// What is added to the logits of the last classes, those that came later.
    late: Vec<f32>,
}

impl Stack {
    /// The geometric mean of classes, the mean of numbers.
    pub fn new(members: usize) -> Self {
        Self { weights: vec![1.0 / members.max(1) as f32; members], late: Vec::new() }
    }

    /// The weight of each member, and what is added to the logits of the last classes.
    pub(super) fn numbers(&self) -> (&[f32], &[f32]) {
        (&self.weights, &self.late)
    }

    /// What each member counts for: the size of its weight, all summing to one.
    pub fn weights(&self) -> Vec<f32> {
        let total: f32 = self.weights.iter().map(|weight| weight.abs()).sum();
        if total > 0.0 {
            self.weights.iter().map(|weight| weight.abs() / total).collect()
        } else {
            vec![1.0 / self.weights.len() as f32; self.weights.len()]
        }
    }

    /// The stack of members that come from these: those that come from one share its weight, and the weight of
    /// those left out goes to all who stay.
    pub fn inherit(&self, parents: &[usize]) -> Self {
        let heirs = |parent: &usize| parents.iter().filter(|other| *other == parent).count() as f32;
        let mut weights: Vec<f32> =
            parents.iter().map(|parent| self.weights[*parent] / heirs(parent)).collect();
        let (before, after): (f32, f32) = (self.weights.iter().sum(), weights.iter().sum());
        if after > 0.0 && before > 0.0 {
            for weight in &mut weights {
                *weight = (*weight * before / after).min(WEIGHT_MAX);
            }
        }
        Self { weights, late: self.late.clone() }
    }

    /// The stack of the same members when they have learned to name so many classes more. Where weights sum to
    /// less than one, the combination is less sure than its members, and would give a class that nobody expects
    /// a noticeable share; as much is taken from its logit that it gets about what they give it. Every
    /// outcome moves this, as it moves the weights.
    pub fn widened(&self, classes: usize) -> Self {
        let doubt = (1.0 - self.weights.iter().sum::<f32>()).max(0.0);
        let mut wider = self.clone();
        wider.late.extend(std::iter::repeat_n(doubt * NEW_CLASS_SHARE.ln(), classes));
        wider
    }

    /// Its answer to members x outputs numbers.
    pub fn mix(&self, said: &[f32], shape: Shape, answer: &mut [f32]) {
        let seen: Vec<f32> = said.iter().map(|number| seen(*number, shape)).collect();
        self.mix_seen(said, &seen, shape, answer);
    }

    fn mix_seen(&self, said: &[f32], seen: &[f32], shape: Shape, answer: &mut [f32]) {
        answer.fill(0.0);
        let members = said.chunks_exact(shape.outputs).zip(seen.chunks_exact(shape.outputs));
        for ((own, seen), weight) in members.zip(&self.weights) {
            if own.iter().all(|number| number.is_finite()) {
                for (sum, number) in answer.iter_mut().zip(seen) {
                    *sum += weight * number;
                }
            }
        }
        if shape.classification {
            let early = shape.outputs - self.late.len();
            for (logit, late) in answer[early..].iter_mut().zip(&self.late) {
                *logit += late;
            }
            softmax(answer);
        }
    }

    /// One gradient step, from where the weights are now: a step from the answer of then would not know what
    /// was learned since, and overshoot where labels are late.
    ///
    /// `delay` labels came between the answer and its own. Steps shrink with its root: those in between have not
    /// been seen to work (Joulani, György and Szepesvári, *Online Learning under Delayed Feedback*, ICML 2013).
    pub fn learn(&mut self, said: &[f32], goal: f32, delay: u64, shape: Shape) {
        let mut slope = vec![0.0; shape.outputs];
        let seen: Vec<f32> = said.iter().map(|number| seen(*number, shape)).collect();
        self.mix_seen(said, &seen, shape, &mut slope);
        if shape.classification {
            slope[goal as usize] -= 1.0;
        } else {
            slope[0] -= goal;
        }
        let length: f32 = said.iter().filter(|number| number.is_finite()).map(|number| number * number).sum();
        let size = if shape.classification { STEP_SIZE } else { STEP_SHARE / (1.0 + length) };
        let step = size / (1.0 + delay as f32).sqrt();
        for (weight, own) in self.weights.iter_mut().zip(seen.chunks_exact(shape.outputs)) {
            let gradient: f32 = own.iter().zip(&slope).map(|(number, part)| number * part).sum();
            if gradient.is_finite() {
                *weight = (*weight - step * gradient).clamp(-WEIGHT_MAX, WEIGHT_MAX);
            }
        }
        let early = shape.outputs - self.late.len();
        for (late, part) in self.late.iter_mut().zip(&slope[early..]) {
            // No more than the doubt it began with, and no less than none.
            *late = (*late - LATE_STEP_SIZE * part).min(0.0);
        }
    }
}

fn seen(number: f32, shape: Shape) -> f32 {
    if shape.classification { number.max(PROBABILITY_MIN).ln() } else { number }
}

#[cfg(test)]
mod tests;
