//! The binary `serve-bench`: allocator and exit code.
//!
//! May not: measure; that is [`tests::serve_bench`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tests::serve_bench::main()
}
