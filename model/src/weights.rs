//! Weights: the trained numbers of a network, as plain data.
//!
//! Lives here: names, shapes, initial values and the flat order. Does not live here: tensors (that is
//! [`crate::network`]), how weights follow a change of the architecture (that is [`crate::morphism`]).
//!
//! Matrices are stored input by output: then a layer is one product with nothing transposed, and its
//! gradient arrives contiguous, in the order in which the optimiser walks.

use std::collections::BTreeMap;

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::answers::{even, shares};
use crate::architecture::{Architecture, BlockKind};
use crate::cost::Shape;
use crate::error::ModelError;
use crate::image::{Image, ImageBlockKind};
use crate::sequence::Sequence;

/// One named table of numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Array {
    /// Rows and columns.
    pub shape: Vec<usize>,
    /// The numbers, row by row.
    pub data: Vec<f32>,
}

impl Array {
    /// One row of the table; empty if there is none.
    pub(crate) fn row(&self, row: usize) -> &[f32] {
        let columns = self.shape.last().copied().unwrap_or(0);
        self.data.get(row * columns..(row + 1) * columns).unwrap_or_default()
    }

    /// One number of the table, if it is there.
    pub(crate) fn at(&self, row: usize, column: usize) -> Option<f32> {
        self.row(row).get(column).copied()
    }
}

/// All trained numbers of a network by name.
///
/// ```
/// use model::{Architecture, Hyper, Shape, Weights};
///
/// let shape = Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
/// let weights = Weights::initial(&Architecture::linear(Hyper::default()), shape, 7);
/// assert_eq!(weights.0["linear"].shape, [3, 2]);
/// assert_eq!(weights.0["bias"].data, [0.0, 0.0]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weights(pub BTreeMap<String, Array>);

/// What the numbers of a table do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `b`: what the head adds.
    Bias,
    /// `W_0`: straight from the input to the head.
    Linear,
    /// `W_l`: into a block.
    BlockWeight(usize),
    /// `b_l`: what a block adds.
    BlockBias(usize),
    /// `U_l`: into a block's gates.
    BlockGate(usize),
    /// `c_l`: what the gates add.
    BlockGateBias(usize),
    /// `P_l`: from a block's units to the stream.
    BlockOut(usize),
    /// `V_l`: from a block to the head.
    BlockHead(usize),
    /// What a sequence makes of each event: `A` and `V`, `W`, or `K`.
    SequenceInput,
    /// `R`: what gated units make of what they were.
    SequenceRecurrent,
    /// `b`: what is added to that.
    SequenceBias,
    /// `p` or `w`: what the place of an event counts.
    SequencePosition,
    /// `U`: from a sequence's units into the first block.
    SequenceBlock,
    /// `W_s`: from a sequence's units to the head.
    SequenceHead,
    /// `K` of an image's stem: what its units see of the picture around each place.
    ImageStem,
    /// `b` of the stem.
    ImageStemBias,
    /// `K` or `k` of an image's block: what its units see of units around each place.
    ImageWeight(usize),
    /// `b` of the block.
    ImageBias(usize),
    /// `P` of the block: from what it saw to the units.
    ImageOut(usize),
    /// From what an image makes of the whole into the first block.
    ImageBlock,
    /// From what an image makes of the whole to the head.
    ImageHead,
    /// `a`: how each voice of a committee sees the rows.
    Adapter,
    /// `α`: how much each answer counts. Not trained by gradient.
    Trust,
}

impl Role {
    /// The name under which the table is stored.
    pub fn name(self) -> String {
        match self {
            Self::Bias => "bias".into(),
            Self::Linear => "linear".into(),
            Self::BlockWeight(index) => format!("block{index:02}.weight"),
            Self::BlockBias(index) => format!("block{index:02}.bias"),
            Self::BlockGate(index) => format!("block{index:02}.gate"),
            Self::BlockGateBias(index) => format!("block{index:02}.gate_bias"),
            Self::BlockOut(index) => format!("block{index:02}.out"),
            Self::BlockHead(index) => format!("block{index:02}.head"),
            Self::SequenceInput => "sequence.input".into(),
            Self::SequenceRecurrent => "sequence.recurrent".into(),
            Self::SequenceBias => "sequence.bias".into(),
            Self::SequencePosition => "sequence.position".into(),
            Self::SequenceBlock => "sequence.block".into(),
            Self::SequenceHead => "sequence.head".into(),
            Self::ImageStem => "image.stem".into(),
            Self::ImageStemBias => "image.stem_bias".into(),
            Self::ImageWeight(index) => format!("image{index:02}.weight"),
            Self::ImageBias(index) => format!("image{index:02}.bias"),
            Self::ImageOut(index) => format!("image{index:02}.out"),
            Self::ImageBlock => "image.block".into(),
            Self::ImageHead => "image.head".into(),
            Self::Adapter => "adapter".into(),
            Self::Trust => "trust".into(),
        }
    }
}

