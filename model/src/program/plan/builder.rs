//! Builder: a plan, operation by operation.
//!
//! Lives here: which operations and registers each part of an architecture needs. Does not live here: what they are (that is
//! the parent's).

use super::{INPUT, LISTED_WIDTH, LOGITS, Masked, Op, Part, Plan, Register, Table};
use crate::architecture::{Activation, Architecture, Block, BlockKind, Norm};
use crate::cost::Shape;
use crate::image::Image;
use crate::program::curves::Curve;
use crate::program::image::Sight;
use crate::program::sequence::Stage;
use crate::sequence::Sequence;
use crate::slice::Slice;
use crate::weights::{Role, TableSlot, layout};

/// What goes from block to block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream {
    /// The register it is in now.
    pub at: usize,
    /// The one it began in.
    pub start: usize,
}

/// A plan that is not complete yet.
pub(super) struct Builder {
    slots: Vec<(TableSlot, usize)>,
    ops: Vec<Op>,
    registers: Vec<Register>,
    width: usize,
    kept: usize,
    masks: Vec<Masked>,
    elastic: bool,
    streams_of_units: Vec<Option<usize>>,
    parameters: usize,
    answers: Vec<usize>,
    adapted: usize,
    pub voices: usize,
    /// The registers of what stages say, each with its way into the first block.
    beside: Vec<(usize, Role)>,
}

impl Builder {
    pub fn new(architecture: &Architecture, shape: Shape) -> Self {
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
            elastic: architecture.hyper.elastic,
            streams_of_units: architecture.streams_of_units(),
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
    pub fn heads(&mut self, from: usize, to: usize, role: Role, bias: Option<Role>) {
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
    pub fn adapt(&mut self) {
        let adapter = self.table(Role::Adapter);
        self.adapted = self.register(adapter.columns, false);
        self.ops.push(Op::Adapt { from: INPUT, to: self.adapted, adapter });
    }

    /// What a sequence makes of the events, and its way to the logits.
    pub fn read(&mut self, of: Sequence, shape: Shape) {
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
    pub fn look(&mut self, image: &Image, shape: Shape) {
        let (Image::Conv(of), Some(picture)) = (image, shape.picture) else { return };
        let own = |slot: &&(TableSlot, usize)| slot.0.role.is_of_image();
        let numbers = self.slots.iter().filter(own).map(|(slot, _)| slot.numbers()).sum();
        let at = self.start(Role::ImageStem);
        let to = self.register(of.says(), false);
        self.ops.push(Op::Look(Sight { of: of.clone(), picture, at, numbers, to }));
        self.heads(to, LOGITS, Role::ImageHead, None);
        self.beside.push((to, Role::ImageBlock));
    }

    /// Where these lie in the masks of a row.
    fn mask(&mut self, masked: Masked) -> usize {
        self.masks.push(masked);
        self.masks[..self.masks.len() - 1].iter().map(|masked| masked.width).sum()
    }

    /// What the sums of a block are of.
    fn summed(&self, index: usize, entered: usize) -> usize {
        if index == 0 { self.adapted } else { entered }
    }

    fn start(&self, role: Role) -> usize {
        self.table(role).at
    }

    /// Adds a block, which feeds one of `next` units; returns what leaves it.
    pub fn block(&mut self, index: usize, block: &Block, stream: Stream, next: usize) -> Stream {
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
                if let Some(block) = self.streams_of_units[index] {
                    let mask = self.mask(Masked { dropout: 0.0, width: fed, block });
                    let kept = self.keep(fed);
                    self.ops.push(Op::Silence { at, mask, kept });
                }
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
    pub fn logits(&mut self, exits: bool) -> usize {
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
        let mask = (block.dropout > 0.0 || self.elastic)
            .then(|| self.mask(Masked { dropout: block.dropout, width, block: index }));
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

    pub fn done(self, architecture: Architecture, shape: Shape) -> Plan {
        let Self { slots, ops, registers, width, kept, masks, parameters, answers, adapted, .. } = self;
        let trust = slots.iter().find(|(slot, _)| slot.role == Role::Trust);
        let trained = trust.map_or(parameters, |(_, at)| *at);
        let slices = Slice::all(&architecture).iter().map(|slice| slice.units(&architecture)).collect();
        Plan {
            architecture,
            shape,
            ops,
            registers,
            width,
            kept,
            masks,
            slices,
            parameters,
            trained,
            answers,
            adapted,
        }
    }
}
