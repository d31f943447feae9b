//! A model repository: the folders from which Triton and `KServe` load models.
//!
//! Lives here: where files lie, and in which order they come to be there. May not: know what is in them.
//!
//! ```text
//! REPOSITORY/MODEL/config.pbtxt     what goes in and comes out
//!                  labels.txt       names of the classes, one a line, if there are any
//!                  7/model.onnx     version 7; never changed
//!                  7/model.onnx.sha256
//! ```
//!
//! A version is written beside, under a name that servers pass over, flushed, and renamed. A new configuration is
//! moved into its place before the version that needs it.

use std::path::{Path, PathBuf};

use super::durable::{
    UNFINISHED, check_name, create_folder, flush_folder, names, publish, remove, write_flushed,
};
use super::error::StoreError;
use crate::audit::sha256;

/// The name of a version's file.
const MODEL_FILE: &str = "model.onnx";
/// What servers read about a model.
const CONFIG_FILE: &str = "config.pbtxt";
/// The names of its classes.
pub const LABELS_FILE: &str = "labels.txt";
/// How the name of a digest's file ends.
const DIGEST: &str = "sha256";

/// One model's folder in a repository.
#[derive(Clone, Debug)]
pub struct ModelRepository {
    folder: PathBuf,
}

impl ModelRepository {
    /// Opens or creates the folder of this model.
    pub fn open(repository: &Path, model: &str) -> Result<Self, StoreError> {
        check_name(model)?;
        let folder = repository.join(model);
        create_folder(&folder)?;
        for name in names(&folder)?.iter().filter(|name| name.starts_with(UNFINISHED)) {
            remove(&folder.join(name))?;
        }
        Ok(Self { folder })
    }

    /// Adds a version; when this returns it survives a crash. One that is there already is refused.
    pub fn add(&self, version: u64, model: &[u8], config: &str, labels: &str) -> Result<PathBuf, StoreError> {
        let path = self.folder.join(version.to_string());
        if path.exists() {
            return Err(StoreError::Exists { path });
        }
        let unfinished = self.folder.join(format!("{UNFINISHED}{version}"));
        create_folder(&unfinished)?;
        let written = write_with_digest(&unfinished.join(MODEL_FILE), model)
            .and_then(|()| flush_folder(&unfinished))
            .and_then(|()| self.place(LABELS_FILE, labels))
            .and_then(|()| self.place(CONFIG_FILE, config))
            .and_then(|()| publish(&unfinished, &path));
        // The first error is the one to tell; what is left is swept away at the next opening.
        written.inspect_err(|_| drop(remove(&unfinished)))?;
        Ok(path)
    }

    /// Versions, ascending.
    pub fn versions(&self) -> Result<Vec<u64>, StoreError> {
        let mut versions: Vec<u64> =
            names(&self.folder)?.iter().filter_map(|name| name.parse().ok()).collect();
        versions.sort_unstable();
        Ok(versions)
    }

    /// Removes all but the newest `keep` versions.
    pub fn prune(&self, keep: usize) -> Result<(), StoreError> {
        let versions = self.versions()?;
        for version in &versions[..versions.len().saturating_sub(keep.max(1))] {
            // Renamed first, so that no server finds half a version.
            let unfinished = self.folder.join(format!("{UNFINISHED}{version}"));
            publish(&self.folder.join(version.to_string()), &unfinished)?;
            remove(&unfinished)?;
        }
        Ok(())
    }

    /// A file beside the versions, if it is not there as it is.
    fn place(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.folder.join(name);
        if std::fs::read(&path).is_ok_and(|before| before == text.as_bytes()) {
            return Ok(());
        }
        let unfinished = self.folder.join(format!("{UNFINISHED}{name}"));
        write_flushed(&unfinished, &[text.as_bytes()])?;
        publish(&unfinished, &path)
    }
}

/// A file in place of what was there, and its digest beside it, as `sha256sum --check` reads it; the file is there
/// entirely or not at all.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unfinished = folder.join(format!("{UNFINISHED}{name}"));
    let digest = folder.join(format!("{UNFINISHED}{name}.{DIGEST}"));
    write_flushed(&digest, &[digest_line(&name, bytes).as_bytes()])?;
    write_flushed(&unfinished, &[bytes])?;
    publish(&unfinished, path)?;
    publish(&digest, &folder.join(format!("{name}.{DIGEST}")))
}

fn write_with_digest(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_flushed(path, &[bytes])?;
    let digest = path.with_extension(format!("onnx.{DIGEST}"));
    write_flushed(&digest, &[digest_line(MODEL_FILE, bytes).as_bytes()])
}

fn digest_line(name: &str, bytes: &[u8]) -> String {
    format!("{}  {name}\n", sha256(bytes))
}

#[cfg(test)]
mod tests;
