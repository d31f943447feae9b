//! Plan: an architecture as a list of operations over registers.
//!
//! Lives here: which operation reads and writes what, and where its weights lie. Does not live here:
//! how an operation is done (that is `pass`), or learned from (that is `update`).
//!
//! A register is a table of one row for each sample. Register 0 holds the encoded rows, register 1 the
//! logits, which many operations add to; every other one is written once, so its value is still there
//! when the backward pass wants it. Exits have registers of their own for their logits, each beginning as the one
//! before.

use rand::{Rng, RngExt};

use super::curves::Curve;
use super::image::Sight;
use super::sequence::Stage;
use crate::answers::ALONE;
use crate::architecture::{Activation, Architecture, Block, BlockKind, Norm};
use crate::cost::Shape;
use crate::embedding::View;
use crate::image::Image;
use crate::sequence::Sequence;
use crate::weights::{Role, TableSlot, layout};

/// The register of the encoded rows.
pub(super) const INPUT: usize = 0;
/// The register of the logits, or of those at the first exit.
pub(super) const LOGITS: usize = 1;

/// Most often that a voice learns from a row at once: more has a chance of one in a million.
const COUNT_MAX: f32 = 8.0;

/// What a number has to be multiplied with before it pays to know whether it is zero.
const LISTED_WIDTH: usize = 32;

/// Where a register lies, counted in numbers a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Register {
    /// First number.
    pub at: usize,
    /// Numbers a row.
    pub width: usize,
    /// Whether it pays to list which of its numbers are not zero.
    pub sparse: bool,
}

/// A matrix in the flat weights of a member, input by output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub at: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Table {
    pub fn range(self) -> std::ops::Range<usize> {
        self.at..self.at + self.rows * self.columns
    }
}

/// One of so many equal parts of the rows: those of one voice, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub index: usize,
    pub of: usize,
}

impl Part {
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Which of these rows, as positions in a register of this width.
    #[inline(always)]
    pub fn range(self, rows: usize, width: usize) -> std::ops::Range<usize> {
        let numbers = rows / self.of * width;
        self.index * numbers..(self.index + 1) * numbers
    }
}

/// One step of the way from the input to the logits.
#[derive(Clone, Debug)]
pub(super) enum Op {
    /// `to += from W (+ b)`, of some of the rows.
    Affine { from: usize, to: usize, weight: Table, bias: Option<usize>, part: Part },
    /// `to = from ⊙ (1 + a)`, with a row of the table for each voice.
    Adapt { from: usize, to: usize, adapter: Table },
    /// Layer norm of each group of units; one inverse deviation a group is kept.
    Normalise { from: usize, to: usize, groups: Vec<usize>, deviations: usize },
    /// Activation and dropout; the slope of both is kept. A mask lies this far into those of a row.
    Activate { from: usize, to: usize, slopes: usize, curve: Curve, mask: Option<usize> },
    /// `to = from`, or zero: what others add to.
    Begin { from: Option<usize>, to: usize },
    /// `to += left ⊙ right`.
    Multiply { left: usize, right: usize, to: usize },
    /// What is made of the events that rows carry.
    Read(Stage),
    /// What is made of the picture in each row.
    Look(Sight),
}

impl Op {
    /// Which weights it writes the gradient of on the way back; the others leave theirs to the update.
    pub fn written(&self) -> Option<std::ops::Range<usize>> {
        match self {
            Self::Read(stage) => Some(stage.range()),
            Self::Look(sight) => Some(sight.range()),
            Self::Affine { .. }
            | Self::Adapt { .. }
            | Self::Normalise { .. }
            | Self::Activate { .. }
            | Self::Begin { .. }
            | Self::Multiply { .. } => None,
        }
    }
}

/// An architecture between two ends, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    architecture: Architecture,
    shape: Shape,
    pub(super) ops: Vec<Op>,
    pub(super) registers: Vec<Register>,
    /// Numbers a row in all registers.
    pub(super) width: usize,
    /// Numbers a row that operations keep for the way back.
    pub(super) kept: usize,
    /// Dropout of each block that has any, with its width.
    masks: Vec<(f32, usize)>,
    parameters: usize,
    /// Those before trust, which no gradient touches.
    trained: usize,
    /// The registers of the logits of each answer.
    pub(super) answers: Vec<usize>,
    /// The encoded rows as the voices see them.
    adapted: usize,
}