impl Role {
    /// What does the same one block earlier, or from the input; for what only some kinds of block have, what
    /// does most nearly the same in that block.
    pub fn before(self) -> Option<Self> {
        match self {
            Self::Bias | Self::Linear | Self::Trust => None,
            Self::SequenceRecurrent => Some(Self::SequenceInput),
            Self::SequenceBias | Self::ImageStemBias => Some(Self::Bias),
            Self::SequenceBlock | Self::ImageBlock => Some(Self::BlockWeight(0)),
            Self::ImageWeight(index) => Some(index.checked_sub(1).map_or(Self::ImageStem, Self::ImageWeight)),
            Self::ImageBias(index) => Some(index.checked_sub(1).map_or(Self::ImageStemBias, Self::ImageBias)),
            Self::ImageOut(index) => Some(Self::ImageWeight(index)),
            Self::BlockWeight(index) => index.checked_sub(1).map(Self::BlockWeight),
            Self::BlockBias(index) => index.checked_sub(1).map(Self::BlockBias),
            Self::BlockGate(index) | Self::BlockOut(index) => Some(Self::BlockWeight(index)),
            Self::BlockGateBias(index) => Some(Self::BlockBias(index)),
            Self::Adapter
            | Self::SequenceInput
            | Self::SequencePosition
            | Self::SequenceHead
            | Self::ImageStem
            | Self::ImageHead => Some(Self::Linear),
            Self::BlockHead(index) => Some(index.checked_sub(1).map_or(Self::Linear, Self::BlockHead)),
        }
    }
}

impl Role {
    /// Whether each voice of a committee has one of its own.
    fn of_voice(self) -> bool {
        matches!(
            self,
            Self::Bias
                | Self::Linear
                | Self::BlockHead(_)
                | Self::Adapter
                | Self::SequenceHead
                | Self::ImageHead
        )
    }

    /// Whether it is what a sequence makes its units of.
    pub fn is_of_sequence(self) -> bool {
        matches!(
            self,
            Self::SequenceInput | Self::SequenceRecurrent | Self::SequenceBias | Self::SequencePosition
        )
    }

    /// Whether it is what an image makes its numbers of.
    pub fn is_of_image(self) -> bool {
        self.at_each_place() || matches!(self, Self::ImageStemBias | Self::ImageBias(_))
    }

    /// Whether it is used at each place of the picture that an image looks at.
    pub fn at_each_place(self) -> bool {
        matches!(self, Self::ImageStem | Self::ImageWeight(_) | Self::ImageOut(_))
    }

    /// Whether it is used at each of the events that a sequence reads.
    pub fn at_each_step(self) -> bool {
        matches!(self, Self::SequenceInput | Self::SequenceRecurrent)
    }
}

/// One table of a network: what it does and how big it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TableSlot {
    /// What it does.
    pub role: Role,
    /// How many of it lie one below the other: one for each voice that has its own.
    pub copies: usize,
    /// The height of one: numbers that come in; 1 for a bias.
    pub rows: usize,
    /// Its width: numbers that go out.
    pub columns: usize,
}

impl TableSlot {
    /// The name under which it is stored.
    pub fn name(&self) -> String {
        self.role.name()
    }

    /// How many numbers it has.
    pub fn numbers(&self) -> usize {
        self.height() * self.columns
    }

    /// Its rows, of all copies.
    pub fn height(&self) -> usize {
        self.copies * self.rows
    }

    /// Whether its numbers are no way for other numbers: what is added, and trust.
    pub fn is_bias(&self) -> bool {
        matches!(
            self.role,
            Role::Bias
                | Role::BlockBias(_)
                | Role::BlockGateBias(_)
                | Role::SequenceBias
                | Role::ImageStemBias
                | Role::ImageBias(_)
                | Role::Trust
        )
    }

    /// Its stored shape: a bias alone has one dimension.
    pub fn shape(&self) -> Vec<usize> {
        if self.is_bias() && self.copies == 1 {
            vec![self.columns]
        } else {
            vec![self.height(), self.columns]
        }
    }
}

