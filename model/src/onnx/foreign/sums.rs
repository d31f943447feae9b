//! Sums: columns that are sums over what layers said.
//!
//! Lives here: the arithmetic of such sums, exact but for the rounding of 64 bits. Does not live here: which operator
//! means which (that is [`super::walk`]).

use std::collections::BTreeMap;

/// How far two numbers may be apart, as a part of the larger, that were rounded to 32 bits on different ways.
const ROUNDED: f64 = 1e-6;

/// How columns come from the numbers of one layer.
#[derive(Clone, Debug, PartialEq)]
enum Table {
    /// Each is one number of the layer, scaled. What scales and chooses features stays this small.
    Picked(Vec<(usize, f64)>),
    /// Each is a sum over all of them: number by number of the layer, and for each column by column.
    Dense(Vec<f64>),
}

/// What one layer adds to some columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Numbers of the layer.
    rows: usize,
    table: Table,
}

/// Columns; each is a sum over what layers said, and a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sums {
    /// By layer: the features are 0, then come the blocks.
    pub parts: BTreeMap<usize, Part>,
    /// What is added.
    pub bias: Vec<f64>,
}

impl Part {
    /// The scaled number that each column is, if each is one.
    pub fn picked(&self) -> Option<&[(usize, f64)]> {
        match &self.table {
            Table::Picked(picked) => Some(picked),
            Table::Dense(_) => None,
        }
    }

    /// As a whole table.
    pub fn dense(&self) -> Vec<f64> {
        match &self.table {
            Table::Dense(numbers) => numbers.clone(),
            Table::Picked(picked) => {
                let mut numbers = vec![0.0; self.rows * picked.len()];
                for (column, (row, weight)) in picked.iter().enumerate() {
                    numbers[row * picked.len() + column] = *weight;
                }
                numbers
            }
        }
    }

    fn scaled(&self, columns: usize, factor: impl Fn(usize) -> f64) -> Self {
        let table = match &self.table {
            Table::Picked(picked) => {
                let scaled =
                    |(column, (row, weight)): (usize, &(usize, f64))| (*row, weight * factor(column));
                Table::Picked(picked.iter().enumerate().map(scaled).collect())
            }
            Table::Dense(numbers) => {
                let scaled = |(at, number): (usize, &f64)| number * factor(at % columns);
                Table::Dense(numbers.iter().enumerate().map(scaled).collect())
            }
        };
        Self { rows: self.rows, table }
    }

    fn times(&self, inner: usize, table: &[f64], columns: usize) -> Self {
        let mut product = vec![0.0; self.rows * columns];
        let mut add = |row: usize, weight: f64, from: usize| {
            let sums = &mut product[row * columns..(row + 1) * columns];
            let more = &table[from * columns..(from + 1) * columns];
            sums.iter_mut().zip(more).for_each(|(sum, number)| *sum += weight * number);
        };
        match &self.table {
            Table::Picked(picked) => {
                picked.iter().enumerate().for_each(|(from, (row, weight))| add(*row, *weight, from));
            }
            Table::Dense(numbers) => {
                numbers.iter().enumerate().for_each(|(at, weight)| add(at / inner, *weight, at % inner));
            }
        }
        Self { rows: self.rows, table: Table::Dense(product) }
    }

    /// Whether this is so many times the other.
    fn is_multiple(&self, factor: f64, other: &Self) -> bool {
        let [own, others] = [self, other].map(Self::dense);
        own.len() == others.len() && are_multiples(&own, factor, &others)
    }

    fn largest(&self) -> (usize, f64) {
        largest(&self.dense())
    }
}

impl Sums {
    /// What a layer says, as it is.
    pub fn layer(index: usize, width: usize) -> Self {
        Self::chosen(index, width, (0..width).map(|row| (row, 1.0)).collect())
    }

    /// One number of a layer.
    pub fn one_of(index: usize, width: usize, row: usize) -> Self {
        Self::chosen(index, width, vec![(row, 1.0)])
    }

