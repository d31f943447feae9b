//! Learner: a network that learns from one labelled row after the other.
//!
//! Lives here: batches, replay, the saved state. Does not live here: what rows mean (that is
//! [`crate::encoder`]), the step itself (that is [`crate::program`]).

use crate::architecture::Architecture;
use crate::cost::{Cost, Shape};
use crate::device::Device;
use crate::error::ModelError;
use crate::network::Network;
pub use crate::program::GRADIENT_NORM_MAX;
use crate::program::{Batch, Program};
use crate::training_loss::{Goals, check_goals};
use crate::weights::Weights;

mod body;
mod examples;
pub(crate) mod hardening;
mod inherit;
pub(crate) mod intake;
mod past;
mod state;
pub(crate) mod surge;
mod widen;

use body::Body;
pub(crate) use examples::Examples;
use hardening::hardened;
pub use inherit::DISTIL_BATCH;
use intake::Intake;
pub use state::LearnerState;

/// Most numbers kept for replay: wide rows are kept in smaller number.
pub const RESERVOIR_NUMBERS: usize = 4 * 1024 * 1024;

/// A network that learns, together with everything it needs to go on exactly where it stopped.
///
/// ```
/// use model::{Architecture, Device, Hyper, Learner, Shape};
///
/// let linear = Architecture::linear(Hyper { step_size: 0.1, ..Hyper::default() });
/// let shape = Shape { inputs: 1, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
/// let mut learner = Learner::new(&linear, shape, &[], &Device::cpu(), 7)?;
/// for _ in 0..50 {
///     learner.learn(&[-1.0, 1.0], &[0.0, 1.0])?; // below zero is class 0, above is class 1
/// }
/// assert!(learner.predict(&[1.0])?[1] > 0.9);
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Learner {
    body: Body,
    class_weights: Vec<f32>,
    intake: Intake,
}

impl Learner {
    /// An untrained network; the same seed learns the same from the same rows. Empty class weights
    /// weigh all classes alike.
    pub fn new(
        architecture: &Architecture,
        shape: Shape,
        class_weights: &[f32],
        device: &Device,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let architecture = architecture.canonical();
        architecture.check()?;
        let tables = [Weights::initial(&architecture, shape, seed), Weights::default(), Weights::default()];
        let body = Body::new(&architecture, shape, &tables, 0, &Weights::default(), device)?;
        Ok(Self { body, class_weights: class_weights.to_vec(), intake: Intake::new(shape.inputs, seed) })
    }

    /// A learner that goes on from a network, which itself stays as it is.
    pub fn from_network(network: &Network, class_weights: &[f32], seed: u64) -> Result<Self, ModelError> {
        let tables = [network.weights()?, Weights::default(), Weights::default()];
        let none = Weights::default();
        let body = Body::new(network.architecture(), network.shape(), &tables, 0, &none, &network.device())?;
        let intake = Intake::new(network.shape().inputs, seed);
        Ok(Self { body, class_weights: class_weights.to_vec(), intake })
    }

    /// The canonical architecture.
    pub fn architecture(&self) -> &Architecture {
        self.body.plan().architecture()
    }

    /// What its two ends look like.
    pub fn shape(&self) -> Shape {
        self.body.plan().shape()
    }

    /// Weight of each class in the loss; empty weighs all alike.
    pub fn class_weights(&self) -> &[f32] {
        &self.class_weights
    }

    /// What it takes to keep and to answer.
    pub fn cost(&self) -> Cost {
        Cost::of(self.architecture(), self.shape())
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.body.steps()
    }

    /// As [`Network::predict`], with the weights of now.
    pub fn predict(&self, encoded: &[f32]) -> Result<Vec<f32>, ModelError> {
        let mut said = Vec::new();
        self.body.answer(encoded, &mut said)?;
        Ok(said)
    }

    /// As [`Network::predict_into`], with the weights of now.
    pub fn predict_into(&self, encoded: &[f32], said: &mut Vec<f32>) -> Result<(), ModelError> {
        self.body.answer(encoded, said)
    }

    /// A network with the weights of now, which later learning does not alter.
    pub fn freeze(&self) -> Result<Network, ModelError> {
        self.body.freeze()
    }

    /// The norm of the gradient of the mean loss of labelled rows, without dropout: how far the network is
    /// from a place where it would stay. Not finite if the loss is not.
    pub fn gradient_norm(&self, encoded: &[f32], goals: &[f32]) -> Result<f32, ModelError> {
        check_examples(encoded, goals, self.shape())?;
        let class_weights = &self.class_weights;
        self.body.gradient_norm(Batch { encoded, goals: Goals::Truths(goals), class_weights })
    }

    /// Takes in labelled rows, and does one step each time a batch has gathered.
    pub fn learn(&mut self, encoded: &[f32], goals: &[f32]) -> Result<(), ModelError> {
        check_examples(encoded, goals, self.shape())?;
        let (hyper, shape) = (self.architecture().hyper, self.shape());
        let Self { body, class_weights, intake } = self;
        for (row, goal) in encoded.chunks_exact(shape.inputs).zip(goals) {
            intake.take_in(&hyper, row, *goal, |encoded, goals, rng| {
                let batch = Batch { encoded, goals: Goals::Truths(goals), class_weights };
                let rows = hardened(&hyper, shape, encoded, rng, || body.input_slopes(batch))?;
                body.step(Batch { encoded: &rows, ..batch }, rng).map(|()| body.wrong())
            })?;
        }
        Ok(())
    }

    /// The world has changed: what was true before is kept, where it is to be learned again.
    pub fn drifted(&mut self) {
        let hyper = self.architecture().hyper;
        self.intake.drifted(&hyper);
    }

    /// The parts a pool keeps, if they are on the processor.
    pub(crate) fn into_parts(self) -> Result<(Program, Vec<f32>, Intake), ModelError> {
        match self.body {
            Body::Program(program) => Ok((program, self.class_weights, self.intake)),
            Body::Tensors(_) => {
                Err(ModelError::Architecture("the members of a pool live on the processor".into()))
            }
        }
    }

    /// A learner of such parts.
    pub(crate) fn from_parts(program: Program, class_weights: Vec<f32>, intake: Intake) -> Self {
        Self { body: Body::Program(program), class_weights, intake }
    }
}

/// Refuses rows and goals that do not fit each other, or the network.
pub(crate) fn check_examples(encoded: &[f32], goals: &[f32], shape: Shape) -> Result<(), ModelError> {
    let inputs = shape.inputs;
    if inputs == 0 || encoded.len() != goals.len() * inputs {
        return Err(ModelError::Sample(format!(
            "{} encoded numbers for {} goals of {inputs} inputs",
            encoded.len(),
            goals.len()
        )));
    }
    check_goals(goals, shape)
}

#[cfg(test)]
mod tests;
