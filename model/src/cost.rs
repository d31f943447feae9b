//! Cost: what a network takes, from its description alone.
//!
//! Lives here: counting. Does not live here: measuring (latency and memory are the daemon's to measure).

use serde::{Deserialize, Serialize};

use crate::architecture::Architecture;
use crate::context::CONTEXT_MAX;
use crate::embedding::View;
use crate::error::ModelError;
use crate::image::Picture;
use crate::schema::{Schema, Target};
use crate::sequence::Sequence;
use crate::weights::layout;

/// What a network's two ends look like: given by the stream, never searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Numbers in an encoded row.
    pub inputs: usize,
    /// Numbers in an answer.
    pub outputs: usize,
    /// Whether the answer is a probability a class; otherwise it is one standardised number.
    pub classification: bool,
    /// Recent labels at the end of each encoded row, newest first, of as many numbers each as an answer
    /// ([`crate::context`]); a network sees the first of them, or none.
    #[serde(default)]
    pub context: usize,
    /// Earlier events of its entity at the very end of each encoded row, newest first: the features of each, and
    /// whether there was one ([`crate::sequence`]). A network reads all of them, or none.
    #[serde(default)]
    pub steps: usize,
    /// Which numbers of an encoded row are a picture, where some are ([`crate::image`]).
    #[serde(default)]
    pub picture: Option<Picture>,
}

impl Shape {
    /// The ends of a network between this many encoded numbers and this target.
    pub fn new(inputs: usize, target: &Target) -> Self {
        let classification = target.is_classification();
        Self { inputs, outputs: target.outputs(), classification, context: 0, steps: 0, picture: None }
    }

    /// The same, where [`CONTEXT_MAX`] recent labels follow this many encoded numbers in each row.
    pub fn with_labels(width: usize, target: &Target) -> Self {
        let inputs = width + CONTEXT_MAX * target.outputs();
        Self { context: CONTEXT_MAX, ..Self::new(inputs, target) }
    }

    /// The ends of networks for this schema: with [`CONTEXT_MAX`] recent labels, as many earlier events as rows carry, and
    /// the picture that is in them.
    pub fn of_rows(schema: &Schema) -> Self {
        let widths = || schema.features().iter().map(|feature| feature.kind.width());
        let width = widths().sum();
        let steps = schema.sequences().map_or(0, |sequences| usize::from(sequences.length));
        let encoded = |picture: Picture| Picture { first: widths().take(picture.first).sum(), ..picture };
        let picture = schema.picture().map(encoded);
        let shape = Self::with_labels(width, schema.target());
        Self { inputs: shape.inputs + steps * (width + 1), steps, picture, ..shape }
    }

    /// Numbers of a row before its recent labels.
    pub fn features(&self) -> usize {
        (self.inputs - self.context * self.outputs - self.steps) / (1 + self.steps)
    }

    /// Numbers of one earlier event.
    pub fn step(&self) -> usize {
        self.features() + 1
    }

    /// Where the earlier events begin in an encoded row.
    pub fn before_steps(&self) -> usize {
        self.features() + self.context * self.outputs
    }

    /// Numbers that this architecture sees of a row.
    pub(crate) fn seen(&self, architecture: &Architecture) -> usize {
        View::new(architecture, *self).width()
    }

    /// Refuses an architecture that looks for more recent labels than rows carry, or for earlier events or a
    /// picture where they carry none.
    pub(crate) fn check(&self, architecture: &Architecture) -> Result<(), ModelError> {
        if usize::from(architecture.context) > self.context {
            return Err(ModelError::Architecture(format!(
                "`{architecture}` needs the last {} labels beside each row, but these rows carry {}",
                architecture.context, self.context
            )));
        }
        if architecture.sequence != Sequence::None && self.steps == 0 {
            return Err(ModelError::Architecture(format!(
                "`{architecture}` reads the events before each one, but these rows carry none"
            )));
        }
        architecture.image.check_over(self.picture)
    }
}

/// What a network takes to keep and to answer one row.
///
/// ```
/// use model::{Architecture, Cost, Hyper, Shape};
///
/// let shape = Shape { inputs: 16, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
/// let cost = Cost::of(&Architecture::linear(Hyper::default()), shape);
/// assert_eq!((cost.parameters, cost.macs, cost.bytes), (34, 32, 136));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Trained numbers.
    pub parameters: u64,
    /// Multiplications with a weight for one row.
    pub macs: u64,
    /// Bytes of the trained numbers.
    pub bytes: u64,
}

impl Cost {
    /// The cost of this architecture between these ends.
    pub fn of(architecture: &Architecture, shape: Shape) -> Self {
        let mut cost = Self::default();
        let places = shape.picture.map_or(0, Picture::places);
        for slot in layout(architecture, shape) {
            let numbers = slot.numbers() as u64;
            cost.parameters += numbers;
            // What the voices of a committee share, each of them uses.
            let uses = (architecture.voices() / slot.copies) as u64;
            // What reads the events one by one is used at each.
            let uses = if slot.role.at_each_step() { uses * (1 + shape.steps as u64) } else { uses };
            // What looks at a picture is used at each place.
            let uses = if slot.role.at_each_place() { uses * places as u64 } else { uses };
            cost.macs += if slot.is_bias() { 0 } else { numbers * uses };
        }
        Self { bytes: cost.parameters * size_of::<f32>() as u64, ..cost }
    }

    /// Whether it takes less work than the other, and no more memory.
    pub fn is_below(&self, other: Self) -> bool {
        self.macs < other.macs && self.bytes <= other.bytes
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            parameters: sum.parameters + cost.parameters,
            macs: sum.macs + cost.macs,
            bytes: sum.bytes + cost.bytes,
        })
    }
}

#[cfg(test)]
mod tests;
