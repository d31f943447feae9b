//! Cholesky factor of a positive definite matrix that grows by a row at a time.
//!
//! Lives here: the lower factor, row after row in one vector, and what is solved with it. Size `n` costs
//! `n³ / 6` multiplications to factor, `n² / 2` to grow by a row or to solve half a system.

/// Sums that a dot product is split into, so that it is computed side by side.
const LANES: usize = 8;

/// A lower triangular `L` with `L Lᵀ = A`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cholesky {
    /// Row `i` is `i + 1` long and begins at `i (i + 1) / 2`.
    rows: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Factors the matrix whose entries on and below the diagonal are these; none if it is not positive definite.
    pub fn factor(size: usize, entry: impl Fn(usize, usize) -> f64) -> Option<Self> {
        let mut factor = Self { rows: Vec::with_capacity(size * (size + 1) / 2), size: 0 };
        for row in 0..size {
            let entries: Vec<f64> = (0..=row).map(|column| entry(row, column)).collect();
            factor.push(&entries)?;
        }
        Some(factor)
    }

    /// The matrix grows by this row, up to the diagonal; none, and nothing changes, if it is then not positive definite.
    ///
    /// # Panics
    /// If the row is of another length.
    pub fn push(&mut self, entries: &[f64]) -> Option<()> {
        assert_eq!(entries.len(), self.size + 1, "a row reaches up to the diagonal");
        let mut row: Vec<f64> = Vec::with_capacity(entries.len());
        for (column, entry) in entries[..self.size].iter().enumerate() {
            let above = self.row(column);
            row.push((entry - dot(&row, &above[..column])) / above[column]);
        }
        let left = entries[self.size] - dot(&row, &row);
        // Written so that NaN is refused as well.
        if !(left > 0.0 && left.is_finite()) {
            return None;
        }
        row.push(left.sqrt());
        self.rows.append(&mut row);
        self.size += 1;
        Some(())
    }

    /// Rows of the matrix.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Half the logarithm of the determinant of `A`.
    pub fn half_ln_determinant(&self) -> f64 {
        (0..self.size).map(|at| self.row(at)[at].ln()).sum()
    }

    /// `A⁻¹ b`.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        self.forward(&mut x, 1);
        for at in (0..self.size).rev() {
            let row = self.row(at);
            x[at] /= row[at];
            let (above, here) = x.split_at_mut(at);
            axpy(above, -here[0], &row[..at]);
        }
        x
    }

    /// Overwrites the right-hand sides `B` by `L⁻¹ B`; `B` has a row for each of the matrix, `width` numbers long.
    ///
    /// # Panics
    /// If it has not.
    pub fn forward(&self, sides: &mut [f64], width: usize) {
        assert_eq!(sides.len(), self.size * width, "a right-hand side has as many rows as the matrix");
        for at in 0..self.size {
            let (above, below) = sides.split_at_mut(at * width);
            let (here, row) = (&mut below[..width], self.row(at));
            if width == 1 {
                here[0] -= dot(&row[..at], above);
            } else {
                for (factor, known) in row.iter().zip(above.chunks_exact(width)) {
                    axpy(here, -factor, known);
                }
            }
            scale(here, row[at]);
        }
    }

    /// `A⁻¹`, on and below its diagonal, laid out like the factor.
    pub fn inverse(&self) -> Vec<f64> {
        let mut inverted: Vec<f64> = vec![0.0; self.rows.len()];
        for at in 0..self.size {
            let (above, below) = inverted.split_at_mut(start(at));
            let (here, row) = (&mut below[..=at], self.row(at));
            here[at] = 1.0;
            for (before, factor) in row[..at].iter().enumerate() {
                axpy(&mut here[..=before], -factor, &above[start(before)..start(before + 1)]);
            }
            scale(here, row[at]);
        }
        let mut inverse = vec![0.0; self.rows.len()];
        for at in 0..self.size {
            let row = &inverted[start(at)..start(at + 1)];
            for (into, factor) in row.iter().enumerate() {
                axpy(&mut inverse[start(into)..start(into + 1)], *factor, row);
            }
        }
        inverse
    }

    fn row(&self, at: usize) -> &[f64] {
        &self.rows[start(at)..start(at + 1)]
    }
}

/// Where a row begins.
fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

/// Sum of the products, over the shorter of the two.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let shorter = a.len().min(b.len());
    let whole = shorter / LANES * LANES;
    let mut sums = [0.0; LANES];
    for (x, y) in a[..whole].chunks_exact(LANES).zip(b[..whole].chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a[whole..shorter].iter().zip(&b[whole..shorter]).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + rest
}

fn scale(values: &mut [f64], divisor: f64) {
    for value in values {
        *value /= divisor;
    }
}

/// `into += factor * from`, over the shorter of the two.
fn axpy(into: &mut [f64], factor: f64, from: &[f64]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into += factor * from;
    }
}

#[cfg(test)]
mod tests;
