//! Program: many small networks as one, answering and learning on the processor.
//!
//! Lives here: the flat weights and moments of all members, one call to answer with all of them, one to
//! learn with some. Does not live here: which rows a member learns from (that is [`crate::pool`] and
//! [`crate::learner`]), other devices (those are `layers` and `optimiser`, which this is tested against).
//!
//! Networks this small cost less than the bookkeeping of tensors: an answer is a few hundred
//! multiplications, and each tensor an allocation. So an architecture is compiled once into a list of
//! operations over one piece of scratch memory, and nothing is allocated after the first call. All
//! members see the same row, so what it is made of (where it is not zero) is found once.
//!
//! The code is compiled for several generations of processors and picks the best when it runs (`pulp`), so
//! results agree bit by bit on machines of one generation, and within rounding on others.

use std::sync::{Arc, LazyLock};

use pulp::Arch;

use crate::answers;
use crate::error::ModelError;
use crate::loss::softmax;
use crate::optimiser::{Rule, Step};
use crate::training_loss::{Answering, Goals, answer_loss, training_loss, wrong_share};

mod calls;
mod curves;
mod image;
mod inputs;
mod kernels;
mod lists;
mod pass;
mod plan;
mod scratch;
mod sequence;
mod slices;
mod update;

pub(crate) use curves::exp;
pub(crate) use pass::NORM_EPSILON;
pub(crate) use plan::Plan;
use scratch::Scratch;
pub(crate) use sequence::PRESENT;
use update::Trained;

/// Longest gradient a step follows; a longer one is shortened to it, so one odd row cannot wreck a network.
/// For up to [`PLAIN_INPUTS`] inputs; the gradient of a wider row is as much longer as the row is.
pub const GRADIENT_NORM_MAX: f32 = 5.0;
/// Inputs up to which a row counts as no longer than others.
pub const PLAIN_INPUTS: usize = 16;

/// Longest gradient a step of a network with so many inputs follows.
pub(crate) fn gradient_norm_max(inputs: usize) -> f32 {
    GRADIENT_NORM_MAX * (inputs.max(PLAIN_INPUTS) as f32 / PLAIN_INPUTS as f32).sqrt()
}

static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);

/// Weights, first and second moments.
pub(crate) type Tables = [Vec<f32>; 3];

/// Networks that answer and learn together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    members: Vec<Member>,
    tables: Tables,
}

#[derive(Clone, Debug)]
struct Member {
    plan: Arc<Plan>,
    rule: Rule,
    steps: u64,
    /// Its first number in the tables.
    at: usize,
    /// The running mean of its weights, if that is what answers.
    average: Option<Vec<f32>>,
    /// Share of wrong answers to the rows of its last step, if its surges ask for it; not finite if that failed.
    wrong: f32,
}

/// A step that was not done, because this was not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Diverged {
    pub member: usize,
    pub steps: u64,
    pub quantity: &'static str,
}

impl From<Diverged> for ModelError {
    fn from(Diverged { steps, quantity, .. }: Diverged) -> Self {
        Self::Diverged { step: steps, quantity }
    }
}

/// Rows a step learns from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub encoded: &'a [f32],
    pub goals: Goals<'a>,
    pub class_weights: &'a [f32],
}

impl Program {
    /// A program of one member with these numbers, as many as its plan has parameters.
    /// Where weights are averaged, the mean starts at `average`, or at the weights.
    pub fn of(plan: Arc<Plan>, tables: Tables, steps: u64, average: Option<Vec<f32>>) -> Self {
        debug_assert!(tables.iter().all(|table| table.len() == plan.parameters()));
        let hyper = plan.architecture().hyper;
        let average = (hyper.average > 0).then(|| average.unwrap_or_else(|| tables[0].clone()));
        Self {
            members: vec![Member { plan, rule: Rule::from(&hyper), steps, at: 0, average, wrong: 0.0 }],
            tables,
        }
    }

