//! Store: what has to survive a crash, on a local disk.
//!
//! Lives here: models ([`ModelStore`]), snapshots ([`SnapshotStore`]) and rows ([`Segment`]), each with its
//! order of write, fsync and rename. May not: know what is inside a snapshot, decide when to write.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

mod models;
mod segment;
mod snapshots;

pub use models::ModelStore;
pub use segment::{Resumed, RowRef, Segment};
pub use snapshots::{Newest, SnapshotStore};

/// Why something could not be kept or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or its permissions.
    #[error("{path}: {source}; check free space and permissions, then start again: nothing else is lost")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No snapshot can be used.
    #[error(
        "no snapshot in {path} is whole ({problems}); restore one from a backup, or move the state directory away \
         to start anew"
    )]
    AllDamaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong with each.
        problems: String,
    },
    /// The segment belongs to rows of another width.
    #[error("{path} holds rows of another schema; move the state directory away to start anew")]
    OtherSchema {
        /// The file.
        path: PathBuf,
    },
    /// A row was altered on disk.
    #[error("row {row} of the segment is damaged")]
    RowDamaged {
        /// Which.
        row: u64,
    },
    /// A row has been pruned, or was cut off.
    #[error("row {row} of the segment is gone")]
    RowGone {
        /// Which.
        row: u64,
    },
}

impl StoreError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// Makes the folder's own entries durable: a rename is only safe after this.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StoreError::io(path))
}

fn create_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::io(path))
}

/// A whole file, durable before it has its name.
fn write_file(path: &Path, parts: &[&[u8]]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    };
    write().map_err(StoreError::io(path))
}

/// Names in a folder, sorted; temporary ones are left out.
fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(StoreError::io(folder))? {
        let entry = entry.map_err(StoreError::io(folder))?;
        if let Some(name) = entry.file_name().to_str().filter(|name| !name.ends_with(TEMPORARY)) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Ending of what is not finished.
const TEMPORARY: &str = ".tmp";

#[cfg(test)]
mod tests;