    fn chosen(index: usize, rows: usize, picked: Vec<(usize, f64)>) -> Self {
        let bias = vec![0.0; picked.len()];
        Self { parts: BTreeMap::from([(index, Part { rows, table: Table::Picked(picked) })]), bias }
    }

    /// A column that is always zero.
    pub fn zero() -> Self {
        Self { parts: BTreeMap::new(), bias: vec![0.0] }
    }

    pub fn columns(&self) -> usize {
        self.bias.len()
    }

    /// Numbers that a table of these sums would have.
    pub fn numbers(&self) -> usize {
        let of = |part: &Part| match &part.table {
            Table::Picked(picked) => picked.len(),
            Table::Dense(numbers) => numbers.len(),
        };
        self.parts.values().map(of).sum::<usize>() + self.bias.len()
    }

    /// Numbers of all layers that these are sums over.
    pub fn height(&self) -> usize {
        self.parts.values().map(|part| part.rows).sum()
    }

    /// Each column by its factor; one factor is for all.
    pub fn scaled(&self, factors: &[f64]) -> Self {
        let factor = |column: usize| factors[column % factors.len()];
        let scale = |(layer, part): (&usize, &Part)| (*layer, part.scaled(self.columns(), factor));
        Self {
            parts: self.parts.iter().map(scale).collect(),
            bias: self.bias.iter().enumerate().map(|(column, number)| number * factor(column)).collect(),
        }
    }

    /// To each column its number; one number is for all.
    pub fn shifted(mut self, numbers: &[f64]) -> Self {
        let shift = |(column, sum): (usize, &mut f64)| *sum += numbers[column % numbers.len()];
        self.bias.iter_mut().enumerate().for_each(shift);
        self
    }

    /// As the rows of a product with a table of so many columns.
    pub fn times(&self, table: &[f64], columns: usize) -> Self {
        let inner = self.columns();
        let mut bias = vec![0.0; columns];
        for (weight, row) in self.bias.iter().zip(table.chunks_exact(columns)) {
            bias.iter_mut().zip(row).for_each(|(sum, number)| *sum += weight * number);
        }
        let product = |(layer, part): (&usize, &Part)| (*layer, part.times(inner, table, columns));
        Self { parts: self.parts.iter().map(product).collect(), bias }
    }

    /// Column by column, with others of as many columns.
    pub fn plus(mut self, other: &Self) -> Self {
        for (layer, part) in &other.parts {
            let sum = match self.parts.remove(layer) {
                None => part.clone(),
                Some(own) => {
                    let mut numbers = own.dense();
                    numbers.iter_mut().zip(part.dense()).for_each(|(sum, number)| *sum += number);
                    Part { rows: own.rows, table: Table::Dense(numbers) }
                }
            };
            self.parts.insert(*layer, sum);
        }
        self.shifted(&other.bias)
    }

    /// All columns of these, one after the other.
    pub fn side_by_side(all: &[&Self]) -> Self {
        let bias: Vec<f64> = all.iter().flat_map(|sums| sums.bias.iter().copied()).collect();
        let mut rows = BTreeMap::new();
        for (layer, part) in all.iter().flat_map(|sums| &sums.parts) {
            rows.insert(*layer, part.rows);
        }
        let joined = |(layer, rows): (usize, usize)| {
            let parts: Vec<Option<&Part>> = all.iter().map(|sums| sums.parts.get(&layer)).collect();
            let picked: Option<Vec<&[(usize, f64)]>> = parts.iter().map(|part| (*part)?.picked()).collect();
            let table = match picked {
                Some(picked) => Table::Picked(picked.concat()),
                None => Table::Dense(joined_dense(all, &parts, rows, bias.len())),
            };
            (layer, Part { rows, table })
        };
        Self { parts: rows.into_iter().map(joined).collect(), bias }
    }

