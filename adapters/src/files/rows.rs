//! A recorded stream under a schema: rows and truths in the order of the file.
//!
//! May not: shuffle, skip or remember.

use std::path::Path;

use csv::StringRecord;
use model::{Row, Schema, Truth};

use super::cells;
use super::error::FilesError;
use super::records::Records;

/// Reads a file's rows; after a bad record the next one can still be read.
pub struct Rows {
    records: Records,
    schema: Schema,
    /// Column of each feature.
    features: Vec<usize>,
    target: usize,
    cells: StringRecord,
    /// The file itself cannot be read any further.
    broken: bool,
}

impl Rows {
    /// Opens a file whose columns have the names of the schema's features.
    pub fn open(path: &Path, schema: &Schema, target_column: &str) -> Result<Self, FilesError> {
        let records = Records::open(path)?;
        let column = |feature: &model::Feature| records.column(&feature.name);
        let features = schema.features().iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let target = records.column(target_column)?;
        Ok(Self {
            records,
            schema: schema.clone(),
            features,
            target,
            cells: StringRecord::new(),
            broken: false,
        })
    }

    fn decode(&self) -> Result<(Row, Truth), FilesError> {
        let columns = self.schema.features().iter().zip(&self.features);
        let values: Result<Vec<_>, _> = columns
            .map(|(feature, at)| {
                cells::feature(self.cell(*at), feature.kind)
                    .map_err(|message| self.records.refuse(format!("`{}` is {message}", feature.name)))
            })
            .collect();
        let row = Row::new(values?).map_err(|error| self.records.refuse(error.to_string()))?;
        let row = match self.schema.naming().and_then(|at| self.features.get(at)) {
            Some(at) => row.of(self.cell(*at)),
            None => row,
        };
        let truth = cells::truth(self.cell(self.target), &self.schema)
            .map_err(|message| self.records.refuse(format!("the target is {message}")))?;
        Ok((row, truth))
    }

    fn cell(&self, at: usize) -> &str {
        self.cells.get(at).unwrap_or_default()
    }
}

impl Iterator for Rows {
    type Item = Result<(Row, Truth), FilesError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        match self.records.read(&mut self.cells) {
            Ok(true) => Some(self.decode()),
            Ok(false) => None,
            Err(error) => {
                self.broken = matches!(error, FilesError::Io { .. });
                Some(Err(error))
            }
        }
    }
}
