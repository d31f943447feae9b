//! Network: one member of a mixture as operators.
//!
//! Lives here: the function that [`crate::architecture`] states, once more. Does not live here: encoding, mixing.
//!
//! A committee's rows are a table for each voice, so its values have one more axis, the first. What voices share is
//! multiplied with all of them, and what is not yet told apart stays one table.

use super::Op;
use super::build::{Builder, whole};
use super::{image, sequence};
use crate::architecture::{Activation, Architecture, Block, BlockKind, Norm};
use crate::cost::Shape;
use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::network::Network;
use crate::program::NORM_EPSILON;
use crate::weights::{Role, Weights, layout};

/// What a member is shown, by the names of the values.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The encoded rows.
    pub encoded: &'a str,
    /// The events that they carry, themselves first, where they carry any.
    pub events: Option<&'a str>,
}

/// Adds a member; returns its answers, probabilities or standardised numbers.
pub(super) fn member(
    builder: &mut Builder,
    network: &Network,
    shown: Rows<'_>,
) -> Result<String, ModelError> {
    let (architecture, shape) = (network.architecture(), network.shape());
    if architecture.needs_labels() {
        return Err(ModelError::Architecture(format!(
            "`{architecture}` sees the last {} labels that had arrived, which no file can: only a network without \
             context can be exported; set `search.context_max = 0` and give no member a context",
            architecture.context
        )));
    }
    let tables = store(builder, architecture, shape, &network.weights()?);
    let rows = embed(builder, architecture.embedding, shape.features(), shown.encoded);
    let read = shown.events.and_then(|events| sequence::units(builder, architecture, shape, &tables, events));
    let looked = image::said(builder, architecture, shape, &tables, shown.encoded);
    let read = read.map(|read| (read, Role::SequenceHead, Role::SequenceBlock));
    let looked = looked.map(|said| (said, Role::ImageHead, Role::ImageBlock));
    let beside = read.into_iter().chain(looked).collect();
    let logits = Walk { builder, architecture, tables: &tables, beside }.logits(&rows);
    Ok(answer(builder, architecture, shape, &logits, &tables))
}

/// Names of the stored tables by what they do.
pub(super) struct Tables(Vec<(Role, String)>);

impl Tables {
    pub fn find(&self, role: Role) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == role).map(|(_, name)| name.as_str())
    }

    pub fn need(&self, role: Role) -> &str {
        self.find(role).expect("the layout has this table for every architecture that uses it")
    }
}

/// Every table under its own name, those of voices one behind the other.
fn store(builder: &mut Builder, architecture: &Architecture, shape: Shape, weights: &Weights) -> Tables {
    let slots = layout(architecture, shape).into_iter();
    let store = |slot: crate::weights::TableSlot| {
        let numbers = weights.0.get(&slot.name()).map(|array| array.data.clone()).unwrap_or_default();
        let dims = match slot.role {
            Role::Trust => vec![slot.columns, 1, 1],
            _ if slot.copies > 1 => vec![slot.copies, slot.rows, slot.columns],
            _ if slot.is_bias() => vec![slot.columns],
            _ => vec![slot.rows, slot.columns],
        };
        (slot.role, builder.table(&slot.name(), dims, numbers))
    };
    Tables(slots.map(store).collect())
}

/// What a network sees of encoded rows.
fn embed(builder: &mut Builder, embedding: Embedding, features: usize, encoded: &str) -> String {
    if embedding.width() == 0 {
        return encoded.to_owned();
    }
    let last = builder.integers(vec![2]);
    let deep = builder.node(Op::Unsqueeze, &[encoded, &last]);
    let added = match embedding {
        Embedding::None => return encoded.to_owned(),
        Embedding::PiecewiseLinear(_) => pieces(builder, embedding, &deep),
        Embedding::Periodic(_) => waves(builder, embedding, &deep),
    };
    let shape = builder.integers(vec![-1, whole(features * embedding.width())]);
    let flat = builder.node(Op::Reshape, &[&added, &shape]);
    builder.concat(&[encoded.to_owned(), flat], 1)
}

