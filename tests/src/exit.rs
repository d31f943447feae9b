//! How a table's program begins and ends.
//!
//! Lives here: whether it is a worker, the last word to the person who started it, and the code. May not: measure.

use std::io::Write as _;
use std::process::ExitCode;

/// The word by which the daemon starts its worker from the program that it runs in.
const WORKER: &str = "worker";

/// A table that replays the daemon; the daemon's worker, where it was started as one.
pub fn table_or_worker(table: fn() -> ExitCode) -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(WORKER) {
        return daemon::commands::main();
    }
    table()
}

/// Success, or the whole chain of causes on standard error under the program's name.
pub fn exit(program: &str, done: anyhow::Result<()>) -> ExitCode {
    let Err(error) = done else { return ExitCode::SUCCESS };
    // Whoever closed standard error has the code.
    writeln!(std::io::stderr(), "{program}: {error:#}").ok();
    ExitCode::FAILURE
}
