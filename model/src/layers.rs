//! Layers: the function of a network, in tensors.
//!
//! Lives here: the forward pass over views of a flat vector of weights, and its gradient by candle's own
//! differentiation. Does not live here: losses, steps, plain data.
//!
//! This is what GPUs compute, and what the programs of [`crate::program`], with their gradient written by hand, are
//! tested against. So it says the function once, and as plainly as it can.

use candle_core::{D, Result, Tensor, Var};

use crate::architecture::{Activation, Architecture, Block, BlockKind, Norm};
use crate::cost::Shape;
use crate::weights::{Role, layout};

mod image;
mod sequence;

use image::ImageTensors;
use sequence::SequenceTensors;

/// Added to a variance before the root is taken, as everywhere (arXiv:1607.06450).
const NORM_EPSILON: f64 = 1e-5;

/// The weights of one block; those that its kind has.
#[derive(Clone, Debug)]
struct BlockTensors {
    weight: Tensor,
    bias: Tensor,
    gate: Option<(Tensor, Tensor)>,
    out: Option<Tensor>,
    head: Option<Tensor>,
}

/// The weights of a network by what they do.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    bias: Tensor,
    linear: Tensor,
    adapter: Option<Tensor>,
    sequence: Option<SequenceTensors>,
    image: Option<ImageTensors>,
    blocks: Vec<BlockTensors>,
}

/// What is silent in a block where a network learns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Silent {
    /// Factors of its units, rows by units.
    pub units: Option<Tensor>,
    /// Factors of what leaves it, rows by numbers.
    pub leaving: Option<Tensor>,
}

/// The ways of a stage to the head and into the first block, and what it says.
type Beside<'a> = (&'a Tensor, Option<&'a Tensor>, Tensor);

/// What a forward pass computed.
pub(crate) struct Trace {
    /// What the network says, before any softmax, one table an answer.
    pub logits: Vec<Tensor>,
    /// The units of each block, rows by units, before they reach a stream or a head.
    pub units: Vec<Tensor>,
    /// What each block passed on.
    pub hidden: Vec<Tensor>,
}

/// The gradient of a loss that has these slopes at the logits of each answer, for these weights.
pub(crate) fn gradient(weights: &Var, trace: &Trace, slopes: &[Vec<f32>]) -> Result<Tensor> {
    let products = trace.logits.iter().zip(slopes).map(|(logits, slopes)| {
        logits.mul(&Tensor::from_slice(slopes, logits.shape(), logits.device())?)?.sum_all()
    });
    let sum = Tensor::stack(&products.collect::<Result<Vec<_>>>()?, 0)?.sum_all()?;
    let gradients = sum.backward()?;
    gradients.get(weights).map_or_else(|| weights.zeros_like(), |gradient| Ok(gradient.clone()))
}

impl Layers {
    /// Views of a flat vector in the order of [`layout`]: a change of the vector shows in the views.
    pub fn view(flat: &Tensor, architecture: &Architecture, shape: Shape) -> Result<Self> {
        let mut at = 0;
        let mut tables = Vec::new();
        for slot in layout(architecture, shape) {
            let table =
                flat.narrow(0, at, slot.numbers())?.reshape((slot.copies, slot.rows, slot.columns))?;
            let table = if slot.copies == 1 { table.squeeze(0)? } else { table };
            at += slot.numbers();
            tables.push((slot.role, table));
        }
        let find =
            |role: Role| tables.iter().find(|(known, _)| *known == role).map(|(_, table)| table.clone());
        let need = |role| find(role).expect("the layout has this table for every architecture");
        let block = |index| BlockTensors {
            weight: need(Role::BlockWeight(index)),
            bias: need(Role::BlockBias(index)),
            gate: find(Role::BlockGate(index)).zip(find(Role::BlockGateBias(index))),
            out: find(Role::BlockOut(index)),
            head: find(Role::BlockHead(index)),
        };
        let blocks = (0..architecture.blocks.len()).map(block).collect();
        let (bias, linear) = (need(Role::Bias), need(Role::Linear));
        let sequence = SequenceTensors::find(architecture.sequence, &find);
        let image = ImageTensors::find(&architecture.image, shape.picture, &find);
        Ok(Self { bias, linear, adapter: find(Role::Adapter), sequence, image, blocks })
    }

    /// Gives each of so many rows its own copy of a block's biases: the gradient for these is the slope at each row's
    /// own sums.
    pub fn bias_each_row(&mut self, block: usize, rows: usize) -> Result<Var> {
        let bias = &mut self.blocks[block].bias;
        let biases = Var::from_tensor(&bias.broadcast_as((rows, bias.elem_count()))?.contiguous()?)?;
        *bias = biases.as_tensor().clone();
        Ok(biases)
    }

