//! Versions in a directory: written beside, flushed, and renamed.
//!
//! May not: know what is in the files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{DIGEST, DIGEST_BYTES_MAX, Version, digest_line};
use crate::files::read_whole_text;
use crate::store::durable::{
    UNFINISHED, create_folder, flush_folder, names, open_folder, publish, remove, write_flushed,
};
use crate::store::error::StoreError;

/// One model's directory.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Opens or creates it, and sweeps away what was not finished.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        open_folder(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(super) fn add(&self, number: u64, version: &Version) -> Result<String, StoreError> {
        let path = self.path(number);
        if path.exists() {
            return Err(StoreError::Exists { path });
        }
        let unfinished = self.0.join(format!("{UNFINISHED}{number}"));
        create_folder(&unfinished)?;
        let written = fill(&unfinished, version)
            .and_then(|()| version.beside.iter().try_for_each(|(name, text)| self.place(name, text)))
            .and_then(|()| publish(&unfinished, &path));
        // The first error is the one to tell; what is left is swept away at the next opening.
        written.inspect_err(|_| drop(remove(&unfinished)))?;
        Ok(path.display().to_string())
    }

    /// All of them are of versions: they were renamed to it.
    pub(super) fn numbers(&self) -> Result<BTreeMap<u64, bool>, StoreError> {
        Ok(names(&self.0)?.iter().filter_map(|name| Some((name.parse().ok()?, true))).collect())
    }

    pub(super) fn digest_line(&self, number: u64, main: &str) -> Result<Option<String>, StoreError> {
        let path = self.path(number).join(format!("{main}.{DIGEST}"));
        if !path.exists() {
            return Ok(None);
        }
        read_whole_text(&path, DIGEST_BYTES_MAX).map(Some).map_err(StoreError::io("read", &path))
    }

    pub(super) fn remove(&self, number: u64) -> Result<(), StoreError> {
        // Renamed first, so that no server finds half a version.
        let unfinished = self.0.join(format!("{UNFINISHED}{number}"));
        publish(&self.path(number), &unfinished)?;
        remove(&unfinished)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.0.join(number.to_string())
    }

    /// A file beside the versions, if it is not there as it is.
    fn place(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let path = self.0.join(name);
        if std::fs::read(&path).is_ok_and(|before| before == text.as_bytes()) {
            return Ok(());
        }
        let unfinished = self.0.join(format!("{UNFINISHED}{name}"));
        write_flushed(&unfinished, &[text.as_bytes()])?;
        publish(&unfinished, &path)
    }
}

fn fill(folder: &Path, version: &Version) -> Result<(), StoreError> {
    for (name, bytes) in &version.files {
        write_flushed(&folder.join(name), &[bytes])?;
    }
    let (main, bytes) = version.main();
    write_flushed(&folder.join(format!("{main}.{DIGEST}")), &[digest_line(main, bytes).as_bytes()])?;
    flush_folder(folder)
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
