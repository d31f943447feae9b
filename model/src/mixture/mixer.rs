//! Mixer: how the answers of the members become one, and how that follows the stream.
//!
//! Lives here: the rules side by side, and the choice between them. Their statistics are in [`record`] (how
//! often each was wrong), [`stack`] (a learned combination) and [`shift`] (shares of classes that moved). Does not live
//! here: the members.
//!
//! No one rule is best: under immediate labels a learned combination of the members wins, under labels a
//! thousand rows late it is trusting the few that were right most often. So the adaptive rule keeps several,
//! and mixes them by how often each was wrong lately, as a rule mixes members.
//!
//! Everything is learned from what was said when the event came: a member, or a rule, is judged by the answer
//! it gave with the weights of then.

use serde::{Deserialize, Serialize};

use super::record::{Record, wrong};
use super::shift::Shift;
use super::stack::Stack;
use crate::cost::Shape;

mod recipe;

pub(crate) use recipe::{Correction, Recipe, Way};

/// How answers become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MixingRule {
    /// All members weigh the same.
    Mean,
    /// The member that was wrong least often lately answers alone (follow the leader).
    Leader,
    /// The mean of the few that were wrong least often lately.
    Few,
    /// Exponential weights on how often each was wrong lately (Hedge: Freund and Schapire, JCSS 1997).
    Hedge,
    /// A learned combination: softmax regression on log probabilities, or linear regression on numbers
    /// (stacking: Wolpert, Neural Networks 1992).
    Stacked,
    /// The few, hedge and stacked, mixed by exponential weights on how often each was wrong lately.
    #[default]
    Adaptive,
    /// Adaptive, and of classes also the same answer corrected for shares that moved, as far as that has been less
    /// often wrong ([`shift`](super::shift)). Of numbers it is adaptive.
    Corrected,
}

impl MixingRule {
    /// Every rule.
    pub const ALL: [Self; 7] =
        [Self::Mean, Self::Leader, Self::Few, Self::Hedge, Self::Stacked, Self::Adaptive, Self::Corrected];
    /// What the adaptive rule chooses between.
    const PARTS: [Self; 3] = [Self::Few, Self::Hedge, Self::Stacked];

    /// The word for people and configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Leader => "leader",
            Self::Few => "few",
            Self::Hedge => "hedge",
            Self::Stacked => "stacked",
            Self::Adaptive => "adaptive",
            Self::Corrected => "corrected",
        }
    }

    /// Whether it chooses between others.
    fn adapts(self) -> bool {
        matches!(self, Self::Adaptive | Self::Corrected)
    }
}

/// What a mixer made of one row: its own answer, then those of the rules it chooses between, then the plain and the
/// corrected one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixed(Box<[f32]>);

impl Mixed {
    /// The answer: `outputs` numbers.
    pub fn output(&self, outputs: usize) -> &[f32] {
        &self.0[..outputs]
    }

    fn parts(&self, count: usize, outputs: usize) -> &[f32] {
        &self.0[outputs..(1 + count) * outputs]
    }

    /// The answer before its correction, and after.
    fn shifted(&self, count: usize, outputs: usize) -> Option<(&[f32], &[f32])> {
        let both = self.0.get((1 + count) * outputs..(3 + count) * outputs)?;
        Some(both.split_at(outputs))
    }

    /// The same with more classes to choose from: nothing was said of the new ones.
    #[must_use]
    pub fn widened(&self, before: usize, outputs: usize) -> Self {
        Self(pad(&self.0, before, outputs))
    }
}

/// What members count for by each rule that takes part, and what each of these counts for.
#[derive(Debug)]
pub(super) struct Shares {
    members: Vec<(MixingRule, Vec<f32>)>,
    parts: Vec<f32>,
}

/// A mixing rule with what it has learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mixer {
    rule: MixingRule,
    /// How often each member was wrong.
    members: Record,
    /// How often each part of the adaptive rule was wrong.
    parts: Record,
    stack: Stack,
    #[serde(default)]
    shift: Shift,
}

impl Mixer {
    /// Everybody weighs the same.
    pub fn new(rule: MixingRule, members: usize) -> Self {
        let parts = if rule.adapts() { MixingRule::PARTS.len() } else { 0 };
        let (shift, stack) = (Shift::default(), Stack::new(members));
        Self { rule, members: Record::new(members), parts: Record::new(parts), stack, shift }
    }

    /// The rule.
    pub fn rule(&self) -> MixingRule {
        self.rule
    }

    /// How many members it mixes.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// What each member's answer counts for, summing to one.
    pub fn weights(&self) -> Vec<f32> {
        if self.parts.len() == 0 {
            return self.member_weights(self.rule);
        }
        let mut weights = vec![0.0; self.members.len()];
        for (part, share) in MixingRule::PARTS.into_iter().zip(self.parts.hedge()) {
            for (sum, weight) in weights.iter_mut().zip(self.member_weights(part)) {
                *sum += share * weight;
            }
        }
        weights
    }

    /// A mixer of members that come from these positions of this one. Each is thought as good as the one it
    /// comes from; several that come from one share what its answer counts for.
    #[must_use]
    pub fn inherit(&self, parents: &[usize]) -> Self {
        Self {
            rule: self.rule,
            members: self.members.inherit(parents),
            parts: self.parts.clone(),
            stack: self.stack.inherit(parents),
            shift: self.shift.clone(),
        }
    }

    /// A mixer of the same members when they have learned to name so many classes more.
    #[must_use]
    pub fn widened(&self, classes: usize) -> Self {
        Self { stack: self.stack.widened(classes), ..self.clone() }
    }