impl Plan {
    /// The plan of a canonical architecture.
    pub fn new(architecture: &Architecture, shape: Shape) -> Self {
        let mut builder = Builder::new(architecture, shape);
        let mut stream = Stream { at: INPUT, start: INPUT };
        builder.heads(INPUT, LOGITS, Role::Linear, Some(Role::Bias));
        builder.read(architecture.sequence, shape);
        builder.look(&architecture.image, shape);
        if builder.voices > 1 && !architecture.blocks.is_empty() {
            builder.adapt();
        }
        for (index, block) in architecture.blocks.iter().enumerate() {
            let next = architecture.blocks.get(index + 1).map_or(0, Block::width);
            stream = builder.block(index, block, stream, next);
            if architecture.reaches_head(index) {
                let to = builder.logits(architecture.exits);
                builder.heads(stream.at, to, Role::BlockHead(index), None);
            }
        }
        builder.done(architecture.clone(), shape)
    }

    /// The canonical architecture.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// What its two ends look like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What it sees of each encoded row.
    pub fn view(&self) -> View {
        View::new(&self.architecture, self.shape)
    }

    /// How many weights it has.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// How many of them are trained by gradient: the first ones.
    pub fn trained(&self) -> usize {
        self.trained
    }

    /// How much each answer counts, as these weights have it.
    pub fn trust<'a>(&self, weights: &'a [f32]) -> &'a [f32] {
        if self.trained == self.parameters { ALONE } else { &weights[self.trained..] }
    }

    /// Its answer, if there is one only.
    pub fn only_answer(&self) -> Option<usize> {
        match self.answers[..] {
            [only] if self.voices() == 1 => Some(only),
            _ => None,
        }
    }

    /// Voices that answer together; each has its own copy of the rows, one voice's after the other's.
    pub fn voices(&self) -> usize {
        self.architecture.voices()
    }

    /// Whether a register is zero where the encoded rows are.
    pub(super) fn is_encoded(&self, register: usize) -> bool {
        register == INPUT || register == self.adapted
    }

    /// How often each voice learns from each of its rows, in what [`Plan::draw_masks`] drew for so many rows of all
    /// voices; empty if there is one voice.
    pub fn counts<'a>(&self, masks: &'a [f32], rows: usize) -> &'a [f32] {
        if self.voices() == 1 {
            return &[];
        }
        &masks[rows * self.masks.iter().map(|(_, width)| width).sum::<usize>()..]
    }

    /// What a step on this many rows draws. First masks for dropout, one block after the other: zero, or what makes
    /// up for the zeros. Then, for a committee, how often each voice learns from each row (online bagging: Oza and
    /// Russell, AISTATS 2001), by which copies of one voice get apart.
    pub fn draw_masks(&self, rows: usize, rng: &mut impl Rng, masks: &mut Vec<f32>) {
        masks.clear();
        let rows = rows * self.voices();
        for (dropout, width) in &self.masks {
            let kept = 1.0 / (1.0 - dropout);
            let mut draw = || if rng.random::<f32>() < *dropout { 0.0 } else { kept };
            masks.extend((0..rows * width).map(|_| draw()));
        }
        if self.voices() > 1 {
            masks.extend((0..rows).map(|_| poisson(rng)));
        }
    }
}

/// How often, if once on average.
fn poisson(rng: &mut impl Rng) -> f32 {
    let mut left = rng.random::<f32>();
    let mut chance = (-1.0_f32).exp();
    let mut count = 0.0;
    while left >= chance && count < COUNT_MAX {
        left -= chance;
        count += 1.0;
        chance /= count;
    }
    count
}

/// What goes from block to block.
#[derive(Clone, Copy, Debug)]
struct Stream {
    /// The register it is in now.
    at: usize,
    /// The one it began in.
    start: usize,
}

struct Builder {
    slots: Vec<(TableSlot, usize)>,
    ops: Vec<Op>,
    registers: Vec<Register>,
    width: usize,
    kept: usize,
    masks: Vec<(f32, usize)>,
    parameters: usize,
    answers: Vec<usize>,
    adapted: usize,
    voices: usize,
    /// The registers of what stages say, each with its way into the first block.
    beside: Vec<(usize, Role)>,
}

