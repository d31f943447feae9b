//! The lease: one writer a folder.
//!
//! Lives here: a lock that ends with the process that holds it, and what is written about the holder. May
//! not: ask a clock, or wait.
//!
//! The system's file lock is what excludes: it goes with its holder, also after kill -9, so a lease never has to
//! run out. Each holder has an epoch, one more than the last: who finds another in the file than it wrote has
//! been fenced off (somebody removed the file, or the lock does not reach across machines) and must not write.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::durable::create_folder;
use super::error::StoreError;
use crate::points::{Point, disk};

const FILE: &str = "lock";
/// Most bytes that are read of what is written about a holder.
const BYTES_MAX: usize = 4096;

/// The right to write in a folder; given up when dropped.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    holder: Holder,
    /// Held as long as this value lives.
    _lock: File,
}

/// Who holds a lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// How many have held it, this one counted.
    pub epoch: u64,
    /// The process, for people.
    pub process: u32,
    /// The machine, for people.
    pub host: String,
    /// Since when, as RFC 3339 text, for people.
    pub since: String,
}

impl Lease {
    /// Takes the lease of a folder, which is created if need be. If another process holds it, the error says which
    /// one, where and since when.
    pub fn acquire(folder: &Path, process: u32, host: &str, since: &str) -> Result<Self, StoreError> {
        create_folder(folder)?;
        let path = folder.join(FILE);
        // Not truncated: what is in it tells of whoever holds it.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = disk(Point::Lease, || options.open(&path)).map_err(StoreError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Held { holder: told(&path), path }),
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path)(error)),
        }
        let epoch = read(&path).map_or(0, |last| last.epoch) + 1;
        let holder = Holder { epoch, process, host: host.into(), since: since.into() };
        let text = serde_json::to_vec(&holder).unwrap_or_default();
        // Over what is there, so that a full disk is no reason to refuse.
        let written = disk(Point::Lease, || file.write_all_at(&text, 0))
            .and_then(|()| disk(Point::Lease, || file.set_len(text.len() as u64)))
            .and_then(|()| disk(Point::Lease, || file.sync_all()));
        written.map_err(StoreError::io("write", &path))?;
        Ok(Self { path, holder, _lock: file })
    }

    /// Which holder this is.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whether the lease is still this one's; asked before everything that cannot be taken back.
    pub fn check(&self) -> Result<(), StoreError> {
        if read(&self.path).as_ref() == Some(&self.holder) {
            return Ok(());
        }
        Err(StoreError::Fenced { holder: told(&self.path), path: self.path.clone() })
    }
}

fn read(path: &Path) -> Option<Holder> {
    let file = File::open(path).ok()?;
    let mut bytes = vec![0; BYTES_MAX];
    let mut filled = 0;
    while let Ok(more @ 1..) = file.read_at(&mut bytes[filled..], filled as u64) {
        filled += more;
    }
    // Whoever died while writing over a longer one has left that one's end behind its own.
    serde_json::Deserializer::from_slice(&bytes[..filled]).into_iter().next()?.ok()
}

fn told(path: &Path) -> String {
    read(path).map_or_else(
        || "a process that has not said who it is".into(),
        |Holder { epoch, process, host, since }| {
            format!("process {process} on {host} since {since}, the {epoch}. to hold it")
        },
    )
}

#[cfg(test)]
mod tests;
