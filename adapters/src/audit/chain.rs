//! The chain: a line names the hash of the one before it, and its own.
//!
//! Lives here: sealing a body and checking a line. May not: read or write files.
//!
//! A line is the body, a JSON object without spaces and with sorted keys, and two more members at its end:
//! `previous` and `hash`. The hash is SHA-256 over the text of `previous` followed by the body as it stands
//! in the line, so that whoever checks it needs no JSON reader that writes numbers as this one does.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;
const PREVIOUS: &str = ",\"previous\":\"";
const HASH: &str = "\",\"hash\":\"";
const END: &str = "\"}";

/// Where a chain ends: the number and the hash of its last line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tip {
    /// Lines are numbered from 1; 0 before the first.
    pub number: u64,
    /// In hexadecimal digits; zeros before the first.
    pub hash: String,
}

impl Default for Tip {
    fn default() -> Self {
        Self { number: 0, hash: "0".repeat(DIGITS) }
    }
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A line without its end, and its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) body: String,
    pub(super) previous: String,
    pub(super) hash: String,
}

/// The line of this body, a JSON object with at least one member, after that hash; and its own hash.
pub(super) fn seal(previous: &str, body: &str) -> (String, String) {
    let hash = hash_of(previous, body);
    let open = body.strip_suffix('}').unwrap_or(body);
    (format!("{open}{PREVIOUS}{previous}{HASH}{hash}{END}"), hash)
}

/// The parts of a line whose hash is right, or what is wrong with it.
pub(super) fn unseal(line: &str) -> Result<Sealed, String> {
    let parts = || {
        let rest = line.strip_suffix(END)?;
        let (rest, hash) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
        let rest = rest.strip_suffix(HASH)?;
        let (rest, previous) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
        let open = rest.strip_suffix(PREVIOUS)?;
        Some((format!("{open}}}"), previous.to_owned(), hash.to_owned()))
    };
    let Some((body, previous, hash)) = parts() else {
        return Err("it does not end with its `previous` and its `hash`".into());
    };
    if hash_of(&previous, &body) != hash {
        return Err("its hash is wrong: it was altered".into());
    }
    Ok(Sealed { body, previous, hash })
}

fn hash_of(previous: &str, body: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(previous.as_bytes());
    hasher.update(body.as_bytes());
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text
}
