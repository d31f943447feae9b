//! Chance: bytes that nobody can guess, from the system.
//!
//! Lives here: asking for them. May not: be where anything has to be replayed from a seed.

use std::fs::File;
use std::io::{self, Read as _};

/// So many bytes.
///
/// # Errors
/// The system has no source of chance, or it may not be read.
pub(crate) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
