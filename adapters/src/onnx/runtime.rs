//! Runtime: what a file says, according to ONNX Runtime.
//!
//! Lives here: loading the library and asking it. May not: compare what it says.
//!
//! The library is Microsoft's, loaded when it is asked for: `libonnxruntime.so` of Debian's `libonnxruntime1.*`, of a
//! release, or of the Python package `onnxruntime` (in its folder `capi`). A process can load it once.

use std::path::Path;

use model::onnx::{Column, Port};
use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::Tensor;

use super::OnnxError;

/// ONNX Runtime, loaded.
#[derive(Debug)]
pub struct Runtime(Environment);

/// A file that can be asked.
#[derive(Debug)]
pub struct RuntimeSession {
    session: Session,
    inputs: Vec<Port>,
    output: String,
}

impl Runtime {
    /// Loads the library; a second time in one process is refused.
    pub fn load(library: &Path) -> Result<Self, OnnxError> {
        let refused = |message: String| OnnxError::Library { path: library.to_owned(), message };
        let environment = ort::init_from(library).map_err(|error| refused(error.to_string()))?;
        environment.with_telemetry(false).build().map(Self).map_err(|error| refused(error.to_string()))
    }

    /// Loads a file, given as its bytes, which has these inputs and this output. It computes in one thread.
    pub fn open(&self, bytes: &[u8], inputs: &[Port], output: &str) -> Result<RuntimeSession, OnnxError> {
        let session = Session::builder(&self.0)
            .and_then(|builder| Ok(builder.with_intra_threads(1)?.with_inter_threads(1)?))
            .and_then(|mut builder| builder.commit_from_memory(bytes))
            .map_err(refused)?;
        Ok(RuntimeSession { session, inputs: inputs.to_vec(), output: output.to_owned() })
    }
}

impl RuntimeSession {
    /// What it answers to rows that are given by column, one answer after the other.
    pub fn answer(&mut self, columns: &[Column]) -> Result<Vec<f32>, OnnxError> {
        let mut given: Vec<(String, SessionInputValue<'_>)> = Vec::with_capacity(columns.len());
        for (port, column) in self.inputs.iter().zip(columns) {
            given.push((port.name.clone(), value(column, port.columns.unwrap_or(1))?));
        }
        let said = self.session.run(given).map_err(refused)?;
        let answer = said
            .get(&self.output)
            .ok_or_else(|| OnnxError::Runtime(format!("there is no output `{}`", self.output)))?;
        let (_, numbers) = answer.try_extract_tensor::<f32>().map_err(refused)?;
        Ok(numbers.to_vec())
    }
}

fn value(column: &Column, each: usize) -> Result<SessionInputValue<'static>, OnnxError> {
    Ok(match column {
        Column::Numbers(numbers) => {
            Tensor::from_array(([numbers.len() / each, each], numbers.clone())).map_err(refused)?.into()
        }
        Column::Names(names) => {
            Tensor::from_string_array(([names.len() / each, each], names.as_slice())).map_err(refused)?.into()
        }
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn refused<T>(error: ort::Error<T>) -> OnnxError {
    OnnxError::Runtime(error.to_string())
}