/// The tables of a network, in the order in which their numbers lie in one flat vector; trust comes last.
pub(crate) fn layout(architecture: &Architecture, shape: Shape) -> Vec<TableSlot> {
    let voices = architecture.voices();
    let slot = |role: Role, rows, columns| {
        let copies = if role.of_voice() { voices } else { 1 };
        TableSlot { role, copies, rows, columns }
    };
    let mut entering = shape.seen(architecture);
    let mut slots = vec![slot(Role::Bias, 1, shape.outputs), slot(Role::Linear, entering, shape.outputs)];
    let streams = architecture.streams(entering);
    for (index, (block, leaving)) in architecture.blocks.iter().zip(streams).enumerate() {
        let width = block.width();
        slots.push(slot(Role::BlockWeight(index), entering, width));
        slots.push(slot(Role::BlockBias(index), 1, width));
        match block.kind {
            BlockKind::Dense => {}
            BlockKind::Gated => {
                slots.push(slot(Role::BlockGate(index), entering, width));
                slots.push(slot(Role::BlockGateBias(index), 1, width));
            }
            BlockKind::Residual | BlockKind::Cross => {
                slots.push(slot(Role::BlockOut(index), width, entering));
            }
        }
        if architecture.reaches_head(index) {
            slots.push(slot(Role::BlockHead(index), leaving, shape.outputs));
        }
        entering = leaving;
    }
    if voices > 1 && !architecture.blocks.is_empty() {
        slots.push(slot(Role::Adapter, 1, shape.seen(architecture)));
    }
    slots.extend(
        of_sequence(architecture, shape).into_iter().map(|(role, rows, columns)| slot(role, rows, columns)),
    );
    slots.extend(
        of_image(architecture, shape).into_iter().map(|(role, rows, columns)| slot(role, rows, columns)),
    );
    if architecture.exits {
        slots.push(slot(Role::Trust, 1, architecture.depths().len()));
    }
    slots
}

/// What a sequence has, its own tables first.
fn of_sequence(architecture: &Architecture, shape: Shape) -> Vec<(Role, usize, usize)> {
    let sequence = architecture.sequence;
    let (units, events) = (sequence.units(), shape.steps + 1);
    let inputs = (Role::SequenceInput, sequence.kernel() * shape.step(), sequence.parts() * units);
    let position = (Role::SequencePosition, events, units);
    let mut tables = match sequence {
        Sequence::None => return Vec::new(),
        Sequence::Attention(_) => vec![inputs, position],
        Sequence::Gru(_) => {
            vec![inputs, (Role::SequenceRecurrent, units, 3 * units), (Role::SequenceBias, 1, 3 * units)]
        }
        Sequence::Conv1d { .. } => vec![inputs, (Role::SequenceBias, 1, units), position],
    };
    if let Some(first) = architecture.blocks.first() {
        tables.push((Role::SequenceBlock, units, first.width()));
    }
    tables.push((Role::SequenceHead, units, shape.outputs));
    tables
}

/// What an image has, its own tables first.
fn of_image(architecture: &Architecture, shape: Shape) -> Vec<(Role, usize, usize)> {
    let (Image::Conv(of), Some(picture)) = (&architecture.image, shape.picture) else { return Vec::new() };
    let units = of.width();
    let taps = |kernel: u8| usize::from(kernel) * usize::from(kernel);
    let stem = taps(of.kernel) * usize::from(picture.channels);
    let mut tables = vec![(Role::ImageStem, stem, units), (Role::ImageStemBias, 1, units)];
    for (index, block) in of.blocks.iter().enumerate() {
        let seen = match block.kind {
            ImageBlockKind::Conv => units,
            ImageBlockKind::Depthwise => 1,
        };
        tables.extend([
            (Role::ImageWeight(index), taps(block.kernel) * seen, units),
            (Role::ImageBias(index), 1, units),
            (Role::ImageOut(index), units, units),
        ]);
    }
    if let Some(first) = architecture.blocks.first() {
        tables.push((Role::ImageBlock, of.says(), first.width()));
    }
    tables.push((Role::ImageHead, of.says(), shape.outputs));
    tables
}

/// The tables in which each unit of a block has a row: what it says goes through them.
pub(crate) fn outgoing(architecture: &Architecture, block: usize) -> Vec<Role> {
    let keeps = |at: usize| architecture.blocks.get(at).is_some_and(|block| block.kind.keeps_stream());
    if keeps(block) {
        return vec![Role::BlockOut(block)];
    }
    let mut roles = Vec::new();
    for at in block..architecture.blocks.len() {
        roles.extend([Role::BlockHead(at), Role::BlockWeight(at + 1), Role::BlockGate(at + 1)]);
        if !keeps(at + 1) {
            break;
        }
    }
    roles
}

/// One initial weight of a unit with this many inputs: He's uniform distribution (arXiv:1502.01852).
pub(crate) fn he_uniform(inputs: usize, rng: &mut impl Rng) -> f32 {
    let bound = (6.0 / inputs.max(1) as f32).sqrt();
    rng.random_range(-bound..=bound)
}

/// One initial weight from a unit to another of the same: half as large, so that what goes around and around does not
/// grow.
pub(crate) fn recurrent(units: usize, rng: &mut impl Rng) -> f32 {
    he_uniform(2 * units, rng)
}

