//! The binary `onnx-cases`: exit code.
//!
//! May not: draw or write; that is [`tests::onnx`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::onnx::main()
}
