//! Encoded rows by number: written once, in order, found again by whoever kept the number.
//!
//! Lives here: files of fixed-size records, each with a checksum. The newest rows are still in memory
//! and are read from there. May not: know what the numbers in a row mean.

mod file;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use model::Row;
use serde::{Deserialize, Serialize};

use super::durable::{flush_folder, names, open_folder, remove};
use super::error::StoreError;
use crate::points::{Point, disk};
use file::{Shape, encode};

/// Rows in one file, at most; whole files are dropped.
pub const ROWS_PER_FILE: u64 = 65_536;
/// Bytes that wait in memory before they are written.
const BUFFER_BYTES_MAX: usize = 256 * 1024;
/// Bytes that wait at most while the disk takes nothing; then no row is taken in.
const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes from which on whoever appends should wait for the disk: a unit of work still fits in.
const CROWDED_BYTES: usize = WAITING_BYTES_MAX / 2;
/// Files kept open for reading.
const OPEN_FILES_MAX: usize = 16;

/// The number of a row, the same for as long as the row is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowRef(pub u64);

/// What was found when the rows were taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Rows written after the snapshot, and now dropped.
    pub cut: u64,
    /// Rows the snapshot counts on that are not there.
    pub lost: u64,
}

/// An append-only sequence of rows in a folder. Rows may become wider: the first wider row begins a new
/// file, and older rows stay as they are.
#[derive(Debug)]
pub struct RowSegments {
    folder: PathBuf,
    /// Of new rows.
    shape: Shape,
    /// How wide the rows of each file are, by its first row.
    files: BTreeMap<u64, Shape>,
    /// Number of the oldest row.
    first: u64,
    /// Number of the first row that is still in the buffer.
    written: u64,
    buffer: Vec<u8>,
    /// Bytes in the buffer at which it is written.
    write_at: usize,
    /// Open files by their first row.
    open: BTreeMap<u64, File>,
    /// Files with writes that have not been flushed to the disk.
    unflushed: Vec<u64>,
}

impl RowSegments {
    /// Takes up the rows in a folder as they were when there were `len` of them; 0 starts anew.
    ///
    /// Rows after `len` were written after the snapshot that says so and are dropped; rows before it
    /// that are not there stay missing, and their numbers are not used again. New rows have `width`
    /// values; older ones may have fewer.
    pub fn resume(folder: &Path, width: usize, len: u64) -> Result<(Self, Resumed), StoreError> {
        open_folder(folder)?;
        let shape = Shape::new(width);
        let mut resumed = Resumed::default();
        let mut kept = BTreeMap::new();
        let mut end = 0;
        for start in files(folder)? {
            let path = path_of(folder, start);
            let (found, rows) = Shape::of_file(&path)?.unwrap_or((shape, 0));
            end = end.max(start + rows);
            if start >= len {
                remove(&path)?;
            } else {
                found.check_within(shape, &path)?;
                kept.insert(start, found);
            }
        }
        resumed.cut = end.saturating_sub(len);
        flush_folder(folder)?;
        let first = kept.first_key_value().map_or(len, |(start, _)| *start);
        let mut segments = Self {
            folder: folder.to_owned(),
            shape,
            files: kept,
            first,
            written: len,
            buffer: Vec::new(),
            write_at: BUFFER_BYTES_MAX,
            open: BTreeMap::new(),
            unflushed: Vec::new(),
        };
        resumed.lost = segments.trim_last(end.min(len))?;
        Ok((segments, resumed))
    }

    /// Appends a row; it can be read at once, and survives a crash after [`RowSegments::sync`].
    ///
    /// A disk that takes nothing is no error here, within limits: rows wait in memory and are written later.
    pub fn append(&mut self, row: &Row) -> Result<RowRef, StoreError> {
        self.check_width(row)?;
        if self.buffer.len() >= self.write_at {
            match self.write_out() {
                Ok(()) => {}
                Err(error) if self.buffer.len() >= WAITING_BYTES_MAX => return Err(error),
                // Not with every row: each attempt takes time.
                Err(_) => self.write_at = self.buffer.len() + BUFFER_BYTES_MAX,
            }
        }
        let number = self.len();
        encode(row, &mut self.buffer);
        Ok(RowRef(number))
    }

    /// Asked before a unit of work: whether there is room for its rows. If so many wait for the disk that there may not
    /// be, they are written now, or the error says why not; whoever appends then had better wait.
    pub fn make_room(&mut self) -> Result<(), StoreError> {
        if self.buffer.len() < CROWDED_BYTES { Ok(()) } else { self.write_out() }
    }

    /// Writes what waits, without flushing it to the disk: a wider row may then come.
    pub fn write_out(&mut self) -> Result<(), StoreError> {
        self.write_buffer()?;
        self.write_at = BUFFER_BYTES_MAX;
        Ok(())
    }

    /// From now on rows have this many values, at least as many as before.
    pub fn widen(&mut self, width: usize) -> Result<(), StoreError> {
        if width > self.shape.width() {
            // What waits is of the old width.
            self.write_buffer()?;
        }
        self.shape = Shape::new(width.max(self.shape.width()));
        Ok(())
    }