    /// Adds the members of another program.
    pub fn append(&mut self, other: Self) {
        let before = self.tables[0].len();
        for (all, tables) in self.tables.iter_mut().zip(other.tables) {
            all.extend(tables);
        }
        self.members
            .extend(other.members.into_iter().map(|member| Member { at: before + member.at, ..member }));
    }

    /// A member as a program of its own.
    pub fn member(&self, member: usize) -> Self {
        let Member { plan, steps, average, .. } = &self.members[member];
        Self::of(plan.clone(), self.export(member), *steps, average.clone())
    }

    /// Puts the last member in the place of this one.
    pub fn swap_remove(&mut self, member: usize) {
        let order: Vec<usize> =
            (0..self.len() - 1).map(|at| if at == member { self.len() - 1 } else { at }).collect();
        let mut next = Self::default();
        for at in order {
            next.append(self.member(at));
        }
        *self = next;
    }

    /// Takes a member out.
    pub fn remove(&mut self, member: usize) {
        let Member { plan, at, .. } = self.members.remove(member);
        let numbers = plan.parameters();
        for table in &mut self.tables {
            table.drain(at..at + numbers);
        }
        for later in &mut self.members[member..] {
            later.at -= numbers;
        }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// The plan of a member.
    pub fn plan(&self, member: usize) -> &Arc<Plan> {
        &self.members[member].plan
    }

    /// Steps of a member so far.
    pub fn steps(&self, member: usize) -> u64 {
        self.members[member].steps
    }

    /// Share of the rows of a member's last step of which the answer was wrong; 0 without surges, not finite if the
    /// step failed.
    pub fn wrong(&self, member: usize) -> f32 {
        self.members[member].wrong
    }

    /// The weights with which a member answers.
    pub fn weights(&self, member: usize) -> &[f32] {
        self.members[member].answers(&self.tables[0])
    }

    /// The running mean of a member's weights, if that is what answers.
    pub fn average(&self, member: usize) -> Option<&[f32]> {
        self.members[member].average.as_deref()
    }

    /// The norm of the gradient of these rows' mean loss, for the weights a member learns with.
    pub fn gradient_norm(&self, member: usize, batch: Batch<'_>) -> f32 {
        gradient_norm(self.plan(member), self.members[member].of(&self.tables[0]), batch)
    }

    /// The slope of these rows' mean loss at every number of theirs, for the weights a member learns with; recent labels
    /// have none, and all are nothing where the loss is not finite.
    pub fn input_slopes(&self, member: usize, batch: Batch<'_>) -> Vec<f32> {
        inputs::slopes(self.plan(member), self.members[member].of(&self.tables[0]), batch)
    }

    /// Weights, first and second moments of a member.
    pub fn export(&self, member: usize) -> Tables {
        self.tables.each_ref().map(|table| self.members[member].of(table).to_vec())
    }

    /// What every member says of these rows: for each row the answers of the members, one after the
    /// other; probabilities a class, or a standardised number.
    pub fn answer(&self, encoded: &[f32], out: &mut Vec<f32>) {
        let members = self.members.iter();
        answer(members.map(|member| (&*member.plan, member.answers(&self.tables[0]))), encoded, out);
    }

    /// One step of each of these members on the same rows. `masks` fills in a member's dropout masks. A
    /// member whose loss or gradient is not finite keeps its weights, and is returned.
    pub fn step(
        &mut self,
        members: impl IntoIterator<Item = usize>,
        batch: Batch<'_>,
        mut masks: impl FnMut(usize, &Plan, usize, &mut Vec<f32>),
    ) -> Vec<Diverged> {
        let mut failed = Vec::new();
        let Some(first) = self.members.first().map(|member| &member.plan) else { return failed };
        let (view, voices) = (first.view(), first.voices());
        scratch::with(|scratch| {
            scratch.enter(batch.encoded, view, voices);
            for index in members {
                let member = &mut self.members[index];
                scratch.see(batch.encoded, member.plan.view(), member.plan.voices());
                masks(index, &member.plan, scratch.rows / member.plan.voices(), &mut scratch.masks);
                let Member { plan, rule, steps, at, average, wrong } = member;
                let range = *at..*at + plan.parameters();
                let [weights, first, second] = self.tables.each_mut().map(|table| &mut table[range.clone()]);
                let trained = Trained { weights, first, second };
                let (seen, count) = (plan.view().width(), *steps + 1);
                let step = Step::new(*rule, count, gradient_norm_max(seen), scratch.entered(), seen);
                let turns = plan.turns(*steps);
                match learn(plan, trained, &step, batch, &turns, scratch) {
                    Ok(share) => {
                        (*steps, *wrong) = (*steps + 1, share);
                        if let Some(average) = average {
                            let rate = averaging_rate(plan.architecture().hyper.average, *steps);
                            follow(average, &self.tables[0][range], plan.trained(), rate);
                        }
                    }
                    Err(quantity) => {
                        *wrong = f32::NAN;
                        failed.push(Diverged { member: index, steps: *steps, quantity });
                    }
                }
            }
        });
        failed
    }
}

/// The norm of the gradient of these rows' mean loss, nothing left out at random.
fn gradient_norm(plan: &Plan, weights: &[f32], batch: Batch<'_>) -> f32 {
    scratch::with(|scratch| {
        scratch.enter(batch.encoded, plan.view(), plan.voices());
        if scratch.rows == 0 {
            return 0.0;
        }
        let (loss, _) = slopes(plan, weights, false, batch, scratch);
        if loss.is_finite() { update::gradient_norm(plan, scratch) } else { loss }
    })
}

/// What the newest weights count for in their running mean: at first as much as any before.
pub(crate) fn averaging_rate(average: u16, steps: u64) -> f32 {
    (1.0 / f32::from(average)).max(1.0 / (steps as f32 + 1.0))
}

/// The mean follows what is trained; trust is that of now.
fn follow(average: &mut [f32], weights: &[f32], trained: usize, rate: f32) {
    for (mean, weight) in average.iter_mut().zip(&weights[..trained]) {
        *mean += rate * (weight - *mean);
    }
    average[trained..].copy_from_slice(&weights[trained..]);
}

impl Member {
    /// The weights that answer.
    fn answers<'a>(&'a self, weights: &'a [f32]) -> &'a [f32] {
        self.average.as_deref().unwrap_or_else(|| self.of(weights))
    }

