//! The binary `search-table`: exit code.
//!
//! May not: search; that is [`tests::search_table`].

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::search_table::main()
}
