//! Watched: whether a file says something else than before.
//!
//! Lives here: [`Watched`], which compares contents, for a cluster changes a file by swapping links and times say little. May not:
//! wait, or know what the file means.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::config::FILE_BYTES_MAX;

/// A file, what it said last, and what it has begun to say since.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    said: Option<Vec<u8>>,
    begun: Option<Vec<u8>>,
}

impl Watched {
    /// Says from now on whether it has changed.
    pub(super) fn new(path: &Path) -> Self {
        let said = beginning(path);
        Self { path: path.to_owned(), begun: said.clone(), said }
    }

    /// What it says now is known.
    pub(super) fn take(&mut self) {
        self.said = beginning(&self.path);
        self.begun.clone_from(&self.said);
    }

    /// Whether it says something else, and did so at the last look already: somebody may be writing it. A file that is not there
    /// has not changed: links are being swapped.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = beginning(&self.path);
        let stands_still = now == self.begun;
        self.begun.clone_from(&now);
        let changed = stands_still && now.is_some() && now != self.said;
        if changed {
            self.said = now;
        }
        changed
    }
}

/// What a file says, no further than makes it too long: that it is, whoever reads it as a configuration will tell.
fn beginning(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
