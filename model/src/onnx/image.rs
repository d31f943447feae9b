//! Image: what a stage makes of a picture, as operators.
//!
//! Lives here: the formulas of [`crate::image`], once more: what lies around each place is gathered, and multiplied. Does not live
//! here: what becomes of what it says.

use super::Op;
use super::build::{Builder, whole};
use super::network::Tables;
use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::image::{Convolutions, Image, ImageBlockKind, Picture, Pooling};
use crate::weights::Role;

/// Adds what a stage says of the whole, rows by numbers, if the network has one.
pub(super) fn said(
    builder: &mut Builder,
    architecture: &Architecture,
    shape: Shape,
    tables: &Tables,
    encoded: &str,
) -> Option<String> {
    let (Image::Conv(of), Some(picture)) = (&architecture.image, shape.picture) else { return None };
    Some(Sight { of, picture, tables }.said(builder, encoded))
}

struct Sight<'a> {
    of: &'a Convolutions,
    picture: Picture,
    tables: &'a Tables,
}

impl Sight<'_> {
    fn said(&self, builder: &mut Builder, encoded: &str) -> String {
        let (places, channels) = (self.picture.places(), usize::from(self.picture.channels));
        let numbers = builder.integers(self.picture.encoded().map(whole).collect());
        let flat = builder.node(Op::Gather { axis: 1 }, &[encoded, &numbers]);
        let shape = builder.integers(vec![-1, whole(places), whole(channels)]);
        let shown = builder.node(Op::Reshape, &[&flat, &shape]);
        let around = self.around(builder, &shown, self.of.kernel, channels);
        let sums =
            builder.affine(&around, self.tables.need(Role::ImageStem), self.tables.need(Role::ImageStemBias));
        let mut made = builder.node(Op::Relu, &[&sums]);
        for (index, block) in self.of.blocks.iter().enumerate() {
            let around = self.around(builder, &made, block.kernel, self.of.width());
            let weight = self.tables.need(Role::ImageWeight(index));
            let seen = match block.kind {
                ImageBlockKind::Conv => builder.node(Op::MatMul, &[&around, weight]),
                ImageBlockKind::Depthwise => self.each_itself(builder, &around, weight),
            };
            let sums = builder.add(&seen, self.tables.need(Role::ImageBias(index)));
            let active = builder.node(Op::Relu, &[&sums]);
            let mixed = builder.node(Op::MatMul, &[&active, self.tables.need(Role::ImageOut(index))]);
            made = builder.add(&made, &mixed);
        }
        self.pool(builder, &made)
    }

    /// What lies around each place, side by side: rows by places by numbers.
    fn around(&self, builder: &mut Builder, of: &str, kernel: u8, numbers: usize) -> String {
        let [height, width] = [self.picture.height, self.picture.width].map(usize::from);
        let (kernel, beyond) = (usize::from(kernel), self.picture.places());
        let within =
            |at: usize, tap: usize, size: usize| (at + tap).checked_sub(kernel / 2).filter(|at| *at < size);
        let mut places = Vec::with_capacity(beyond * kernel * kernel);
        for place in 0..beyond {
            for tap in 0..kernel * kernel {
                let row = within(place / width, tap / kernel, height);
                let column = within(place % width, tap % kernel, width);
                places.push(whole(row.zip(column).map_or(beyond, |(row, column)| row * width + column)));
            }
        }
        // Beyond the picture there is one place more, of zeros.
        let first = builder.integers(vec![0]);
        let any = builder.node(Op::Gather { axis: 1 }, &[of, &first]);
        let zero = builder.floats(vec![numbers], vec![0.0; numbers]);
        let nothing = builder.multiply(&any, &zero);
        let all = builder.concat(&[of.to_owned(), nothing], 1);
        let places = builder.integers(places);
        let each = builder.node(Op::Gather { axis: 1 }, &[&all, &places]);
        let shape = builder.integers(vec![-1, whole(beyond), whole(kernel * kernel * numbers)]);
        builder.node(Op::Reshape, &[&each, &shape])
    }

    /// What each unit sees of itself.
    fn each_itself(&self, builder: &mut Builder, around: &str, weight: &str) -> String {
        let (places, units) = (whole(self.picture.places()), whole(self.of.width()));
        // As many rows as there are.
        let shape = builder.integers(vec![0, places, -1, units]);
        let each = builder.node(Op::Reshape, &[around, &shape]);
        let products = builder.multiply(&each, weight);
        let axis = builder.integers(vec![2]);
        builder.node(Op::ReduceSum { keeps: false }, &[&products, &axis])
    }

    /// What is made of each cell, one after the other.
    fn pool(&self, builder: &mut Builder, made: &str) -> String {
        let mut cells = Vec::with_capacity(self.of.cells());
        for rows in self.of.cells_along(self.picture.height) {
            for columns in self.of.cells_along(self.picture.width) {
                let width = usize::from(self.picture.width);
                let place = |row: usize| columns.clone().map(move |column| whole(row * width + column));
                let places = builder.integers(rows.clone().flat_map(place).collect());
                let cell = builder.node(Op::Gather { axis: 1 }, &[made, &places]);
                let pool = match self.of.pooling {
                    Pooling::Mean => Op::ReduceMean { axis: 1, keeps: false },
                    Pooling::Max => Op::ReduceMax { axis: 1, keeps: false },
                };
                cells.push(builder.node(pool, &[&cell]));
            }
        }
        builder.concat(&cells, 1)
    }
}
