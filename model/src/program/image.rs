//! Image: what a stage makes of a picture, and the way back through it.
//!
//! Lives here: convolutions over the picture of one row at a time, with their gradients ([`crate::image`] has the formulas).
//! Does not live here: the ways from there to blocks and logits, which are products like others.
//!
//! What a unit sees around each place is laid side by side, so that a convolution is a product of two tables. Nothing is kept of
//! a row but of the last one: the way back looks at each row again, so memory does not grow with the rows at hand.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use pulp::Simd;

use super::kernels::{Strided, multiply, turn};
use super::pass::{SLOPE_MIN, pair};
use super::plan::{INPUT, Plan};
use super::scratch::{Scratch, grow};
use crate::image::{Convolutions, ImageBlockKind, Picture, Pooling};

/// A stage in a plan.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub of: Convolutions,
    pub picture: Picture,
    /// Its own weights in the flat ones, one table after the other.
    pub at: usize,
    pub numbers: usize,
    /// The register of what it makes of the whole.
    pub to: usize,
}

/// One convolution of a stage: how wide, what it reads, and where its weights and biases begin among those of the stage.
#[derive(Clone, Copy)]
struct Layer {
    kernel: usize,
    reads: usize,
    weight: usize,
    bias: usize,
    /// From what it saw to the units; the stem has none.
    out: usize,
    kind: ImageBlockKind,
}

impl Layer {
    /// Numbers that each unit sees around a place.
    #[inline(always)]
    fn depth(self) -> usize {
        self.kernel * self.kernel * self.reads
    }
}

impl Sight {
    pub fn range(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.numbers
    }

    /// The stem, then each block.
    #[inline(always)]
    fn layer(&self, index: usize) -> Layer {
        let units = self.of.width();
        let mut at = 0;
        let mut place = |kernel: u8, reads: usize, kind: ImageBlockKind, is_block: bool| {
            let kernel = usize::from(kernel);
            let seen = if kind == ImageBlockKind::Depthwise { 1 } else { reads };
            let weight = at;
            let bias = weight + kernel * kernel * seen * units;
            let out = bias + units;
            at = if is_block { out + units * units } else { out };
            Layer { kernel, reads, weight, bias, out, kind }
        };
        let mut layer =
            place(self.of.kernel, usize::from(self.picture.channels), ImageBlockKind::Conv, false);
        for block in &self.of.blocks[..index] {
            layer = place(block.kernel, units, block.kind, true);
        }
        layer
    }

    /// Layers, the stem included.
    fn layers(&self) -> usize {
        1 + self.of.blocks.len()
    }
}

/// What one row needs while it is looked at.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// The numbers of the picture, and the slopes at them.
    picture: [Vec<f32>; 2],
    /// What left each layer, place by place.
    made: Vec<f32>,
    /// What each block saw, before it is mixed; of the stem, nothing.
    seen: Vec<f32>,
    /// What lies around each place, side by side, and the slopes at that.
    around: [Vec<f32>; 2],
    /// The slopes at what left a layer, and at what it saw.
    slopes: [Vec<f32>; 2],
    /// A table with rows and columns exchanged.
    turned: Vec<f32>,
}

impl Room {
    /// Makes room for a row of this stage.
    pub fn prepare(&mut self, sight: &Sight) {
        let all = sight.picture.places() * sight.of.width();
        let deepest = (0..sight.layers()).map(|layer| sight.layer(layer).depth()).max().unwrap_or(0);
        for (buffer, size) in [
            (&mut self.made, sight.layers() * all),
            (&mut self.seen, sight.layers() * all),
            (&mut self.turned, deepest.max(sight.of.width()) * sight.of.width()),
        ] {
            grow(buffer, size);
        }
        self.slopes.iter_mut().for_each(|slopes| grow(slopes, all));
        self.around.iter_mut().for_each(|around| grow(around, sight.picture.places() * deepest));
        self.picture.iter_mut().for_each(|picture| grow(picture, sight.picture.numbers()));
    }
}

