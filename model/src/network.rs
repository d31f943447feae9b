//! Network: an architecture with its weights, ready to answer.
//!
//! Lives here: the way from plain weights to a device and back, and prediction. Does not live here:
//! learning (that is [`crate::learner`]), what rows mean (that is [`crate::encoder`]).

use std::sync::Arc;

use crate::architecture::Architecture;
use crate::cost::{Cost, Shape};
use crate::device::Device;
use crate::error::ModelError;
use crate::program::{self, Plan};
use crate::slice::Slice;
use crate::tensors::TensorNetwork;
use crate::weights::Weights;
use crate::widening::Widening;

pub(crate) mod probe;

/// An architecture with its weights on a device.
///
/// ```
/// use model::{Architecture, Device, Hyper, Network, Shape, Weights};
///
/// let linear = Architecture::linear(Hyper::default());
/// let shape = Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
/// let weights = Weights::initial(&linear, shape, 7);
/// let network = Network::from_weights(&linear, shape, &weights, &Device::cpu())?;
/// assert_eq!(network.predict(&[1.0, -1.0, 0.5])?, [0.5, 0.5]);
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    plan: Arc<Plan>,
    body: Body,
}

/// The weights, where they are.
#[derive(Clone, Debug)]
enum Body {
    Program(Vec<f32>),
    Tensors(Box<TensorNetwork>),
}

impl Network {
    /// A network with these weights, which have to fit and be finite.
    pub fn from_weights(
        architecture: &Architecture,
        shape: Shape,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let architecture = architecture.canonical();
        architecture.check()?;
        shape.check(&architecture)?;
        let numbers = weights.flatten(&architecture, shape)?;
        let plan = Arc::new(Plan::new(&architecture, shape));
        if device.tensors {
            let tensors = TensorNetwork::new(&architecture, shape, numbers, &device.device)?;
            return Ok(Self::of_tensors(plan, tensors));
        }
        Ok(Self::of_numbers(plan, numbers))
    }

    /// A network on the processor.
    pub(crate) fn of_numbers(plan: Arc<Plan>, weights: Vec<f32>) -> Self {
        Self { plan, body: Body::Program(weights) }
    }

    /// A network in tensors.
    pub(crate) fn of_tensors(plan: Arc<Plan>, tensors: TensorNetwork) -> Self {
        Self { plan, body: Body::Tensors(Box::new(tensors)) }
    }

    /// This network for a schema that evolved: it says what it said.
    pub fn widened(&self, widening: &Widening) -> Result<Self, ModelError> {
        if self.shape() != widening.from() {
            return Err(ModelError::Weights(format!(
                "a network of shape {:?} cannot be widened from {:?}",
                self.shape(),
                widening.from()
            )));
        }
        let weights = widening.weights(self.architecture(), &self.weights()?);
        Self::from_weights(self.architecture(), widening.to(), &weights, &self.device())
    }

    /// This slice of it as a network of its own.
    pub fn sliced(&self, slice: Slice) -> Result<Self, ModelError> {
        let (whole, shape) = (self.architecture(), self.shape());
        let weights = slice.weights(whole, shape, &self.weights()?);
        Self::from_weights(&slice.of(whole), shape, &weights, &self.device())
    }

    /// The canonical architecture.
    pub fn architecture(&self) -> &Architecture {
        self.plan.architecture()
    }

    /// What its two ends look like.
    pub fn shape(&self) -> Shape {
        self.plan.shape()
    }

    /// What it takes to keep and to answer.
    pub fn cost(&self) -> Cost {
        Cost::of(self.architecture(), self.shape())
    }

    /// Its weights as plain data.
    pub fn weights(&self) -> Result<Weights, ModelError> {
        let unflatten = |flat: &[f32]| Weights::unflatten(flat, self.architecture(), self.shape());
        Ok(match &self.body {
            Body::Program(weights) => unflatten(weights),
            Body::Tensors(tensors) => unflatten(&tensors.weights()?),
        })
    }

    /// Probabilities a class, or standardised numbers, for encoded rows one after the other.
    pub fn predict(&self, encoded: &[f32]) -> Result<Vec<f32>, ModelError> {
        let mut said = Vec::new();
        self.predict_into(encoded, &mut said)?;
        Ok(said)
    }

    /// As [`Network::predict`], in the place of what `said` held: on the processor nothing is allocated
    /// once it has room.
    pub fn predict_into(&self, encoded: &[f32], said: &mut Vec<f32>) -> Result<(), ModelError> {
        whole_rows(encoded, self.shape())?;
        match &self.body {
            Body::Program(weights) => {
                program::answer(std::iter::once((&*self.plan, weights.as_slice())), encoded, said);
            }
            Body::Tensors(tensors) => *said = tensors.answer(encoded)?,
        }
        Ok(())
    }

    /// What each of these networks says of encoded rows: for each row their answers, one after the other. They
    /// agree in their ends.
    pub(crate) fn predict_all(networks: &[Self], encoded: &[f32]) -> Result<Vec<f32>, ModelError> {
        let mut said = Vec::new();
        let Some(first) = networks.first() else { return Ok(said) };
        whole_rows(encoded, first.shape())?;
        let numbers = networks.iter().map_while(Self::numbers);
        if numbers.clone().count() == networks.len() {
            let numbers: Vec<(&Plan, &[f32])> = numbers.collect();
            program::answer(numbers.into_iter(), encoded, &mut said);
            return Ok(said);
        }
        let alone: Vec<Vec<f32>> =
            networks.iter().map(|network| network.predict(encoded)).collect::<Result<_, _>>()?;
        let outputs = first.shape().outputs;
        for row in 0..encoded.len() / first.shape().inputs {
            let answers = alone.iter().map(|own| &own[row * outputs..(row + 1) * outputs]);
            said.extend(answers.flatten());
        }
        Ok(said)
    }

    /// Plan and weights, if it is on the processor.
    fn numbers(&self) -> Option<(&Plan, &[f32])> {
        match &self.body {
            Body::Program(weights) => Some((&self.plan, weights)),
            Body::Tensors(_) => None,
        }
    }

    pub(crate) fn device(&self) -> Device {
        match &self.body {
            Body::Program(_) => Device::cpu(),
            Body::Tensors(tensors) => Device { device: tensors.device().clone(), tensors: true },
        }
    }
}

/// Refuses what is not a whole number of rows.
pub(crate) fn whole_rows(encoded: &[f32], shape: Shape) -> Result<(), ModelError> {
    let inputs = shape.inputs;
    if inputs == 0 || !encoded.len().is_multiple_of(inputs) {
        return Err(ModelError::Sample(format!(
            "{} encoded numbers are not a whole number of rows of {inputs}",
            encoded.len()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