/// How far along each piece: those above zero, then those below.
fn pieces(builder: &mut Builder, embedding: Embedding, deep: &str) -> String {
    let ends = embedding.ends();
    let [mut signs, mut starts, mut lengths, mut caps] = [const { Vec::new() }; 4];
    for sign in [1.0, -1.0] {
        for (at, (start, end)) in ends.iter().enumerate() {
            signs.push(sign);
            starts.push(*start);
            lengths.push(end - start);
            caps.push(if at + 1 == ends.len() { f32::MAX } else { 1.0 });
        }
    }
    let [signs, starts, lengths, caps] =
        [signs, starts, lengths, caps].map(|list| builder.floats(vec![1, 1, list.len()], list));
    let signed = builder.multiply(deep, &signs);
    let behind = builder.node(Op::Sub, &[&signed, &starts]);
    let along = builder.node(Op::Div, &[&behind, &lengths]);
    let begun = builder.node(Op::Relu, &[&along]);
    builder.node(Op::Min, &[&begun, &caps])
}

/// `sin` and `1 - cos` of each octave, side by side.
fn waves(builder: &mut Builder, embedding: Embedding, deep: &str) -> String {
    let octaves = embedding.octaves();
    let octaves = builder.floats(vec![1, 1, octaves.len()], octaves);
    let angle = builder.multiply(deep, &octaves);
    let sine = builder.node(Op::Sin, &[&angle]);
    let cosine = builder.node(Op::Cos, &[&angle]);
    let one = builder.scalar(1.0);
    let lack = builder.node(Op::Sub, &[&one, &cosine]);
    let last = builder.integers(vec![3]);
    let pair: Vec<String> =
        [sine, lack].iter().map(|wave| builder.node(Op::Unsqueeze, &[wave, &last])).collect();
    builder.concat(&pair, 3)
}

/// The way from the rows to the logits.
struct Walk<'a> {
    builder: &'a mut Builder,
    architecture: &'a Architecture,
    tables: &'a Tables,
    /// What stages say, each with its ways to the head and into the first block.
    beside: Vec<(String, Role, Role)>,
}

/// What goes from block to block, and what it began with.
struct Stream {
    now: String,
    start: String,
}

impl Walk<'_> {
    /// The logits of each answer.
    fn logits(mut self, rows: &str) -> Vec<String> {
        let (linear, bias) = (self.tables.need(Role::Linear), self.tables.need(Role::Bias));
        let mut logits = vec![self.builder.affine(rows, linear, bias)];
        for (of_stage, head, _) in &self.beside {
            let said = self.builder.node(Op::MatMul, &[of_stage, self.tables.need(*head)]);
            logits = vec![self.builder.add(&logits[0], &said)];
        }
        let mut stream = Stream { now: rows.to_owned(), start: rows.to_owned() };
        for (index, block) in self.architecture.blocks.iter().enumerate() {
            let summed = if index == 0 { self.adapt(rows) } else { stream.now.clone() };
            stream = self.block(index, block, &summed, &stream);
            if let Some(head) = self.tables.find(Role::BlockHead(index)) {
                let said = self.builder.node(Op::MatMul, &[&stream.now, head]);
                let before = logits.last().cloned().unwrap_or_default();
                let next = self.builder.add(&before, &said);
                if !self.architecture.exits {
                    logits.clear();
                }
                logits.push(next);
            }
        }
        logits
    }

    /// The rows as the voices see them.
    fn adapt(&mut self, rows: &str) -> String {
        let Some(adapter) = self.tables.find(Role::Adapter) else { return rows.to_owned() };
        let one = self.builder.scalar(1.0);
        let factors = self.builder.add(&one, adapter);
        self.builder.multiply(rows, &factors)
    }

    fn block(&mut self, index: usize, block: &Block, summed: &str, entered: &Stream) -> Stream {
        let (tables, builder) = (self.tables, &mut *self.builder);
        let (weight, bias) = (tables.need(Role::BlockWeight(index)), tables.need(Role::BlockBias(index)));
        let mut sums = builder.affine(summed, weight, bias);
        for (of_stage, _, way) in self.beside.iter().filter(|_| index == 0) {
            let more = builder.node(Op::MatMul, &[of_stage, tables.need(*way)]);
            sums = builder.add(&sums, &more);
        }
        let sums = if block.norm == Norm::Layer { normalise(builder, block, &sums) } else { sums };
        let units = activate(builder, block.activation, &sums);
        match block.kind {
            BlockKind::Dense => Stream { start: units.clone(), now: units },
            BlockKind::Gated => {
                let (gate, bias) =
                    (tables.need(Role::BlockGate(index)), tables.need(Role::BlockGateBias(index)));
                let sums = builder.affine(summed, gate, bias);
                let half = builder.node(Op::Sigmoid, &[&sums]);
                let two = builder.scalar(2.0);
                let gates = builder.multiply(&half, &two);
                let now = builder.multiply(&units, &gates);
                Stream { start: now.clone(), now }
            }
            BlockKind::Residual | BlockKind::Cross => {
                let out = builder.node(Op::MatMul, &[&units, tables.need(Role::BlockOut(index))]);
                let out = match block.kind {
                    BlockKind::Cross => builder.multiply(&entered.start, &out),
                    BlockKind::Dense | BlockKind::Gated | BlockKind::Residual => out,
                };
                Stream { now: builder.add(&entered.now, &out), start: entered.start.clone() }
            }
        }
    }
}

