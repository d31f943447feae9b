//! The binary `swap-storm`: allocator and exit code.
//!
//! May not: judge; that is [`tests::storm`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tests::storm::main()
}
