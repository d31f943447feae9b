//! Looked: where the tables of an image come from, when it was another one before.
//!
//! Lives here: which tap, unit and cell goes on from which. Does not live here: the copy (that is [`super::inherit`]'s), whether
//! the image says the same after it (that is [`crate::image`]'s to know).

use super::inherit::Origins;
use crate::image::{Convolutions, Image, ImageBlockKind};
use crate::weights::{Role, TableSlot};

/// An image, and the one that it came of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Looked {
    pub from: Image,
    pub to: Image,
}

impl Looked {
    /// Both, where there was one.
    fn both(&self) -> Option<(&Convolutions, &Convolutions)> {
        self.from.convolutions().zip(self.to.convolutions())
    }

    /// The first units stay.
    pub fn units(&self) -> Origins {
        let count = |image: &Image| image.convolutions().map_or(0, Convolutions::width);
        first(count(&self.to), count(&self.from))
    }

    /// What is said of the whole: of another grid nothing means the same.
    pub fn said(&self) -> Origins {
        let says = self.to.convolutions().map_or(0, Convolutions::says);
        match self.both() {
            Some((from, to)) if from.grid == to.grid => {
                let of_cell = |cell: usize| {
                    let units = self.units();
                    units.into_iter().map(move |unit| unit.map(|unit| cell * from.width() + unit))
                };
                (0..to.cells()).flat_map(of_cell).collect()
            }
            Some(_) | None => vec![None; says],
        }
    }

    /// The rows of a table.
    pub fn rows(&self, slot: &TableSlot) -> Origins {
        let anew = || vec![None; slot.rows];
        let Some((from, to)) = self.both() else { return anew() };
        match slot.role {
            Role::ImageStem => {
                let each = slot.rows / taps(to.kernel);
                grown(from.kernel, to.kernel, &first(each, each), each)
            }
            Role::ImageStemBias => vec![Some(0)],
            Role::ImageWeight(index) | Role::ImageBias(index) | Role::ImageOut(index) => {
                let (Some(before), Some(block)) = (from.blocks.get(index), to.blocks.get(index)) else {
                    return anew();
                };
                match (slot.role, block.kind) {
                    _ if before.kind != block.kind => anew(),
                    (Role::ImageBias(_), _) => vec![Some(0)],
                    (Role::ImageOut(_), _) => self.units(),
                    (_, ImageBlockKind::Conv) => {
                        grown(before.kernel, block.kernel, &self.units(), from.width())
                    }
                    (_, ImageBlockKind::Depthwise) => grown(before.kernel, block.kernel, &[Some(0)], 1),
                }
            }
            _ => anew(),
        }
    }
}

/// The first stay as they are; the rest is new.
fn first(count: usize, before: usize) -> Origins {
    (0..count).map(|at| (at < before).then_some(at)).collect()
}

fn taps(kernel: u8) -> usize {
    usize::from(kernel) * usize::from(kernel)
}

/// The rows of a kernel around the one before, or within it: of each tap these, of `before` there were.
fn grown(from: u8, to: u8, each: &[Option<usize>], before: usize) -> Origins {
    let (from, to) = (usize::from(from), usize::from(to));
    // Middle over middle.
    let along = move |at: usize| (at + from / 2).checked_sub(to / 2).filter(|at| *at < from);
    let tap = |at: usize| Some(along(at / to)? * from + along(at % to)?);
    (0..to * to).flat_map(|at| each.iter().map(move |row| Some(tap(at)? * before + (*row)?))).collect()
}
