//! Segment: rows of events, appended once and read when their label comes.
//!
//! A file holds a fixed number of records; a record is the row's numbers, little-endian, and their CRC-32.
//! A header of the same form (magic and width) guards against rows of another schema.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use model::Row;

use super::{StoreError, create_folder, names, sync_folder};

/// Records in one file; whole files are removed when no row in them is needed.
pub const ROWS_PER_FILE: u64 = 65_536;
/// Rows gathered in memory before they are written.
pub const BUFFERED_ROWS_MAX: usize = 1_024;
const MAGIC: u32 = 0x5747_5344;
const HEADER_BYTES: u64 = 8;

/// Place of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowRef(pub u64);

/// Rows on disk.
#[derive(Debug)]
pub struct Segment {
    folder: PathBuf,
    width: usize,
    /// Open files by number.
    files: BTreeMap<u64, File>,
    /// Rows written to files.
    written: u64,
    buffered: Vec<Row>,
}

/// A segment that was opened again.
#[derive(Debug)]
pub struct Resumed {
    /// The rows.
    pub segment: Segment,
    /// Rows that should be there and are not.
    pub missing: u64,
}

impl Segment {
    /// Opens the folder for rows of `width` numbers and cuts it to `rows`: what lies behind was written
    /// after the last snapshot and will come again. If it is shorter, the missing rows are gone.
    pub fn resume(folder: &Path, width: usize, rows: u64) -> Result<Resumed, StoreError> {
        create_folder(folder)?;
        let mut segment =
            Self { folder: folder.to_owned(), width, files: BTreeMap::new(), written: rows, buffered: Vec::new() };
        let mut missing = 0;
        let numbers: Vec<u64> = names(folder)?.iter().filter_map(|name| number(name)).collect();
        for number in numbers {
            let first = number * ROWS_PER_FILE;
            if first >= rows {
                let path = segment.path(number);
                fs::remove_file(&path).map_err(StoreError::io(&path))?;
                continue;
            }
            missing += segment.open_file(number, (rows - first).min(ROWS_PER_FILE))?;
        }
        let last = rows.saturating_sub(1) / ROWS_PER_FILE;
        if rows > 0 && !segment.files.contains_key(&last) {
            missing += rows - last * ROWS_PER_FILE;
        }
        Ok(Resumed { segment, missing })
    }

    /// Opens a file and cuts it to `rows`; how many of them are missing.
    fn open_file(&mut self, number: u64, rows: u64) -> Result<u64, StoreError> {
        let path = self.path(number);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(StoreError::io(&path))?;
        let there = file.metadata().map_err(StoreError::io(&path))?.len();
        let mut header = [0; HEADER_BYTES as usize];
        if there >= HEADER_BYTES {
            file.read_exact_at(&mut header, 0).map_err(StoreError::io(&path))?;
            if header != self.header() {
                return Err(StoreError::OtherSchema { path });
            }
        } else {
            file.write_all_at(&self.header(), 0).map_err(StoreError::io(&path))?;
        }
        let wanted = HEADER_BYTES + rows * self.record_bytes();
        // Also makes a short file longer: the zeros have no valid checksum, so those rows read as damaged.
        file.set_len(wanted).map_err(StoreError::io(&path))?;
        self.files.insert(number, file);
        Ok(wanted.saturating_sub(there.max(HEADER_BYTES)).div_ceil(self.record_bytes()))
    }

