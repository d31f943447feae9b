//! Device: where tensors live.
//!
//! Lives here: the choice in the configuration and the opened device. Does not live here: tensors.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ModelError;

/// Where a network computes, as the configuration writes it: `cpu` or `cuda:0`.
///
/// ```
/// use model::DeviceChoice;
///
/// assert_eq!("cuda:1".parse::<DeviceChoice>()?, DeviceChoice::Cuda(1));
/// assert!(DeviceChoice::default().open().is_ok());
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The processor.
    #[default]
    Cpu,
    /// The NVIDIA GPU of this number.
    Cuda(usize),
}

impl DeviceChoice {
    /// The device, ready for tensors.
    pub fn open(self) -> Result<Device, ModelError> {
        match self {
            Self::Cpu => Ok(Device::cpu()),
            Self::Cuda(_) if !cfg!(feature = "cuda") => Err(self.refused(
                "this build has no GPU support; build with the feature `cuda` or choose `cpu`".into(),
            )),
            // One stream for all threads, so that what one thread has begun to write is there when another reads it:
            // a network that learning freezes answers in the thread that serves. Without it each thread has a stream
            // of its own, which nothing orders, and they share the working memory of one cuBLAS.
            Self::Cuda(index) => candle_core::Device::new_cuda_with_stream(index)
                .map(|device| Device { device, tensors: true })
                .map_err(|error| {
                    let why = without_backtrace(error);
                    self.refused(format!("{why}; choose one that `nvidia-smi` lists, or `cpu`"))
                }),
        }
    }

    fn refused(self, message: String) -> ModelError {
        ModelError::Device { device: self.to_string(), message }
    }
}

/// Candle adds one to its message where the environment asks for backtraces.
fn without_backtrace(error: candle_core::Error) -> candle_core::Error {
    match error {
        candle_core::Error::WithBacktrace { inner, .. } => without_backtrace(*inner),
        other => other,
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let cuda = text.strip_prefix("cuda:").and_then(|index| index.parse().ok()).map(Self::Cuda);
        match text {
            "cpu" => Ok(Self::Cpu),
            _ => cuda.ok_or_else(|| ModelError::Device {
                device: text.to_owned(),
                message: "give `cpu` or `cuda:N`, for instance `cuda:0`".into(),
            }),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = ModelError;

    fn try_from(text: String) -> Result<Self, ModelError> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

/// An opened device.
#[derive(Clone, Debug)]
pub struct Device {
    pub(crate) device: candle_core::Device,
    /// Whether networks are tensors here; otherwise they are programs.
    pub(crate) tensors: bool,
}

impl Device {
    /// The processor, which is always there.
    pub fn cpu() -> Self {
        Self { device: candle_core::Device::Cpu, tensors: false }
    }

    /// The processor, computing in tensors as GPUs do: what programs are tested and measured against.
    pub fn cpu_tensors() -> Self {
        Self { device: candle_core::Device::Cpu, tensors: true }
    }
}

#[cfg(test)]
mod tests;
