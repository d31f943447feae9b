//! Image: what a network makes of a picture.
//!
//! Lives here: which numbers of a row are a picture ([`Picture`]), and the stage that looks at it ([`Image`]). Does not live
//! here: how a stage is computed (that is [`crate::network`]'s).
//!
//! A picture has `c` numbers at each place `p` of a raster, and zeros around it. With `u` units, each of `k` by `k` places, a
//! stage makes `y` of each place and `s` of the whole:
//!
//! ```text
//! stem       y_0(p) = relu(Σ_t x(p + t) K_t + b)
//! conv       y_l(p) = y_{l-1}(p) + relu(Σ_t y_{l-1}(p + t) K_t + b) P
//! depthwise  y_l(p) = y_{l-1}(p) + relu(Σ_t y_{l-1}(p + t) ⊙ k_t + b) P
//! pooling    s = the mean, or the largest, of the last y over each cell of a grid of g by g
//! ```
//!
//! (arXiv:1512.03385 for residual blocks, arXiv:1704.04861 for depthwise ones.) `P` begins at zero, so a block more changes
//! nothing; a wider kernel gets taps of zero around those it has; more units are read by nobody who was there before; and `s`
//! begins without a way to the answer. So a network gets a stage, and a stage grows, without a change of what it says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::schema::{Feature, FeatureKind};

/// Most numbers of a picture.
pub const NUMBERS_MAX: usize = 4_096;
/// Most rows, and most columns.
pub const SIDE_MAX: u16 = 256;
/// Most units of a stage.
pub const UNITS_MAX: u16 = 64;
/// Widest kernel; all are odd, so that each has a middle.
pub const KERNEL_MAX: u8 = 5;
/// Most blocks after the stem.
pub const BLOCKS_MAX: usize = 3;
/// Most cells of a grid on a side.
pub const GRID_MAX: u8 = 4;
/// Most numbers that units make of all places of a picture: what a row needs while it is looked at.
pub const MADE_MAX: usize = 131_072;

/// Which numbers are a picture: row by row, in each row place by place, at each place its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Where it begins: position of its first feature in a schema, of its first number in an encoded row.
    pub first: usize,
    /// Rows.
    pub height: u16,
    /// Columns.
    pub width: u16,
    /// Numbers at each place.
    pub channels: u16,
}

impl Picture {
    /// How many places it has.
    pub fn places(self) -> usize {
        usize::from(self.height) * usize::from(self.width)
    }

    /// How many numbers it has.
    pub fn numbers(self) -> usize {
        self.places() * usize::from(self.channels)
    }

    /// Its features in a schema.
    pub(crate) fn features(self) -> std::ops::Range<usize> {
        self.first..self.first + self.numbers()
    }

    /// Where its numbers stand in an encoded row: a flag for what is missing follows each.
    pub(crate) fn encoded(self) -> impl Iterator<Item = usize> {
        (0..self.numbers()).map(move |at| self.first + 2 * at)
    }

    /// Refuses what these features do not have, or would take too much.
    pub(crate) fn check(self, features: &[Feature]) -> Result<(), ModelError> {
        let Self { first, height, width, channels } = self;
        if !(1..=SIDE_MAX).contains(&height) || !(1..=SIDE_MAX).contains(&width) || channels == 0 {
            return Err(invalid(format!(
                "a picture of {height} by {width} places with {channels} numbers each; give 1 to {SIDE_MAX} by 1 to \
                 {SIDE_MAX}, and 1 number at least"
            )));
        }
        let numbers = self.numbers();
        if numbers > NUMBERS_MAX {
            return Err(invalid(format!(
                "a picture of {numbers} numbers, but at most {NUMBERS_MAX} are allowed"
            )));
        }
        let there = features.len().saturating_sub(first);
        if there < numbers {
            return Err(invalid(format!(
                "a picture of {numbers} numbers, but from its first feature on there are {there}"
            )));
        }
        let is_number = |feature: &&Feature| feature.kind == FeatureKind::Numeric;
        match features[self.features()].iter().find(|feature| !is_number(feature)) {
            Some(other) => Err(invalid(format!("`{}` is part of the picture, but no number", other.name))),
            None => Ok(()),
        }
    }
}

/// What looks at the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// Nothing.
    #[default]
    None,
    /// Convolutions.
    Conv(Convolutions),
}

/// Convolutions over a picture: a stem, residual blocks, and what is left of places.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolutions {
    /// Units.
    pub units: u16,
    /// Places on each side of what a unit of the stem sees.
    pub kernel: u8,
    /// What follows the stem.
    #[serde(default)]
    pub blocks: Vec<ImageBlock>,
    /// What is made of the places of each cell.
    #[serde(default)]
    pub pooling: Pooling,
    /// Cells on each side.
    #[serde(default = "whole")]
    pub grid: u8,
}

/// One cell.
fn whole() -> u8 {
    1
}

/// A residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageBlock {
    /// What it sees of other units.
    pub kind: ImageBlockKind,
    /// Places on each side of what it sees.
    pub kernel: u8,
}

