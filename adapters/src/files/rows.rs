//! Rows: a recorded stream as rows and truths of a known schema.

use std::path::Path;

use model::{FeatureKind, Row, Schema, Target, Truth, category_bucket};

use super::infer::is_missing;
use super::{FilesError, Table};
use crate::text::did_you_mean;

/// An iterator over a recorded stream, one row in memory at a time.
pub struct Rows {
    table: Table,
    schema: Schema,
    /// The column of each feature.
    features: Vec<usize>,
    target: usize,
}

impl Rows {
    /// Opens the file; every feature of the schema and the target need a column of their name.
    pub fn open(path: &Path, schema: &Schema, target: &str) -> Result<Self, FilesError> {
        let table = Table::open(path)?;
        let find = |name: &str| {
            table.columns().iter().position(|column| column == name).ok_or_else(|| FilesError::Columns {
                path: path.to_owned(),
                message: format!(
                    "there is no column `{name}`{}",
                    did_you_mean(name, table.columns().iter().map(String::as_str))
                ),
            })
        };
        let features = schema.features().iter().map(|feature| find(&feature.name)).collect::<Result<_, _>>()?;
        let target = find(target)?;
        Ok(Self { table, schema: schema.clone(), features, target })
    }

    fn next_row(&mut self) -> Result<Option<(Row, Truth)>, FilesError> {
        let Some(cells) = self.table.next_row()? else { return Ok(None) };
        let cell = |at: usize| cells.get(at).map_or("", String::as_str);
        let mut values = Vec::with_capacity(self.features.len());
        for (feature, at) in self.schema.features().iter().zip(&self.features) {
            let value = value(feature.kind, cell(*at));
            values.push(value.map_err(|why| self.table.refuse(format!("column `{}`: {why}", feature.name)))?);
        }
        let truth = truth(&self.schema, cell(self.target)).map_err(|why| self.table.refuse(why))?;
        let row = Row::new(values).map_err(|error| self.table.refuse(error.to_string()))?;
        Ok(Some((row, truth)))
    }
}

impl Iterator for Rows {
    type Item = Result<(Row, Truth), FilesError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose()
    }
}

fn number(cell: &str) -> Result<f32, String> {
    cell.parse::<f32>().ok().filter(|number| number.is_finite()).ok_or_else(|| format!("`{cell}` is no number"))
}

fn value(kind: FeatureKind, cell: &str) -> Result<f32, String> {
    if is_missing(cell) {
        return Ok(f32::NAN);
    }
    match kind {
        FeatureKind::Numeric => number(cell),
        FeatureKind::Categorical { buckets } => Ok(category_bucket(cell, buckets) as f32),
        FeatureKind::Boolean => match cell {
            "true" | "1" => Ok(1.0),
            "false" | "0" => Ok(0.0),
            other => Err(format!("`{other}` is neither true nor false")),
        },
    }
}

fn truth(schema: &Schema, cell: &str) -> Result<Truth, String> {
    match schema.target() {
        Target::Classification { .. } => {
            schema.class_index(cell).map(Truth::Class).ok_or_else(|| format!("`{cell}` is no class of the schema"))
        }
        Target::Regression => number(cell).map(Truth::Number),
    }
}
