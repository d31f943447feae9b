//! Inheritance: a learner of another architecture that starts with what this one knows.
//!
//! Lives here: the transfer of weights, moments and kept rows, and distillation. Does not live here:
//! the single changes (that is [`crate::morphism`]), which units are new or go (that is [`crate::growth`]
//! and [`crate::pruning`]).

use rand::RngExt;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::intake::Intake;
use super::{Body, Learner};
use crate::architecture::Architecture;
use crate::error::ModelError;
use crate::growth::{Growth, WINDOW_ROWS_MIN, Window};
use crate::morphism::Morphism;
use crate::network::Network;
use crate::program::Batch;
use crate::pruning;
use crate::slice::Slice;
use crate::training_loss::Goals;
use crate::weights::Weights;

/// Rows of one distillation step.
pub const DISTIL_BATCH: usize = 32;
/// Tells the generator of growth from the learner's own.
const GROWTH_SEED: u64 = 0x6772_6f77;

impl Learner {
    /// A learner of this architecture with all that carries over: weights, moments unless the optimiser
    /// changes, rows waiting and rows kept. It says the same as this one if every step of
    /// [`Morphism::path`] preserves the function; otherwise [`Learner::distil`] brings it close. New units are
    /// random; [`Learner::grow`] chooses them.
    pub fn inherit(&self, to: &Architecture, seed: u64) -> Result<Self, ModelError> {
        self.grow(to, Window::EMPTY, Growth::Random, seed)
    }

    /// As [`Learner::inherit`]; what is new and what goes is chosen by what these labelled rows say. New
    /// units start as [`Growth`] says; a shrinking block loses the units that [`crate::pruning`] scores
    /// least. With fewer rows than [`crate::growth::WINDOW_ROWS_MIN`] it is [`Learner::inherit`]. A slice is taken out as it is.
    pub fn grow(
        &self,
        to: &Architecture,
        window: Window<'_>,
        growth: Growth,
        seed: u64,
    ) -> Result<Self, ModelError> {
        if let Some(slice) = Slice::between(self.architecture(), to) {
            return self.sliced(slice, seed);
        }
        let mut rng = Pcg64::seed_from_u64(seed);
        // What draws for new units draws elsewhere: the way they start changes nothing else.
        let mut growth_rng = Pcg64::seed_from_u64(seed ^ GROWTH_SEED);
        let shape = self.shape();
        let window = window.newest(shape.inputs)?;
        let mut here = self.architecture().clone();
        let mut tables = self.body.export()?;
        let mut average = self.body.average()?;
        let mut steps = self.steps();
        for morphism in Morphism::path(&here, to) {
            let (units, strengths) = if window.goals.len() < WINDOW_ROWS_MIN {
                (None, None)
            } else {
                let network = Network::from_weights(&here, shape, &tables[0], &self.body.device())?;
                let weights = &self.class_weights;
                let units = growth.units(&morphism, &network, window, weights, &mut growth_rng)?;
                (units, pruning::strengths(&morphism, &network, window, weights)?)
            };
            let kept = morphism.kept(&here, shape, &tables[0], strengths.as_deref());
            tables = morphism.inherit_trained(&here, shape, tables.each_ref(), &kept, &mut rng);
            if let Some(units) = &units {
                units.sow(&mut tables[0]);
            }
            average = morphism.inherit_average(&here, shape, &average, &tables[0], &kept);
            here = morphism.apply(&here);
        }
        if here.hyper.optimiser != self.architecture().hyper.optimiser {
            (tables[1], tables[2], steps) = (Weights::default(), Weights::default(), 0);
        }
        here.check()?;
        let body = Body::new(&here, shape, &tables, steps, &average, &self.body.device())?;
        Ok(Self { body, class_weights: self.class_weights.clone(), intake: self.intake_of(&here, rng) })
    }

    /// The rows that wait and are kept, for another one.
    fn intake_of(&self, heir: &Architecture, rng: Pcg64) -> Intake {
        let reservoir = self.intake.reservoir.clone().within_reservoir(heir.hyper.canonical().replay_depth);
        Intake::of(rng, self.intake.pending.clone(), reservoir)
            .within(self.intake.surge.clone(), self.intake.past.clone())
    }

    /// A learner of this slice alone, which goes on from what it says within this one.
    pub fn sliced(&self, slice: Slice, seed: u64) -> Result<Self, ModelError> {
        let (whole, shape) = (self.architecture(), self.shape());
        let [weights, first, second] = self.body.export()?;
        let average = self.body.average()?;
        let average = if average.0.is_empty() { average } else { slice.weights(whole, shape, &average) };
        let tables = [
            slice.weights(whole, shape, &weights),
            slice.moments(whole, shape, &first),
            slice.moments(whole, shape, &second),
        ];
        let alone = slice.of(whole);
        let body = Body::new(&alone, shape, &tables, self.steps(), &average, &self.body.device())?;
        let intake = self.intake_of(&alone, Pcg64::seed_from_u64(seed));
        Ok(Self { body, class_weights: self.class_weights.clone(), intake })
    }

    /// Learns to answer these rows as the teacher does, in steps of up to [`DISTIL_BATCH`] rows drawn from
    /// them (arXiv:1503.02531), with this learner's own optimiser.
    pub fn distil(&mut self, teacher: &Network, encoded: &[f32], steps: usize) -> Result<(), ModelError> {
        let shape = self.shape();
        if teacher.shape() != shape {
            return Err(ModelError::Architecture("teacher and learner do not answer the same rows".into()));
        }
        let answers = teacher.predict(encoded)?;
        let rows = answers.len() / shape.outputs;
        if rows == 0 {
            return Ok(());
        }
        for _ in 0..steps {
            let (mut batch, mut goals) = (Vec::new(), Vec::new());
            for _ in 0..DISTIL_BATCH.min(rows) {
                let at = self.intake.rng.random_range(0..rows);
                batch.extend_from_slice(&encoded[at * shape.inputs..(at + 1) * shape.inputs]);
                goals.extend_from_slice(&answers[at * shape.outputs..(at + 1) * shape.outputs]);
            }
            let batch = Batch { encoded: &batch, goals: Goals::Answers(&goals), class_weights: &[] };
            self.body.step(batch, &mut self.intake.rng)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
