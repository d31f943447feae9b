//! Records by their place: written once, in order, found again by whoever kept the place.
//!
//! Lives here: files of records of any length, each with a checksum. The newest records are still in memory and are read
//! from there. May not: know what is in a record.

mod file;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::durable::{flush_folder, names, open_folder, remove};
use super::error::StoreError;
use crate::points::{Point, disk};

pub use file::RECORD_BYTES_MAX;

/// A file with so many bytes of records takes no more; whole files are dropped.
pub const FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes that wait in memory before they are written.
const BUFFER_BYTES_MAX: usize = 256 * 1024;
/// Bytes that wait at most while the disk takes nothing; then no record is taken in.
const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes from which on whoever appends should wait for the disk: a unit of work still fits in.
const CROWDED_BYTES: usize = WAITING_BYTES_MAX / 2;
/// Files kept open for reading.
const OPEN_FILES_MAX: usize = 16;

/// Where a record begins, in bytes of all there have ever been; the same for as long as the record is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place(pub u64);

/// What was found when the records were taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Bytes written after the snapshot, and now dropped.
    pub cut: u64,
    /// Bytes the snapshot counts on that are not there.
    pub lost: u64,
}

/// An append-only sequence of records in a folder.
#[derive(Debug)]
pub struct Records {
    folder: PathBuf,
    /// Where each file begins.
    files: Vec<u64>,
    /// Where the oldest record begins.
    first: u64,
    /// Where the first record begins that is still in the buffer.
    written: u64,
    buffer: Vec<u8>,
    /// Bytes in the buffer at which it is written.
    write_at: usize,
    /// Open files by where they begin.
    open: BTreeMap<u64, File>,
    /// Files with writes that have not been flushed to the disk.
    unflushed: Vec<u64>,
}

impl Records {
    /// Takes up the records in a folder as they were when there were `len` bytes of them; 0 starts anew.
    ///
    /// Records after `len` were written after the snapshot that says so and are dropped; ones before it that are not there
    /// stay missing, and their places are not used again.
    pub fn resume(folder: &Path, len: u64) -> Result<(Self, Resumed), StoreError> {
        open_folder(folder)?;
        let (mut kept, mut end) = (Vec::new(), 0);
        for start in files(folder)? {
            let path = path_of(folder, start);
            end = end.max(start + file::bytes_of(&path)?.unwrap_or_default());
            if start >= len {
                remove(&path)?;
            } else {
                kept.push(start);
            }
        }
        flush_folder(folder)?;
        let first = kept.first().copied().unwrap_or(len);
        let mut records = Self {
            folder: folder.to_owned(),
            files: kept,
            first,
            written: len,
            buffer: Vec::new(),
            write_at: BUFFER_BYTES_MAX,
            open: BTreeMap::new(),
            unflushed: Vec::new(),
        };
        records.trim_last()?;
        Ok((records, Resumed { cut: end.saturating_sub(len), lost: len - end.min(len) }))
    }

    /// Appends a record; it can be read at once, and survives a crash after [`Records::sync`].
    ///
    /// A disk that takes nothing is no error here, within limits: records wait in memory and are written later.
    pub fn append(&mut self, record: &[u8]) -> Result<Place, StoreError> {
        if record.len() > RECORD_BYTES_MAX {
            return Err(StoreError::RecordTooLong { bytes: record.len() });
        }
        if self.buffer.len() >= self.write_at {
            match self.write_out() {
                Ok(()) => {}
                Err(error) if self.buffer.len() >= WAITING_BYTES_MAX => return Err(error),
                // Not with every record: each attempt takes time.
                Err(_) => self.write_at = self.buffer.len() + BUFFER_BYTES_MAX,
            }
        }
        let place = Place(self.len());
        file::encode(record, &mut self.buffer);
        Ok(place)
    }

    /// Asked before a unit of work: whether there is room for its records. If so many wait for the disk that there may
    /// not be, they are written now, or the error says why not; whoever appends then had better wait.
    pub fn make_room(&mut self) -> Result<(), StoreError> {
        if self.buffer.len() < CROWDED_BYTES { Ok(()) } else { self.write_out() }
    }

    /// The record at this place.
    pub fn read(&mut self, Place(place): Place) -> Result<Vec<u8>, StoreError> {
        let end = self.len();
        if !(self.first..end).contains(&place) {
            return Err(StoreError::RecordGone { place, first: self.first, end });
        }
        let start = self.holder(place);
        let path = path_of(&self.folder, start);
        let damaged = || StoreError::RecordDamaged { place, path: path.clone() };
        if let Some(at) = place.checked_sub(self.written) {
            let bytes = self.buffer.get(at as usize..).unwrap_or_default();
            return file::decode(bytes).map(<[u8]>::to_vec).ok_or_else(damaged);
        }
        // Opening would create it.
        if !self.open.contains_key(&start) && !path.exists() {
            return Err(damaged());
        }
        let record = file::read(self.file(start)?, place - start);
        record.map_err(StoreError::io("read", &path))?.ok_or_else(damaged)
    }

