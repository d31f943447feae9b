//! Inference: what the columns of a recorded stream are, from one pass over it.

use std::collections::BTreeSet;
use std::path::Path;

use model::{Feature, FeatureKind, Objective, Schema, Target};

use super::{FilesError, Table, Task};
use crate::text::did_you_mean;

/// A numeric target with more distinct values is a number to predict, not a class.
pub const CLASSES_INFERRED_MAX: usize = 50;
/// Distinct values remembered for one column.
const DISTINCT_MAX: usize = 1_024;
/// Buckets of an inferred categorical feature.
const BUCKETS: std::ops::RangeInclusive<u32> = 4..=256;
/// Texts that mean "no value".
const MISSING: [&str; 6] = ["", "NA", "NaN", "nan", "null", "?"];

/// What is known beforehand.
#[derive(Clone, Debug, Default)]
pub struct InferOptions {
    /// The column to predict; the last one if none is named.
    pub target: Option<String>,
    /// What kind of target it is; found out if not given.
    pub task: Option<Task>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Inferred {
    /// Features and target.
    pub schema: Schema,
    /// The target's column.
    pub target: String,
    /// Rows in the file.
    pub rows: u64,
}

/// Whether a cell holds no value.
pub(super) fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell)
}

/// What one column has shown so far.
#[derive(Debug)]
struct Column {
    numeric: bool,
    boolean: bool,
    distinct: BTreeSet<String>,
}

impl Column {
    fn new() -> Self {
        Self { numeric: true, boolean: true, distinct: BTreeSet::new() }
    }

    fn see(&mut self, cell: &str) {
        if is_missing(cell) {
            return;
        }
        self.numeric &= cell.parse::<f32>().is_ok_and(f32::is_finite);
        self.boolean &= cell == "true" || cell == "false";
        if self.distinct.len() < DISTINCT_MAX && !self.distinct.contains(cell) {
            self.distinct.insert(cell.to_owned());
        }
    }

    fn kind(&self) -> FeatureKind {
        if self.boolean && !self.distinct.is_empty() {
            FeatureKind::Boolean
        } else if self.numeric {
            FeatureKind::Numeric
        } else {
            let wanted = (self.distinct.len() as u32 * 2).next_power_of_two();
            FeatureKind::Categorical { buckets: wanted.clamp(*BUCKETS.start(), *BUCKETS.end()) }
        }
    }

    fn target(&self, task: Option<Task>) -> Result<Target, String> {
        let number = self.numeric && self.distinct.len() > CLASSES_INFERRED_MAX;
        match task {
            Some(Task::Regression) if !self.numeric => Err("is not numeric, so it cannot be regression".into()),
            Some(Task::Regression) => Ok(Target::Regression),
            None if number => Ok(Target::Regression),
            Some(Task::Classification) | None => {
                let mut classes: Vec<String> = self.distinct.iter().cloned().collect();
                if self.numeric {
                    let value = |class: &String| class.parse::<f64>().unwrap_or(f64::NAN);
                    classes.sort_by(|a, b| value(a).total_cmp(&value(b)));
                }
                Ok(Target::Classification { classes })
            }
        }
    }
}

/// Reads the whole file once, with bounded memory.
pub fn infer(path: &Path, options: &InferOptions) -> Result<Inferred, FilesError> {
    let mut table = Table::open(path)?;
    let refused = |message: String| FilesError::Columns { path: path.to_owned(), message };
    let names = table.columns().to_vec();
    let at = match &options.target {
        None => names.len() - 1,
        Some(target) => names.iter().position(|name| name == target).ok_or_else(|| {
            let hint = did_you_mean(target, names.iter().map(String::as_str));
            refused(format!("there is no column `{target}`{hint}"))
        })?,
    };
    let mut columns: Vec<Column> = names.iter().map(|_| Column::new()).collect();
    let mut rows = 0;
    while let Some(cells) = table.next_row()? {
        rows += 1;
        columns.iter_mut().zip(&cells).for_each(|(column, cell)| column.see(cell));
    }
    if rows == 0 {
        return Err(refused("there are no rows".into()));
    }
    let target = columns[at].target(options.task).map_err(|why| refused(format!("column `{}` {why}", names[at])))?;
    let features = names.iter().zip(&columns).enumerate().filter(|(index, _)| *index != at);
    let features =
        features.map(|(_, (name, column))| Feature { name: name.clone(), kind: column.kind() }).collect();
    let schema = Schema::new(features, target, Objective::default()).map_err(|error| refused(error.to_string()))?;
    Ok(Inferred { schema, target: names[at].clone(), rows })
}