    /// The row of this number, as wide as rows were when it was appended.
    pub fn read(&mut self, row: RowRef) -> Result<Row, StoreError> {
        let RowRef(number) = row;
        let end = self.len();
        if !(self.first..end).contains(&number) {
            return Err(StoreError::RowGone { row: number, first: self.first, end });
        }
        let (start, shape) = self.holder(number);
        let path = path_of(&self.folder, start);
        let damaged = || StoreError::RowDamaged { row: number, path: path.clone() };
        if let Some(index) = number.checked_sub(self.written) {
            let at = index as usize * self.shape.record_bytes();
            return self.shape.decode(&self.buffer[at..at + self.shape.record_bytes()]).ok_or_else(damaged);
        }
        // Opening would create it.
        if !self.open.contains_key(&start) && !path.exists() {
            return Err(damaged());
        }
        let record = shape.read(self.file(start, shape)?, number - start);
        record.map_err(StoreError::io("read", &path))?.ok_or_else(damaged)
    }

    /// Writes what waits and flushes it to the disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.write_out()?;
        while let Some(start) = self.unflushed.last().copied() {
            let path = path_of(&self.folder, start);
            let (_, shape) = self.holder(start);
            let file = self.file(start, shape)?;
            disk(Point::RowsFlush, || file.sync_all()).map_err(StoreError::io("flush", &path))?;
            self.unflushed.pop();
        }
        flush_folder(&self.folder)
    }

    /// The number that the next row will have, which is how many there have ever been.
    pub fn len(&self) -> u64 {
        self.written + (self.buffer.len() / self.shape.record_bytes()) as u64
    }

    /// Whether there has never been a row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops whole files of rows before this one; the rows that shared a file with it stay.
    pub fn prune_before(&mut self, row: RowRef) -> Result<(), StoreError> {
        while let Some((start, _)) = self.files.first_key_value().map(|(start, shape)| (*start, *shape)) {
            let next = self.files.range(start + 1..).next().map(|(start, _)| *start);
            let end = next.unwrap_or(start + ROWS_PER_FILE);
            if end > row.0.min(self.written) {
                break;
            }
            self.open.remove(&start);
            self.unflushed.retain(|unflushed| *unflushed != start);
            remove(&path_of(&self.folder, start))?;
            self.files.remove(&start);
            self.first = self.first.max(end);
        }
        Ok(())
    }

    /// The file that holds this row, if any does.
    fn holder(&self, number: u64) -> (u64, Shape) {
        self.files
            .range(..=number)
            .next_back()
            .map_or((number, self.shape), |(start, shape)| (*start, *shape))
    }

    /// The file that the next row goes into: the last one, unless it is full or its rows are of another width.
    fn tail(&self) -> u64 {
        let last = self
            .files
            .last_key_value()
            .filter(|(start, shape)| **shape == self.shape && self.written - *start < ROWS_PER_FILE);
        last.map_or(self.written, |(start, _)| *start)
    }

    fn check_width(&self, row: &Row) -> Result<(), StoreError> {
        let (found, expected) = (row.values().len(), self.shape.width());
        if found == expected {
            return Ok(());
        }
        Err(StoreError::RowWidth { folder: self.folder.clone(), found, expected })
    }

    /// Makes the last file end where the rows are to go on; returns how many rows are missing there.
    fn trim_last(&mut self, present: u64) -> Result<u64, StoreError> {
        if let Some((start, shape)) = self.files.last_key_value().map(|(start, shape)| (*start, *shape)) {
            let path = path_of(&self.folder, start);
            // Longer is cut; shorter is filled with zeros, whose checksum is wrong.
            let rows = (self.written - start).min(ROWS_PER_FILE);
            shape.resize(self.file(start, shape)?, rows).map_err(StoreError::io("resize", &path))?;
            self.unflushed.push(start);
        }
        Ok(self.written - present)
    }

    /// Writes the buffer, file by file. What could not be written stays in the buffer and is written to
    /// the same place the next time.
    fn write_buffer(&mut self) -> Result<(), StoreError> {
        let shape = self.shape;
        while !self.buffer.is_empty() {
            let start = self.tail();
            let room = (start + ROWS_PER_FILE - self.written) as usize;
            let rows = room.min(self.buffer.len() / shape.record_bytes());
            let path = path_of(&self.folder, start);
            let buffer = std::mem::take(&mut self.buffer);
            let bytes = &buffer[..rows * shape.record_bytes()];
            let index = self.written - start;
            let wrote = self
                .file(start, shape)
                .and_then(|file| shape.write(file, index, bytes).map_err(StoreError::io("write", &path)));
            self.buffer = buffer;
            if let Err(error) = wrote {
                // Opened anew the next time: it may have been opened where nothing may be written.
                self.open.remove(&start);
                return Err(error);
            }
            self.files.insert(start, shape);
            self.buffer.drain(..rows * shape.record_bytes());
            self.written += rows as u64;
            if self.unflushed.last() != Some(&start) {
                self.unflushed.push(start);
            }
        }
        Ok(())
    }

    fn file(&mut self, start: u64, shape: Shape) -> Result<&File, StoreError> {
        if !self.open.contains_key(&start) {
            if self.open.len() >= OPEN_FILES_MAX {
                self.open.pop_first();
            }
            let path = path_of(&self.folder, start);
            let file = shape.open(&path).map_err(StoreError::io("open", &path))?;
            self.open.insert(start, file);
        }
        Ok(&self.open[&start])
    }
}

fn path_of(folder: &Path, start: u64) -> PathBuf {
    folder.join(format!("rows-{start:020}"))
}

/// First rows of the files in a folder, in order.
fn files(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let start = |name: &String| name.strip_prefix("rows-")?.parse().ok();
    Ok(names(folder)?.iter().filter_map(start).collect())
}

#[cfg(test)]
mod tests;