impl Builder {
    fn new(architecture: &Architecture, shape: Shape) -> Self {
        let mut at = 0;
        let place = |slot: TableSlot| {
            let start = at;
            at += slot.numbers();
            (slot, start)
        };
        let slots = layout(architecture, shape).into_iter().map(place).collect();
        let (ops, registers, masks) = (Vec::new(), Vec::new(), Vec::new());
        let answers = vec![LOGITS];
        let mut builder = Self {
            slots,
            ops,
            registers,
            width: 0,
            kept: 0,
            masks,
            parameters: at,
            answers,
            adapted: INPUT,
            voices: architecture.voices(),
            beside: Vec::new(),
        };
        builder.register(shape.seen(architecture), true);
        builder.register(shape.outputs, false);
        builder
    }

    fn register(&mut self, width: usize, sparse: bool) -> usize {
        self.registers.push(Register { at: self.width, width, sparse });
        self.width += width;
        self.registers.len() - 1
    }

    fn keep(&mut self, numbers: usize) -> usize {
        self.kept += numbers;
        self.kept - numbers
    }

    fn table(&self, role: Role) -> Table {
        let found = self.slots.iter().find(|(slot, _)| slot.role == role);
        let (slot, at) = found.expect("the layout has this table for every architecture that uses it");
        Table { at: *at, rows: slot.rows, columns: slot.columns }
    }

    /// The ways of the voices to their logits.
    fn heads(&mut self, from: usize, to: usize, role: Role, bias: Option<Role>) {
        let first = self.table(role);
        let bias = bias.map(|bias| self.table(bias));
        for index in 0..self.voices {
            let weight = Table { at: first.at + first.range().len() * index, ..first };
            let bias = bias.map(|bias| bias.at + bias.columns * index);
            let part = Part { index, of: self.voices };
            self.ops.push(Op::Affine { from, to, weight, bias, part });
        }
    }

    /// The rows as the voices see them.
    fn adapt(&mut self) {
        let adapter = self.table(Role::Adapter);
        self.adapted = self.register(adapter.columns, false);
        self.ops.push(Op::Adapt { from: INPUT, to: self.adapted, adapter });
    }

    /// What a sequence makes of the events, and its way to the logits.
    fn read(&mut self, of: Sequence, shape: Shape) {
        if of == Sequence::None {
            return;
        }
        let own = |slot: &&(TableSlot, usize)| slot.0.role.is_of_sequence();
        let numbers = self.slots.iter().filter(own).map(|(slot, _)| slot.numbers()).sum();
        let at = self.start(Role::SequenceInput);
        let to = self.register(of.units(), false);
        let events = shape.steps + 1;
        let kept = self.keep(Stage::keeps(of, events));
        self.ops.push(Op::Read(Stage { of, events, width: shape.step(), at, numbers, to, kept }));
        self.heads(to, LOGITS, Role::SequenceHead, None);
        self.beside.push((to, Role::SequenceBlock));
    }

    /// What an image makes of the picture, and its way to the logits.
    fn look(&mut self, image: &Image, shape: Shape) {
        let (Image::Conv(of), Some(picture)) = (image, shape.picture) else { return };
        let own = |slot: &&(TableSlot, usize)| slot.0.role.is_of_image();
        let numbers = self.slots.iter().filter(own).map(|(slot, _)| slot.numbers()).sum();
        let at = self.start(Role::ImageStem);
        let to = self.register(of.says(), false);
        self.ops.push(Op::Look(Sight { of: of.clone(), picture, at, numbers, to }));
        self.heads(to, LOGITS, Role::ImageHead, None);
        self.beside.push((to, Role::ImageBlock));
    }

    /// What the sums of a block are of.
    fn summed(&self, index: usize, entered: usize) -> usize {
        if index == 0 { self.adapted } else { entered }
    }

    fn start(&self, role: Role) -> usize {
        self.table(role).at
    }

