//! The binary `image-table`: allocator and exit code; it is also the worker of the daemon that it replays.
//!
//! May not: measure; that is [`tests::digits`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tests::exit::table_or_worker(tests::digits::main)
}
