//! Dense: the little linear algebra that growth and proxies need.
//!
//! Lives here: tables of numbers, Cholesky's factor, leading singular vectors. Does not live here: what they
//! mean. A few hundred rows at most, in plain loops: a library would be larger than all its uses.

use std::ops::{AddAssign, Mul};

use rand::{Rng, RngExt};

/// Turns of the power iteration; each shrinks what is wrong by the square of the ratio of singular values.
const TURNS: usize = 100;
/// Sums a product is kept in.
const LANES: usize = 8;
/// A vector shorter than this has no direction.
const NOTHING: f64 = 1e-12;

/// Numbers row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub columns: usize,
    pub data: Vec<f32>,
}

impl Table {
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> + Clone {
        self.data.chunks_exact(self.columns.max(1))
    }

    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.columns..(row + 1) * self.columns]
    }

    pub fn column(&self, column: usize) -> Vec<f32> {
        self.rows().map(|row| row[column]).collect()
    }
}

pub(crate) fn dot(left: &[f32], right: &[f32]) -> f32 {
    product(left, right)
}

pub(crate) fn dot_exact(left: &[f64], right: &[f64]) -> f64 {
    product(left, right)
}

/// In several sums that need not wait for each other, so that it can be done in vectors.
fn product<T: Copy + Default + Mul<Output = T> + AddAssign>(left: &[T], right: &[T]) -> T {
    let length = left.len().min(right.len());
    let (left, left_rest) = left[..length].as_chunks::<LANES>();
    let (right, right_rest) = right[..length].as_chunks::<LANES>();
    let mut sums = [T::default(); LANES];
    for (left, right) in left.iter().zip(right) {
        for lane in 0..LANES {
            sums[lane] += left[lane] * right[lane];
        }
    }
    let mut whole = T::default();
    for sum in sums {
        whole += sum;
    }
    for (left, right) in left_rest.iter().zip(right_rest) {
        whole += *left * *right;
    }
    whole
}

/// The lower triangular factor of a symmetric positive definite matrix.
#[derive(Clone, Debug)]
pub(crate) struct Cholesky {
    size: usize,
    factor: Vec<f64>,
}

impl Cholesky {
    /// Of a matrix of `size` x `size` numbers, of which the lower half is read; none if it is not positive
    /// definite.
    pub fn new(mut matrix: Vec<f64>, size: usize) -> Option<Self> {
        for row in 0..size {
            let (above, here) = matrix.split_at_mut(row * size);
            for column in 0..row {
                let other = &above[column * size..=column * size + column];
                let rest = here[column] - dot_exact(&here[..column], &other[..column]);
                here[column] = rest / other[column];
            }
            let rest = here[row] - dot_exact(&here[..row], &here[..row]);
            if rest.is_nan() || rest <= 0.0 {
                return None;
            }
            here[row] = rest.sqrt();
        }
        Some(Self { size, factor: matrix })
    }

    /// Natural logarithm of the determinant.
    pub fn log_determinant(&self) -> f64 {
        (0..self.size).map(|at| 2.0 * self.factor[at * self.size + at].ln()).sum()
    }

    /// Turns a right side into the solution.
    pub fn solve(&self, side: &mut [f64]) {
        let row = |at: usize| &self.factor[at * self.size..(at + 1) * self.size];
        for at in 0..self.size {
            side[at] = (side[at] - dot_exact(&row(at)[..at], &side[..at])) / row(at)[at];
        }
        for at in (0..self.size).rev() {
            side[at] /= row(at)[at];
            let solved = side[at];
            for (earlier, factor) in side[..at].iter_mut().zip(row(at)) {
                *earlier -= factor * solved;
            }
        }
    }
}

/// A regression on features of some rows, whose weights are kept small.
#[derive(Clone, Debug)]
pub(crate) struct Ridge {
    /// One feature after the other, if they are fewer than the rows; otherwise nothing.
    features: Vec<f64>,
    rows: usize,
    penalty: f64,
    products: Cholesky,
}