/// What a block over a picture sees of other units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageBlockKind {
    /// All of them, at each place.
    Conv,
    /// Each sees itself at each place; what comes of that is mixed place by place.
    Depthwise,
}

impl ImageBlockKind {
    /// Every kind, in the order of the search space.
    pub const ALL: [Self; 2] = [Self::Conv, Self::Depthwise];

    /// The word for people and search spaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conv => "conv",
            Self::Depthwise => "depthwise",
        }
    }
}

/// What is made of the places of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Their mean.
    #[default]
    Mean,
    /// The largest.
    Max,
}

impl Pooling {
    /// Every pooling, in the order of the search space.
    pub const ALL: [Self; 2] = [Self::Mean, Self::Max];

    /// The word for people and search spaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Max => "max",
        }
    }
}

impl Convolutions {
    /// Units, as a size.
    pub(crate) fn width(&self) -> usize {
        usize::from(self.units)
    }

    /// Cells of the grid.
    pub(crate) fn cells(&self) -> usize {
        usize::from(self.grid) * usize::from(self.grid)
    }

    /// Numbers that it makes of a picture.
    pub(crate) fn says(&self) -> usize {
        self.cells() * self.width()
    }

    /// Places that each cell covers in this direction.
    pub(crate) fn cells_along(&self, places: u16) -> impl Iterator<Item = std::ops::Range<usize>> + Clone {
        let (places, grid) = (usize::from(places), usize::from(self.grid));
        (0..grid).map(move |cell| cell * places / grid..(cell + 1) * places / grid)
    }

    /// Whether the other says what this one says, once what is new has no way to the answer.
    fn begins(&self, other: &Self) -> bool {
        let grows = |(here, there): (&ImageBlock, &ImageBlock)| {
            here.kind == there.kind && here.kernel <= there.kernel
        };
        self.pooling == other.pooling
            && self.grid == other.grid
            && self.units <= other.units
            && self.kernel <= other.kernel
            && self.blocks.len() <= other.blocks.len()
            && self.blocks.iter().zip(&other.blocks).all(grows)
    }
}

impl Image {
    /// Its convolutions, if it looks at anything.
    pub fn convolutions(&self) -> Option<&Convolutions> {
        match self {
            Self::None => None,
            Self::Conv(convolutions) => Some(convolutions),
        }
    }

    /// Whether the other says what this one says, once what is new has no way to the answer.
    pub fn begins(&self, other: &Self) -> bool {
        match (self.convolutions(), other.convolutions()) {
            (None, _) => true,
            (Some(here), Some(there)) => here.begins(there),
            (Some(_), None) => false,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let Some(Convolutions { units, kernel, blocks, grid, .. }) = self.convolutions() else {
            return Ok(());
        };
        if !(1..=UNITS_MAX).contains(units) {
            return Err(architecture(format!("an image of {units} units; give 1 to {UNITS_MAX}")));
        }
        if blocks.len() > BLOCKS_MAX {
            return Err(architecture(format!(
                "an image of {} blocks; give at most {BLOCKS_MAX}",
                blocks.len()
            )));
        }
        let kernels = blocks.iter().map(|block| block.kernel).chain([*kernel]);
        if let Some(other) = kernels.into_iter().find(|kernel| kernel % 2 == 0 || *kernel > KERNEL_MAX) {
            return Err(architecture(format!(
                "an image's kernel of {other}; give an odd number up to {KERNEL_MAX}"
            )));
        }
        if !(1..=GRID_MAX).contains(grid) {
            return Err(architecture(format!("a grid of {grid}; give 1 to {GRID_MAX}")));
        }
        Ok(())
    }

    /// Refuses to look at what is not there, or too small or large for it.
    pub(crate) fn check_over(&self, picture: Option<Picture>) -> Result<(), ModelError> {
        let Some(of) = self.convolutions() else { return Ok(()) };
        let Some(picture) = picture else {
            return Err(architecture(format!("`{self}` looks at a picture, but these rows have none")));
        };
        if u16::from(of.grid) > picture.height.min(picture.width) {
            return Err(architecture(format!(
                "`{self}` has more cells than the picture has rows or columns"
            )));
        }
        if picture.places() * of.width() > MADE_MAX {
            return Err(architecture(format!(
                "`{self}` makes {} numbers of a picture, but at most {MADE_MAX} are allowed",
                picture.places() * of.width()
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(of) = self.convolutions() else { return f.write_str("none") };
        write!(f, "image {} of {}", of.units, of.kernel)?;
        for ImageBlock { kind, kernel } in &of.blocks {
            write!(f, " + {} {kernel}", kind.name())?;
        }
        write!(f, " {}", of.pooling.name())?;
        if of.grid > 1 { write!(f, " of {} cells", of.cells()) } else { Ok(()) }
    }
}

fn invalid(message: String) -> ModelError {
    ModelError::Schema(message)
}

fn architecture(message: String) -> ModelError {
    ModelError::Architecture(message)
}

#[cfg(test)]
mod tests;