    /// Adds a block, which feeds one of `next` units; returns what leaves it.
    fn block(&mut self, index: usize, block: &Block, stream: Stream, next: usize) -> Stream {
        let fed = if block.kind.keeps_stream() { self.registers[stream.at].width } else { next };
        let units = self.units(index, block, self.summed(index, stream.at), fed);
        match block.kind {
            BlockKind::Dense => Stream { at: units, start: units },
            BlockKind::Gated => {
                let gates = self.gates(index, self.summed(index, stream.at));
                let at = self.begin(None, self.registers[units].width);
                self.ops.push(Op::Multiply { left: units, right: gates, to: at });
                Stream { at, start: at }
            }
            BlockKind::Residual => {
                let at = self.begin(Some(stream.at), fed);
                let weight = self.table(Role::BlockOut(index));
                self.ops.push(Op::Affine { from: units, to: at, weight, bias: None, part: Part::WHOLE });
                Stream { at, ..stream }
            }
            BlockKind::Cross => {
                let factors = self.begin(None, fed);
                let weight = self.table(Role::BlockOut(index));
                self.ops.push(Op::Affine { from: units, to: factors, weight, bias: None, part: Part::WHOLE });
                let at = self.begin(Some(stream.at), fed);
                self.ops.push(Op::Multiply { left: stream.start, right: factors, to: at });
                Stream { at, ..stream }
            }
        }
    }

    /// Where a block adds to the logits: those of an exit begin as those of the exit before.
    fn logits(&mut self, exits: bool) -> usize {
        let last = *self.answers.last().expect("the linear path is the first answer");
        if !exits {
            return last;
        }
        let next = self.begin(Some(last), self.registers[last].width);
        self.answers.push(next);
        next
    }

    /// A register that starts as another one, or at zero.
    fn begin(&mut self, from: Option<usize>, width: usize) -> usize {
        let to = self.register(width, false);
        self.ops.push(Op::Begin { from, to });
        to
    }

    /// The units of a block, which are multiplied with `fed` numbers each.
    fn units(&mut self, index: usize, block: &Block, entered: usize, fed: usize) -> usize {
        let width = block.width();
        let weight = self.table(Role::BlockWeight(index));
        let bias = Some(self.start(Role::BlockBias(index)));
        let mut at = self.register(width, false);
        self.ops.push(Op::Affine { from: entered, to: at, weight, bias, part: Part::WHOLE });
        for (from, role) in self.beside.clone().into_iter().filter(|_| index == 0) {
            let weight = self.table(role);
            self.ops.push(Op::Affine { from, to: at, weight, bias: None, part: Part::WHOLE });
        }
        if block.norm == Norm::Layer {
            let groups: Vec<usize> = block.groups.iter().map(|units| usize::from(*units)).collect();
            let (to, deviations) = (self.register(width, false), self.keep(groups.len()));
            self.ops.push(Op::Normalise { from: at, to, groups, deviations });
            at = to;
        }
        let mask = (block.dropout > 0.0).then(|| {
            let before = self.masks.iter().map(|(_, width)| width).sum();
            self.masks.push((block.dropout, width));
            before
        });
        let zeros = mask.is_some() || block.activation == Activation::Relu;
        // The gates of a gated block hide which of its units are zero.
        let listed = zeros && fed >= LISTED_WIDTH && block.kind != BlockKind::Gated;
        let to = self.register(width, listed);
        let slopes = self.keep(width);
        self.ops.push(Op::Activate {
            from: at,
            to,
            slopes,
            curve: Curve::Activation(block.activation),
            mask,
        });
        to
    }

    /// The gates of a block.
    fn gates(&mut self, index: usize, entered: usize) -> usize {
        let weight = self.table(Role::BlockGate(index));
        let bias = Some(self.start(Role::BlockGateBias(index)));
        let from = self.register(weight.columns, false);
        self.ops.push(Op::Affine { from: entered, to: from, weight, bias, part: Part::WHOLE });
        let (to, slopes) = (self.register(weight.columns, false), self.keep(weight.columns));
        self.ops.push(Op::Activate { from, to, slopes, curve: Curve::Gate, mask: None });
        to
    }

    fn done(self, architecture: Architecture, shape: Shape) -> Plan {
        let Self { slots, ops, registers, width, kept, masks, parameters, answers, adapted, .. } = self;
        let trust = slots.iter().find(|(slot, _)| slot.role == Role::Trust);
        let trained = trust.map_or(parameters, |(_, at)| *at);
        Plan {
            architecture,
            shape,
            ops,
            registers,
            width,
            kept,
            masks,
            parameters,
            trained,
            answers,
            adapted,
        }
    }
}