/// Calls with each place, tap and place that lies there, of those within the picture.
#[inline(always)]
fn each_tap(picture: Picture, kernel: usize, mut call: impl FnMut(usize, usize, usize)) {
    let (height, width) = (usize::from(picture.height), usize::from(picture.width));
    let reach = kernel / 2;
    let within = |at: usize, tap: usize, size: usize| (at + tap).checked_sub(reach).filter(|at| *at < size);
    for row in 0..height {
        for tap_row in 0..kernel {
            let Some(from_row) = within(row, tap_row, height) else { continue };
            for column in 0..width {
                // Taps that lie within the row.
                let (first, last) = (reach.saturating_sub(column), kernel.min(width + reach - column));
                for tap_column in first..last {
                    let from = from_row * width + column + tap_column - reach;
                    call(row * width + column, tap_row * kernel + tap_column, from);
                }
            }
        }
    }
}

/// Lays what is around each place side by side.
#[inline(always)]
fn lay_out(picture: Picture, layer: Layer, from: &[f32], around: &mut [f32]) {
    around.fill(0.0);
    let reads = layer.reads;
    each_tap(
        picture,
        layer.kernel,
        #[inline(always)]
        |place, tap, there| {
            let into = &mut around[place * layer.depth() + tap * reads..][..reads];
            for (into, from) in into.iter_mut().zip(&from[there * reads..]) {
                *into = *from;
            }
        },
    );
}

/// Not `max`: it would swallow a NaN.
#[inline(always)]
fn rectify(numbers: &mut [f32]) {
    for number in numbers {
        *number = if *number < 0.0 { 0.0 } else { *number };
    }
}

/// From the rows in the scratch to what is said of the whole of each.
#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, plan: &Plan, sight: &Sight, weights: &[f32], scratch: &mut Scratch) {
    let (input, target) = (plan.registers[INPUT], plan.registers[sight.to]);
    let Scratch { rows, values, room_to_look: room, .. } = scratch;
    let weights = &weights[sight.range()];
    let (inputs, out) = pair(values, *rows, input, target);
    for (row, out) in inputs.chunks_exact(input.width).zip(out.chunks_exact_mut(target.width)) {
        look(simd, sight, weights, row, room);
        pool(sight, room, out);
    }
}

/// Everything that is made of the picture in one row, into the room.
#[inline(always)]
fn look<S: Simd>(simd: S, sight: &Sight, weights: &[f32], row: &[f32], room: &mut Room) {
    let (picture, units) = (sight.picture, sight.of.width());
    let all = picture.places() * units;
    let numbers = &mut room.picture[0][..picture.numbers()];
    for (number, at) in numbers.iter_mut().zip(picture.encoded()) {
        *number = row[at];
    }
    let stem = sight.layer(0);
    see(simd, picture, stem, weights, (numbers, &mut room.around[0], &mut room.made[..all]));
    for index in 1..sight.layers() {
        let layer = sight.layer(index);
        let (before, after) = room.made.split_at_mut(index * all);
        let (before, after) = (&before[(index - 1) * all..], &mut after[..all]);
        let seen = &mut room.seen[index * all..(index + 1) * all];
        see(simd, picture, layer, weights, (before, &mut room.around[0], seen));
        after.copy_from_slice(before);
        let seen = Strided { numbers: seen, by_row: units, by_depth: 1 };
        multiply(simd, seen, &weights[layer.out..], units, units, after);
    }
}

/// What the units of a layer see of `from`.
#[inline(always)]
fn see<S: Simd>(
    simd: S,
    picture: Picture,
    layer: Layer,
    weights: &[f32],
    (from, around, out): (&[f32], &mut [f32], &mut [f32]),
) {
    let bias = &weights[layer.bias..layer.out];
    out.chunks_exact_mut(bias.len()).for_each(|out| out.copy_from_slice(bias));
    match layer.kind {
        ImageBlockKind::Conv => {
            let around = &mut around[..picture.places() * layer.depth()];
            lay_out(picture, layer, from, around);
            let around = Strided { numbers: around, by_row: layer.depth(), by_depth: 1 };
            multiply(simd, around, &weights[layer.weight..], layer.depth(), bias.len(), out);
        }
        ImageBlockKind::Depthwise => {
            let (units, table) = (bias.len(), &weights[layer.weight..layer.bias]);
            each_tap(
                picture,
                layer.kernel,
                #[inline(always)]
                |place, tap, there| {
                    let sums = &mut out[place * units..][..units];
                    let products = from[there * units..].iter().zip(&table[tap * units..]);
                    sums.iter_mut().zip(products).for_each(|(sum, (number, weight))| *sum += number * weight);
                },
            );
        }
    }
    rectify(out);
}

