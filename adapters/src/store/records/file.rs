//! The bytes of one file of records: a header, then records one after the other, each with its length and a checksum.
//!
//! May not: know which records the file holds.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::super::error::StoreError;
use crate::points::{Point, disk};

const MAGIC: [u8; 8] = *b"DRFTRECS";
const VERSION: u64 = 1;
/// Magic and version.
pub(super) const HEADER_BYTES: u64 = 16;
/// Before each record: its length and its checksum.
const FRAME_BYTES: usize = 8;
/// Read at once, in the hope that it is all of a record.
const GUESS_BYTES: usize = 2_048;
/// Longest record.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Opens a file for reading and writing; a new one gets its header. One that is there and must not be written to can be
/// read: the first write says so.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let file = match options.open(path) {
        Err(error) if is_read_only(&error) => return File::open(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            disk(Point::Records, || options.create(true).truncate(false).open(path))?
        }
        file => file?,
    };
    if file.metadata()?.len() < HEADER_BYTES {
        disk(Point::Records, || file.write_all_at(&header(), 0))?;
    }
    Ok(file)
}

/// Bytes of records in a file; refuses one of another kind. Nothing for one cut off within its header.
pub(super) fn bytes_of(path: &Path) -> Result<Option<u64>, StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let bytes = file.metadata().map_err(StoreError::io("read", path))?.len();
    let Some(records) = bytes.checked_sub(HEADER_BYTES) else { return Ok(None) };
    let mut found = [0; HEADER_BYTES as usize];
    file.read_exact_at(&mut found, 0).map_err(StoreError::io("read", path))?;
    if found == header() { Ok(Some(records)) } else { Err(StoreError::RecordFile { path: path.to_owned() }) }
}

/// Makes a file hold this many bytes of records; new ones are zeros, which no checksum fits.
pub(super) fn resize(file: &File, bytes: u64) -> io::Result<()> {
    disk(Point::Records, || file.set_len(HEADER_BYTES + bytes))
}

pub(super) fn write(file: &File, at: u64, records: &[u8]) -> io::Result<()> {
    disk(Point::Records, || file.write_all_at(records, HEADER_BYTES + at))
}

/// The record that begins at this place, or nothing if it is damaged or cut off.
pub(super) fn read(file: &File, at: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; GUESS_BYTES];
    let found = read_up_to(file, &mut bytes, HEADER_BYTES + at)?;
    bytes.truncate(found);
    let Some(length) = length(&bytes) else { return Ok(None) };
    let rest = (FRAME_BYTES + length).saturating_sub(bytes.len());
    if rest > 0 {
        let have = bytes.len();
        bytes.resize(have + rest, 0);
        let found = read_up_to(file, &mut bytes[have..], HEADER_BYTES + at + have as u64)?;
        bytes.truncate(have + found);
    }
    Ok(decode(&bytes).map(<[u8]>::to_vec))
}

/// Fills the records that are meant with zeros, which their checksums do not fit, and flushes that to the disk; where
/// they begin.
pub(super) fn erase(file: &File, is_meant: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u64>> {
    let (mut at, mut erased) = (0, Vec::new());
    let mut frame = [0; FRAME_BYTES];
    while read_up_to(file, &mut frame, HEADER_BYTES + at)? == FRAME_BYTES {
        let Some(length) = length(&frame) else { break };
        if read(file, at)?.is_some_and(|record| is_meant(&record)) {
            let zeros = vec![0; length];
            disk(Point::Records, || file.write_all_at(&zeros, HEADER_BYTES + at + FRAME_BYTES as u64))?;
            erased.push(at);
        }
        at += (FRAME_BYTES + length) as u64;
    }
    if !erased.is_empty() {
        disk(Point::RecordsFlush, || file.sync_all())?;
    }
    Ok(erased)
}

/// The record that these bytes begin with, or nothing if it is damaged or cut off.
pub(super) fn decode(bytes: &[u8]) -> Option<&[u8]> {
    let checksum = u32::from_le_bytes(*bytes.get(4..FRAME_BYTES)?.first_chunk()?);
    let record = bytes.get(FRAME_BYTES..FRAME_BYTES + length(bytes)?)?;
    (checksum == checksum_of(record)).then_some(record)
}

/// Appends a record in its frame.
pub(super) fn encode(record: &[u8], out: &mut Vec<u8>) {
    out.extend((record.len() as u32).to_le_bytes());
    out.extend(checksum_of(record).to_le_bytes());
    out.extend(record);
}

fn length(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*bytes.first_chunk()?) as usize;
    (length <= RECORD_BYTES_MAX).then_some(length)
}

fn read_up_to(file: &File, into: &mut [u8], at: u64) -> io::Result<usize> {
    let mut found = 0;
    while found < into.len() {
        match file.read_at(&mut into[found..], at + found as u64) {
            Ok(0) => break,
            Ok(bytes) => found += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn header() -> [u8; HEADER_BYTES as usize] {
    let mut header = [0; HEADER_BYTES as usize];
    header[..8].copy_from_slice(&MAGIC);
    header[8..].copy_from_slice(&VERSION.to_le_bytes());
    header
}

fn is_read_only(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
}

/// Inverted, so that a hole of zeros is no record.
fn checksum_of(record: &[u8]) -> u32 {
    !crc32fast::hash(record)
}
