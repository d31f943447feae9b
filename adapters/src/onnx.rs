//! ONNX files: a graph as the bytes that other servers load, and back; and the runtime that says what is in them.
//!
//! In reading order: the messages of the format ([`proto`]), a graph as messages ([`write`]), messages as a graph
//! ([`read`]), what a file says according to ONNX Runtime ([`runtime`]), and what servers of a model
//! repository are told ([`triton`]).
//!
//! May not: know what a graph computes (that is `model::onnx`), or decide what is done with a file.

use std::path::PathBuf;

mod proto;
mod read;
mod runtime;
pub mod triton;
mod write;

pub use read::{from_bytes, from_file};
pub use runtime::{Runtime, RuntimeSession};
pub use write::to_bytes;

/// Largest file that is read: more than the weights of any network that is searched.
pub const FILE_BYTES_MAX: u64 = 256 << 20;

/// Why a file was refused, or could not be run.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// These are no bytes of an ONNX file.
    #[error("not an ONNX file: {0}")]
    Bytes(String),
    /// There is something in it that is not understood here.
    #[error("{0}")]
    Unsupported(String),
    /// ONNX Runtime could not be loaded.
    #[error("ONNX Runtime cannot be loaded from {path}: {message}")]
    Library {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A server did not load a model.
    #[error("{url}: {message}")]
    Server {
        /// What was asked.
        url: String,
        /// What is wrong.
        message: String,
    },
    /// ONNX Runtime refused the file, or what it was asked.
    #[error("ONNX Runtime: {0}")]
    Runtime(String),
}

#[cfg(test)]
mod tests;