    /// What the network says of these rows, and of the events that they carry; `silent` says of each block what is,
    /// if learning.
    pub fn forward(
        &self,
        of: &Architecture,
        rows: &Tensor,
        past: Option<&Tensor>,
        silent: &[Silent],
    ) -> Result<Trace> {
        let blocks = &of.blocks;
        let mut answers = Vec::new();
        let rows = &if of.voices() > 1 { rows.repeat((of.voices(), 1))? } else { rows.clone() };
        let mut logits = add_to_each(&self.bias, &each(rows, &self.linear)?)?;
        let beside = self.beside(rows, past)?;
        for (head, _, said) in &beside {
            logits = logits.add(&each(said, head)?)?;
        }
        let (mut units, mut hidden) = (Vec::with_capacity(blocks.len()), Vec::with_capacity(blocks.len()));
        let (mut stream, mut start) = (rows.clone(), rows.clone());
        for (index, (tensors, block)) in self.blocks.iter().zip(blocks).enumerate() {
            // Voices differ in what enters the sums of the first block.
            let summed = match &self.adapter {
                Some(adapter) if index == 0 => adapt(rows, adapter)?,
                Some(_) | None => stream.clone(),
            };
            let mut sums = summed.matmul(&tensors.weight)?.broadcast_add(&tensors.bias)?;
            for (_, way, said) in beside.iter().filter(|_| index == 0) {
                if let Some(way) = way {
                    sums = sums.add(&said.matmul(way)?)?;
                }
            }
            let active = units_of(block, sums)?;
            let masked = |from: Tensor, mask: Option<&Tensor>| match mask {
                Some(mask) => from.mul(mask),
                None => Ok(from),
            };
            let silent = silent.get(index);
            let active = masked(active, silent.and_then(|silent| silent.units.as_ref()))?;
            let left = tensors.leave(block.kind, &active, &stream, &start, &summed)?;
            let left = masked(left, silent.and_then(|silent| silent.leaving.as_ref()))?;
            if !block.kind.keeps_stream() {
                start = left.clone();
            }
            if let Some(head) = &tensors.head {
                let next = logits.add(&each(&left, head)?)?;
                let before = std::mem::replace(&mut logits, next);
                answers.extend(of.exits.then_some(before));
            }
            units.push(active);
            hidden.push(left.clone());
            stream = left;
        }
        answers.push(logits);
        Ok(Trace { logits: answers, units, hidden })
    }

    /// What stages say of these rows, each with its ways to the head and into the first block.
    fn beside(&self, rows: &Tensor, past: Option<&Tensor>) -> Result<Vec<Beside<'_>>> {
        let mut beside = Vec::new();
        if let Some((tensors, past)) = self.sequence.as_ref().zip(past) {
            beside.push((&tensors.head, tensors.block.as_ref(), tensors.units(rows, past)?));
        }
        if let Some(tensors) = &self.image {
            beside.push((&tensors.head, tensors.block.as_ref(), tensors.said(rows)?));
        }
        Ok(beside)
    }
}

impl BlockTensors {
    /// What leaves a block, given its units, what entered, what the stream began with and what the sums are of.
    fn leave(
        &self,
        kind: BlockKind,
        units: &Tensor,
        entered: &Tensor,
        start: &Tensor,
        summed: &Tensor,
    ) -> Result<Tensor> {
        match (kind, &self.gate, &self.out) {
            (BlockKind::Gated, Some((gate, bias)), _) => {
                // 2 σ(a) = 1 + tanh(a / 2)
                let sums = summed.matmul(gate)?.broadcast_add(bias)?;
                units.mul(&sums.affine(0.5, 0.0)?.tanh()?.affine(1.0, 1.0)?)
            }
            (BlockKind::Residual, _, Some(out)) => entered.add(&units.matmul(out)?),
            (BlockKind::Cross, _, Some(out)) => entered.add(&start.mul(&units.matmul(out)?)?),
            (BlockKind::Dense | BlockKind::Gated | BlockKind::Residual | BlockKind::Cross, _, _) => {
                Ok(units.clone())
            }
        }
    }
}

/// Rows times a table, or those of each voice times its own.
fn each(rows: &Tensor, table: &Tensor) -> Result<Tensor> {
    let Ok((voices, height, width)) = table.dims3() else { return rows.matmul(table) };
    rows.reshape((voices, (), height))?.matmul(table)?.reshape(((), width))
}

/// A bias added to all rows, or that of each voice to its own.
fn add_to_each(bias: &Tensor, rows: &Tensor) -> Result<Tensor> {
    let Ok((voices, _, width)) = bias.dims3() else { return rows.broadcast_add(bias) };
    rows.reshape((voices, (), width))?.broadcast_add(bias)?.reshape(((), width))
}

/// The rows as each voice sees them.
fn adapt(rows: &Tensor, adapter: &Tensor) -> Result<Tensor> {
    let (voices, _, width) = adapter.dims3()?;
    let factors = adapter.affine(1.0, 1.0)?;
    rows.reshape((voices, (), width))?.broadcast_mul(&factors)?.reshape(((), width))
}

/// The units of a block, given its sums.
pub(crate) fn units_of(block: &Block, sums: Tensor) -> Result<Tensor> {
    activate(block.activation, &normalise(block, sums)?)
}

fn normalise(block: &Block, sums: Tensor) -> Result<Tensor> {
    match block.norm {
        Norm::None => Ok(sums),
        Norm::Layer => {
            let mut groups = Vec::with_capacity(block.groups.len());
            let mut at = 0;
            for units in block.groups.iter().map(|units| usize::from(*units)) {
                groups.push(normalise_group(&sums.narrow(1, at, units)?)?);
                at += units;
            }
            Tensor::cat(&groups, 1)
        }
    }
}

fn normalise_group(sums: &Tensor) -> Result<Tensor> {
    let centred = sums.broadcast_sub(&sums.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_mul(&variance.affine(1.0, NORM_EPSILON)?.sqrt()?.recip()?)
}

fn activate(activation: Activation, summed: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Relu => summed.relu(),
        Activation::Gelu => summed.gelu_erf(),
        Activation::Silu => summed.silu(),
        Activation::Tanh => summed.tanh(),
    }
}

#[cfg(test)]
mod tests;
