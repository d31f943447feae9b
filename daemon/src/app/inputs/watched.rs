//! Watched: whether a file says something else than before.
//!
//! Lives here: [`Watched`], which compares contents, for a cluster changes a file by swapping links and times say little. May not:
//! wait, or know what the file means.

use std::fs;
use std::path::{Path, PathBuf};

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
        let said = fs::read(path).ok();
        Self { path: path.to_owned(), begun: said.clone(), said }
    }

    /// What it says now is known.
    pub(super) fn take(&mut self) {
        self.said = fs::read(&self.path).ok();
        self.begun.clone_from(&self.said);
    }

    /// Whether it says something else, and did so at the last look already: somebody may be writing it. A file that is not there
    /// has not changed: links are being swapped.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = fs::read(&self.path).ok();
        let stands_still = now == self.begun;
        self.begun.clone_from(&now);
        let changed = stands_still && now.is_some() && now != self.said;
        if changed {
            self.said = now;
        }
        changed
    }
}

#[cfg(test)]
mod tests;
