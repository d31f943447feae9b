//! The one error type of this crate; every variant names what it failed on.

use std::path::PathBuf;

/// Why a model, schema or sample was refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The schema contradicts itself or a limit.
    #[error("schema: {0}")]
    Schema(String),
    /// A sample cannot exist in this form.
    #[error("sample: {0}")]
    Sample(String),
    /// An architecture or genome is outside its search space.
    #[error("architecture: {0}")]
    Architecture(String),
    /// Weights do not fit the architecture they came with.
    #[error("weights: {0}")]
    Weights(String),
    /// A model file is missing, truncated or altered.
    #[error("model file {path}: {message}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The tensor library refused an operation.
    #[error("tensor operation: {0}")]
    Tensor(#[from] candle_core::Error),
}
