//! The journal: every decision as one line, on the disk, chained so that nothing can go missing unnoticed.
//!
//! In reading order: a decision as a `CloudEvent` ([`CloudEvent`]); the line it becomes, sealed with the hash of
//! the line before ([`Tip`]); the files they are appended to ([`Journal`]); numbers that have to come back as they
//! were ([`to_json`], [`from_json`]); reading them again, by whoever
//! likes and whenever ([`entries`], [`entries_from`], [`verify`]).
//!
//! May not: know what is told, or decide anything by it.

mod chain;
mod event;
mod exact;
mod journal;
mod read;

pub use chain::{Tip, sha256};
pub use event::CloudEvent;
pub use exact::{from_json, to_json};
pub use journal::{JOURNAL_FILE_BYTES_MAX, JOURNAL_LINE_BYTES_MAX, Journal};
pub use read::{Entries, Entry, Verified, entries, entries_from, verify};

#[cfg(test)]
mod tests;
