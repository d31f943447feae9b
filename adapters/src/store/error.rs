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
    /// The file system, or the part of it that is meant, may not be changed.
    #[error(
        "cannot {action} {path}: {source}; the state directory has to be writable for this process: mount it so, give \
         it the right, or choose another `state.directory` (nothing written before is lost)"
    )]
    ReadOnly {
        /// What was being done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
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
    /// Something is there, but it is not what was meant.
    #[error(
        "{path} does not have the digest that was told: it was altered or cut short, or is not there entirely yet"
    )]
    Digest {
        /// Where it is.
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
    /// A snapshot that is whole was written by another release.
    #[error(
        "{path} was written by {release} release (format {found}; this one reads {expected}): {advice}, or move the \
         state folder away to start anew",
        release = if found < expected { "an earlier" } else { "a later" },
        advice = if found < expected { "go back to that release" } else { "use that release" }
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format that is read.
        expected: u32,
    },
    /// Another process writes here.
    #[error(
        "{path} is held by {holder}: another driftform uses this state directory; stop it, or give each its own \
         `state.directory`"
    )]
    Held {
        /// The lock.
        path: PathBuf,
        /// Who, where and since when.
        holder: String,
    },
    /// Another process has taken over.
    #[error("{path} is no longer this process's, but {holder}'s: nothing more is written here")]
    Fenced {
        /// The lock.
        path: PathBuf,
        /// Who, where and since when.
        holder: String,
    },
    /// A line of the journal is not as it was written, or not where it was.
    #[error(
        "line {line} of {path} is broken: {message}; the decisions topic has a copy of every line, and if only the \
         journal is damaged, its folder can be moved away: the state does not need it"
    )]
    Journal {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// The journal ends before a line that is known to have been written.
    #[error(
        "the journal in {folder} ends with number {last}, but the state remembers number {known}: its end was cut off"
    )]
    JournalShort {
        /// The folder.
        folder: PathBuf,
        /// The number of its last line.
        last: u64,
        /// The number that is remembered.
        known: u64,
    },
    /// A record does not read back as it was written.
    #[error("the record at {place} in {path} is damaged")]
    RecordDamaged {
        /// Where it begins.
        place: u64,
        /// Its file.
        path: PathBuf,
    },
    /// A record has been dropped, or was never written.
    #[error("no record is at {place}; they are from {first} up to {end}")]
    RecordGone {
        /// Where it would begin.
        place: u64,
        /// Where the oldest one begins.
        first: u64,
        /// Where the next one will.
        end: u64,
    },
    /// A record is longer than any may be.
    #[error("a record of {bytes} bytes is longer than {max}", max = super::records::RECORD_BYTES_MAX)]
    RecordTooLong {
        /// How long it is.
        bytes: usize,
    },
    /// A location cannot be used.
    #[error("`{text}`: {why}")]
    Location {
        /// As it was given.
        text: String,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// An object store refused, or cannot be reached.
    #[cfg(feature = "s3")]
    #[error("cannot {action} {url}: {message}")]
    Bucket {
        /// What was being done.
        action: &'static str,
        /// With which object.
        url: String,
        /// What the object store says, or why it says nothing.
        message: String,
    },
    /// A file is not one of ours, or of another version.
    #[error("{path} is not a file of records of this release; move the state folder away to start anew")]
    RecordFile {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    pub(crate) fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path: path.into() },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly { action, path: path.into(), source }
            }
            _ => Self::Io { action, path: path.into(), source },
        }
    }
}
