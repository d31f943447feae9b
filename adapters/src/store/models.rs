//! Models: one folder each, there as a whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use super::{StoreError, TEMPORARY, create_folder, names, sync_folder, write_file};

/// A folder of models.
#[derive(Debug)]
pub struct ModelStore {
    folder: PathBuf,
}

impl ModelStore {
    /// Opens or creates the folder.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        create_folder(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes a model's files into a temporary folder, makes them durable, and gives it its name. A model
    /// of that name, left by a run that went back to an older snapshot, is replaced.
    pub fn write(&self, name: &str, files: &[(&str, &[u8])]) -> Result<PathBuf, StoreError> {
        let temporary = self.folder.join(format!("{name}{TEMPORARY}"));
        let path = self.folder.join(name);
        for stale in [&temporary, &path] {
            if stale.exists() {
                fs::remove_dir_all(stale).map_err(StoreError::io(stale))?;
            }
        }
        create_folder(&temporary)?;
        for (file, bytes) in files {
            write_file(&temporary.join(file), &[bytes])?;
        }
        sync_folder(&temporary)?;
        fs::rename(&temporary, &path).map_err(StoreError::io(&path))?;
        sync_folder(&self.folder)?;
        Ok(path)
    }

    /// Names of the models, oldest first where names sort by age.
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        names(&self.folder)
    }

    /// Removes all but the last `keep`.
    pub fn prune(&self, keep: usize) -> Result<(), StoreError> {
        let names = self.list()?;
        for name in names.iter().rev().skip(keep) {
            let path = self.folder.join(name);
            fs::remove_dir_all(&path).map_err(StoreError::io(&path))?;
        }
        Ok(())
    }
}
