//! Audit: what was decided, one JSON line each, for people to read later.
//!
//! Lives here: appending, flushing, one rotation. May not: be read back to decide anything.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::store::StoreError;

/// Size at which the log is moved to `.1` and begun anew.
pub const AUDIT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// An append-only log.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl AuditLog {
    /// Opens or creates the log and its folder.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// Appends one line and makes it durable.
    pub fn append(&mut self, value: &Value) -> Result<(), StoreError> {
        let line = format!("{value}\n");
        if self.bytes + line.len() as u64 > AUDIT_BYTES_MAX {
            self.rotate()?;
        }
        let io = |source| StoreError::Io { path: self.path.clone(), source };
        self.file.write_all(line.as_bytes()).map_err(io)?;
        self.file.sync_data().map_err(io)?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> Result<(), StoreError> {
        let io = |source| StoreError::Io { path: self.path.clone(), source };
        fs::rename(&self.path, self.path.with_extension("jsonl.1")).map_err(io)?;
        self.file = OpenOptions::new().create(true).append(true).open(&self.path).map_err(io)?;
        self.bytes = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::AuditLog;

    #[test]
    fn lines_are_appended_across_restarts() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("new/audit.jsonl");
        for number in 0..2 {
            AuditLog::open(&path).expect("it opens").append(&json!({ "number": number })).expect("space");
        }
        assert_eq!(std::fs::read_to_string(path).expect("it is there"), "{\"number\":0}\n{\"number\":1}\n");
    }
}
