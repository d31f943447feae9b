//! Recorded streams: CSV and JSON lines, plain or compressed, into rows and truths.
//!
//! In reading order: what a file looks like ([`infer`]); reading it under a schema ([`Rows`]); names of
//! categories ([`occurring_categories`]); what is
//! said about a bad file ([`FilesError`], with the line). One record is in memory at a time. And small files as a whole
//! ([`read_whole`]), whoever wrote them.
//!
//! May not: know what the rows are for, or keep them.

mod categories;
mod cells;
mod error;
mod infer;
mod json_lines;
mod records;
mod rows;
mod whole;

#[cfg(test)]
mod tests;

pub use categories::{listed_categories, occurring_categories};
pub use error::FilesError;
pub use infer::{InferOptions, Inferred, Task, infer};
pub use rows::Rows;
pub use whole::{read_whole, read_whole_text};

/// Longest record that is read, in bytes.
pub const RECORD_BYTES_MAX: u64 = 1024 * 1024;
