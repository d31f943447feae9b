//! Answers: a network may give several of each row, which count together for one.
//!
//! Lives here: how they become one answer and one loss, and how trust follows the better ones. Does not live here:
//! the ways to the answers (those are [`crate::architecture`]'s), answers of several networks (that is
//! [`crate::mixture`]).
//!
//! Every answer has logits and trust. The answer of the network is `Σ α_i softmax(logits_i)`, or `Σ α_i logits_i`
//! of numbers; it learns from `Σ α_i loss(logits_i)`. *Exits* are answers by depth (Online Deep Learning,
//! arXiv:1711.03705), and `α` follows them by hedge: for each row learned from, by what was said of it before,
//!
//! ```text
//! α_i ∝ α_i β^{wrong_i}        wrong_i in [0, 1]: half the Brier score, or absolute error over 4 deviations
//! α_i += (1 - β) (floor - α_i)  where it is below floor = s / answers
//! ```
//!
//! A *committee* has voices that share the blocks (`TabM`, arXiv:2410.24210); each has an equal part in every answer.
//! Voices start as copies, so that nothing changes, and get apart because each learns from each row as often as
//! online bagging says: `Poisson(1)` times (Oza and Russell, AISTATS 2001).
//!
//! The paper of exits lifts `α` to the floor at once. A new exit would then jump from nothing to a tenth of the answer
//! before it had learned anything, so here it gets there over about a hundred rows.
//!
//! A network with one answer has no `α`, and one with one voice learns from each row once.

use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::loss::softmax;
use crate::program::exp;

/// What being entirely wrong about one row leaves of an answer's trust.
pub const HEDGE_BETA: f32 = 0.99;
/// Trust shared out evenly among the answers, whatever they are worth.
pub const HEDGE_FLOOR: f32 = 0.2;

/// Trust of an answer that is alone.
pub(crate) const ALONE: &[f32] = &[1.0];

impl Architecture {
    /// The depths at which it answers, ascending: blocks passed by then. Each is where another block has reached the
    /// running sum of the logits.
    pub(crate) fn depths(&self) -> Vec<usize> {
        let blocks = self.blocks.len();
        if !self.exits {
            return vec![blocks];
        }
        (0..=blocks).filter(|depth| *depth == 0 || self.reaches_head(depth - 1)).collect()
    }
}

/// Trust before anything was learned: all depths alike.
pub(crate) fn even(answers: usize) -> Vec<f32> {
    vec![1.0 / answers as f32; answers]
}

/// Whether this shares out one.
pub(crate) fn shares(trust: &[f32]) -> bool {
    trust.iter().all(|share| *share >= 0.0) && (trust.iter().sum::<f32>() - 1.0).abs() < 1e-3
}

/// For each answer of one network, which answer of another one goes on with its trust: the last with that of the
/// last, so that a new block with nothing to say yet learns as if there were no other exits; others stay where
/// they are, or leave it to the next one deeper.
pub(crate) fn heirs(from: &Architecture, to: &Architecture) -> Vec<usize> {
    let (before, after) = (from.depths(), to.depths());
    let last = after.len() - 1;
    let heir = |(at, depth): (usize, &usize)| {
        let deeper = after.iter().position(|heir| heir >= depth);
        if at + 1 == before.len() { last } else { deeper.unwrap_or(last) }
    };
    before.iter().enumerate().map(heir).collect()
}

/// The trust of as many answers from that of others and their [`heirs`].
pub(crate) fn inherit(trust: &[f32], heirs: &[usize], answers: usize) -> Vec<f32> {
    let mut after = vec![0.0; answers];
    for (share, heir) in trust.iter().zip(heirs) {
        after[*heir] += share;
    }
    after
}

/// Adds what one answer says of each row, times this share, to what all say. Rows are `stride` apart in `all`.
pub(crate) fn add(logits: &mut [f32], share: f32, shape: Shape, all: &mut [f32], stride: usize) {
    for (index, row) in logits.chunks_exact_mut(shape.outputs).enumerate() {
        if shape.classification {
            softmax(row);
        }
        let all = &mut all[index * stride..][..shape.outputs];
        all.iter_mut().zip(row).for_each(|(all, said)| *all += share * *said);
    }
}

/// Trust follows how wrong each answer was, summed over so many rows.
pub(crate) fn follow(trust: &mut [f32], wrong: &[f32], rows: usize) {
    let floor = HEDGE_FLOOR / trust.len() as f32;
    let kept = |rows: f32| exp(rows * HEDGE_BETA.ln());
    let below = kept(rows as f32);
    trust.iter_mut().zip(wrong).for_each(|(share, wrong)| *share *= kept(*wrong));
    share_out(trust);
    for share in trust.iter_mut().filter(|share| **share < floor) {
        *share = floor - (floor - *share) * below;
    }
    share_out(trust);
}

fn share_out(trust: &mut [f32]) {
    let whole: f32 = trust.iter().sum();
    for share in trust {
        *share /= whole;
    }
}

#[cfg(test)]
mod tests;
