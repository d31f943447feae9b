//! Files: recorded streams, for replay and for a first look at the data.
//!
//! In reading order: a table of text cells, whatever the format ([`Table`]); what its columns are
//! ([`infer`]); its rows as samples and truths ([`Rows`]). May not: learn, keep more than a row in memory.

use std::path::PathBuf;
use std::str::FromStr;

mod infer;
mod rows;
mod table;

pub use infer::{InferOptions, Inferred, infer};
pub use rows::Rows;
pub use table::Table;

/// What is predicted, where the data alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A class.
    Classification,
    /// A number.
    Regression,
}

impl FromStr for Task {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "classification" => Ok(Self::Classification),
            "regression" => Ok(Self::Regression),
            other => Err(format!("`{other}` is no task; give classification or regression")),
        }
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The file cannot be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The ending says nothing.
    #[error("{path}: unknown ending; give .csv, .jsonl or .ndjson, or one of these with .zst behind it")]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// A line is not what it should be.
    #[error("{path} line {line}: {message}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// The columns are not those needed.
    #[error("{path}: {message}")]
    Columns {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

#[cfg(test)]
mod tests;
