//! Mixed: a network, and edges after its last block, as one function of one flat vector, in tensors.
//!
//! Lives here: its first weights, its answer, its loss and the slopes at weights and mixing. May not: step, draw, choose.
//!
//! With `h` what left the last block, `s` what its stream began with, and `β` the auxiliary skip, an edge is
//!
//! ```text
//! h ← (β h + Σ_k α_k op_k(h)) / (1 + β)        logits ← logits + h V
//! skip  h        dense  u P        gated  (u ⊙ 2 σ(h U + c)) P        residual  h + u P        cross  h + s ⊙ (u P)
//! ```
//!
//! with `u` a block's units. All operations of an edge have to leave as many numbers as entered; so what a dense or gated
//! block says is brought to the stream by a table that the block will not have. `V` is zero at first.

use candle_core::{Tensor, Var};
use rand_pcg::Pcg64;

use super::rows::Batch;
use super::{Edge, Operation};
use crate::architecture::{Architecture, Block, BlockKind};
use crate::cost::Shape;
use crate::error::ModelError;
use crate::layers::{Layers, units_of};
use crate::network::Network;
use crate::training_loss::{Answering, Goals, answer_loss};
use crate::weights::{Array, he_uniform, layout};

/// Where a table lies in the flat vector.
#[derive(Clone, Copy, Debug)]
struct Table {
    at: usize,
    rows: usize,
    columns: usize,
}

impl Table {
    fn of(self, flat: &Tensor) -> candle_core::Result<Tensor> {
        flat.narrow(0, self.at, self.rows * self.columns)?.reshape((self.rows, self.columns))
    }
}

#[derive(Clone, Debug)]
struct Tables {
    block: Block,
    weight: Table,
    bias: Table,
    gate: Option<(Table, Table)>,
    out: Table,
}

/// Where an edge's tables lie; an operation without any is a skip.
#[derive(Clone, Debug)]
struct EdgeTables {
    operations: Vec<Option<Tables>>,
    head: Table,
}

/// The function.
pub(super) struct Mixed {
    architecture: Architecture,
    shape: Shape,
    class_weights: Vec<f32>,
    /// The block whose output the last stream began with; none where that was the input.
    began: Option<usize>,
    inherited: usize,
    edges: Vec<EdgeTables>,
}

/// What labelled rows say of it.
pub(super) struct Slopes {
    pub loss: f32,
    /// At every weight.
    pub weights: Tensor,
    /// At what each edge mixed.
    pub mixing: Vec<Vec<f64>>,
}

impl Mixed {
    /// The function, and its first weights.
    pub fn new(
        parent: &Network,
        edges: &[Edge],
        class_weights: &[f32],
        rng: &mut Pcg64,
    ) -> Result<(Self, Vec<f32>), ModelError> {
        let (architecture, mut flat) = alone(parent)?;
        let (shape, inherited) = (parent.shape(), flat.len());
        let stream =
            *architecture.streams(shape.seen(&architecture)).last().unwrap_or(&shape.seen(&architecture));
        let mut room = Room { flat: &mut flat, rng };
        let of = |Edge(operations): &Edge, room: &mut Room<'_>| EdgeTables {
            operations: operations.iter().map(|operation| room.operation(operation, stream)).collect(),
            head: room.zeros(stream, shape.outputs),
        };
        let edges = edges.iter().map(|edge| of(edge, &mut room)).collect();
        let began = architecture.blocks.iter().rposition(|block| !block.kind.keeps_stream());
        let class_weights = class_weights.to_vec();
        Ok((Self { architecture, shape, class_weights, began, inherited, edges }, flat))
    }

    /// Loss of these rows.
    pub fn loss(
        &self,
        flat: &Tensor,
        batch: &Batch,
        mixing: &[Vec<f64>],
        beta: f64,
    ) -> Result<f32, ModelError> {
        let mixing = mixing.iter().map(|shares| tensor(shares, flat)).collect::<Result<Vec<_>, _>>()?;
        let logits = self.logits(flat, batch, &mixing, beta)?;
        Ok(self.slope_at(&logits, batch)?.0)
    }

    /// Loss of these rows, and its slopes.
    pub fn slopes(
        &self,
        flat: &Tensor,
        batch: &Batch,
        mixing: &[Vec<f64>],
        beta: f64,
    ) -> Result<Slopes, ModelError> {
        let flat = Var::from_tensor(flat)?;
        let as_variable = |shares: &Vec<f64>| Var::from_tensor(&tensor(shares, &flat)?);
        let variables = mixing.iter().map(as_variable).collect::<Result<Vec<_>, _>>()?;
        let mixing: Vec<Tensor> = variables.iter().map(|variable| variable.as_tensor().clone()).collect();
        let logits = self.logits(&flat, batch, &mixing, beta)?;
        let (loss, slope) = self.slope_at(&logits, batch)?;
        let gradients =
            logits.mul(&Tensor::from_vec(slope, logits.shape(), logits.device())?)?.sum_all()?.backward()?;
        let at = |variable: &Var| match gradients.get(variable) {
            Some(gradient) => Ok(gradient.clone()),
            None => variable.zeros_like(),
        };
        let numbers = |variable: &Var| at(variable)?.to_vec1::<f32>();
        let mixing = variables.iter().map(numbers).collect::<Result<Vec<_>, _>>()?;
        let mixing = mixing.iter().map(|slopes| slopes.iter().copied().map(f64::from).collect()).collect();
        Ok(Slopes { loss, weights: at(&flat)?, mixing })
    }

    fn slope_at(&self, logits: &Tensor, batch: &Batch) -> Result<(f32, Vec<f32>), ModelError> {
        let mut slope: Vec<f32> = logits.flatten_all()?.to_vec1()?;
        let whole = Answering { trust: 1.0, voices: 1, counts: &[] };
        let goals = Goals::Truths(&batch.goals);
        let loss = answer_loss(&mut slope, whole, goals, &self.class_weights, self.shape).loss;
        Ok((loss, slope))
    }

    fn logits(
        &self,
        flat: &Tensor,
        Batch { rows, past, .. }: &Batch,
        mixing: &[Tensor],
        beta: f64,
    ) -> candle_core::Result<Tensor> {
        let layers = Layers::view(&flat.narrow(0, 0, self.inherited)?, &self.architecture, self.shape)?;
        let trace = layers.forward(&self.architecture, rows, past.as_ref(), &[])?;
        let mut logits = trace.logits.last().expect("every network answers").clone();
        let mut stream = trace.hidden.last().unwrap_or(rows).clone();
        let start = self.began.map_or(rows, |block| &trace.hidden[block]).clone();
        for (edge, mixing) in self.edges.iter().zip(mixing) {
            let mut next = stream.affine(beta, 0.0)?;
            for (at, operation) in edge.operations.iter().enumerate() {
                let out = match operation {
                    Some(tables) => tables.leave(flat, &stream, &start)?,
                    None => stream.clone(),
                };
                next = next.add(&out.broadcast_mul(&mixing.narrow(0, at, 1)?)?)?;
            }
            stream = next.affine(1.0 / (1.0 + beta), 0.0)?;
            logits = logits.add(&stream.matmul(&edge.head.of(flat)?)?)?;
        }
        Ok(logits)
    }
}

