//! Constants: what of a graph never changes, as plain numbers.
//!
//! Lives here: finding them and what shape they have to be of. Does not live here: what is computed with them.

use super::Refusal;
use crate::onnx::{Graph, Numbers};
use crate::schema::INPUTS_MAX;

/// Numbers of 64 bits, row by row.
pub(super) struct Numbered {
    pub shape: Vec<usize>,
    pub numbers: Vec<f64>,
}

impl Graph {
    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.constants.contains_key(name)
    }

    /// A constant of any kind, of so many numbers at most.
    pub(super) fn numbered(&self, name: &str, most: usize) -> Result<Numbered, Refusal> {
        let Some(constant) = self.constants.get(name) else {
            return Err(format!("`{name}` is no constant"));
        };
        let count: usize = constant.shape.iter().product();
        if count > most {
            return Err(format!(
                "`{name}` has shape {:?}, where at most {most} numbers are needed",
                constant.shape
            ));
        }
        let numbers = match &constant.numbers {
            Numbers::Float(numbers) => numbers.iter().copied().map(f64::from).collect(),
            Numbers::Double(numbers) => numbers.clone(),
            Numbers::Int64(numbers) => numbers.iter().map(|number| *number as f64).collect(),
        };
        Ok(Numbered { shape: constant.shape.clone(), numbers })
    }

    /// Numbers for each column, or one for all.
    pub(super) fn by_column(&self, name: &str, columns: usize) -> Result<Vec<f64>, Refusal> {
        let Numbered { shape, numbers } = self.numbered(name, columns.max(1))?;
        let flat = shape.iter().rev().skip(1).all(|size| *size == 1);
        if flat && [1, columns].contains(&numbers.len()) {
            return Ok(numbers);
        }
        Err(format!(
            "`{name}` has shape {shape:?}; it would have to be one number, or one for each of {columns} columns"
        ))
    }

    /// A table of so many rows, as it is multiplied with, and its columns.
    pub(super) fn tabled(&self, name: &str, rows: usize, turned: bool) -> Result<(Vec<f64>, usize), Refusal> {
        let shape = self.constants.get(name).map(|constant| constant.shape.as_slice());
        let Some(&[high, wide]) = shape else {
            return Err(format!("`{name}` is no table that never changes"));
        };
        let (taken, columns) = if turned { (wide, high) } else { (high, wide) };
        if taken != rows {
            return Err(format!("the table `{name}` takes {taken} numbers, but is given {rows}"));
        }
        if columns == 0 {
            return Err(format!("the table `{name}` is empty"));
        }
        let numbers = self.numbered(name, usize::MAX)?.numbers;
        let table = if turned { transposed(&numbers, columns) } else { numbers };
        Ok((table, columns))
    }

    /// Positions of columns; those below zero count from the end.
    pub(super) fn places(&self, name: &str, columns: usize) -> Result<Vec<usize>, Refusal> {
        let place = |number: &f64| {
            let at = if *number < 0.0 { number + columns as f64 } else { *number };
            (at >= 0.0 && at < columns as f64).then_some(at as usize)
        };
        let places: Option<Vec<usize>> = self.numbered(name, INPUTS_MAX)?.numbers.iter().map(place).collect();
        let places = places.filter(|places| !places.is_empty());
        places.ok_or_else(|| format!("`{name}` names columns that are not there: there are {columns}"))
    }
}

/// A table of so many rows on its side.
pub(super) fn transposed(numbers: &[f64], rows: usize) -> Vec<f64> {
    let columns = numbers.len() / rows.max(1);
    (0..columns).flat_map(|column| (0..rows).map(move |row| numbers[row * columns + column])).collect()
}
