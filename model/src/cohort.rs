//! Cohort: learners side by side, as one program.
//!
//! Lives here: which member learns from which rows, and when. Does not live here: what becomes of their
//! answers (that is for whoever mixes or compares them), the step itself (that is [`crate::program`]).
//!
//! A cohort is its learners, bit by bit: each has its own rows waiting, its own rows kept and its own random
//! choices. It is faster, because a row is looked at once for all of them.

use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::error::ModelError;
use crate::learner::hardening::hardened;
use crate::learner::intake::Intake;
use crate::learner::{Learner, check_examples};
use crate::network::{Network, whole_rows};
use crate::program::{Batch, Diverged, Plan, Program};
use crate::training_loss::Goals;

/// A member whose step was not done, and why; its weights are those of the step before.
#[derive(Debug)]
pub struct Fault {
    /// Which member.
    pub member: usize,
    /// What happened: training diverged.
    pub error: ModelError,
}

/// Learners that answer and learn together, on the processor.
///
/// ```
/// use model::{Architecture, Device, Hyper, Learner, Optimiser, Cohort, Shape};
///
/// let shape = Shape { inputs: 1, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
/// let linear = |hyper| Learner::new(&Architecture::linear(hyper), shape, &[], &Device::cpu(), 7);
/// let mut cohort = Cohort::new(vec![
///     linear(Hyper { step_size: 0.1, ..Hyper::default() })?,
///     linear(Hyper { step_size: 0.1, optimiser: Optimiser::Sgd, ..Hyper::default() })?,
/// ])?;
/// for _ in 0..100 {
///     assert!(cohort.learn(&[-1.0, 1.0], &[0.0, 1.0])?.is_empty());
/// }
/// let mut said = Vec::new();
/// cohort.predict_into(&[1.0], &mut said)?;
/// assert!(said.len() == 4 && said[1] > 0.9 && said[3] > 0.9);
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Cohort {
    shape: Shape,
    class_weights: Vec<f32>,
    program: Program,
    intakes: Vec<Intake>,
    /// Members that step on the row at hand; kept for its memory.
    together: Vec<usize>,
}

impl Cohort {
    /// A cohort of these learners, at least one; they have to agree in their ends and class weights, and
    /// live on the processor.
    pub fn new(learners: Vec<Learner>) -> Result<Self, ModelError> {
        let first = learners.first().ok_or_else(|| refused("a cohort needs a member"))?;
        let mut cohort = Self::empty(first.shape(), first.class_weights());
        learners.into_iter().try_for_each(|learner| cohort.push(learner))?;
        Ok(cohort)
    }

    /// A cohort of nobody yet.
    pub fn empty(shape: Shape, class_weights: &[f32]) -> Self {
        Self {
            shape,
            class_weights: class_weights.to_vec(),
            program: Program::default(),
            intakes: Vec::new(),
            together: Vec::new(),
        }
    }

    /// Adds a learner as the last member.
    pub fn push(&mut self, learner: Learner) -> Result<(), ModelError> {
        let shape = learner.shape();
        let (program, class_weights, intake) = learner.into_parts()?;
        if shape != self.shape || class_weights != self.class_weights {
            return Err(refused("the members of a cohort agree in their ends and class weights"));
        }
        self.program.append(program);
        self.intakes.push(intake);
        Ok(())
    }

    /// Puts a learner in the place of a member.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn replace(&mut self, member: usize, learner: Learner) -> Result<(), ModelError> {
        self.push(learner)?;
        self.program.swap_remove(member);
        self.intakes.swap_remove(member);
        Ok(())
    }

    /// Takes a member out; those behind it move up.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn remove(&mut self, member: usize) -> Learner {
        let learner = self.learner(member);
        self.program.remove(member);
        self.intakes.remove(member);
        learner
    }

    /// A member as a learner of its own, which goes on exactly as the member would.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn learner(&self, member: usize) -> Learner {
        let (program, intake) = (self.program.member(member), self.intakes[member].clone());
        Learner::from_parts(program, self.class_weights.clone(), intake)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.program.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the two ends of every member look like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The canonical architecture of a member.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn architecture(&self, member: usize) -> &Architecture {
        self.program.plan(member).architecture()
    }

    /// Steps of a member so far.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn steps(&self, member: usize) -> u64 {
        self.program.steps(member)
    }

    /// A network with the weights a member has now, which later learning does not alter.
    ///
    /// # Panics
    ///
    /// If there is no such member.
    pub fn freeze(&self, member: usize) -> Network {
        Network::of_numbers(self.program.plan(member).clone(), self.program.weights(member).to_vec())
    }

    /// What every member says of encoded rows: for each row the answers of all members, one after the
    /// other, each as [`Network::predict`] gives it. Nothing is allocated once `said` has room.
    pub fn predict_into(&self, encoded: &[f32], said: &mut Vec<f32>) -> Result<(), ModelError> {
        whole_rows(encoded, self.shape)?;
        self.program.answer(encoded, said);
        Ok(())
    }

    /// As [`Learner::drifted`], for every member.
    pub fn drifted(&mut self) {
        for (member, intake) in self.intakes.iter_mut().enumerate() {
            intake.drifted(&self.program.plan(member).architecture().hyper);
        }
    }

    /// Takes in labelled rows; each member does one step each time its batch has gathered. Unlike a
    /// learner alone, a member that diverges goes on with the next row; it is among the faults.
    pub fn learn(&mut self, encoded: &[f32], goals: &[f32]) -> Result<Vec<Fault>, ModelError> {
        check_examples(encoded, goals, self.shape)?;
        let Self { program, intakes, class_weights, shape, together } = self;
        let class_weights = class_weights.as_slice();
        let mut faults = Vec::new();
        for (row, goal) in encoded.chunks_exact(shape.inputs).zip(goals) {
            together.clear();
            for (member, intake) in intakes.iter_mut().enumerate() {
                let hyper = program.plan(member).architecture().hyper;
                if intake.steps_at_once(&hyper) {
                    together.push(member);
                    continue;
                }
                let done = intake.take_in(&hyper, row, *goal, |encoded, goals, rng| {
                    let batch = Batch { encoded, goals: Goals::Truths(goals), class_weights };
                    let slopes = || Ok::<_, Diverged>(program.input_slopes(member, batch));
                    let rows = hardened(&hyper, *shape, encoded, rng, slopes)?;
                    let draw = |_, plan: &Plan, rows, masks: &mut Vec<f32>| plan.draw_masks(rows, rng, masks);
                    let failed = program.step([member], Batch { encoded: &rows, ..batch }, draw).pop();
                    failed.map_or_else(|| Ok(program.wrong(member)), Err)
                });
                faults.extend(done.err());
            }
            // Members that learn from each row at once share the look at it.
            let batch =
                Batch { encoded: row, goals: Goals::Truths(std::slice::from_ref(goal)), class_weights };
            let draw = |member: usize, plan: &Plan, rows, masks: &mut Vec<f32>| {
                plan.draw_masks(rows, &mut intakes[member].rng, masks);
            };
            faults.extend(program.step(together.iter().copied(), batch, draw));
            for &member in together.iter() {
                intakes[member].notice(&program.plan(member).architecture().hyper, program.wrong(member), 1);
            }
        }
        Ok(faults.into_iter().map(Fault::from).collect())
    }
}

fn refused(message: &str) -> ModelError {
    ModelError::Architecture(message.to_owned())
}

impl From<Diverged> for Fault {
    fn from(diverged: Diverged) -> Self {
        Self { member: diverged.member, error: diverged.into() }
    }
}

#[cfg(test)]
mod tests;