impl Weights {
    /// Weights before any training, the same for the same seed: blocks are random; biases, gates,
    /// ways back to the stream, the linear path and the heads are zero, so the network says "all alike" until it has learned.
    pub fn initial(architecture: &Architecture, shape: Shape, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let fill = |slot: &TableSlot| -> Vec<f32> {
            match slot.role {
                Role::BlockWeight(_) | Role::ImageStem | Role::ImageWeight(_) => {
                    (0..slot.numbers()).map(|_| he_uniform(slot.rows, &mut rng)).collect()
                }
                Role::SequenceInput => (0..slot.numbers()).map(|_| he_uniform(slot.rows, &mut rng)).collect(),
                Role::SequenceRecurrent => {
                    (0..slot.numbers()).map(|_| recurrent(slot.rows, &mut rng)).collect()
                }
                Role::SequencePosition => (0..slot.numbers()).map(|_| he_uniform(1, &mut rng)).collect(),
                Role::Bias
                | Role::Linear
                | Role::SequenceBias
                | Role::SequenceBlock
                | Role::SequenceHead
                | Role::ImageStemBias
                | Role::ImageBias(_)
                | Role::ImageOut(_)
                | Role::ImageBlock
                | Role::ImageHead
                | Role::BlockBias(_)
                | Role::BlockGate(_)
                | Role::BlockGateBias(_)
                | Role::BlockOut(_)
                | Role::BlockHead(_)
                | Role::Adapter => vec![0.0; slot.numbers()],
                Role::Trust => even(slot.numbers()),
            }
        };
        let slots = layout(architecture, shape);
        let data: Vec<Vec<f32>> = slots.iter().map(fill).collect();
        Self(
            slots
                .iter()
                .zip(data)
                .map(|(slot, data)| (slot.name(), Array { shape: slot.shape(), data }))
                .collect(),
        )
    }

    /// Weights of which each table is random but the biases: what a proxy looks at.
    pub(crate) fn random(architecture: &Architecture, shape: Shape, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let architecture = architecture.canonical();
        let fill = |slot: TableSlot| {
            let number = || if slot.is_bias() { 0.0 } else { he_uniform(slot.rows, &mut rng) };
            let data = if slot.role == Role::Trust {
                even(slot.numbers())
            } else {
                std::iter::repeat_with(number).take(slot.numbers()).collect()
            };
            (slot.name(), Array { shape: slot.shape(), data })
        };
        Self(layout(&architecture, shape).into_iter().map(fill).collect())
    }

    /// All numbers in one vector, after checking that each table is there, fits and is finite, and that trust is
    /// shared out.
    pub(crate) fn flatten(&self, architecture: &Architecture, shape: Shape) -> Result<Vec<f32>, ModelError> {
        match self.0.get(&Role::Trust.name()) {
            Some(trust) if !shares(&trust.data) => {
                Err(ModelError::Weights("table `trust` does not share out one".into()))
            }
            Some(_) | None => self.flatten_moments(architecture, shape),
        }
    }

    /// The same for moments.
    pub(crate) fn flatten_moments(
        &self,
        architecture: &Architecture,
        shape: Shape,
    ) -> Result<Vec<f32>, ModelError> {
        let slots = layout(architecture, shape);
        if self.0.len() != slots.len() {
            return Err(ModelError::Weights(format!(
                "{} tables, but `{architecture}` has {}",
                self.0.len(),
                slots.len()
            )));
        }
        let mut flat = Vec::with_capacity(slots.iter().map(TableSlot::numbers).sum());
        for slot in &slots {
            flat.extend_from_slice(&self.table(slot)?.data);
        }
        Ok(flat)
    }

    /// The named tables of one flat vector.
    pub(crate) fn unflatten(flat: &[f32], architecture: &Architecture, shape: Shape) -> Self {
        let mut rest = flat;
        let mut tables = BTreeMap::new();
        for slot in layout(architecture, shape) {
            let (data, after) = rest.split_at(slot.numbers());
            tables.insert(slot.name(), Array { shape: slot.shape(), data: data.to_vec() });
            rest = after;
        }
        Self(tables)
    }

    fn table(&self, slot: &TableSlot) -> Result<&Array, ModelError> {
        let name = slot.name();
        let refused = |message: String| ModelError::Weights(format!("table `{name}` {message}"));
        let array = self.0.get(&name).ok_or_else(|| refused("is missing".into()))?;
        if array.shape != slot.shape() || array.data.len() != slot.numbers() {
            return Err(refused(format!("has shape {:?}, but {:?} is needed", array.shape, slot.shape())));
        }
        if let Some(index) = array.data.iter().position(|value| !value.is_finite()) {
            return Err(refused(format!("holds {} at position {index}", array.data[index])));
        }
        Ok(array)
    }
}

#[cfg(test)]
mod tests;