/// Layer norm of each group of units.
fn normalise(builder: &mut Builder, block: &Block, sums: &str) -> String {
    let groups: Vec<i64> = block.groups.iter().map(|units| i64::from(*units)).collect();
    let parts = if groups.len() == 1 {
        vec![sums.to_owned()]
    } else {
        let (count, lengths) = (groups.len(), builder.integers(groups));
        builder.nodes(Op::Split { axis: -1 }, &[sums, &lengths], count)
    };
    let epsilon = builder.scalar(NORM_EPSILON);
    let mean = Op::ReduceMean { axis: -1, keeps: true };
    let normed = parts.iter().map(|part| {
        let average = builder.node(mean.clone(), &[part]);
        let centred = builder.node(Op::Sub, &[part, &average]);
        let squares = builder.multiply(&centred, &centred);
        let variance = builder.node(mean.clone(), &[&squares]);
        let variance = builder.add(&variance, &epsilon);
        let deviation = builder.node(Op::Sqrt, &[&variance]);
        builder.node(Op::Div, &[&centred, &deviation])
    });
    let normed: Vec<String> = normed.collect();
    builder.concat(&normed, -1)
}

fn activate(builder: &mut Builder, activation: Activation, sums: &str) -> String {
    match activation {
        Activation::Relu => builder.node(Op::Relu, &[sums]),
        Activation::Tanh => builder.node(Op::Tanh, &[sums]),
        Activation::Silu => {
            let gate = builder.node(Op::Sigmoid, &[sums]);
            builder.multiply(sums, &gate)
        }
        // `a (1 + erf(a / √2)) / 2`: an operator of its own has it only in later versions.
        Activation::Gelu => {
            let [root, one, half] =
                [std::f32::consts::FRAC_1_SQRT_2, 1.0, 0.5].map(|number| builder.scalar(number));
            let scaled = builder.multiply(sums, &root);
            let error = builder.node(Op::Erf, &[&scaled]);
            let twice = builder.add(&error, &one);
            let share = builder.multiply(&twice, &half);
            builder.multiply(sums, &share)
        }
    }
}

/// One answer of those at each depth and of each voice.
fn answer(
    builder: &mut Builder,
    architecture: &Architecture,
    shape: Shape,
    logits: &[String],
    tables: &Tables,
) -> String {
    let mut said = Vec::with_capacity(logits.len());
    for logits in logits {
        let mut own = logits.clone();
        if shape.classification {
            own = builder.node(Op::Softmax { axis: -1 }, &[&own]);
        }
        if architecture.voices() > 1 {
            own = builder.node(Op::ReduceMean { axis: 0, keeps: false }, &[&own]);
        }
        said.push(own);
    }
    match (said.as_slice(), tables.find(Role::Trust)) {
        ([only], None) => only.clone(),
        (_, trust) => {
            let trust = trust.expect("where there are several answers, each has trust").to_owned();
            let stacked = builder.stack(&said);
            builder.weigh(&stacked, &trust)
        }
    }
}
