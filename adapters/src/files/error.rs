//! What is said about a bad file: which one, which line, and what to do.

use std::io;
use std::path::PathBuf;

use model::ModelError;

/// Why a recorded stream could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The name has none of the endings known.
    #[error("{path} is of no known kind; the name has to end in {supported}")]
    Kind {
        /// The file.
        path: PathBuf,
        /// The endings known.
        supported: String,
    },
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// One record cannot be used; those after it can still be read.
    #[error("{path}, line {line}: {message}")]
    Record {
        /// The file.
        path: PathBuf,
        /// The line it starts on, from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The file has no such column.
    #[error("{path} has no column `{column}`{hint}")]
    Column {
        /// The file.
        path: PathBuf,
        /// The column wanted.
        column: String,
        /// The nearest one there is, or nothing.
        hint: String,
    },
    /// The target column cannot be what it should be.
    #[error("{path}: column `{column}` cannot be the target: {message}")]
    Target {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong with it.
        message: String,
    },
    /// What the file holds makes no schema.
    #[error("{path}: {source}")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ModelError,
    },
}
