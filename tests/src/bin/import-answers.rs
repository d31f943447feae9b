//! What driftform answers with networks that others trained, for `tests/peers/import_parity.py`.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::imported::main()
}
