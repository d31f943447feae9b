//! The binary `recurrence`: allocator and exit code; it is also the worker of the daemon that it replays.
//!
//! May not: measure; that is [`tests::recurrence`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tests::exit::table_or_worker(tests::recurrence::main)
}