/// Calls with each cell of the grid, and a place in it.
#[inline(always)]
fn each_of_cells(sight: &Sight, mut call: impl FnMut(usize, usize, f32)) {
    let Sight { of, picture, .. } = sight;
    let mut cell = 0;
    for rows in of.cells_along(picture.height) {
        for columns in of.cells_along(picture.width) {
            let share = 1.0 / (rows.len() * columns.len()) as f32;
            for row in rows.clone() {
                for column in columns.clone() {
                    call(cell, row * usize::from(picture.width) + column, share);
                }
            }
            cell += 1;
        }
    }
}

/// From the last layer to what is said of the whole.
#[inline(always)]
fn pool(sight: &Sight, room: &Room, out: &mut [f32]) {
    let units = sight.of.width();
    let all = sight.picture.places() * units;
    let made = &room.made[(sight.layers() - 1) * all..][..all];
    let pooling = sight.of.pooling;
    out.fill(if pooling == Pooling::Mean { 0.0 } else { f32::NEG_INFINITY });
    each_of_cells(
        sight,
        #[inline(always)]
        |cell, place, share| {
            let said = &mut out[cell * units..][..units];
            for (said, made) in said.iter_mut().zip(&made[place * units..]) {
                *said = match pooling {
                    Pooling::Mean => *said + share * made,
                    // A NaN stays one.
                    Pooling::Max if *made > *said || made.is_nan() => *made,
                    Pooling::Max => *said,
                };
            }
        },
    );
}

/// From the slopes at what is said to those at the last layer, into the room. Of equals the first is the largest.
#[inline(always)]
fn pool_back(sight: &Sight, room: &mut Room, said: &[f32], above: &[f32]) {
    let units = sight.of.width();
    let all = sight.picture.places() * units;
    let made = &room.made[(sight.layers() - 1) * all..][..all];
    let below = &mut room.slopes[0][..all];
    below.fill(0.0);
    let pooling = sight.of.pooling;
    let mut found = [usize::MAX; crate::image::UNITS_MAX as usize];
    each_of_cells(
        sight,
        #[inline(always)]
        |cell, place, share| {
            for unit in 0..units {
                let (at, slope) = (place * units + unit, above[cell * units + unit]);
                let slope = match pooling {
                    Pooling::Mean => share * slope,
                    // Cells come one after the other.
                    Pooling::Max if found[unit] != cell && made[at] >= said[cell * units + unit] => {
                        found[unit] = cell;
                        slope
                    }
                    Pooling::Max => 0.0,
                };
                below[at] = if slope.abs() < SLOPE_MIN { 0.0 } else { slope };
            }
        },
    );
}

/// From the slopes at what is said to those at the stage's own weights, and at the picture.
#[inline(always)]
pub(super) fn backward<S: Simd>(simd: S, plan: &Plan, sight: &Sight, weights: &[f32], scratch: &mut Scratch) {
    let (input, target) = (plan.registers[INPUT], plan.registers[sight.to]);
    let Scratch { rows, values, grads, gradient, room_to_look: room, .. } = scratch;
    let (weights, gradient) = (&weights[sight.range()], &mut gradient[sight.range()]);
    gradient.fill(0.0);
    let (inputs, said) = pair(values, *rows, input, target);
    let (above, below) = pair(grads, *rows, target, input);
    let shown = inputs.chunks_exact(input.width).zip(below.chunks_exact_mut(input.width));
    let told = said.chunks_exact(target.width).zip(above.chunks_exact(target.width));
    for ((row, below), (said, above)) in shown.zip(told) {
        // Of a single row everything is there from the way forward.
        if *rows > 1 {
            look(simd, sight, weights, row, room);
        }
        pool_back(sight, room, said, above);
        look_back(simd, sight, weights, room, gradient);
        let slopes = &room.picture[1][..sight.picture.numbers()];
        slopes.iter().zip(sight.picture.encoded()).for_each(|(slope, at)| below[at] += slope);
    }
}

