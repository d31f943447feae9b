//! Tensors: a network on a device that has no programs, or as the reference for one.
//!
//! Lives here: answers and steps in tensor operations. Does not live here: their function and its
//! gradient (that is [`crate::layers`]), the rule of a step (that is [`crate::optimiser`]).

use candle_core::{Tensor, Var};

use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::embedding::View;
use crate::error::ModelError;
use crate::layers::{Layers, Trace, gradient};
use crate::loss::softmax;
use crate::optimiser::{Descent, Rule};
use crate::program::{Batch, Tables, averaging_rate, gradient_norm_max};
use crate::training_loss::{Goals, training_loss, wrong_share};

/// Weights on a device, with what they are.
#[derive(Debug)]
pub(crate) struct TensorNetwork {
    architecture: Architecture,
    shape: Shape,
    flat: Tensor,
    layers: Layers,
}

impl TensorNetwork {
    /// A network with these flat weights.
    pub fn new(
        architecture: &Architecture,
        shape: Shape,
        weights: Vec<f32>,
        device: &candle_core::Device,
    ) -> Result<Self, ModelError> {
        let numbers = weights.len();
        Self::over(architecture, shape, Tensor::from_vec(weights, numbers, device)?)
    }

    /// A network that sees the weights in this flat vector, also when they change.
    fn over(architecture: &Architecture, shape: Shape, flat: Tensor) -> Result<Self, ModelError> {
        let layers = Layers::view(&flat, architecture, shape)?;
        Ok(Self { architecture: architecture.clone(), shape, flat, layers })
    }

    /// What its two ends look like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The flat weights.
    pub fn weights(&self) -> Result<Vec<f32>, ModelError> {
        Ok(self.flat.to_vec1()?)
    }

    /// Where it lives.
    pub fn device(&self) -> &candle_core::Device {
        self.flat.device()
    }

    /// Answers to encoded rows, one after the other.
    pub fn answer(&self, encoded: &[f32]) -> Result<Vec<f32>, ModelError> {
        let rows = self.rows(encoded)?;
        if rows.dim(0)? == 0 {
            return Ok(Vec::new());
        }
        let trace = self.layers.forward(&self.architecture.blocks, &rows, &[])?;
        let mut said: Vec<f32> = trace.logits.flatten_all()?.to_vec1()?;
        if self.shape.classification {
            said.chunks_exact_mut(self.shape.outputs).for_each(softmax);
        }
        Ok(said)
    }

    /// The loss of these rows and the gradient of every weight; the masks are one a block, or none.
    fn gradient(&self, batch: Batch<'_>, masks: &[Option<Tensor>]) -> Result<(f32, Tensor), ModelError> {
        let (loss, gradient, _) = self.traced(batch, masks)?;
        Ok((loss, gradient))
    }

    /// The same, with what the blocks passed on.
    pub fn traced(
        &self,
        batch: Batch<'_>,
        masks: &[Option<Tensor>],
    ) -> Result<(f32, Tensor, Trace), ModelError> {
        let rows = self.rows(batch.encoded)?;
        let flat = Var::from_tensor(&self.flat)?;
        let layers = Layers::view(flat.as_tensor(), &self.architecture, self.shape)?;
        let trace = layers.forward(&self.architecture.blocks, &rows, masks)?;
        let mut slope: Vec<f32> = trace.logits.flatten_all()?.to_vec1()?;
        let loss = training_loss(&mut slope, batch.goals, batch.class_weights, self.shape);
        let slope = Tensor::from_vec(slope, trace.logits.shape(), rows.device())?;
        let gradient = gradient(&flat, &trace, &slope)?;
        Ok((loss, gradient, trace))
    }

    /// The norm of the gradient of these rows' mean loss.
    pub fn gradient_norm(&self, batch: Batch<'_>) -> Result<f32, ModelError> {
        if batch.encoded.is_empty() {
            return Ok(0.0);
        }
        let (loss, gradient) = self.gradient(batch, &[])?;
        let norm = gradient.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt();
        Ok(if loss.is_finite() { norm } else { loss })
    }

    fn rows(&self, encoded: &[f32]) -> Result<Tensor, ModelError> {
        let view = self.view();
        Ok(Tensor::from_vec(self.seen(encoded), (view.rows(encoded), view.width()), self.device())?)
    }

    fn view(&self) -> View {
        View::new(&self.architecture, self.shape)
    }

    /// What it sees of encoded rows.
    fn seen(&self, encoded: &[f32]) -> Vec<f32> {
        let view = self.view();
        let mut seen = vec![0.0; view.rows(encoded) * view.width()];
        view.see_all(encoded, &mut seen);
        seen
    }
}

