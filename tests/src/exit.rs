//! How a table's program ends.
//!
//! Lives here: the last word to the person who started it, and the code. May not: measure.

use std::io::Write as _;
use std::process::ExitCode;

/// Success, or the whole chain of causes on standard error under the program's name.
pub fn exit(program: &str, done: anyhow::Result<()>) -> ExitCode {
    let Err(error) = done else { return ExitCode::SUCCESS };
    // Whoever closed standard error has the code.
    writeln!(std::io::stderr(), "{program}: {error:#}").ok();
    ExitCode::FAILURE
}
