//! The saved learner: everything it needs to go on bit by bit as if it had never stopped.
//!
//! Lives here: the plain form and the way there and back. Does not live here: files.

use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::intake::Intake;
use super::past::Past;
use super::surge::Surge;
use super::{Body, Examples, Learner};
use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::device::Device;
use crate::error::ModelError;
use crate::training_loss::check_goals;
use crate::weights::Weights;

/// A learner as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LearnerState {
    pub(super) architecture: Architecture,
    pub(super) shape: Shape,
    pub(super) class_weights: Vec<f32>,
    pub(super) weights: Weights,
    /// First and second moments of the optimiser.
    pub(crate) moments: [Weights; 2],
    /// The running mean of the weights; empty where the weights of now answer.
    pub(super) average: Weights,
    pub(super) steps: u64,
    pub(super) rng: Pcg64,
    pub(super) pending: Examples,
    pub(super) reservoir: Examples,
    #[serde(default)]
    pub(super) surge: Surge,
    #[serde(default)]
    pub(super) past: Past,
}

impl LearnerState {
    /// What it learns with.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// What its two ends look like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What it has learned.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }
}

impl Learner {
    /// Everything, as plain data.
    pub fn state(&self) -> Result<LearnerState, ModelError> {
        let (architecture, shape) = (self.architecture(), self.shape());
        let [weights, first, second] = self.body.export()?;
        Ok(LearnerState {
            architecture: architecture.clone(),
            shape,
            class_weights: self.class_weights.clone(),
            weights,
            moments: [first, second],
            average: self.body.average()?,
            steps: self.steps(),
            rng: self.intake.rng.clone(),
            pending: self.intake.pending.clone(),
            reservoir: self.intake.reservoir.clone(),
            surge: self.intake.surge.clone(),
            past: self.intake.past.clone(),
        })
    }

    /// The learner of this state.
    pub fn restore(state: LearnerState, device: &Device) -> Result<Self, ModelError> {
        let LearnerState {
            architecture,
            shape,
            class_weights,
            weights,
            moments,
            average,
            steps,
            rng,
            pending,
            reservoir,
            surge,
            past,
        } = state;
        let architecture = architecture.canonical();
        architecture.check()?;
        if !(pending.fits(shape.inputs) && reservoir.fits(shape.inputs) && past.fits(shape.inputs)) {
            return Err(ModelError::Weights(format!("kept rows are not of {} inputs", shape.inputs)));
        }
        check_goals(pending.goals(), shape)?;
        check_goals(reservoir.goals(), shape)?;
        past.goals().try_for_each(|goals| check_goals(goals, shape))?;
        let [first, second] = moments;
        let body = Body::new(&architecture, shape, &[weights, first, second], steps, &average, device)?;
        let intake = Intake::of(rng, pending, reservoir).within(surge, past);
        Ok(Self { body, class_weights, intake })
    }
}
