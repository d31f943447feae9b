//! What can go wrong with files, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be kept or found again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no room left.
    #[error(
        "no space left while writing {path}; free some, or give the state folder a larger disk (nothing \
         written before is lost)"
    )]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A name that cannot be a file's.
    #[error("`{name}` cannot be a name here; use 1 to {max} letters, digits, `-`, `_` and `.`, not first", max = super::durable::NAME_BYTES_MAX)]
    Name {
        /// The name given.
        name: String,
    },
    /// Something of that name is there already.
    #[error("{path} exists already; what is stored is never changed, choose another name")]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// Nothing of that name is there.
    #[error("{path} does not exist")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// More bytes than may be kept in one file.
    #[error("{bytes} bytes are too many for {path}; at most {max} are kept")]
    TooLarge {
        /// What was to be written.
        path: PathBuf,
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        max: usize,
    },
    /// No snapshot can be read.
    #[error(
        "none of the {count} snapshots in {folder} can be read ({first}); restore the folder from a backup, \
         or move it away to start anew: the model stays, what was learned about the stream is lost"
    )]
    AllDamaged {
        /// The folder.
        folder: PathBuf,
        /// How many there are.
        count: usize,
        /// What is wrong with the newest.
        first: String,
    },
    /// A row does not read back as it was written.
    #[error("row {row} in {path} is damaged")]
    RowDamaged {
        /// Its number.
        row: u64,
        /// Its file.
        path: PathBuf,
    },
    /// A row has been dropped, or was never written.
    #[error("row {row} is not there; rows {first} up to {end} are")]
    RowGone {
        /// Its number.
        row: u64,
        /// The oldest row.
        first: u64,
        /// The row to come next.
        end: u64,
    },
    /// A row of another width than the file's.
    #[error("a row of {found} values does not fit rows of {expected} in {folder}")]
    RowWidth {
        /// The folder.
        folder: PathBuf,
        /// How many values it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A file is not one of ours, or of another width or version.
    #[error(
        "{path} is not a row file for this schema: {message}; if the schema was changed, move the state \
         folder away"
    )]
    RowFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

impl StoreError {
    pub(crate) fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.into() },
            _ => Self::Io { action, path: path.into(), source },
        }
    }
}