/// A network that learns on a device.
#[derive(Debug)]
pub(crate) struct TensorLearner {
    /// Its weights are those of `descent`.
    network: TensorNetwork,
    descent: Descent,
    /// The running mean of the weights, if that is what answers.
    average: Option<TensorNetwork>,
    /// Share of wrong answers to the rows of the last step, where its surges ask for it.
    wrong: f32,
}

impl TensorLearner {
    /// From these weights and moments, after this many steps.
    pub fn new(
        architecture: &Architecture,
        shape: Shape,
        tables: &Tables,
        steps: u64,
        average: Option<Vec<f32>>,
        device: &candle_core::Device,
    ) -> Result<Self, ModelError> {
        let start = (architecture.hyper.average > 0).then(|| average.unwrap_or_else(|| tables[0].clone()));
        let average =
            start.map(|start| TensorNetwork::new(architecture, shape, start, device)).transpose()?;
        let tables = tables.each_ref().map(Vec::as_slice);
        let descent = Descent::new(Rule::from(&architecture.hyper), steps, tables, device)?;
        let network = TensorNetwork::over(architecture, shape, descent.weights()?)?;
        Ok(Self { network, descent, average, wrong: 0.0 })
    }

    /// The network that answers.
    pub fn served(&self) -> &TensorNetwork {
        self.average.as_ref().unwrap_or(&self.network)
    }

    /// The running mean of the weights, if that is what answers.
    pub fn average(&self) -> Result<Option<Vec<f32>>, ModelError> {
        self.average.as_ref().map(TensorNetwork::weights).transpose()
    }

    /// The network that learns.
    pub fn network(&self) -> &TensorNetwork {
        &self.network
    }

    /// A copy of it that no step changes.
    pub fn freeze(&self) -> Result<TensorNetwork, ModelError> {
        TensorNetwork::over(&self.network.architecture, self.network.shape, self.served().flat.copy()?)
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.descent.steps()
    }

    /// Share of the rows of the last step of which the answer was wrong; 0 without surges.
    pub fn wrong(&self) -> f32 {
        self.wrong
    }

    /// Weights and moments.
    pub fn export(&self) -> Result<Tables, ModelError> {
        Ok(self.descent.export()?)
    }

    /// One step; on an error the weights stay as they are. The masks are those of the blocks with
    /// dropout, one block after the other.
    pub fn step(&mut self, batch: Batch<'_>, masks: &[f32]) -> Result<(), ModelError> {
        let inputs = self.network.shape.inputs;
        let rows = batch.encoded.len() / inputs.max(1);
        if rows == 0 {
            return Ok(());
        }
        let masks = self.masks(rows, masks)?;
        let (loss, gradient, trace) = self.network.traced(batch, &masks)?;
        self.finite(loss, "the loss")?;
        if let (Goals::Truths(truths), true) = (batch.goals, self.network.architecture.hyper.surge > 0) {
            let logits: Vec<f32> = trace.logits.flatten_all()?.to_vec1()?;
            self.wrong = wrong_share(&logits, truths, self.network.shape);
        }
        let seen = self.network.view().width();
        let rows = self.network.seen(batch.encoded);
        let norm = self.descent.step(&gradient, gradient_norm_max(seen), &rows, seen)?;
        self.finite(norm, "the gradient")?;
        if let Some(average) = &self.average {
            let rate = f64::from(averaging_rate(self.network.architecture.hyper.average, self.steps()));
            let newest = self.network.flat.affine(rate, 0.0)?;
            let mean = average.flat.affine(1.0 - rate, 0.0)?.add(&newest)?;
            average.flat.slice_set(&mean, 0, 0)?;
        }
        Ok(())
    }

    fn finite(&self, value: f32, quantity: &'static str) -> Result<(), ModelError> {
        if value.is_finite() { Ok(()) } else { Err(ModelError::Diverged { step: self.steps(), quantity }) }
    }

    fn masks(&self, rows: usize, masks: &[f32]) -> Result<Vec<Option<Tensor>>, ModelError> {
        let mut rest = masks;
        let mut tensors = Vec::with_capacity(self.network.architecture.blocks.len());
        for block in &self.network.architecture.blocks {
            tensors.push(if block.dropout > 0.0 {
                let (mask, after) = rest.split_at(rows * block.width());
                rest = after;
                Some(Tensor::from_slice(mask, (rows, block.width()), self.network.device())?)
            } else {
                None
            });
        }
        Ok(tensors)
    }
}