impl Tables {
    fn leave(&self, flat: &Tensor, stream: &Tensor, start: &Tensor) -> candle_core::Result<Tensor> {
        let sums = stream.matmul(&self.weight.of(flat)?)?.broadcast_add(&self.bias.of(flat)?)?;
        let mut active = units_of(&self.block, sums)?;
        if let Some((gate, bias)) = &self.gate {
            let sums = stream.matmul(&gate.of(flat)?)?.broadcast_add(&bias.of(flat)?)?;
            active = active.mul(&sums.affine(0.5, 0.0)?.tanh()?.affine(1.0, 1.0)?)?;
        }
        let out = active.matmul(&self.out.of(flat)?)?;
        match self.block.kind {
            BlockKind::Dense | BlockKind::Gated => Ok(out),
            BlockKind::Residual => stream.add(&out),
            BlockKind::Cross => stream.add(&start.mul(&out)?),
        }
    }
}

/// First weights, one table behind the other.
struct Room<'a> {
    flat: &'a mut Vec<f32>,
    rng: &'a mut Pcg64,
}

impl Room<'_> {
    fn zeros(&mut self, rows: usize, columns: usize) -> Table {
        let at = self.flat.len();
        self.flat.resize(at + rows * columns, 0.0);
        Table { at, rows, columns }
    }

    fn random(&mut self, rows: usize, columns: usize) -> Table {
        let table = self.zeros(rows, columns);
        self.flat[table.at..].iter_mut().for_each(|number| *number = he_uniform(rows, self.rng));
        table
    }

    fn operation(&mut self, operation: &Operation, stream: usize) -> Option<Tables> {
        let Operation::Block(block) = operation else { return None };
        let (block, width) = (block.without_groups(), block.width());
        let (weight, bias) = (self.random(stream, width), self.zeros(1, width));
        let gate =
            (block.kind == BlockKind::Gated).then(|| (self.zeros(stream, width), self.zeros(1, width)));
        // As new blocks of these kinds begin: those that are added to the stream with nothing.
        let out =
            if block.kind.keeps_stream() { self.zeros(width, stream) } else { self.random(width, stream) };
        Some(Tables { block, weight, bias, gate, out })
    }
}

/// The first voice of a committee, without exits, and its weights.
fn alone(parent: &Network) -> Result<(Architecture, Vec<f32>), ModelError> {
    let architecture =
        Architecture { exits: false, committee: 1, ..parent.architecture().clone() }.canonical();
    let weights = parent.weights()?;
    let mut flat = Vec::new();
    for slot in layout(&architecture, parent.shape()) {
        let table = weights.0.get(&slot.name()).and_then(|Array { data, .. }| data.get(..slot.numbers()));
        let table =
            table.ok_or_else(|| ModelError::Weights(format!("table `{}` is missing", slot.name())))?;
        flat.extend_from_slice(table);
    }
    Ok((architecture, flat))
}

fn tensor(shares: &[f64], beside: &Tensor) -> candle_core::Result<Tensor> {
    let shares: Vec<f32> = shares.iter().map(|share| *share as f32).collect();
    Tensor::from_slice(&shares, shares.len(), beside.device())
}
