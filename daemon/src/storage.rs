//! Storage: the state directory, and what is in it.
//!
//! Lives here: where models, snapshots and rows lie, and in which order they become durable. May not:
//! know formats (that is `adapters::store`), decide when.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use adapters::store::{ModelStore, RowSegments, SnapshotStore};
use model::{Device, Model};

use crate::learn::{LearnError, Snapshot};
use crate::slot::Served;

/// Champions kept on disk.
const MODELS_KEPT: usize = 8;

/// An opened state directory.
#[derive(Debug)]
pub struct Storage {
    models: ModelStore,
    snapshots: SnapshotStore,
    keep: usize,
    device: Device,
    /// Held as long as this value lives: learning has one owner.
    _lock: File,
}

/// What was found in a state directory.
pub struct Found {
    /// The directory, opened.
    pub storage: Storage,
    /// Rows, cut to what the snapshot refers to.
    pub segment: RowSegments,
    /// The newest valid snapshot.
    pub snapshot: Option<Snapshot<'static>>,
    /// What was wrong but could be worked around, for the log.
    pub warnings: Vec<String>,
}

impl Storage {
    /// Opens or creates the directory, and reads the newest snapshot that is whole.
    pub fn open(directory: &Path, keep: usize, width: usize, device: Device) -> Result<Found, LearnError> {
        let lock = lock(directory)?;
        let models = ModelStore::open(&directory.join("models"))?;
        let snapshots = SnapshotStore::open(&directory.join("snapshots"), keep)?;
        let newest = snapshots.newest()?;
        let mut warnings: Vec<String> = newest
            .damaged
            .iter()
            .map(|(path, problem)| {
                format!("{} is damaged ({problem}); an older snapshot is used", path.display())
            })
            .collect();
        let snapshot = newest.snapshot.map(|(_, bytes)| Snapshot::from_bytes(&bytes)).transpose()?;
        let rows = snapshot.as_ref().map_or(0, Snapshot::rows);
        let width = snapshot.as_ref().map_or(width, Snapshot::width);
        let (segment, resumed) = RowSegments::resume(&directory.join("rows"), width, rows)?;
        if resumed.lost > 0 {
            warnings.push(format!(
                "{} rows are missing from the segment; their labels are scored but cannot be learned",
                resumed.lost
            ));
        }
        let storage = Self { models, snapshots, keep, device, _lock: lock };
        Ok(Found { storage, segment, snapshot, warnings })
    }

    /// A champion's files, read back and verified.
    pub fn write_model(&mut self, served: &Served) -> Result<(), LearnError> {
        let name = format!("generation-{:010}", served.generation.0);
        let files = served.model.to_files()?;
        let files: Vec<(&str, &[u8])> =
            files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        // Left by a run that wrote it, died before its snapshot, and went back.
        self.models.prune(|kept| kept != name)?;
        let path: PathBuf = self.models.write(&name, &files)?;
        let loaded = Model::from_files(&path, &self.device)?;
        if loaded.network().weights()? != served.model.network().weights()? {
            return Err(LearnError::Snapshot(format!(
                "{} does not read back as it was written",
                path.display()
            )));
        }
        let names = self.models.list()?;
        let oldest_kept = names.len().saturating_sub(MODELS_KEPT);
        self.models.prune(|name| names.iter().skip(oldest_kept).any(|kept| kept == name))?;
        Ok(())
    }

    /// How many snapshots stay.
    pub fn snapshots_kept(&self) -> usize {
        self.keep
    }

    /// State, positions and model as one durable value.
    pub fn write_snapshot(&mut self, bytes: &[u8]) -> Result<(), LearnError> {
        self.snapshots.write(bytes)?;
        Ok(())
    }
}

/// Refuses a directory that another process learns in.
fn lock(directory: &Path) -> Result<File, LearnError> {
    let path = directory.join("lock");
    let refused = |why: String| LearnError::Snapshot(format!("{}: {why}", path.display()));
    fs::create_dir_all(directory).map_err(|error| refused(error.to_string()))?;
    let file = File::create(&path).map_err(|error| refused(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(refused(
            "another driftform uses this state directory; give each its own `state.directory`".into(),
        )),
        Err(fs::TryLockError::Error(error)) => Err(refused(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