impl Ridge {
    /// On `rows` x `columns` features, row by row; none if something is not finite or the penalty is not above zero.
    pub fn new(features: &[f64], rows: usize, penalty: f64) -> Option<Self> {
        let columns = features.len() / rows.max(1);
        // Products of features or of rows, whichever are fewer: both say the same.
        if columns > rows {
            let products = Cholesky::new(squares(features, columns, penalty), rows)?;
            return Some(Self { features: Vec::new(), rows, penalty, products });
        }
        let by_feature: Vec<f64> =
            (0..columns).flat_map(|column| features.iter().skip(column).step_by(columns).copied()).collect();
        let products = Cholesky::new(squares(&by_feature, rows, penalty), columns)?;
        Some(Self { features: by_feature, rows, penalty, products })
    }

    /// What it leaves of a number a row: `y - X (X'X + p)^-1 X'y`, which is `p (XX' + p)^-1 y`.
    pub fn left_over(&self, mut numbers: Vec<f64>) -> Vec<f64> {
        if self.features.is_empty() {
            self.products.solve(&mut numbers);
            return numbers.into_iter().map(|number| number * self.penalty).collect();
        }
        let features = self.features.chunks_exact(self.rows);
        let mut weights: Vec<f64> = features.clone().map(|feature| dot_exact(feature, &numbers)).collect();
        self.products.solve(&mut weights);
        for (feature, weight) in features.zip(weights) {
            for (number, value) in numbers.iter_mut().zip(feature) {
                *number -= weight * value;
            }
        }
        numbers
    }
}

/// Products of each two of these vectors, the lower half of them, and the penalty on the diagonal.
fn squares(vectors: &[f64], length: usize, penalty: f64) -> Vec<f64> {
    let vectors: Vec<&[f64]> = vectors.chunks_exact(length).collect();
    let mut products = vec![0.0; vectors.len() * vectors.len()];
    for (at, vector) in vectors.iter().enumerate() {
        for (other, before) in vectors[..=at].iter().enumerate() {
            products[at * vectors.len() + other] = dot_exact(vector, before);
        }
        products[at * vectors.len() + at] += penalty;
    }
    products
}

/// Up to `count` leading left singular vectors of a table of `rows` x `columns` numbers, each of length
/// one, the first sign that of the generator; fewer where the rank is lower.
pub(crate) fn left_singular_vectors(
    table: &[f64],
    rows: usize,
    columns: usize,
    count: usize,
    rng: &mut impl Rng,
) -> Vec<Vec<f64>> {
    let largest = table.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
    let mut found: Vec<Vec<f64>> = Vec::new();
    for _ in 0..count.min(rows).min(columns) {
        let mut vector: Vec<f64> = (0..rows).map(|_| rng.random_range(-1.0..1.0)).collect();
        for _ in 0..TURNS {
            free_of(&mut vector, &found);
            if !unit(&mut vector, NOTHING) {
                return found;
            }
            vector = turned(table, columns, &vector);
        }
        free_of(&mut vector, &found);
        if largest == 0.0 || !unit(&mut vector, NOTHING * largest * largest) {
            return found;
        }
        found.push(vector);
    }
    found
}

/// `T T' v`.
fn turned(table: &[f64], columns: usize, vector: &[f64]) -> Vec<f64> {
    let mut across = vec![0.0; columns];
    for (row, share) in table.chunks_exact(columns).zip(vector) {
        for (sum, number) in across.iter_mut().zip(row) {
            *sum += share * number;
        }
    }
    table.chunks_exact(columns).map(|row| dot_exact(row, &across)).collect()
}

fn free_of(vector: &mut [f64], others: &[Vec<f64>]) {
    for other in others {
        let along = dot_exact(vector, other);
        for (number, direction) in vector.iter_mut().zip(other) {
            *number -= along * direction;
        }
    }
}

/// Gives a vector the length one; false if it is shorter than `least`.
fn unit(vector: &mut [f64], least: f64) -> bool {
    let length = dot_exact(vector, vector).sqrt();
    if !length.is_finite() || length <= least {
        return false;
    }
    for number in vector {
        *number /= length;
    }
    true
}

#[cfg(test)]
mod tests;
