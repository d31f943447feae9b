//! Models on disk: one folder each, published at once and never changed.
//!
//! Lives here: folders of files given as bytes. May not: know what is in the files, or which model
//! serves.

use std::fs;
use std::path::{Path, PathBuf};

use super::durable::{
    UNFINISHED, check_name, flush_folder, names, open_folder, publish, remove, write_flushed,
};
use super::error::StoreError;
use crate::points::{Point, disk};

/// A folder of models.
#[derive(Clone, Debug)]
pub struct ModelStore {
    folder: PathBuf,
}

impl ModelStore {
    /// Opens the folder, creating it if need be; what a crash left unfinished is swept away.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        open_folder(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Stores these files under a new name; when this returns they survive a crash.
    pub fn write(&self, name: &str, files: &[(&str, &[u8])]) -> Result<PathBuf, StoreError> {
        check_name(name)?;
        files.iter().try_for_each(|(file, _)| check_name(file))?;
        let path = self.folder.join(name);
        if path.exists() {
            return Err(StoreError::Exists { path });
        }
        let unfinished = self.folder.join(format!("{UNFINISHED}{name}"));
        remove(&unfinished)?;
        fill(&unfinished, files).and_then(|()| publish(&unfinished, &path)).inspect_err(|_| {
            // The first error is the one to tell; what is left is swept away at the next opening.
            drop(remove(&unfinished));
        })?;
        Ok(path)
    }

    /// Names of all models, in order.
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        Ok(names(&self.folder)?.into_iter().filter(|name| check_name(name).is_ok()).collect())
    }

    /// The folder of a model that is there.
    pub fn path(&self, name: &str) -> Result<PathBuf, StoreError> {
        check_name(name)?;
        let path = self.folder.join(name);
        if path.is_dir() { Ok(path) } else { Err(StoreError::Missing { path }) }
    }

    /// Removes every model that `keep` does not want; returns the names removed.
    pub fn prune(&self, keep: impl Fn(&str) -> bool) -> Result<Vec<String>, StoreError> {
        let mut unwanted = self.list()?;
        unwanted.retain(|name| !keep(name));
        for name in &unwanted {
            // Renamed first, so that a crash leaves no half model under its name.
            let unfinished = self.folder.join(format!("{UNFINISHED}{name}"));
            publish(&self.folder.join(name), &unfinished)?;
            remove(&unfinished)?;
        }
        Ok(unwanted)
    }
}

fn fill(folder: &Path, files: &[(&str, &[u8])]) -> Result<(), StoreError> {
    disk(Point::Create, || fs::create_dir(folder)).map_err(StoreError::io("create", folder))?;
    for (name, bytes) in files {
        write_flushed(&folder.join(name), &[bytes])?;
    }
    flush_folder(folder)
}

#[cfg(test)]
mod tests;
