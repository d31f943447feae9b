//! The audit log: one JSON line a decision, on the disk before what it tells of happens.
//!
//! Lives here: appending, and turning the file over once it is full. May not: know what is told.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::store::StoreError;

/// Largest file before it is turned over; with the one before it, the log stays under twice this.
pub const AUDIT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes read at a time while looking for the end of the last whole line.
const STEP_BYTES: u64 = 4_096;

/// An append-only file of JSON lines, with the file before it beside it under `.1`.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

impl AuditLog {
    /// Opens the log, creating it if need be; a last line that a crash cut off is removed: what it would
    /// have told of did not happen.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_bounded(path, AUDIT_BYTES_MAX)
    }

    /// Appends one line; when this returns it survives a crash.
    pub fn append(&mut self, event: &Value) -> Result<(), StoreError> {
        let line = format!("{event}\n");
        let size = line.len() as u64;
        if self.bytes > 0 && self.bytes + size > self.bytes_max {
            self.turn_over()?;
        }
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // A part of the line may be there; the next one has to start on its own.
            let rewound = self.file.set_len(self.bytes).and_then(|()| self.file.seek(SeekFrom::End(0)));
            if let Err(error) = rewound {
                tracing::warn!(path = %self.path.display(), %error, "a part of a line stays in the audit log");
            }
            return Err(StoreError::io("append to", &self.path)(error));
        }
        self.bytes += size;
        Ok(())
    }

    /// The newest `max` entries, oldest first; lines that are not JSON are left out.
    pub fn tail(&self, max: usize) -> Result<Vec<Value>, StoreError> {
        let mut entries = Vec::new();
        for path in [before(&self.path), self.path.clone()] {
            match fs::read_to_string(&path) {
                Ok(text) => entries.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::io("read", &path)(error)),
            }
        }
        Ok(entries.split_off(entries.len().saturating_sub(max)))
    }

    fn open_bounded(path: &Path, bytes_max: u64) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::io("create", folder))?;
        }
        let mut file = open(path)?;
        let bytes = end_of_lines(&mut file).map_err(StoreError::io("read", path))?;
        let trim = |file: &mut File| file.set_len(bytes).and_then(|()| file.seek(SeekFrom::End(0)));
        trim(&mut file).map_err(StoreError::io("open", path))?;
        flush_folder_of(path)?;
        Ok(Self { path: path.to_owned(), file, bytes, bytes_max })
    }

    fn turn_over(&mut self) -> Result<(), StoreError> {
        let full = before(&self.path);
        fs::rename(&self.path, &full).map_err(StoreError::io("rename to", &full))?;
        self.file = open(&self.path)?;
        self.bytes = 0;
        flush_folder_of(&self.path)
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map_err(StoreError::io("open", path))
}

fn before(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

fn flush_folder_of(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("flush", folder))
}

/// Where the last whole line ends.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut step = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(STEP_BYTES);
        step.clear();
        file.seek(SeekFrom::Start(start))?;
        file.take(end - start).read_to_end(&mut step)?;
        if let Some(at) = step.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests;
