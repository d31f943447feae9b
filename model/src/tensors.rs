//! Tensors: a network on a device that has no programs, or as the reference for one.
//!
//! Lives here: answers and steps in tensor operations. Does not live here: their function and its
//! gradient (that is [`crate::layers`]), the rule of a step (that is [`crate::optimiser`]).

use candle_core::{Tensor, Var};

use crate::answers::{self, ALONE};
use crate::architecture::{Architecture, Block};
use crate::cost::Shape;
use crate::embedding::View;
use crate::error::ModelError;
use crate::layers::{Layers, Silent, Trace, gradient};
use crate::loss::softmax;
use crate::optimiser::{Descent, Rule};
use crate::program::{Batch, Tables, averaging_rate, gradient_norm_max};
use crate::sequence::Sequence;
use crate::slice::{self, Slice};
use crate::training_loss::{Answering, Goals, answer_loss, wrong_share};

/// What labelled rows say of a network.
pub(crate) struct Traced {
    /// What came out.
    pub forward: Forward,
    /// The slope of the loss at every weight.
    pub gradient: Tensor,
}

/// What came out of a network for labelled rows.
pub(crate) struct Forward {
    /// Mean loss of the rows.
    pub loss: f32,
    /// How wrong each answer was, from 0 to 1 a row, summed.
    pub wrong: Vec<f32>,
    /// The slopes of the loss at the logits of each answer.
    pub slopes: Vec<Vec<f32>>,
    /// What the blocks passed on.
    pub trace: Trace,
}

