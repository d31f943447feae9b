//! The bytes of one file of rows: a header, then records of one size.
//!
//! May not: know which rows the file holds.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use model::Row;

use super::super::error::StoreError;
use crate::points::{Point, disk};

const MAGIC: [u8; 8] = *b"DRFTROWS";
const VERSION: u32 = 1;
/// Magic, version and width.
const HEADER_BYTES: u64 = 16;
const CHECKSUM_BYTES: usize = 4;

/// How wide the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    width: usize,
}

impl Shape {
    pub(super) fn new(width: usize) -> Self {
        Self { width }
    }

    pub(super) fn width(self) -> usize {
        self.width
    }

    pub(super) fn record_bytes(self) -> usize {
        self.width * size_of::<f32>() + CHECKSUM_BYTES
    }

    /// Opens a file for reading and writing; a new one gets its header. One that is there and must not be written to
    /// can be read: the first write says so.
    pub(super) fn open(self, path: &Path) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let file = match options.open(path) {
            Err(error) if is_read_only(&error) => return File::open(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk(Point::Rows, || options.create(true).truncate(false).open(path))?
            }
            file => file?,
        };
        if file.metadata()?.len() < HEADER_BYTES {
            disk(Point::Rows, || file.write_all_at(&self.header(), 0))?;
        }
        Ok(file)
    }

    /// How wide a file's rows are, and how many whole records it has; refuses one of another kind.
    /// Nothing for one cut off within its header.
    pub(super) fn of_file(path: &Path) -> Result<Option<(Self, u64)>, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let bytes = file.metadata().map_err(StoreError::io("read", path))?.len();
        let Some(records) = bytes.checked_sub(HEADER_BYTES) else { return Ok(None) };
        let mut header = [0; HEADER_BYTES as usize];
        file.read_exact_at(&mut header, 0).map_err(StoreError::io("read", path))?;
        let [.., a, b, c, d] = header;
        let shape = Self::new(u32::from_le_bytes([a, b, c, d]) as usize);
        if header != shape.header() {
            return Err(wrong(path, "its first bytes are wrong".into()));
        }
        Ok(Some((shape, records / shape.record_bytes() as u64)))
    }

    /// Refuses rows with more values than a row may have: they are of another schema.
    pub(super) fn check_within(self, wider: Self, path: &Path) -> Result<(), StoreError> {
        if self.width <= wider.width {
            return Ok(());
        }
        Err(wrong(path, format!("its rows have {} values, not at most {}", self.width, wider.width)))
    }

    /// Makes a file hold this many records; new ones are zeros, which no checksum fits.
    pub(super) fn resize(self, file: &File, rows: u64) -> io::Result<()> {
        disk(Point::Rows, || file.set_len(self.position(rows)))
    }

    pub(super) fn write(self, file: &File, index: u64, records: &[u8]) -> io::Result<()> {
        disk(Point::Rows, || file.write_all_at(records, self.position(index)))
    }

    /// The row at this place, or nothing if it is damaged or cut off.
    pub(super) fn read(self, file: &File, index: u64) -> io::Result<Option<Row>> {
        let mut record = vec![0; self.record_bytes()];
        match file.read_exact_at(&mut record, self.position(index)) {
            Ok(()) => Ok(self.decode(&record)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn decode(self, record: &[u8]) -> Option<Row> {
        let (values, found) = record.split_at_checked(self.width * size_of::<f32>())?;
        if found != checksum(values) {
            return None;
        }
        let values = values.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Row::new(values).ok()
    }

    fn position(self, index: u64) -> u64 {
        HEADER_BYTES + index * self.record_bytes() as u64
    }

    fn header(self) -> [u8; HEADER_BYTES as usize] {
        let mut header = [0; HEADER_BYTES as usize];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[12..].copy_from_slice(&(self.width as u32).to_le_bytes());
        header
    }
}

/// Appends a row as a record.
pub(super) fn encode(row: &Row, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(row.values().iter().flat_map(|value| value.to_le_bytes()));
    let checksum = checksum(&out[start..]);
    out.extend(checksum);
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

fn wrong(path: &Path, message: String) -> StoreError {
    StoreError::RowFile { path: path.to_owned(), message }
}

/// Inverted, so that a hole of zeros is no record at any width.
fn checksum(values: &[u8]) -> [u8; CHECKSUM_BYTES] {
    (!crc32fast::hash(values)).to_le_bytes()
}
