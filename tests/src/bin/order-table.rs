//! The binary `order-table`: allocator and exit code; it is also the worker of the daemon that it replays.
//!
//! May not: measure; that is [`tests::order`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The word by which the daemon starts its worker from the program that it runs in.
const WORKER: &str = "worker";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(WORKER) {
        return daemon::commands::main();
    }
    tests::order::main()
}