    /// Its part of a table.
    fn of<'a>(&self, table: &'a [f32]) -> &'a [f32] {
        &table[self.at..self.at + self.plan.parameters()]
    }
}

/// What each of these networks with these weights says of these rows: for each row their answers, one after the
/// other. They agree in their ends.
pub(crate) fn answer<'a>(
    networks: impl ExactSizeIterator<Item = (&'a Plan, &'a [f32])>,
    encoded: &[f32],
    out: &mut Vec<f32>,
) {
    out.clear();
    let count = networks.len();
    scratch::with(|scratch| {
        for (index, (plan, weights)) in networks.enumerate() {
            let shape = plan.shape();
            if index == 0 {
                scratch.enter(encoded, plan.view(), plan.voices());
                out.resize(plan.view().rows(encoded) * count * shape.outputs, 0.0);
            } else {
                scratch.see(encoded, plan.view(), plan.voices());
            }
            let (at, stride) = (index * shape.outputs, count * shape.outputs);
            // Without a row there is no place for an answer.
            if let Some(out) = out.get_mut(at..) {
                say(plan, weights, scratch, out, stride);
            }
        }
    });
}

/// One member's answers to the rows in the scratch: how far apart those of two rows are is `stride`.
fn say(plan: &Plan, weights: &[f32], scratch: &mut Scratch, out: &mut [f32], stride: usize) {
    let shape = plan.shape();
    scratch.prepare(plan);
    calls::forward(plan, weights, false, scratch);
    if let Some(only) = plan.only_answer() {
        for (row, logits) in pass::logits(plan, only, scratch).chunks_exact(shape.outputs).enumerate() {
            let out = &mut out[row * stride..][..shape.outputs];
            out.copy_from_slice(logits);
            if shape.classification {
                softmax(out);
            }
        }
        return;
    }
    let voices = plan.voices() as f32;
    for (answer, trust) in plan.answers.iter().zip(plan.trust(weights)) {
        for logits in pass::voices(plan, *answer, scratch) {
            answers::add(logits, *trust / voices, shape, out, stride);
        }
    }
}

