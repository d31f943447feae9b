//! Wide: a few numbers that are computed with at once.
//!
//! Lives here: sums, products and matrices of one width, which the compiler makes vectors of. May not: know what they stand for.

/// Numbers in a row, and rows in a matrix.
pub(super) const WIDTH: usize = 16;

/// A row.
pub(super) type Wide = [f32; WIDTH];

/// Nothing.
pub(super) const ZERO: Wide = [0.0; WIDTH];

/// Adds so many times the other.
pub(super) fn add(sum: &mut Wide, times: f32, other: &Wide) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += times * other;
    }
}

/// The sum of products.
pub(super) fn dot(a: &Wide, b: &Wide) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Each number by itself.
pub(super) fn each(mut numbers: Wide, of: impl Fn(f32) -> f32) -> Wide {
    for number in &mut numbers {
        *number = of(*number);
    }
    numbers
}

/// Adds what a matrix, whose rows belong to the inputs, makes of them.
pub(super) fn through(matrix: &[Wide], inputs: &Wide, into: &mut Wide) {
    for (row, input) in matrix.iter().zip(inputs) {
        add(into, *input, row);
    }
}

/// The way back: adds to the gradient of the matrix, and to that of its inputs.
pub(super) fn back(matrix: &[Wide], gradient: &mut [Wide], inputs: &Wide, error: &Wide, before: &mut Wide) {
    for (at, (row, gradient)) in matrix.iter().zip(gradient).enumerate() {
        before[at] += dot(row, error);
        add(gradient, inputs[at], error);
    }
}
