//! Body: the network of a learner, where it is computed.
//!
//! Lives here: the one choice between a program and tensors. Does not live here: either of them.

use std::sync::Arc;

use rand_pcg::Pcg64;

use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::device::Device;
use crate::error::ModelError;
use crate::network::{Network, whole_rows};
use crate::program::{Batch, Plan, Program, Tables};
use crate::tensors::TensorLearner;
use crate::weights::Weights;

/// Weights that learn.
#[derive(Debug)]
pub(super) enum Body {
    /// On the processor: a program of one member.
    Program(Program),
    /// On another device, or for comparison.
    Tensors(Box<Tensors>),
}

/// The tensors of a learner, and what they are.
#[derive(Debug)]
pub(super) struct Tensors {
    plan: Arc<Plan>,
    learner: TensorLearner,
    device: Device,
    masks: Vec<f32>,
}

impl Body {
    /// From weights and both moments; empty moments are zero. An empty average starts at the weights, if there is
    /// to be one. The architecture is canonical.
    pub fn new(
        architecture: &Architecture,
        shape: Shape,
        tables: &[Weights; 3],
        steps: u64,
        average: &Weights,
        device: &Device,
    ) -> Result<Self, ModelError> {
        shape.check(architecture)?;
        let tables = flattened(architecture, shape, tables)?;
        let average = (!average.0.is_empty()).then(|| average.flatten(architecture, shape)).transpose()?;
        let plan = Arc::new(Plan::new(architecture, shape));
        if device.tensors {
            let learner = TensorLearner::new(architecture, shape, &tables, steps, average, &device.device)?;
            let (device, masks) = (device.clone(), Vec::new());
            return Ok(Self::Tensors(Box::new(Tensors { plan, learner, device, masks })));
        }
        Ok(Self::Program(Program::of(plan, tables, steps, average)))
    }

    pub fn plan(&self) -> &Arc<Plan> {
        match self {
            Self::Program(program) => program.plan(0),
            Self::Tensors(tensors) => &tensors.plan,
        }
    }

    pub fn device(&self) -> Device {
        match self {
            Self::Program(_) => Device::cpu(),
            Self::Tensors(tensors) => tensors.device.clone(),
        }
    }

    pub fn steps(&self) -> u64 {
        match self {
            Self::Program(program) => program.steps(0),
            Self::Tensors(tensors) => tensors.learner.steps(),
        }
    }

    /// Share of the rows of the last step of which the answer was wrong, where its network asks.
    pub fn wrong(&self) -> f32 {
        match self {
            Self::Program(program) => program.wrong(0),
            Self::Tensors(tensors) => tensors.learner.wrong(),
        }
    }

    /// Weights and moments as plain data.
    pub fn export(&self) -> Result<[Weights; 3], ModelError> {
        let tables = match self {
            Self::Program(program) => program.export(0),
            Self::Tensors(tensors) => tensors.learner.export()?,
        };
        let plan = self.plan();
        Ok(tables.map(|flat| Weights::unflatten(&flat, plan.architecture(), plan.shape())))
    }

    /// The running mean of the weights; empty where the weights of now answer.
    pub fn average(&self) -> Result<Weights, ModelError> {
        let average = match self {
            Self::Program(program) => program.average(0).map(<[f32]>::to_vec),
            Self::Tensors(tensors) => tensors.learner.average()?,
        };
        let plan = self.plan();
        let unflatten = |flat: Vec<f32>| Weights::unflatten(&flat, plan.architecture(), plan.shape());
        Ok(average.map(unflatten).unwrap_or_default())
    }

    /// A network with the weights that answer now.
    pub fn freeze(&self) -> Result<Network, ModelError> {
        let plan = self.plan().clone();
        Ok(match self {
            Self::Program(program) => Network::of_numbers(plan, program.weights(0).to_vec()),
            Self::Tensors(tensors) => Network::of_tensors(plan, tensors.learner.freeze()?),
        })
    }

    /// Answers to encoded rows, one after the other.
    pub fn answer(&self, encoded: &[f32], said: &mut Vec<f32>) -> Result<(), ModelError> {
        whole_rows(encoded, self.plan().shape())?;
        match self {
            Self::Program(program) => program.answer(encoded, said),
            Self::Tensors(tensors) => *said = tensors.learner.served().answer(encoded)?,
        }
        Ok(())
    }

    /// The norm of the gradient of these rows' mean loss.
    pub fn gradient_norm(&self, batch: Batch<'_>) -> Result<f32, ModelError> {
        match self {
            Self::Program(program) => Ok(program.gradient_norm(0, batch)),
            Self::Tensors(tensors) => tensors.learner.network().gradient_norm(batch),
        }
    }

    /// The slope of these rows' mean loss at every number of theirs, without dropout; recent labels have none.
    pub fn input_slopes(&self, batch: Batch<'_>) -> Result<Vec<f32>, ModelError> {
        match self {
            Self::Program(program) => Ok(program.input_slopes(0, batch)),
            Self::Tensors(tensors) => tensors.learner.network().input_slopes(batch),
        }
    }

    /// One step on these rows, with dropout drawn from `rng`; on an error the weights stay as they are.
    pub fn step(&mut self, batch: Batch<'_>, rng: &mut Pcg64) -> Result<(), ModelError> {
        match self {
            Self::Program(program) => {
                let draw = |_, plan: &Plan, rows, masks: &mut Vec<f32>| plan.draw_masks(rows, rng, masks);
                program.step([0], batch, draw).pop().map_or(Ok(()), |diverged| Err(diverged.into()))
            }
            Self::Tensors(tensors) => {
                let Tensors { plan, learner, masks, .. } = tensors.as_mut();
                let rows = batch.encoded.len() / plan.shape().inputs.max(1);
                plan.draw_masks(rows, rng, masks);
                learner.step(batch, masks)
            }
        }
    }
}

/// The tables as flat vectors, checked; empty moments are zero.
fn flattened(
    architecture: &Architecture,
    shape: Shape,
    [weights, first, second]: &[Weights; 3],
) -> Result<Tables, ModelError> {
    let weights = weights.flatten(architecture, shape)?;
    let moment = |tables: &Weights| {
        if tables.0.is_empty() {
            Ok(vec![0.0; weights.len()])
        } else {
            tables.flatten_moments(architecture, shape)
        }
    };
    let (first, second) = (moment(first)?, moment(second)?);
    Ok([weights, first, second])
}
