//! The binary `false-promotions`: exit code.
//!
//! May not: judge; that is [`tests::judge`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::judge::main()
}