    /// These columns of them, by position.
    pub fn pick(&self, wanted: &[usize]) -> Self {
        let columns = self.columns();
        let pick = |(layer, part): (&usize, &Part)| {
            let table = match &part.table {
                Table::Picked(picked) => Table::Picked(wanted.iter().map(|column| picked[*column]).collect()),
                Table::Dense(numbers) => {
                    let row = |row: usize| wanted.iter().map(move |column| numbers[row * columns + column]);
                    Table::Dense((0..part.rows).flat_map(row).collect())
                }
            };
            (*layer, Part { rows: part.rows, table })
        };
        Self {
            parts: self.parts.iter().map(pick).collect(),
            bias: wanted.iter().map(|column| self.bias[*column]).collect(),
        }
    }

    /// The factor by which these are the others, up to rounding, if there is one.
    pub fn multiple_of(&self, other: &Self) -> Option<f64> {
        if self.columns() != other.columns() || self.parts.keys().ne(other.parts.keys()) {
            return None;
        }
        let factor = other.parts.iter().find_map(|(layer, part)| {
            let (at, number) = part.largest();
            let own = self.parts.get(layer)?.dense();
            (number != 0.0).then(|| own.get(at).map(|own| own / number)).flatten()
        })?;
        let mut parts = self.parts.values().zip(other.parts.values());
        let fits = parts.all(|(own, other)| own.is_multiple(factor, other))
            && are_multiples(&self.bias, factor, &other.bias);
        fits.then_some(factor)
    }
}

/// The part of one layer in all of these, which is missing in some.
fn joined_dense(all: &[&Sums], parts: &[Option<&Part>], rows: usize, columns: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; rows * columns];
    let mut start = 0;
    for (sums, part) in all.iter().zip(parts) {
        let own = sums.columns();
        for (row, more) in part.map(Part::dense).unwrap_or_default().chunks_exact(own.max(1)).enumerate() {
            numbers[row * columns + start..][..own].copy_from_slice(more);
        }
        start += own;
    }
    numbers
}

fn largest(numbers: &[f64]) -> (usize, f64) {
    let places = numbers.iter().copied().enumerate();
    places.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs())).unwrap_or((0, 0.0))
}

fn are_multiples(own: &[f64], factor: f64, others: &[f64]) -> bool {
    let allowed = ROUNDED * largest(own).1.abs().max((factor * largest(others).1).abs());
    own.iter().zip(others).all(|(own, other)| (own - factor * other).abs() <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_and_what_is_dense_are_computed_alike() {
        let chosen = Sums::layer(0, 3).scaled(&[2.0, 3.0, 5.0]).shifted(&[1.0]).pick(&[2, 0]);
        let dense = Sums::layer(0, 3).times(&[2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 5.0], 3);
        let dense = dense.shifted(&[1.0]).pick(&[2, 0]);
        let table = [1.0, -1.0, 0.5, 4.0];
        assert_eq!(chosen.times(&table, 2), dense.times(&table, 2));
        assert_eq!(chosen.clone().plus(&dense), dense.clone().plus(&chosen));
        let both = Sums::side_by_side(&[&chosen, &dense]);
        assert_eq!(both.bias, [1.0; 4]);
        assert_eq!(both.pick(&[0, 1]).plus(&both.pick(&[2, 3])), chosen.plus(&dense));
    }

    #[test]
    fn a_multiple_is_known_by_all_its_numbers() {
        let sums = Sums::layer(1, 2).times(&[1.0, 2.0, 3.0, 4.0], 2).shifted(&[0.5, 0.0]);
        let factor = sums.scaled(&[-3.0]).multiple_of(&sums);
        assert!(factor.is_some_and(|factor| (factor + 3.0).abs() < 1e-12));
        assert_eq!(sums.clone().shifted(&[0.1]).multiple_of(&sums), None);
        assert_eq!(Sums::layer(0, 2).multiple_of(&sums), None);
    }
}
