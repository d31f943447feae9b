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
    /// A graph is no network that can be read.
    #[error("graph: {0}")]
    Graph(String),
    /// The chosen device is not there.
    #[error("device {device}: {message}")]
    Device {
        /// The device as the configuration writes it.
        device: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// Training left the finite numbers; the weights are still those of the step before.
    #[error("training diverged at step {step}: {quantity} is not finite; lower the step size")]
    Diverged {
        /// Steps done before this one.
        step: u64,
        /// What was not finite.
        quantity: &'static str,
    },
    /// A model file is missing, truncated or altered.
    #[error("model file {path}: {message}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        message: String,
    },
    /// The tensor library refused an operation.
    #[error("tensor operation: {0}")]
    Tensor(String),
}

impl From<candle_core::Error> for ModelError {
    /// As text, so that no type of the tensor library leaves this crate.
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor(error.to_string())
    }
}