/// From the slopes at the last layer to the stage's own weights, to whose gradient it adds, and to the picture.
#[inline(always)]
fn look_back<S: Simd>(simd: S, sight: &Sight, weights: &[f32], room: &mut Room, gradient: &mut [f32]) {
    let (picture, units) = (sight.picture, sight.of.width());
    let all = picture.places() * units;
    let Room { picture: [numbers, to_numbers], made, seen, around, slopes, turned } = room;
    let [above, below] = slopes.each_mut().map(|slopes| &mut slopes[..all]);
    for index in (1..sight.layers()).rev() {
        let layer = sight.layer(index);
        let seen = &seen[index * all..(index + 1) * all];
        let by_unit = Strided { numbers: seen, by_row: 1, by_depth: units };
        let out = layer.out..layer.out + units * units;
        multiply(simd, by_unit, above, picture.places(), units, &mut gradient[out.clone()]);
        turn(&weights[out], units, &mut turned[..units * units]);
        below.fill(0.0);
        let left = Strided { numbers: above, by_row: units, by_depth: 1 };
        multiply(simd, left, turned, units, units, below);
        mask(seen, below);
        let before = &made[(index - 1) * all..index * all];
        let tables = Tables { weights, gradient: &mut *gradient, turned: &mut *turned };
        see_back(simd, picture, layer, tables, around, (before, below, above));
    }
    let stem = sight.layer(0);
    mask(&made[..all], above);
    let to_numbers = &mut to_numbers[..picture.numbers()];
    to_numbers.fill(0.0);
    see_back(
        simd,
        picture,
        stem,
        Tables { weights, gradient, turned },
        around,
        (&numbers[..picture.numbers()], above, to_numbers),
    );
}

/// Where a unit was silent, it has no slope.
#[inline(always)]
fn mask(made: &[f32], slopes: &mut [f32]) {
    for (slope, made) in slopes.iter_mut().zip(made) {
        *slope = if *made > 0.0 { *slope } else { 0.0 };
    }
}

/// The weights of a stage, their gradient, and room for a table that is turned.
struct Tables<'a> {
    weights: &'a [f32],
    gradient: &'a mut [f32],
    turned: &'a mut [f32],
}

/// From the slopes at what a layer saw to its weights, and to what it looked at, to whose slopes it adds.
#[inline(always)]
fn see_back<S: Simd>(
    simd: S,
    picture: Picture,
    layer: Layer,
    Tables { weights, gradient, turned }: Tables<'_>,
    [around, to_around]: &mut [Vec<f32>; 2],
    (from, above, below): (&[f32], &[f32], &mut [f32]),
) {
    let (units, depth, reads) = (layer.out - layer.bias, layer.depth(), layer.reads);
    for slopes in above.chunks_exact(units) {
        let biases = &mut gradient[layer.bias..layer.out];
        biases.iter_mut().zip(slopes).for_each(|(bias, slope)| *bias += slope);
    }
    let (table, of_table) = (&weights[layer.weight..layer.bias], &mut gradient[layer.weight..layer.bias]);
    match layer.kind {
        ImageBlockKind::Conv => {
            let around = &mut around[..picture.places() * depth];
            lay_out(picture, layer, from, around);
            let by_number = Strided { numbers: around, by_row: 1, by_depth: depth };
            multiply(simd, by_number, above, picture.places(), units, of_table);
            turn(table, units, &mut turned[..depth * units]);
            let to_around = &mut to_around[..picture.places() * depth];
            to_around.fill(0.0);
            let above = Strided { numbers: above, by_row: units, by_depth: 1 };
            multiply(simd, above, turned, units, depth, to_around);
            each_tap(
                picture,
                layer.kernel,
                #[inline(always)]
                |place, tap, there| {
                    let slopes = &to_around[place * depth + tap * reads..][..reads];
                    let below = &mut below[there * reads..][..reads];
                    below.iter_mut().zip(slopes).for_each(|(below, slope)| *below += slope);
                },
            );
        }
        ImageBlockKind::Depthwise => each_tap(
            picture,
            layer.kernel,
            #[inline(always)]
            |place, tap, there| {
                for unit in 0..units {
                    let slope = above[place * units + unit];
                    of_table[tap * units + unit] += slope * from[there * units + unit];
                    below[there * units + unit] += slope * table[tap * units + unit];
                }
            },
        ),
    }
}