    /// Writes what waits and flushes it to the disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.write_out()?;
        while let Some(start) = self.unflushed.last().copied() {
            let path = path_of(&self.folder, start);
            let file = self.file(start)?;
            disk(Point::RecordsFlush, || file.sync_all()).map_err(StoreError::io("flush", &path))?;
            self.unflushed.pop();
        }
        flush_folder(&self.folder)
    }

    /// Overwrites the records that are meant, on the disk too, and says where they were; reading one finds it damaged. All
    /// records are read for that.
    pub fn erase(&mut self, is_meant: impl Fn(&[u8]) -> bool) -> Result<Vec<Place>, StoreError> {
        self.sync()?;
        let mut erased = Vec::new();
        for start in self.files.clone() {
            let path = path_of(&self.folder, start);
            let places =
                file::erase(self.file(start)?, &is_meant).map_err(StoreError::io("erase in", &path))?;
            erased.extend(places.into_iter().map(|at| Place(start + at)));
        }
        Ok(erased)
    }

    /// Where the next record will begin: the bytes of all there have ever been.
    pub fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Whether there has never been a record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the records that are kept.
    pub fn kept_bytes(&self) -> u64 {
        self.len() - self.first
    }

    /// Drops whole files of records before this place; the ones that shared a file with it stay.
    pub fn prune_before(&mut self, Place(place): Place) -> Result<(), StoreError> {
        while let Some((start, next)) = self.files.first().copied().zip(self.files.get(1).copied()) {
            if next > place.min(self.written) {
                break;
            }
            self.open.remove(&start);
            self.unflushed.retain(|unflushed| *unflushed != start);
            remove(&path_of(&self.folder, start))?;
            self.files.remove(0);
            self.first = next;
        }
        Ok(())
    }

    /// Writes what waits, without flushing it to the disk.
    fn write_out(&mut self) -> Result<(), StoreError> {
        self.write_buffer()?;
        self.write_at = BUFFER_BYTES_MAX;
        Ok(())
    }

    /// Where the file begins that holds this place, if any does.
    fn holder(&self, place: u64) -> u64 {
        let after = self.files.partition_point(|start| *start <= place);
        after.checked_sub(1).map_or(place, |at| self.files[at])
    }

    /// The file that the buffer goes into: the last one, unless it is full.
    fn tail(&self) -> u64 {
        let last = self.files.last().copied().filter(|start| self.written - start < FILE_BYTES);
        last.unwrap_or(self.written)
    }

    /// Makes the last file end where the records are to go on.
    fn trim_last(&mut self) -> Result<(), StoreError> {
        let Some(start) = self.files.last().copied() else { return Ok(()) };
        let path = path_of(&self.folder, start);
        // Longer is cut; shorter is filled with zeros, whose checksum is wrong.
        let bytes = self.written - start;
        file::resize(self.file(start)?, bytes).map_err(StoreError::io("resize", &path))?;
        self.unflushed.push(start);
        Ok(())
    }

    /// Writes the buffer to one file. What could not be written stays in the buffer and is written to the same place the
    /// next time.
    fn write_buffer(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let start = self.tail();
        let path = path_of(&self.folder, start);
        let (buffer, at) = (std::mem::take(&mut self.buffer), self.written - start);
        let wrote = self
            .file(start)
            .and_then(|file| file::write(file, at, &buffer).map_err(StoreError::io("write", &path)));
        self.buffer = buffer;
        if let Err(error) = wrote {
            // Opened anew the next time: it may have been opened where nothing may be written.
            self.open.remove(&start);
            return Err(error);
        }
        if self.files.last() != Some(&start) {
            self.files.push(start);
        }
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        self.buffer.shrink_to(2 * BUFFER_BYTES_MAX);
        if self.unflushed.last() != Some(&start) {
            self.unflushed.push(start);
        }
        Ok(())
    }

    fn file(&mut self, start: u64) -> Result<&File, StoreError> {
        if !self.open.contains_key(&start) {
            if self.open.len() >= OPEN_FILES_MAX {
                self.open.pop_first();
            }
            let path = path_of(&self.folder, start);
            let file = file::open(&path).map_err(StoreError::io("open", &path))?;
            self.open.insert(start, file);
        }
        Ok(&self.open[&start])
    }
}

fn path_of(folder: &Path, start: u64) -> PathBuf {
    folder.join(format!("records-{start:020}"))
}

/// Where the files in a folder begin, in order.
fn files(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let start = |name: &String| name.strip_prefix("records-")?.parse().ok();
    let mut starts: Vec<u64> = names(folder)?.iter().filter_map(start).collect();
    starts.sort_unstable();
    Ok(starts)
}

#[cfg(test)]
mod tests;