    /// The mixed answer to `said`: members x outputs numbers. A member whose answer is not finite is passed
    /// over; the answer is not finite only if nobody's is.
    pub fn mix(&self, said: &[f32], shape: Shape) -> Mixed {
        self.mix_by(&self.shares(), said, shape)
    }

    /// What members and parts count for now.
    pub(super) fn shares(&self) -> Shares {
        let rules = if self.parts.len() == 0 { std::slice::from_ref(&self.rule) } else { &MixingRule::PARTS };
        let members = rules.iter().map(|rule| (*rule, self.member_weights(*rule))).collect();
        Shares { members, parts: self.parts.hedge() }
    }

    /// As [`Self::mix`], with its own shares of now.
    pub(super) fn mix_by(&self, shares: &Shares, said: &[f32], shape: Shape) -> Mixed {
        let outputs = shape.outputs;
        let parts = self.parts.len();
        let shifted = if self.corrects(shape) { 2 } else { 0 };
        let mut mixed = vec![0.0; (1 + parts + shifted) * outputs];
        let (answer, rest) = mixed.split_at_mut(outputs);
        // Without parts, the only rule gives the answer itself.
        let (parts_own, shifted) = rest.split_at_mut(parts * outputs);
        let owns = if parts == 0 { &mut *answer } else { &mut *parts_own };
        for ((rule, weights), own) in shares.members.iter().zip(owns.chunks_exact_mut(outputs)) {
            if *rule == MixingRule::Stacked {
                self.stack.mix(said, shape, own);
            } else {
                blend(weights, said, own);
            }
        }
        if parts > 0 {
            blend(&shares.parts, parts_own, answer);
            self.correct(shifted, answer);
        }
        Mixed(mixed.into())
    }

    fn corrects(&self, shape: Shape) -> bool {
        self.rule == MixingRule::Corrected && shape.classification && self.members.len() > 1
    }

    /// Moves the answer as far towards the corrected one as that is believed; `shifted` keeps both.
    fn correct(&self, shifted: &mut [f32], answer: &mut [f32]) {
        if shifted.is_empty() {
            return;
        }
        let (plain, corrected) = shifted.split_at_mut(answer.len());
        plain.copy_from_slice(answer);
        self.shift.correct(plain, corrected);
        let trust = self.shift.trust();
        for (answer, corrected) in answer.iter_mut().zip(corrected) {
            *answer += trust * (*corrected - *answer);
        }
    }

    fn member_weights(&self, rule: MixingRule) -> Vec<f32> {
        match rule {
            MixingRule::Mean | MixingRule::Adaptive | MixingRule::Corrected => {
                vec![1.0 / self.members.len() as f32; self.members.len()]
            }
            MixingRule::Leader => self.members.best(1),
            MixingRule::Few => self.members.best(FEW),
            MixingRule::Hedge => self.members.hedge(),
            MixingRule::Stacked => self.stack.weights(),
        }
    }

    /// Hears what was said of one row; its truth may follow later. Who mixes rows of a stream says each of them here,
    /// in order.
    pub fn hear(&mut self, mixed: &Mixed, shape: Shape) {
        if let Some((plain, _)) = mixed.shifted(self.parts.len(), shape.outputs) {
            self.shift.hear(plain);
        }
    }

    /// Learns from one outcome: what each member had said, what this mixer had made of it then, and the truth: a class
    /// position or a standardised number. `delay` other outcomes were learned in between.
    pub fn observe(&mut self, said: &[f32], mixed: &Mixed, goal: f32, delay: u64, shape: Shape) {
        if self.members.len() < 2 {
            return;
        }
        let parts = self.parts.len();
        self.members.observe(said, goal, shape);
        self.parts.observe(mixed.parts(parts, shape.outputs), goal, shape);
        if self.rule == MixingRule::Stacked || self.rule.adapts() {
            self.stack.learn(said, goal, delay, shape);
        }
        if let Some((plain, corrected)) = mixed.shifted(parts, shape.outputs) {
            self.shift.observe(plain, wrong(plain, goal, shape), wrong(corrected, goal, shape));
        }
    }
}

/// Answers of `before` numbers each as answers of `outputs`, with zeros.
pub(crate) fn pad(answers: &[f32], before: usize, outputs: usize) -> Box<[f32]> {
    let mut wider = Vec::with_capacity(answers.len() / before.max(1) * outputs);
    for answer in answers.chunks_exact(before.max(1)) {
        wider.extend_from_slice(answer);
        wider.resize(wider.len() + outputs.saturating_sub(before), 0.0);
    }
    wider.into()
}

/// Members averaged by the rule of the few.
pub const FEW: usize = 3;

/// The weighted mean of the finite answers.
fn blend(weights: &[f32], said: &[f32], answer: &mut [f32]) {
    answer.fill(0.0);
    let mut total = 0.0;
    for (own, weight) in said.chunks_exact(answer.len()).zip(weights) {
        if *weight > 0.0 && own.iter().all(|number| number.is_finite()) {
            total += weight;
            for (sum, number) in answer.iter_mut().zip(own) {
                *sum += weight * number;
            }
        }
    }
    if total > 0.0 {
        for number in answer.iter_mut() {
            *number /= total;
        }
    } else {
        // Those that count have nothing to say: better all others than nothing.
        let others: Vec<&[f32]> =
            said.chunks_exact(answer.len()).filter(|own| own.iter().all(|n| n.is_finite())).collect();
        for (at, number) in answer.iter_mut().enumerate() {
            *number = others.iter().map(|own| own[at]).sum::<f32>() / others.len() as f32;
        }
    }
}

#[cfg(test)]
mod tests;
