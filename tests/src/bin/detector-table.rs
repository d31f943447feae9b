//! The binary `detector-table`: exit code.
//!
//! May not: measure; that is [`tests::detectors`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::detectors::main()
}
