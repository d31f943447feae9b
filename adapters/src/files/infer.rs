//! What a file looks like: the kind of each column, and the target.
//!
//! Lives here: one pass over the whole file in bounded memory. May not: keep its rows.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use csv::StringRecord;
use model::schema::CLASSES_MAX;
use model::{Feature, FeatureKind, Objective, Schema, Target};
use serde::{Deserialize, Serialize};

use super::cells;
use super::error::FilesError;
use super::records::Records;

/// A numeric target of more values than this is a quantity, not a set of classes.
const CLASSES_INFERRED_MAX: usize = 50;
/// Longest name of a class, in bytes.
const CLASS_BYTES_MAX: usize = 256;
/// Fewest and most buckets that are chosen for a categorical column.
const BUCKETS: (u32, u32) = (4, 256);
/// From this many different values on, more do not matter: the buckets are at their most.
const CATEGORIES_COUNTED_MAX: usize = BUCKETS.1 as usize / 2;

/// What kind of target it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One of a set of classes.
    Classification,
    /// One number.
    Regression,
}

impl std::str::FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "classification" => Ok(Self::Classification),
            "regression" => Ok(Self::Regression),
            other => Err(format!("`{other}` is no task; give classification or regression")),
        }
    }
}

/// What the user knows better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InferOptions {
    /// The target column; the last one if not given.
    pub target: Option<String>,
    /// The kind of target; seen from its values if not given.
    pub task: Option<Task>,
}

/// What a file looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// Every column but the target as a feature.
    pub schema: Schema,
    /// The target column.
    pub target: String,
    /// How many rows there are.
    pub rows: u64,
    /// How many of them have no target.
    pub unlabelled: u64,
}

/// Reads a whole file once and says what its columns are.
pub fn infer(path: &Path, options: &InferOptions) -> Result<Inferred, FilesError> {
    let mut records = Records::open(path)?;
    let target = match &options.target {
        Some(name) => records.column(name)?,
        None => records.header().len() - 1,
    };
    let mut columns: Vec<_> = records.header().iter().map(|_| Column::default()).collect();
    let mut classes = Classes::default();
    let mut cells = StringRecord::new();
    let (mut rows, mut unlabelled) = (0, 0);
    while records.read(&mut cells)? {
        rows += 1;
        for (at, (cell, column)) in cells.iter().zip(&mut columns).enumerate() {
            match (at == target, cells::is_missing(cell)) {
                (true, true) => unlabelled += 1,
                (true, false) => classes.observe(cell),
                (false, true) => {}
                (false, false) => column.observe(cell),
            }
        }
    }
    let name = records.header()[target].to_owned();
    let refused = |message| FilesError::Target { path: path.into(), column: name.clone(), message };
    let kind = classes.target(options.task).map_err(refused)?;
    let columns = records.header().iter().zip(columns).enumerate().filter(|(at, _)| *at != target);
    let features =
        columns.map(|(_, (name, column))| Feature { name: name.to_owned(), kind: column.kind() }).collect();
    let schema = Schema::new(features, kind, Objective::default())
        .map_err(|source| FilesError::Schema { path: records.path().into(), source })?;
    Ok(Inferred { schema, target: name, rows, unlabelled })
}

/// What has been seen of a feature's column.
#[derive(Default)]
struct Column {
    not_numeric: bool,
    not_boolean: bool,
    seen: bool,
    /// Hashes, so that long texts do not fill the memory.
    categories: BTreeSet<u64>,
}

impl Column {
    fn observe(&mut self, cell: &str) {
        self.seen = true;
        self.not_numeric = self.not_numeric || cells::number(cell).is_none();
        self.not_boolean = self.not_boolean || cells::spelled_boolean(cell).is_none();
        if self.categories.len() < CATEGORIES_COUNTED_MAX {
            let mut hasher = DefaultHasher::new();
            cell.hash(&mut hasher);
            self.categories.insert(hasher.finish());
        }
    }

    fn kind(&self) -> FeatureKind {
        if !self.not_numeric {
            return FeatureKind::Numeric;
        }
        if self.seen && !self.not_boolean {
            return FeatureKind::Boolean;
        }
        // Twice as many as there are values, so that few share one.
        let buckets = (2 * self.categories.len() as u32).next_power_of_two();
        FeatureKind::Categorical { buckets: buckets.clamp(BUCKETS.0, BUCKETS.1) }
    }
}

/// What has been seen of the target's column.
#[derive(Default)]
struct Classes {
    not_numeric: Option<String>,
    names: BTreeSet<String>,
    too_many: bool,
}

impl Classes {
    fn observe(&mut self, cell: &str) {
        if self.not_numeric.is_none() && cells::number(cell).is_none() {
            self.not_numeric = Some(crate::text::shortened(cell));
        }
        if self.too_many || self.names.contains(cell) {
            return;
        }
        self.too_many = self.names.len() >= CLASSES_MAX || cell.len() > CLASS_BYTES_MAX;
        if !self.too_many {
            self.names.insert(cell.to_owned());
        }
    }

    fn target(self, task: Option<Task>) -> Result<Target, String> {
        let quantity =
            self.not_numeric.is_none() && (self.too_many || self.names.len() > CLASSES_INFERRED_MAX);
        let task = task.unwrap_or(if quantity { Task::Regression } else { Task::Classification });
        match (task, self.not_numeric) {
            _ if self.names.is_empty() && !self.too_many => Err("it has no values".into()),
            (Task::Regression, None) => Ok(Target::Regression),
            (Task::Regression, Some(text)) => Err(format!("{text:?} is not a number")),
            (Task::Classification, _) if self.too_many => Err(format!(
                "it has more than {CLASSES_MAX} different values, or one longer than {CLASS_BYTES_MAX} bytes"
            )),
            (Task::Classification, None) => Ok(Target::Classification { classes: by_number(self.names) }),
            (Task::Classification, Some(_)) => {
                Ok(Target::Classification { classes: self.names.into_iter().collect() })
            }
        }
    }
}

fn by_number(names: BTreeSet<String>) -> Vec<String> {
    let mut names: Vec<_> = names.into_iter().collect();
    let number = |name: &String| name.parse::<f64>().unwrap_or(f64::NAN);
    names.sort_by(|a, b| number(a).total_cmp(&number(b)));
    names
}
