//! Probe: rows on which a graph is held against its model.
//!
//! Lives here: the same rows as a server is given them and as a model is. Does not live here: comparing.
//!
//! They are drawn around what the model has seen, and reach past where numbers are cut. Every listed name comes along
//! if there are rows enough, and each value is missing now and then.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::Categories;
use crate::encoder::{DEVIATIONS_MAX, Scale};
use crate::error::ModelError;
use crate::model::Model;
use crate::sample::{Row, Step};
use crate::schema::category_value;

/// Share of values that are missing.
const MISSING: f64 = 0.1;

/// The values of one feature as a graph takes them, one a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers and truth values.
    Numbers(Vec<f32>),
    /// Names.
    Names(Vec<String>),
}

/// Rows in both forms.
#[derive(Clone, Debug)]
pub struct Probe {
    /// By feature; where rows carry those before them, then these by feature, newest first, and which there are.
    pub columns: Vec<Column>,
    /// By row.
    pub rows: Vec<Row>,
}

impl Probe {
    /// So many rows for this model; the same for the same seed.
    pub fn draw(model: &Model, categories: &Categories, rows: usize, seed: u64) -> Result<Self, ModelError> {
        categories.check(model.schema())?;
        let mut rng = Pcg64::seed_from_u64(seed);
        let (mut columns, mut values) = (Vec::new(), vec![Vec::new(); rows]);
        for (feature, scale) in model.schema().features().iter().zip(model.encoder().scales()) {
            let (column, seen) =
                draw(scale, &categories.of(&feature.name).collect::<Vec<_>>(), rows, &mut rng);
            columns.push(column);
            values.iter_mut().zip(seen).for_each(|(row, value)| row.push(value));
        }
        let mut rows = values.into_iter().map(Row::new).collect::<Result<Vec<_>, _>>()?;
        if let Some(sequences) = model.schema().sequences() {
            let length = usize::from(sequences.length);
            let (more, pasts) = draw_pasts(model, categories, rows.len(), length, &mut rng)?;
            columns.extend(more);
            rows = rows.into_iter().zip(pasts).map(|(row, past)| row.after(past)).collect();
        }
        Ok(Self { columns, rows })
    }

    /// What the model says of the rows, one after the other.
    pub fn expected(&self, model: &Model) -> Result<Vec<f32>, ModelError> {
        let rows: Vec<&Row> = self.rows.iter().collect();
        Ok(model.predict(&rows)?.iter().flat_map(|output| output.0.iter().copied()).collect())
    }
}

/// The events before each row: as a graph takes them, and as rows carry them; of most rows there are fewer than may be.
fn draw_pasts(
    model: &Model,
    categories: &Categories,
    rows: usize,
    length: usize,
    rng: &mut Pcg64,
) -> Result<(Vec<Column>, Vec<Vec<Step>>), ModelError> {
    let counts: Vec<usize> = (0..rows).map(|_| rng.random_range(0..=length)).collect();
    let is_there = |at: usize| at % length < counts[at / length];
    let (mut columns, mut values) = (Vec::new(), vec![Vec::new(); rows * length]);
    for (feature, scale) in model.schema().features().iter().zip(model.encoder().scales()) {
        let names: Vec<&str> = categories.of(&feature.name).collect();
        let (column, seen) = draw(scale, &names, rows * length, rng);
        columns.push(column);
        values.iter_mut().zip(seen).for_each(|(event, value)| event.push(value));
    }
    let there = (0..rows * length).map(|at| f32::from(u8::from(is_there(at)))).collect();
    columns.push(Column::Numbers(there));
    let mut pasts = vec![Vec::new(); rows];
    for (at, values) in values.into_iter().enumerate().filter(|(at, _)| is_there(*at)) {
        pasts[at / length].push(Step { of: at as u64, row: Row::new(values)? });
    }
    Ok((columns, pasts))
}

/// One feature: as a graph takes it, and as a row holds it.
fn draw(scale: Scale, names: &[&str], rows: usize, rng: &mut Pcg64) -> (Column, Vec<f32>) {
    match scale {
        Scale::Numeric { mean, deviation } => {
            let far = f64::from(DEVIATIONS_MAX) * 1.25;
            let number = |rng: &mut Pcg64| {
                let near: f64 = rng.random_range(-1.0..1.0);
                // Most of them near, some far out.
                (mean + deviation * far * near.powi(3)) as f32
            };
            numbers(rows, rng, number)
        }
        Scale::Boolean => numbers(rows, rng, |rng| f32::from(u8::from(rng.random::<bool>()))),
        Scale::Categorical { buckets } => {
            let mut said = Vec::with_capacity(rows);
            for row in 0..rows {
                let known = !names.is_empty() && !rng.random_bool(MISSING);
                said.push(if known { names[row % names.len()].to_owned() } else { String::new() });
            }
            let value =
                |name: &String| if name.is_empty() { f32::NAN } else { category_value(name, buckets) };
            let values = said.iter().map(value).collect();
            (Column::Names(said), values)
        }
    }
}

fn numbers(rows: usize, rng: &mut Pcg64, number: impl Fn(&mut Pcg64) -> f32) -> (Column, Vec<f32>) {
    let value = |rng: &mut Pcg64| if rng.random_bool(MISSING) { f32::NAN } else { number(rng) };
    let values: Vec<f32> = (0..rows).map(|_| value(rng)).collect();
    (Column::Numbers(values.clone()), values)
}