/// Fills the scratch with the slopes of the loss; returns the loss, and the share of wrong answers if surges ask for it.
fn slopes(
    plan: &Plan,
    weights: &[f32],
    learning: bool,
    batch: Batch<'_>,
    scratch: &mut Scratch,
) -> (f32, f32) {
    scratch.prepare(plan);
    calls::forward(plan, weights, learning, scratch);
    pass::start_back(plan, scratch);
    let wrong = wrong_answers(plan, plan.trust(weights), batch, scratch);
    let loss = if let Some(only) = plan.only_answer() {
        let slopes = pass::slopes_at(plan, only, scratch);
        training_loss(slopes, batch.goals, batch.class_weights, plan.shape())
    } else {
        answer_losses(plan, plan.trust(weights), learning, batch, scratch)
    };
    if loss.is_finite() {
        calls::backward(plan, weights, scratch);
    }
    (loss, wrong)
}

/// Share of wrong answers to the rows, before the logits are turned into slopes; 0 if no surge asks for it.
fn wrong_answers(plan: &Plan, trust: &[f32], batch: Batch<'_>, scratch: &mut Scratch) -> f32 {
    let (Goals::Truths(truths), true) = (batch.goals, plan.architecture().hyper.surge > 0) else {
        return 0.0;
    };
    let mut wrong = 0.0;
    for (answer, trust) in plan.answers.iter().zip(trust) {
        wrong += trust * wrong_share(pass::slopes_at(plan, *answer, scratch), truths, plan.shape());
    }
    wrong
}

/// As [`training_loss`], of several answers; how wrong each was stays in the scratch.
fn answer_losses(plan: &Plan, trust: &[f32], learning: bool, batch: Batch<'_>, scratch: &mut Scratch) -> f32 {
    scratch.wrong.clear();
    let mut loss = 0.0;
    // Taken out, so that they can be read while slopes are written.
    let masks = std::mem::take(&mut scratch.masks);
    let counts = if learning { plan.counts(&masks, scratch.rows) } else { &[] };
    let rule = Answering { trust: 0.0, voices: plan.voices(), counts };
    for (answer, trust) in plan.answers.iter().zip(trust) {
        let slopes = pass::slopes_at(plan, *answer, scratch);
        let rule = Answering { trust: *trust, ..rule };
        let of = answer_loss(slopes, rule, batch.goals, batch.class_weights, plan.shape());
        scratch.wrong.push(of.wrong);
        loss += of.loss;
    }
    scratch.masks = masks;
    loss
}

/// One member's step on the rows in the scratch, with these of its slices; returns the share of wrong answers.
fn learn(
    plan: &Plan,
    Trained { weights, first, second }: Trained<'_>,
    step: &Step,
    batch: Batch<'_>,
    turns: &[usize],
    scratch: &mut Scratch,
) -> Result<f32, &'static str> {
    if scratch.rows == 0 {
        return Ok(0.0);
    }
    let (loss, wrong) = slopes(plan, weights, true, batch, scratch);
    if !loss.is_finite() {
        return Err("the loss");
    }
    if !turns.is_empty() && !slices::learn(plan, weights, batch, turns, scratch).is_finite() {
        return Err("the loss");
    }
    let (weights, trust) = weights.split_at_mut(plan.trained());
    let mut trained = Trained { weights, first, second };
    let norm = if turns.is_empty() {
        update::update(plan, step, &mut trained, scratch)
    } else {
        update::follow(plan, step, &mut trained, scratch)
    };
    if !norm.is_finite() {
        return Err("the gradient");
    }
    if !trust.is_empty() {
        answers::follow(trust, &scratch.wrong, scratch.rows / plan.voices());
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests;
