//! Plan: an architecture as a list of operations over registers.
//!
//! Lives here: which operation reads and writes what, and where its weights lie. Does not live here:
//! how an operation is done (that is `pass`), or learned from (that is `update`).
//!
//! A register is a table of one row for each sample. Register 0 holds the encoded rows, register 1 the
//! logits, which many operations add to; every other one is written once, so its value is still there
//! when the backward pass wants it. Exits have registers of their own for their logits, each beginning as the one
//! before.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use rand::{Rng, RngExt};

use super::curves::Curve;
use super::image::Sight;
use super::sequence::Stage;
use crate::answers::ALONE;
use crate::architecture::{Architecture, Block};
use crate::cost::Shape;
use crate::embedding::View;
use crate::slice;
use crate::weights::Role;

mod builder;

use builder::{Builder, Stream};

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
    /// `at ⊙ mask` in its place, when learning; the mask is kept.
    Silence { at: usize, mask: usize, kept: usize },
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
            | Self::Multiply { .. }
            | Self::Silence { .. } => None,
        }
    }
}

/// Numbers of a row that a step may silence.
#[derive(Clone, Copy, Debug)]
struct Masked {
    dropout: f32,
    width: usize,
    /// The block whose units they are.
    block: usize,
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
    /// The units of each block that has dropout, or of all where there are slices, and what is added to them.
    masks: Vec<Masked>,
    /// The units that each slice keeps of each block.
    slices: Vec<Vec<usize>>,
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
        &masks[rows * self.masks.iter().map(|masked| masked.width).sum::<usize>()..]
    }

    /// What a step on this many rows draws. First masks for dropout, one block after the other: zero, or what makes
    /// up for the zeros. Then, for a committee, how often each voice learns from each row (online bagging: Oza and
    /// Russell, AISTATS 2001), by which copies of one voice get apart.
    pub fn draw_masks(&self, rows: usize, rng: &mut impl Rng, masks: &mut Vec<f32>) {
        masks.clear();
        let rows = rows * self.voices();
        for Masked { dropout, width, .. } in &self.masks {
            if *dropout == 0.0 {
                masks.resize(masks.len() + rows * width, 1.0);
                continue;
            }
            let kept = 1.0 / (1.0 - dropout);
            let mut draw = || if rng.random::<f32>() < *dropout { 0.0 } else { kept };
            masks.extend((0..rows * width).map(|_| draw()));
        }
        if self.voices() > 1 {
            masks.extend((0..rows).map(|_| poisson(rng)));
        }
    }

    /// Which slices learn in this step beside the whole network.
    pub fn turns(&self, step: u64) -> Vec<usize> {
        slice::turns(self.slices.len(), step)
    }

    /// What leaves a slice of the units of so many rows.
    pub fn slice_masks(&self, slice: usize, rows: usize, masks: &mut Vec<f32>) {
        masks.clear();
        for Masked { width, block, .. } in &self.masks {
            let kept = self.slices[slice][*block];
            for _ in 0..rows {
                masks.resize(masks.len() + kept, 1.0);
                masks.resize(masks.len() + width - kept, 0.0);
            }
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
