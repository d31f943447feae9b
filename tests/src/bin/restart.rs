//! The binary `restart`: allocator and exit code.
//!
//! May not: measure; that is [`tests::restart`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tests::restart::main()
}
