//! The binary `worker-scaling`: allocator and exit code.
//!
//! May not: measure; that is [`tests::scaling`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tests::scaling::main()
}