/// Weights on a device, with what they are.
#[derive(Clone, Debug)]
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
        // Devices do not agree on what a table without rows is.
        if encoded.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows(encoded)?;
        let past = self.past(encoded)?;
        let trace = self.layers.forward(&self.architecture, &rows, past.as_ref(), &[])?;
        let voices = self.architecture.voices();
        let mut said = vec![0.0; rows.dim(0)? * self.shape.outputs];
        for (logits, trust) in trace.logits.iter().zip(self.trust()?) {
            let mut logits: Vec<f32> = logits.flatten_all()?.to_vec1()?;
            for voice in logits.chunks_exact_mut(said.len()) {
                answers::add(voice, trust / voices as f32, self.shape, &mut said, self.shape.outputs);
            }
        }
        Ok(said)
    }

    /// How much each answer counts.
    fn trust(&self) -> Result<Vec<f32>, ModelError> {
        if !self.architecture.exits {
            return Ok(ALONE.to_vec());
        }
        let answers = self.architecture.depths().len();
        let trained = self.flat.dim(0)? - answers;
        Ok(self.flat.narrow(0, trained, answers)?.to_vec1()?)
    }

    /// Another trust in each answer, if there are several.
    fn set_trust(&self, trust: &[f32]) -> Result<(), ModelError> {
        if self.architecture.exits {
            let trained = self.flat.dim(0)? - trust.len();
            self.flat.slice_set(&Tensor::from_slice(trust, trust.len(), self.device())?, 0, trained)?;
        }
        Ok(())
    }

    /// What these labelled rows say of the network where this is silent in each block, or nothing; the counts are those of
    /// [`Answering`].
    pub fn traced(&self, batch: Batch<'_>, silent: &[Silent], counts: &[f32]) -> Result<Traced, ModelError> {
        let flat = Var::from_tensor(&self.flat)?;
        let layers = Layers::view(flat.as_tensor(), &self.architecture, self.shape)?;
        let forward = self.forward(&layers, batch, silent, counts)?;
        let gradient = gradient(&flat, &forward.trace, &forward.slopes)?;
        Ok(Traced { forward, gradient })
    }

    /// What comes out for these labelled rows, and the slope of the loss at each row's own sums of a block, if one is
    /// asked for.
    pub fn looked_into(
        &self,
        batch: Batch<'_>,
        block: Option<usize>,
    ) -> Result<(Forward, Option<Tensor>), ModelError> {
        let rows = self.view().rows(batch.encoded);
        let mut layers = Layers::view(&self.flat, &self.architecture, self.shape)?;
        let biases = block.map(|block| layers.bias_each_row(block, rows)).transpose()?;
        let forward = self.forward(&layers, batch, &[], &[])?;
        let slopes = biases.map(|biases| gradient(&biases, &forward.trace, &forward.slopes)).transpose()?;
        Ok((forward, slopes))
    }

    fn forward(
        &self,
        layers: &Layers,
        batch: Batch<'_>,
        silent: &[Silent],
        counts: &[f32],
    ) -> Result<Forward, ModelError> {
        self.forward_from(layers, &self.rows(batch.encoded)?, batch, silent, counts)
    }

    fn forward_from(
        &self,
        layers: &Layers,
        rows: &Tensor,
        batch: Batch<'_>,
        silent: &[Silent],
        counts: &[f32],
    ) -> Result<Forward, ModelError> {
        let past = self.past(batch.encoded)?;
        let trace = layers.forward(&self.architecture, rows, past.as_ref(), silent)?;
        let (mut loss, mut wrong, mut slopes) = (0.0, Vec::new(), Vec::new());
        for (logits, trust) in trace.logits.iter().zip(self.trust()?) {
            let mut slope: Vec<f32> = logits.flatten_all()?.to_vec1()?;
            let rule = Answering { trust, voices: self.architecture.voices(), counts };
            let of = answer_loss(&mut slope, rule, batch.goals, batch.class_weights, self.shape);
            loss += of.loss;
            wrong.push(of.wrong);
            slopes.push(slope);
        }
        Ok(Forward { loss, wrong, slopes, trace })
    }

    /// The slope of these rows' mean loss at every number of theirs; recent labels have none, and all are nothing where the
    /// loss is not finite.
    pub fn input_slopes(&self, batch: Batch<'_>) -> Result<Vec<f32>, ModelError> {
        let mut slopes = vec![0.0; batch.encoded.len()];
        if batch.encoded.is_empty() {
            return Ok(slopes);
        }
        let rows = Var::from_tensor(&self.rows(batch.encoded)?)?;
        let forward = self.forward_from(&self.layers, rows.as_tensor(), batch, &[], &[])?;
        if !forward.loss.is_finite() {
            return Ok(slopes);
        }
        let seen: Vec<f32> = gradient(&rows, &forward.trace, &forward.slopes)?.flatten_all()?.to_vec1()?;
        let (view, inputs) = (self.view(), self.shape.inputs);
        let rows = batch.encoded.chunks_exact(inputs).zip(slopes.chunks_exact_mut(inputs));
        rows.zip(seen.chunks_exact(view.width()))
            .for_each(|((row, slopes), seen)| view.add_slopes(row, seen, slopes));
        Ok(slopes)
    }

    /// The norm of the gradient of these rows' mean loss.
    pub fn gradient_norm(&self, batch: Batch<'_>) -> Result<f32, ModelError> {
        if batch.encoded.is_empty() {
            return Ok(0.0);
        }
        let Traced { forward: Forward { loss, .. }, gradient } = self.traced(batch, &[], &[])?;
        let norm = gradient.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt();
        Ok(if loss.is_finite() { norm } else { loss })
    }

    fn rows(&self, encoded: &[f32]) -> Result<Tensor, ModelError> {
        let view = self.view();
        Ok(Tensor::from_vec(self.seen(encoded), (view.rows(encoded), view.width()), self.device())?)
    }

    /// The events that these rows carry, rows by events by numbers, where it reads them.
    fn past(&self, encoded: &[f32]) -> Result<Option<Tensor>, ModelError> {
        if self.architecture.sequence == Sequence::None {
            return Ok(None);
        }
        let past = past_of(&self.architecture, self.shape, encoded);
        let events = (self.view().rows(encoded), self.shape.steps, self.shape.step());
        Ok(Some(Tensor::from_vec(past, events, self.device())?))
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

/// The events that encoded rows carry, one after the other; nothing where the network does not read them.
pub(crate) fn past_of(architecture: &Architecture, shape: Shape, encoded: &[f32]) -> Vec<f32> {
    if architecture.sequence == Sequence::None {
        return Vec::new();
    }
    let rows = encoded.chunks_exact(shape.inputs);
    rows.flat_map(|row| &row[shape.before_steps()..]).copied().collect()
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
        // Not `copy`, which takes the moments along.
        let flat = self.served().flat.force_contiguous()?;
        TensorNetwork::over(&self.network.architecture, self.network.shape, flat)
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

    /// One step; on an error the weights stay as they are. The masks are what the plan drew.
    pub fn step(&mut self, batch: Batch<'_>, masks: &[f32]) -> Result<(), ModelError> {
        let inputs = self.network.shape.inputs;
        let rows = batch.encoded.len() / inputs.max(1);
        if rows == 0 {
            return Ok(());
        }
        let voices = self.network.architecture.voices();
        let (silent, counts) = self.silent(rows * voices, masks)?;
        let Traced { forward, gradient } = self.network.traced(batch, &silent, counts)?;
        let gradient = self.with_slices(gradient, &forward, batch, rows)?;
        let Forward { loss, wrong, trace, .. } = forward;
        let mut trust = self.network.trust()?;
        self.wrong = self.wrong_answers(&trace, &trust, batch.goals)?;
        answers::follow(&mut trust, &wrong, rows);
        self.finite(loss, "the loss")?;
        let seen = self.network.view().width();
        let rows = self.network.seen(batch.encoded);
        let norm = self.descent.step(&gradient, gradient_norm_max(seen), &rows, seen)?;
        self.finite(norm, "the gradient")?;
        // Also after decay, which is for what is trained.
        self.network.set_trust(&trust)?;
        if let Some(average) = &self.average {
            let rate = f64::from(averaging_rate(self.network.architecture.hyper.average, self.steps()));
            let newest = self.network.flat.affine(rate, 0.0)?;
            let mean = average.flat.affine(1.0 - rate, 0.0)?.add(&newest)?;
            average.flat.slice_set(&mean, 0, 0)?;
            average.set_trust(&trust)?;
        }
        Ok(())
    }

    /// The gradient of the whole network, with the mean of those of the slices that have a turn, which learn what it said.
    fn with_slices(
        &self,
        mut gradient: Tensor,
        whole: &Forward,
        batch: Batch<'_>,
        rows: usize,
    ) -> Result<Tensor, ModelError> {
        let network = &self.network;
        let slices = Slice::all(&network.architecture);
        let turns = slice::turns(slices.len(), self.steps());
        let Some(logits) = whole.trace.logits.first().filter(|_| !turns.is_empty()) else {
            return Ok(gradient);
        };
        let mut said: Vec<f32> = logits.flatten_all()?.to_vec1()?;
        if network.shape.classification {
            said.chunks_exact_mut(network.shape.outputs).for_each(softmax);
        }
        let batch = Batch { goals: Goals::Answers(&said), class_weights: &[], ..batch };
        for turn in &turns {
            let silent = self.silent_beside(slices[*turn], rows)?;
            let Traced { forward, gradient: of_slice } = network.traced(batch, &silent, &[])?;
            self.finite(forward.loss, "the loss")?;
            gradient = gradient.add(&of_slice.affine(1.0 / turns.len() as f64, 0.0)?)?;
        }
        Ok(gradient)
    }

    /// What is silent in each block where a slice learns.
    fn silent_beside(&self, slice: Slice, rows: usize) -> Result<Vec<Silent>, ModelError> {
        let architecture = &self.network.architecture;
        let kept = slice.units(architecture);
        let mask = |block: usize| -> Result<Tensor, ModelError> {
            let width = architecture.blocks[block].width();
            let row = (0..width).map(|unit| f32::from(u8::from(unit < kept[block])));
            let mask: Vec<f32> = std::iter::repeat_n(row, rows).flatten().collect();
            Ok(Tensor::from_vec(mask, (rows, width), self.network.device())?)
        };
        let streams = architecture.streams_of_units();
        let silent = |(block, stream): (usize, Option<usize>)| -> Result<Silent, ModelError> {
            Ok(Silent { units: Some(mask(block)?), leaving: stream.map(mask).transpose()? })
        };
        streams.into_iter().enumerate().map(silent).collect()
    }

    fn wrong_answers(&self, trace: &Trace, trust: &[f32], goals: Goals<'_>) -> Result<f32, ModelError> {
        let network = &self.network;
        let (Goals::Truths(truths), true) = (goals, network.architecture.hyper.surge > 0) else {
            return Ok(0.0);
        };
        let share = |(logits, trust): (&Tensor, &f32)| -> Result<f32, ModelError> {
            let logits: Vec<f32> = logits.flatten_all()?.to_vec1()?;
            Ok(trust * wrong_share(&logits, truths, network.shape))
        };
        trace.logits.iter().zip(trust).map(share).sum()
    }

    fn finite(&self, value: f32, quantity: &'static str) -> Result<(), ModelError> {
        if value.is_finite() { Ok(()) } else { Err(ModelError::Diverged { step: self.steps(), quantity }) }
    }

    /// What was drawn, of each block and of the voices.
    fn silent<'a>(&self, rows: usize, masks: &'a [f32]) -> Result<(Vec<Silent>, &'a [f32]), ModelError> {
        let architecture = &self.network.architecture;
        let mut rest = masks;
        let mut next = |block: &Block| -> Result<Tensor, ModelError> {
            let (mask, after) = rest.split_at(rows * block.width());
            rest = after;
            Ok(Tensor::from_slice(mask, (rows, block.width()), self.network.device())?)
        };
        let mut silent = Vec::with_capacity(architecture.blocks.len());
        for (block, stream) in architecture.blocks.iter().zip(architecture.streams_of_units()) {
            let units = architecture.silences(block).then(|| next(block)).transpose()?;
            let leaving = stream.map(|start| next(&architecture.blocks[start])).transpose()?;
            silent.push(Silent { units, leaving });
        }
        Ok((silent, rest))
    }
}