    /// Rows so far.
    pub fn len(&self) -> u64 {
        self.written + self.buffered.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a row; it can be read at once, and is on disk after [`Self::sync`].
    pub fn append(&mut self, row: &Row) -> Result<RowRef, StoreError> {
        if self.buffered.len() >= BUFFERED_ROWS_MAX {
            self.write_buffered()?;
        }
        self.buffered.push(row.clone());
        Ok(RowRef(self.len() - 1))
    }

    /// The row at this place.
    pub fn read(&self, at: RowRef) -> Result<Row, StoreError> {
        let RowRef(row) = at;
        if row >= self.written {
            let place = (row - self.written) as usize;
            return self.buffered.get(place).cloned().ok_or(StoreError::RowGone { row });
        }
        let file = self.files.get(&(row / ROWS_PER_FILE)).ok_or(StoreError::RowGone { row })?;
        let mut record = vec![0; self.record_bytes() as usize];
        let offset = HEADER_BYTES + (row % ROWS_PER_FILE) * self.record_bytes();
        file.read_exact_at(&mut record, offset).map_err(|_| StoreError::RowGone { row })?;
        let (values, checksum) = record.split_at(self.width * 4);
        if checksum != checksum_of(values) {
            return Err(StoreError::RowDamaged { row });
        }
        let values = values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Row::new(values).map_err(|_| StoreError::RowDamaged { row })
    }

    /// Makes every appended row durable.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.write_buffered()?;
        if let Some((number, file)) = self.files.last_key_value() {
            file.sync_data().map_err(StoreError::io(&self.path(*number)))?;
        }
        Ok(())
    }

    /// Removes files in which no row from `oldest` on lies.
    pub fn prune_before(&mut self, oldest: RowRef) -> Result<(), StoreError> {
        let kept_from = oldest.0 / ROWS_PER_FILE;
        while let Some((number, _)) = self.files.first_key_value()
            && *number < kept_from
        {
            let number = *number;
            self.files.remove(&number);
            let path = self.path(number);
            fs::remove_file(&path).map_err(StoreError::io(&path))?;
        }
        Ok(())
    }

    fn write_buffered(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.buffered);
        let mut from = 0;
        while from < rows.len() {
            let number = self.written / ROWS_PER_FILE;
            let place = self.written % ROWS_PER_FILE;
            let count = (rows.len() - from).min((ROWS_PER_FILE - place) as usize);
            let bytes: Vec<u8> = rows[from..from + count].iter().flat_map(|row| self.record(row)).collect();
            let offset = HEADER_BYTES + place * self.record_bytes();
            let written = self.file(number).and_then(|file| {
                let path = self.path(number);
                file.write_all_at(&bytes, offset).map_err(StoreError::io(&path))
            });
            if let Err(error) = written {
                // They stay readable from memory, and the next attempt writes them again.
                self.buffered = rows[from..].to_vec();
                return Err(error);
            }
            self.written += count as u64;
            from += count;
        }
        Ok(())
    }

    fn file(&mut self, number: u64) -> Result<File, StoreError> {
        let path = self.path(number);
        if !self.files.contains_key(&number) {
            if let Some((last, file)) = self.files.last_key_value() {
                file.sync_data().map_err(StoreError::io(&self.path(*last)))?;
            }
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
            let file = file.map_err(StoreError::io(&path))?;
            file.write_all_at(&self.header(), 0).map_err(StoreError::io(&path))?;
            sync_folder(&self.folder)?;
            self.files.insert(number, file);
        }
        self.files.get(&number).expect("it was opened above").try_clone().map_err(StoreError::io(&path))
    }

    fn record(&self, row: &Row) -> Vec<u8> {
        let mut bytes: Vec<u8> = row.values().iter().flat_map(|value| value.to_le_bytes()).collect();
        bytes.resize(self.width * 4, 0);
        let checksum = checksum_of(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    fn record_bytes(&self) -> u64 {
        self.width as u64 * 4 + 4
    }

    fn header(&self) -> [u8; HEADER_BYTES as usize] {
        let mut header = [0; HEADER_BYTES as usize];
        header[..4].copy_from_slice(&MAGIC.to_le_bytes());
        header[4..].copy_from_slice(&(self.width as u32).to_le_bytes());
        header
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}.rows"))
    }
}

fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".rows")?.parse().ok()
}

/// Never zero for zeros, so that a hole in a file is not a row.
fn checksum_of(bytes: &[u8]) -> [u8; 4] {
    (crc32fast::hash(bytes) ^ MAGIC).to_le_bytes()
}
